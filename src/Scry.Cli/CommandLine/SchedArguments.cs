using System.CommandLine;
using Scry.Views.Sched;

namespace Scry.Cli.CommandLine;

/// <summary>The options of <c>scry sched</c> that <c>scry trace</c> does not have.</summary>
internal static class SchedOptionList
{
    public static readonly Option<string[]> By = TraceOptions.Many("--by", "WHAT", "A row for each thread (default), process, or comm");
    public static readonly Option<string[]> Sort = TraceOptions.Many("--sort", "COLUMN",
        "worst (default), avg, delay, run, switches, preempted, migrations, blocked, name");
    public static readonly Option<string[]> Top = TraceOptions.Many("--top", "N", "The first N rows only");
    public static readonly Option<bool> Json = TraceOptions.Flag("--json", "JSON Lines: docs/JSON.md");

    /// <summary>The groups of the help; together all the options.</summary>
    public static IReadOnlyList<HelpGroup> Groups { get; } =
    [
        new("TARGET, one of them, or a command; everything when none is named", [.. TraceOptions.Groups[0].Options, TraceOptions.For]),
        new("OUTPUT", [By, Sort, Top, Json, TraceOptions.Output, TraceOptions.Quiet, TraceOptions.Strict, TraceOptions.Buffer]),
    ];
}

/// <summary>What was asked of <c>scry sched</c>.</summary>
internal sealed record SchedArguments
{
    private static readonly (string Name, SchedSort Sort)[] s_sorts =
    [
        ("worst", SchedSort.Worst), ("avg", SchedSort.Avg), ("delay", SchedSort.Delay), ("run", SchedSort.Run), ("switches", SchedSort.Switches),
        ("preempted", SchedSort.Preempted), ("migrations", SchedSort.Migrations), ("blocked", SchedSort.Blocked), ("name", SchedSort.Name),
    ];

    /// <summary>The target, and where the table goes.</summary>
    public required TraceArguments Trace { get; init; }
    public required SchedOptions Shown { get; init; }
    /// <summary>Whether the run's last line is not wanted.</summary>
    public bool Quiet { get; init; }

    /// <summary>Reads the parsed words.</summary>
    /// <exception cref="ToolException">They make no sense.</exception>
    public static SchedArguments Read(ParseResult words)
    {
        TraceArguments trace = TraceArguments.ReadOrAll(words);
        return new SchedArguments
        {
            Quiet = trace.Quiet,
            // Of calls, which there are none of, nobody is told how many there were.
            Trace = trace with { Quiet = true, Json = false, Signals = false, Durations = true, Why = new SplitArguments { Sums = true } },
            Shown = new SchedOptions
            {
                By = TraceArguments.Single(words, SchedOptionList.By) switch
                {
                    null or "thread" => SchedBy.Thread,
                    "process" => SchedBy.Process,
                    "comm" => SchedBy.Comm,
                    { } other => throw Unknown("--by", other, "thread, process, comm"),
                },
                Sort = ReadSort(TraceArguments.Single(words, SchedOptionList.Sort)),
                Top = TraceArguments.Single(words, SchedOptionList.Top) is { } n ? (int)Quantity.Count("--top", n, 1, int.MaxValue) : int.MaxValue,
                Json = words.GetValue(SchedOptionList.Json),
            },
        };
    }

    private static SchedSort ReadSort(string? name)
    {
        if (name is null)
            return SchedSort.Worst;
        int at = Array.FindIndex(s_sorts, known => known.Name == name);
        return at >= 0 ? s_sorts[at].Sort : throw Unknown("--sort", name, string.Join(", ", s_sorts.Select(known => known.Name)));
    }

    private static ToolException Unknown(string option, string value, string known) =>
        new($"{option}: '{Printable.Escape(value)}' is not one of {known}", null, ExitCode.Usage);
}
