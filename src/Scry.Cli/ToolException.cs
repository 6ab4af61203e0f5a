namespace Scry.Cli;

/// <summary>What a person is told when Scry cannot do what was asked: one line, <c>scry: MESSAGE; HINT</c>.</summary>
/// <param name="message">What failed and why, without a full stop.</param>
/// <param name="hint">What to do about it; null when the message says all.</param>
/// <param name="exitCode">One of <see cref="ExitCode"/>.</param>
public sealed class ToolException(string message, string? hint = null, int exitCode = ExitCode.Failed) : Exception(message)
{
    /// <summary>What to do about it.</summary>
    public string? Hint { get; } = hint;

    /// <summary>The exit status.</summary>
    public int ExitCode { get; } = exitCode;
}

/// <summary>Exit statuses of Scry itself; a traced command's own come before <see cref="LostRecords"/>.</summary>
public static class ExitCode
{
    /// <summary>All went well.</summary>
    public const int Ok = 0;
    /// <summary>Scry could not do what was asked.</summary>
    public const int Failed = 1;
    /// <summary>The command line makes no sense.</summary>
    public const int Usage = 2;
    /// <summary>With --strict: records were lost.</summary>
    public const int LostRecords = 3;
    /// <summary>Who read the output closed it: the status of a filter that SIGPIPE ends.</summary>
    public const int ClosedPipe = SignalBase + 13;
    /// <summary>Added to the number of the signal that ended a traced command, as shells do.</summary>
    public const int SignalBase = 128;
}
