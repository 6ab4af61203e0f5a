using System.CommandLine;
using System.CommandLine.Parsing;

namespace Scry.Cli.CommandLine;

/// <summary>The options of <c>scry timeline</c> that <c>scry trace</c> and <c>scry report</c> do not have.</summary>
internal static class TimelineOptionList
{
    public static readonly Option<string[]> Output = TraceOptions.Many("--output", "FILE", "Write a page: FILE.html, for any browser; it needs no other file", "-o");
    public static readonly Option<string[]> Perfetto = TraceOptions.Many("--perfetto", "FILE", "Write a trace that ui.perfetto.dev shows");
    public static readonly Option<string[]> MaxSize = TraceOptions.Many("--max-size", "SIZE", "Keep so much of a long run, its begin: 64M of a page, 512M of a trace");

    /// <summary>A recording; behind <c>--</c>, a command.</summary>
    public static readonly Argument<string[]> Operands = new("FILE") { Arity = ArgumentArity.ZeroOrMore };

    /// <summary>The groups of the help; together all the options.</summary>
    public static IReadOnlyList<HelpGroup> Groups { get; } =
    [
        new("TARGET, one of them, a command, or of a recording what is to be shown of it", TraceOptions.Groups[0].Options),
        new("SELECT", [TraceOptions.Expression, TraceOptions.Over, TraceOptions.DurationMs, TraceOptions.Failed, TraceOptions.Errno, TraceOptions.NoSignals, TraceOptions.For, ReportOptions.Last]),
        new("OUTPUT", [Output, Perfetto, MaxSize, TraceOptions.StringLimit, TraceOptions.NoAbbrev, TraceOptions.Quiet, TraceOptions.Strict, TraceOptions.Buffer]),
    ];
}

/// <summary>What was asked of <c>scry timeline</c>.</summary>
internal sealed record TimelineArguments
{
    private const long PageSize = 64 << 20, TraceSize = 512 << 20, LeastSize = 64 << 10;
    // Spans tell who woke a thread; only of what took very long is it told where the kernel waited.
    private const ulong LongWait = 10_000_000;

    /// <summary>A live run's target, or what is selected of a recording.</summary>
    public required TraceArguments Trace { get; init; }
    /// <summary>The recording; null: it is a live run.</summary>
    public ReportArguments? Recording { get; init; }
    public required string File { get; init; }
    /// <summary>Whether a trace is written, and not a page.</summary>
    public bool Perfetto { get; init; }
    /// <summary>Bytes of it.</summary>
    public long MaxSize { get; init; }

    /// <summary>Reads the parsed words.</summary>
    /// <exception cref="ToolException">They make no sense.</exception>
    public static TimelineArguments Read(ParseResult words)
    {
        (string file, bool perfetto) = ReadFile(words);
        IReadOnlyList<string> operands = words.GetValue(TimelineOptionList.Operands) ?? [];
        bool command = words.Tokens.Any(token => token.Type == TokenType.DoubleDash);
        string? recording = command ? null : operands switch
        {
            [] => null,
            [{ Length: > 0 } one] => one,
            _ => throw new ToolException("several recordings are named", "scry timeline shows one; a command stands behind '--': scry timeline -o run.html -- make", ExitCode.Usage),
        };
        long size = TraceArguments.Single(words, TimelineOptionList.MaxSize) is { } text ? Quantity.Size("--max-size", text) : perfetto ? TraceSize : PageSize;
        if (size < LeastSize)
            throw new ToolException("--max-size: there is no room for anything in so little", "write 64K or more", ExitCode.Usage);
        return recording is null
            ? OfRun(words, command ? operands : [], file) with { Perfetto = perfetto, MaxSize = size }
            : OfRecording(words, recording, file) with { Perfetto = perfetto, MaxSize = size };
    }

    private static TimelineArguments OfRun(ParseResult words, IReadOnlyList<string> command, string file)
    {
        if (TraceArguments.Single(words, ReportOptions.Last) is not null)
            throw new ToolException("--last is for recordings", "a run ends with --for or Ctrl-C", ExitCode.Usage);
        TraceArguments trace = TraceArguments.Read(words, command);
        return new TimelineArguments
        {
            File = file,
            Trace = Shown(trace, file) with { Why = new SplitArguments { Spans = true, Split = true, LongWait = LongWait } },
        };
    }

    private static TimelineArguments OfRecording(ParseResult words, string recording, string file)
    {
        (bool Asked, string Option)[] live =
        [
            (words.GetValue(TraceOptions.All), "-a"), (TraceArguments.Single(words, TraceOptions.For) is not null, "--for"), (words.GetValue(TraceOptions.Strict), "--strict"),
            (TraceArguments.Single(words, TraceOptions.Buffer) is not null, "--buffer"), (words.GetValue(TraceOptions.NoFollow), "--no-follow"),
        ];
        if (live.FirstOrDefault(one => one.Asked).Option is { } option)
            throw new ToolException($"{option} is for a run, and '{Printable.Escape(recording)}' is a recording", "a command stands behind '--'", ExitCode.Usage);
        ReportArguments report = ReportArguments.Read(words, recording, descriptors: false);
        report = report with { Shown = Shown(report.Shown, file), Pids = TraceArguments.List(words, TraceOptions.Pid) };
        return new TimelineArguments { File = file, Trace = report.Shown, Recording = report };
    }

    private static TraceArguments Shown(TraceArguments asked, string file) =>
        asked with { OutputFile = file, Durations = true, Json = false, Align = 0, Attach = Capture.AttachMode.Tracepoint };

    private static (string File, bool Perfetto) ReadFile(ParseResult words) =>
        (TraceArguments.Single(words, TimelineOptionList.Output), TraceArguments.Single(words, TimelineOptionList.Perfetto)) switch
        {
            ({ } page, null) => (page, false),
            (null, { } trace) => (trace, true),
            (null, null) => throw new ToolException("no file is named to write to", "give -o FILE.html, or --perfetto FILE", ExitCode.Usage),
            _ => throw new ToolException("-o and --perfetto are two kinds of file", "give one of them", ExitCode.Usage),
        };
}
