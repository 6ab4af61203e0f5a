using System.CommandLine;

namespace Scry.Cli.CommandLine;

/// <summary>The options of <c>scry slow</c> that <c>scry trace</c> does not have.</summary>
internal static class SlowOptions
{
    public static readonly Option<string[]> Over = TraceOptions.Many("--over", "WHAT",
        "Calls that took so long: 200ms; of each its own: futex=5s,openat=10ms; p99.9: what is rare (100ms)");
    public static readonly Option<string[]> Learn = TraceOptions.Many("--learn", "DURATION", "With p99.9: how long to look first at what is usual (10s)");
    public static readonly Option<bool> NoSplit = TraceOptions.Flag("--no-split", "Not where the time went: nothing follows the scheduler");
    public static readonly Option<string[]> Chain = TraceOptions.Many("--chain", "N", "Follow who woke a waker, N wakers deep: 1 to 8 (1)");
    public static readonly Option<bool> Stacks = TraceOptions.Flag("--stacks", "The caller's stack of each call, and the kernel's in full");
    public static readonly Option<string[]> CallGraph = TraceOptions.Many("--call-graph", "HOW",
        "Stacks, by 'dwarf': unwound by call frame information; or 'fp': by frame pointers, cheaper");
    public static readonly Option<string[]> Top = TraceOptions.Many("--top", "N", "At the end, the N slowest alone");
    public static readonly Option<string[]> FlameGraph = TraceOptions.Many("--flamegraph", "FILE", "Write a flame graph: FILE.svg; needs no other file");
    public static readonly Option<string[]> Folded = TraceOptions.Many("--folded", "FILE", "Write the stacks as folded text, for other tools");
    public static readonly Option<string[]> Perfetto = TraceOptions.Many("--perfetto", "FILE", "Write a trace that ui.perfetto.dev shows");

    /// <summary>The groups of the help; together all the options.</summary>
    public static IReadOnlyList<HelpGroup> Groups { get; } =
    [
        TraceOptions.Groups[0],
        new("SELECT, decided in the kernel",
        [
            Over, Learn, TraceOptions.Expression, TraceOptions.Failed, TraceOptions.Errno, TraceOptions.MaxEvents, TraceOptions.For, Top,
        ]),
        new("WHY", [NoSplit, Chain, Stacks, CallGraph]),
        new("LINES",
        [
            TraceOptions.Time, TraceOptions.Relative, TraceOptions.StringLimit, TraceOptions.Align, TraceOptions.NoAbbrev,
            TraceOptions.ShowComm, TraceOptions.ShowCgroup, TraceOptions.Color,
        ]),
        new("OUTPUT", [FlameGraph, Folded, Perfetto, TraceOptions.Output, TraceOptions.Json, TraceOptions.Quiet, TraceOptions.Strict, TraceOptions.Buffer]),
    ];
}

/// <summary>What was asked of <c>scry slow</c>.</summary>
internal sealed record SlowArguments
{
    private const int MostWakers = 8, MostTop = 10000;

    public required TraceArguments Trace { get; init; }
    public required Thresholds Over { get; init; }
    /// <summary>Nanoseconds of looking at what is usual.</summary>
    public ulong Learn { get; init; }
    public PictureFiles Pictures { get; init; } = PictureFiles.None;

    /// <summary>Reads the parsed words.</summary>
    /// <exception cref="ToolException">They make no sense.</exception>
    public static SlowArguments Read(ParseResult words)
    {
        var over = Thresholds.Parse(TraceArguments.Single(words, SlowOptions.Over));
        string? learn = TraceArguments.Single(words, SlowOptions.Learn);
        bool split = !words.GetValue(SlowOptions.NoSplit);
        var pictures = PictureFiles.Read(words);
        if (!split && pictures.NeedSplit)
            throw new ToolException("a flame graph has time on a CPU and blocked beside each other: it needs the split", "leave out --no-split", ExitCode.Usage);
        if (learn is not null && over.Percentile is null)
            throw new ToolException("--learn is for --over p99.9", "leave it out, or give a percentile", ExitCode.Usage);
        TraceArguments trace = TraceArguments.Read(words);
        return new SlowArguments
        {
            Over = over,
            Learn = learn is null ? 10_000_000_000 : Quantity.Duration("--learn", learn, null),
            Pictures = pictures,
            Trace = trace with
            {
                Durations = true,
                MinDuration = over.ForAll,
                Signals = false,
                CallsAlone = true,
                Top = TraceArguments.Single(words, SlowOptions.Top) is { } top ? (int)Quantity.Count("--top", top, 1, MostTop) : 0,
                Why = new SplitArguments { Split = split, Chain = ReadChain(words, split), CallGraph = ReadCallGraph(words) },
            },
        };
    }

    /// <summary>How many wakers of a chain are asked for.</summary>
    internal static int ReadChain(ParseResult words, bool split)
    {
        if (TraceArguments.Single(words, SlowOptions.Chain) is not { } chain)
            return 1;
        if (!split)
            throw new ToolException("--chain asks who woke a thread, which is a part of where the time went: the split is not asked for", "leave it out, or ask for the split", ExitCode.Usage);
        return (int)Quantity.Count("--chain", chain, 1, MostWakers);
    }

    /// <summary>How stacks are taken: the words' <c>--call-graph</c>, or <c>--stacks</c>.</summary>
    internal static CallGraph ReadCallGraph(ParseResult words) => TraceArguments.Single(words, SlowOptions.CallGraph) switch
    {
        "dwarf" => CommandLine.CallGraph.Dwarf,
        "fp" => CommandLine.CallGraph.FramePointers,
        null => words.GetValue(SlowOptions.Stacks) || TraceArguments.List(words, SlowOptions.FlameGraph).Count + TraceArguments.List(words, SlowOptions.Folded).Count > 0
            ? CommandLine.CallGraph.Dwarf : CommandLine.CallGraph.None,
        { } other => throw new ToolException($"--call-graph: '{Printable.Escape(other)}' is not one of dwarf, fp", null, ExitCode.Usage),
    };
}
