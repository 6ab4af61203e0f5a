namespace Scry.Cli.Launch;

/// <summary>
/// The command that a run starts: it waits before its execve until the run lets it go, and is ended when
/// the run cannot. There is one in a process.
/// </summary>
internal sealed class TracedCommand : IDisposable
{
    private const int SignalMask = 0x7f;

    private readonly string _name;
    private bool _released;

    private TracedCommand(string name, int pid)
    {
        _name = name;
        Pid = pid;
    }

    /// <summary>Its pid.</summary>
    public int Pid { get; }

    /// <summary>Its exit status once it ended, 128 + n when signal n ended it; null while it runs.</summary>
    public int? Status { get; private set; }

    /// <summary>Creates the command's process, which waits.</summary>
    /// <param name="words">The command and its arguments: the last words of this process's own command line.</param>
    /// <param name="settings">How it is started; as usual when missing.</param>
    /// <exception cref="ToolException">The command is not found, or no process can be made.</exception>
    public static TracedCommand Start(IReadOnlyList<string> words, CommandSettings? settings = null)
    {
        settings ??= CommandSettings.Usual;
        string path = CommandPath.Resolve(words[0], Environment.GetEnvironmentVariable("PATH"));
        settings.Apply();
        byte[] raw = CommandPath.Words(path, words.Count, settings.Argv0);
        int pid = NativeMethods.Start(raw, words.Count, settings.NoTerminal ? 1 : 0);
        if (pid < 0)
            throw CommandPath.CannotRun(words[0], $"no process could be made for it ({ErrnoText.Describe(-pid)})");
        return new TracedCommand(words[0], pid);
    }

    /// <summary>Lets the command begin; false when its process was killed.</summary>
    public bool TryGo() => _released = NativeMethods.Go() >= 0;

    /// <summary>What to say of a command that could not begin.</summary>
    public ToolException Killed() => CommandPath.CannotRun(_name, "its process was killed before it began");

    /// <summary>Whether the command ended; <see cref="Status"/> then says how.</summary>
    /// <exception cref="ToolException">It could not be executed.</exception>
    public bool HasEnded()
    {
        if (Status is not null)
            return true;
        if (NativeMethods.Ended(out int status) == 0)
            return false;
        Status = StatusOf(status);
        return true;
    }

    /// <summary>Says why the command could not be executed.</summary>
    /// <exception cref="ToolException">It could not.</exception>
    public void ThrowIfNotExecuted()
    {
        int errno = NativeMethods.Error();
        if (errno != 0)
            throw CommandPath.CannotRun(_name, ErrnoText.Describe(errno));
    }

    /// <summary>Ends a command that was not let go. One that runs is left running.</summary>
    public void Dispose()
    {
        if (!_released)
            NativeMethods.Cancel();
    }

    /// <summary>A wait(2) status as a shell gives it.</summary>
    internal static int StatusOf(int status) =>
        (status & SignalMask) == 0 ? (status >> 8) & 0xff : ExitCode.SignalBase + (status & SignalMask);
}
