using Scry.Capture;
using Scry.Cli.CommandLine;
using Scry.Syscalls;
using Scry.Views;

namespace Scry.Cli.Strace;

/// <summary>What was asked of <c>scry strace</c>.</summary>
internal sealed record StraceArguments
{
    /// <summary>The target, which calls, and the output.</summary>
    public required TraceArguments Trace { get; init; }

    /// <summary>How lines look.</summary>
    public required LineOptions Lines { get; init; }

    /// <summary>The table that is asked for.</summary>
    public SummaryChoice Summary { get; init; }
    public bool WallClock { get; init; }
    public required IReadOnlyList<StraceColumn> Columns { get; init; }
    public StraceColumn Sort { get; init; }

    /// <summary>Whether each thread has a file of its own.</summary>
    public bool Separately { get; init; }
    public bool Append { get; init; }
    /// <summary>What strace says of options that do nothing, as one line each.</summary>
    public required IReadOnlyList<string> Remarks { get; init; }
}

/// <summary>Whether a table is asked for.</summary>
internal enum SummaryChoice
{
    None,
    /// <summary>-c.</summary>
    Alone,
    /// <summary>-C.</summary>
    BehindLines,
}
