using System.CommandLine;
using Scry.Syscalls;

namespace Scry.Cli.CommandLine;

/// <summary>The options of <c>scry report</c>: those of <c>scry trace</c>, as far as a recording can answer them, and its own.</summary>
internal static class ReportOptions
{
    public static readonly Option<string[]> Pid = TraceOptions.Many("--pid", "PID,…", "These processes, without their children", "-p");
    public static readonly Option<string[]> Path = TraceOptions.Many("--path", "PREFIX", "Calls with a path that begins so, as the caller wrote it");
    public static readonly Option<string[]> Last = TraceOptions.Many("--last", "DURATION", "Only the end of the recording: 30s, 5m");
    public static readonly Option<bool> Summary = TraceOptions.Flag("--summary", "A table of syscalls: how often, how long, how many failed", "-s");
    /// <summary>Without -s, which is the summary's here.</summary>
    public static readonly Option<string[]> StringLimit = TraceOptions.Many("--string-limit", "N",
        "Show at most N bytes of a string or buffer (32); paths are whole");

    public static readonly Argument<string[]> File = new("FILE") { Arity = ArgumentArity.ZeroOrMore };

    /// <summary>The groups of the help; together all the options.</summary>
    public static IReadOnlyList<HelpGroup> Groups { get; } =
    [
        new("TARGET, several of them: all must hold",
        [
            Pid, TraceOptions.Tid, TraceOptions.Comm, TraceOptions.User, TraceOptions.Cgroup, TraceOptions.Unit, TraceOptions.Container,
        ]),
        new("SELECT",
        [
            TraceOptions.Expression, Path, TraceOptions.Over, TraceOptions.DurationMs, TraceOptions.Failed, TraceOptions.Errno,
            TraceOptions.NoSignals, TraceOptions.MaxEvents, Last,
        ]),
        new("LINES",
        [
            TraceOptions.DecodeFds, TraceOptions.Duration, TraceOptions.Time, TraceOptions.Relative, StringLimit, TraceOptions.Align, TraceOptions.NoAbbrev,
            TraceOptions.ShowComm, TraceOptions.ShowCgroup, TraceOptions.Color,
        ]),
        new("WHY, of a recording that has it", [SlowOptions.NoSplit, SlowOptions.Chain, SlowOptions.FlameGraph, SlowOptions.Folded, SlowOptions.Perfetto]),
        new("OUTPUT", [Summary, TraceOptions.Output, TraceOptions.Json, TraceOptions.Quiet]),
    ];
}

/// <summary>What was asked of <c>scry report</c>, checked as far as the words alone tell.</summary>
internal sealed record ReportArguments
{
    public required string File { get; init; }
    /// <summary>What is selected and how it is shown; its target says nothing.</summary>
    public required TraceArguments Shown { get; init; }
    public required IReadOnlyList<string> Pids { get; init; }
    public required IReadOnlyList<string> Tids { get; init; }
    public string? Comm { get; init; }
    public string? User { get; init; }
    public string? Cgroup { get; init; }
    public string? Unit { get; init; }
    public string? Container { get; init; }
    public string? Path { get; init; }
    /// <summary>Nanoseconds before the recording's end; null: all of it.</summary>
    public ulong? Last { get; init; }
    public bool Summary { get; init; }
    public PictureFiles Pictures { get; init; } = PictureFiles.None;

    /// <summary>The same of all that was recorded.</summary>
    public ReportArguments WithoutTarget() =>
        this with { Pids = [], Tids = [], Comm = null, User = null, Cgroup = null, Unit = null, Container = null };

    /// <summary>Reads the parsed words.</summary>
    /// <exception cref="ToolException">They make no sense.</exception>
    public static ReportArguments Read(ParseResult words) => Read(words, descriptors: false, file: words.GetValue(ReportOptions.File) switch
    {
        [{ Length: > 0 } one] => one,
        [_, _, ..] => throw new ToolException("several recordings are named", "scry report shows one", ExitCode.Usage),
        _ => throw new ToolException("no recording is named", "give its file: scry report calls.scry", ExitCode.Usage),
    });

    /// <summary>The same for a recording that the words do not name.</summary>
    /// <param name="words">The parsed words.</param>
    /// <param name="file">The recording.</param>
    /// <param name="descriptors">Whether descriptors are shown with what they stand for where the words do not say.</param>
    /// <exception cref="ToolException">They make no sense.</exception>
    public static ReportArguments Read(ParseResult words, string file, bool descriptors)
    {
        bool summary = words.GetValue(ReportOptions.Summary);
        if (summary && words.GetValue(TraceOptions.Json))
            throw new ToolException("a summary is no JSON", "give --json or --summary", ExitCode.Usage);
        TraceArguments shown = TraceArguments.ReadOptions(words, TargetChoice.All, []) with
        {
            Descriptors = DescriptorSet.Read(words, TraceOptions.DecodeFds) ?? (descriptors ? DescriptorParts.Path : DescriptorParts.None),
        };
        bool split = !words.GetValue(SlowOptions.NoSplit);
        shown = shown with { Why = new SplitArguments { Split = split, Chain = SlowArguments.ReadChain(words, split) } };
        string? limit = TraceArguments.Single(words, ReportOptions.StringLimit);
        string? last = TraceArguments.Single(words, ReportOptions.Last);
        return new ReportArguments
        {
            File = file,
            Shown = limit is null ? shown : shown with { StringLimit = (int)Quantity.Count("--string-limit", limit, 0, int.MaxValue) },
            Pids = TraceArguments.List(words, ReportOptions.Pid),
            Tids = TraceArguments.List(words, TraceOptions.Tid),
            Comm = TraceArguments.Single(words, TraceOptions.Comm),
            User = TraceArguments.Single(words, TraceOptions.User),
            Cgroup = TraceArguments.Single(words, TraceOptions.Cgroup),
            Unit = TraceArguments.Single(words, TraceOptions.Unit),
            Container = TraceArguments.Single(words, TraceOptions.Container),
            Path = TraceArguments.Single(words, ReportOptions.Path),
            Last = last is null ? null : Quantity.Duration("--last", last, null),
            Summary = summary,
            Pictures = PictureFiles.Read(words),
        };
    }
}
