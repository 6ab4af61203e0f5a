using System.CommandLine;

namespace Scry.Cli.CommandLine;

/// <summary>The options of <c>scry record</c> that <c>scry trace</c> does not have.</summary>
internal static class RecordOptions
{
    public static readonly Option<string[]> Payload = TraceOptions.Many("--payload", "N",
        "Record N bytes of what is read, written, sent and received (0)");
    public static readonly Option<bool> Overwrite = TraceOptions.Flag("--overwrite", "Write over a file that is there");

    public static readonly Option<bool> Split = TraceOptions.Flag("--split", "Where each call's time went, as 'scry slow' shows it");
    public static readonly Option<bool> Spans = TraceOptions.Flag("--spans", "What threads do without a CPU, each time: for 'scry timeline'");

    /// <summary>The groups of the help; together all the options.</summary>
    public static IReadOnlyList<HelpGroup> Groups { get; } =
    [
        .. TraceOptions.Groups.Take(2),
        new("WHY", [Split, SlowOptions.Chain, SlowOptions.CallGraph, Spans]),
        new("RECORDING", [TraceOptions.Output, Overwrite, Payload, TraceOptions.Quiet, TraceOptions.Strict, TraceOptions.Buffer]),
    ];
}

/// <summary>What was asked of <c>scry record</c>.</summary>
internal sealed record RecordArguments
{
    private const int MaxPayload = 65536;

    /// <summary>What is traced, how, and the file.</summary>
    public required TraceArguments Trace { get; init; }
    /// <summary>Bytes of a buffer that are recorded; 0: none.</summary>
    public int Payload { get; init; }
    public bool Overwrite { get; init; }

    /// <summary>Reads the parsed words.</summary>
    /// <exception cref="ToolException">They make no sense.</exception>
    public static RecordArguments Read(ParseResult words)
    {
        if (TraceArguments.Single(words, TraceOptions.Output) is null)
            throw new ToolException("no file is named to record into", "give -o FILE: scry record -o calls.scry -- COMMAND", ExitCode.Usage);
        int payload = TraceArguments.Single(words, RecordOptions.Payload) is { } n ? (int)Quantity.Count("--payload", n, 0, MaxPayload) : 0;
        TraceArguments trace = TraceArguments.Read(words);
        return new RecordArguments
        {
            // What is not recorded now cannot be shown later: durations are, unless they are not wanted in so many words.
            Trace = trace with { Durations = !trace.NoDurations, PayloadLimit = payload, Why = ReadWhy(words, trace) },
            Payload = payload,
            Overwrite = words.GetValue(RecordOptions.Overwrite),
        };
    }

    private static SplitArguments ReadWhy(ParseResult words, TraceArguments trace)
    {
        bool split = words.GetValue(RecordOptions.Split);
        if (split && trace.NoDurations)
            throw new ToolException("--split and calls that are seen at their exit alone: when they began is not known", "leave one of them out", ExitCode.Usage);
        return new SplitArguments
        {
            Split = split,
            Chain = SlowArguments.ReadChain(words, split),
            CallGraph = SlowArguments.ReadCallGraph(words),
            Spans = words.GetValue(RecordOptions.Spans),
        };
    }
}
