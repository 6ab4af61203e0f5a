using System.CommandLine;
using Scry.Cli.CommandLine;

namespace Scry.Cli.Stuck;

/// <summary>The options of <c>scry stuck</c>.</summary>
internal static class StuckOptions
{
    public static readonly Option<string[]> Over = TraceOptions.Many("--over", "DURATION", "Blocked for at least this long (1s); 0 for every blocked thread");
    public static readonly Option<bool> AllThreads = TraceOptions.Flag("--all-threads", "Threads of a process that wait in the same place one by one");
    public static readonly Option<bool> Stack = TraceOptions.Flag("--stack", "Kernel stacks in full, a function a line");
    public static readonly Option<bool> Json = TraceOptions.Flag("--json", "JSON Lines, one object for each thread: docs/JSON.md");
    public static readonly Option<bool> Quiet = TraceOptions.Flag("--quiet", "No line at the end that counts them", "-q");

    /// <summary>The groups of the help; together all the options.</summary>
    public static IReadOnlyList<HelpGroup> Groups { get; } =
    [
        new("TARGET, one of them; without one, the whole machine",
        [
            TraceOptions.Pid, TraceOptions.Tid, TraceOptions.All, TraceOptions.Comm, TraceOptions.User, TraceOptions.Cgroup, TraceOptions.Unit,
            TraceOptions.Container,
        ]),
        new("SELECT", [Over, TraceOptions.Expression]),
        new("OUTPUT",
        [
            Stack, AllThreads, TraceOptions.StringLimit, TraceOptions.NoAbbrev, TraceOptions.ShowCgroup, TraceOptions.Color, TraceOptions.Output, Json, Quiet,
        ]),
    ];
}

/// <summary>What was asked of <c>scry stuck</c>, checked as far as the words alone tell.</summary>
internal sealed record StuckArguments
{
    private const ulong DefaultOver = 1_000_000_000;

    /// <summary>The target, the selection and how calls are shown.</summary>
    public required TraceArguments Shown { get; init; }
    /// <summary>Nanoseconds that a thread must be blocked at least.</summary>
    public required ulong Over { get; init; }
    public bool AllThreads { get; init; }
    public bool Stack { get; init; }

    /// <summary>Reads the parsed words.</summary>
    /// <exception cref="ToolException">They make no sense.</exception>
    public static StuckArguments Read(ParseResult words) => new()
    {
        Shown = TraceArguments.ReadOrAll(words) with { Json = words.GetValue(StuckOptions.Json), Quiet = words.GetValue(StuckOptions.Quiet) },
        Over = TraceArguments.Single(words, StuckOptions.Over) switch
        {
            null => DefaultOver,
            "0" or "0s" or "0ms" => 0,
            { } text => Quantity.Duration("--over", text, "ms"),
        },
        AllThreads = words.GetValue(StuckOptions.AllThreads),
        Stack = words.GetValue(StuckOptions.Stack),
    };
}
