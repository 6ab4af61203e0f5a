using Scry.Targets;

namespace Scry.Cli.Launch;

/// <summary>How a command is started, beyond its words.</summary>
internal sealed record CommandSettings
{
    /// <summary>As a shell would.</summary>
    public static CommandSettings Usual { get; } = new();

    /// <summary>Whether a full screen has the terminal: the command reads and writes nothing there.</summary>
    public bool NoTerminal { get; init; }

    /// <summary>Variables, in order: NAME=VALUE, or a NAME that it does not have.</summary>
    public IReadOnlyList<string> Environment { get; init; } = [];

    /// <summary>Whom it runs as; null: who runs this.</summary>
    public Account? User { get; init; }

    /// <summary>Its argv[0]; null: as it was named.</summary>
    public string? Argv0 { get; init; }

    /// <summary>Makes this process start commands so.</summary>
    /// <exception cref="ToolException">It cannot.</exception>
    public void Apply()
    {
        foreach (string variable in Environment)
        {
            int equals = variable.IndexOf('=');
            // What a name may not be is left alone, as by setenv(3).
            if (equals < 0)
                _ = NativeMethods.Unset(variable);
            else if (equals > 0)
                _ = NativeMethods.Set(variable[..equals], variable[(equals + 1)..], 1);
        }
        if (User is { } user && NativeMethods.SetUser(user.Uid, user.Gid, [.. user.Groups], user.Groups.Count) is < 0 and var errno)
            throw new ToolException($"the command cannot be started as user {user.Uid}: {ErrnoText.Describe(-errno)}");
    }
}
