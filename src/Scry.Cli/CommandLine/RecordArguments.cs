using System.CommandLine;

namespace Scry.Cli.CommandLine;

/// <summary>The options of <c>scry record</c> that <c>scry trace</c> does not have.</summary>
internal static class RecordOptions
{
    public static readonly Option<string[]> Payload = TraceOptions.Many("--payload", "N",
        "Record N bytes of what is read, written, sent and received (0)");
    public static readonly Option<bool> Overwrite = TraceOptions.Flag("--overwrite", "Write over a file that is there");

    /// <summary>The groups of the help; together all the options.</summary>
    public static IReadOnlyList<HelpGroup> Groups { get; } =
    [
        .. TraceOptions.Groups.Take(2),
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
            Trace = trace with { Durations = !trace.NoDurations, PayloadLimit = payload },
            Payload = payload,
            Overwrite = words.GetValue(RecordOptions.Overwrite),
        };
    }
}
