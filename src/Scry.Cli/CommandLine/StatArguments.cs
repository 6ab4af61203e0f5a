using System.CommandLine;
using Scry.Capture;
using Scry.Cli.Counting;
using Scry.Views;

namespace Scry.Cli.CommandLine;

/// <summary>The options of <c>scry stat</c> that <c>scry trace</c> does not have.</summary>
internal static class StatOptions
{
    public static readonly Option<string[]> By = TraceOptions.Many("--by", "WHAT,…",
        "Count by process, thread, comm, cgroup, container, unit, user, syscall, errno, fd-path, dso (process)");
    public static readonly Option<bool> OnlyGroups = TraceOptions.Flag("--all-calls", "One row for all calls of a process, comm, …");
    public static readonly Option<bool> CpuTime = TraceOptions.Flag("--cpu-time", "Durations are the time on a CPU, without what a thread sleeps");

    public static readonly Option<bool> CountOnly = TraceOptions.Flag("--count-only", "Calls and errors alone, no durations: costs least");

    public static readonly Option<string[]> Interval = TraceOptions.Many("--interval", "DURATION", "A table for each such time, of what came in it", "-i");
    public static readonly Option<string[]> Sort = TraceOptions.Many("--sort", "COLUMN", "total (default), calls, errors, avg, max, p50, p99, name");
    public static readonly Option<string[]> Top = TraceOptions.Many("--top", "N", "The first N rows only");
    public static readonly Option<bool> Histograms = TraceOptions.Flag("--hist", "Draw how long the calls of each row took");
    public static readonly Option<bool> Csv = TraceOptions.Flag("--csv", "Comma-separated values, with the buckets of durations");
    public static readonly Option<bool> Json = TraceOptions.Flag("--json", "JSON Lines, with the buckets of durations: docs/JSON.md");
    public static readonly Option<string[]> HeatMap = TraceOptions.Many("--heatmap", "FILE", "A picture of latency over time: FILE.svg or FILE.html");
    public static readonly Option<string[]> Memory = TraceOptions.Many("--memory", "SIZE", "Room for what ended, at least 1M (32M): of more, the oldest become one by name");
    public static readonly Option<bool> Strict = TraceOptions.Flag("--strict", "Exit status 3 when something was not counted where it belongs");

    public static readonly Option<bool> Summary = TraceOptions.Flag("--summary", "The tables of 'perf trace -s'", "-s");
    public static readonly Option<bool> ErrnoSummary = TraceOptions.Flag("--errno-summary", "With the errors of each call");
    public static readonly Option<string[]> SummaryMode = TraceOptions.Many("--summary-mode", "MODE", "A table for each thread (default), total, or each cgroup");

    /// <summary>Sizes of the kernel's pools: groups, rows, chunks. For tests.</summary>
    public static readonly Option<string[]> Room = TraceOptions.Many("--room", "GROUPS,ROWS,CHUNKS", "Room in the kernel");

    /// <summary>The groups of the help.</summary>
    public static IReadOnlyList<HelpGroup> Groups { get; } =
    [
        TraceOptions.Groups[0],
        new("SELECT, decided in the kernel", [TraceOptions.Expression, TraceOptions.Over, TraceOptions.DurationMs, TraceOptions.Failed, TraceOptions.Errno, TraceOptions.For, TraceOptions.Attach]),
        new("COUNT", [By, OnlyGroups, CpuTime, CountOnly, Memory]),
        new("OUTPUT", [Interval, Sort, Top, Histograms, Json, Csv, HeatMap, TraceOptions.Output, TraceOptions.Quiet, Strict]),
        new("PERF", [Summary, ErrnoSummary, SummaryMode]),
    ];
}

/// <summary>What was asked of <c>scry stat</c>.</summary>
internal sealed record StatArguments
{
    private const long LeastInterval = 10_000_000;
    private const long LeastMemory = 1 << 20;
    private const int MostRoom = 16 << 20;

    /// <summary>The target, which calls, and the output.</summary>
    public required TraceArguments Trace { get; init; }
    public required IReadOnlyList<Dimension> By { get; init; }
    public bool OnlyGroups { get; init; }
    public bool CpuTime { get; init; }
    public bool CountOnly { get; init; }
    /// <summary>Nanoseconds; null: one table at the end.</summary>
    public long? Interval { get; init; }
    public StatSort Sort { get; init; }
    public int Top { get; init; } = int.MaxValue;
    public bool Histograms { get; init; }
    public bool Csv { get; init; }
    public string? HeatMap { get; init; }
    /// <summary>Null: Scry's own table.</summary>
    public PerfMode? Perf { get; init; }
    public bool ErrnoSummary { get; init; }
    /// <summary>Bytes for what ended.</summary>
    public long Memory { get; init; } = CounterOptions.DefaultRoom;
    /// <summary>Groups, rows and chunks in the kernel; 0: chosen.</summary>
    public (int Groups, int Rows, int Chunks) Room { get; init; }

    /// <summary>What a picture is of.</summary>
    public string Title => Trace.Target == TargetChoice.All ? "system calls of all processes"
        : $"system calls of {(Trace.Target == TargetChoice.Command ? "" : $"{Trace.Target.ToString().ToLowerInvariant()} ")}{string.Join(' ', Trace.Names)}";

    /// <summary>Reads the parsed words.</summary>
    /// <exception cref="ToolException">They make no sense.</exception>
    public static StatArguments Read(ParseResult words)
    {
        IReadOnlyList<string> by = TraceArguments.List(words, StatOptions.By);
        PerfMode? perf = ReadPerf(words);
        var arguments = new StatArguments
        {
            Trace = TraceArguments.Read(words) with { Json = words.GetValue(StatOptions.Json), Strict = words.GetValue(StatOptions.Strict), Durations = true },
            By = perf switch
            {
                PerfMode.Thread => [Dimension.Thread],
                PerfMode.Total => [Dimension.Syscall],
                PerfMode.Cgroup => [Dimension.Cgroup],
                _ => by.Count > 0 ? Dimensions.Parse(by) : [Dimension.Process],
            },
            OnlyGroups = words.GetValue(StatOptions.OnlyGroups),
            CpuTime = words.GetValue(StatOptions.CpuTime),
            CountOnly = words.GetValue(StatOptions.CountOnly),
            Interval = TraceArguments.Single(words, StatOptions.Interval) is { } time ? ReadInterval(time) : null,
            Sort = ReadSort(TraceArguments.Single(words, StatOptions.Sort)),
            Top = TraceArguments.Single(words, StatOptions.Top) is { } n ? (int)Quantity.Count("--top", n, 1, int.MaxValue) : int.MaxValue,
            Histograms = words.GetValue(StatOptions.Histograms),
            Csv = words.GetValue(StatOptions.Csv),
            HeatMap = TraceArguments.Single(words, StatOptions.HeatMap),
            Perf = perf,
            ErrnoSummary = words.GetValue(StatOptions.ErrnoSummary),
            Memory = TraceArguments.Single(words, StatOptions.Memory) is { } memory ? ReadMemory(memory) : CounterOptions.DefaultRoom,
            Room = ReadRoom(TraceArguments.Single(words, StatOptions.Room)),
        };
        arguments.Check(by.Count > 0 || arguments.OnlyGroups || arguments.Interval is not null
            || words.GetResult(StatOptions.Sort) is { Implicit: false } || words.GetResult(StatOptions.Top) is { Implicit: false });
        return arguments;
    }

    /// <param name="tableAsked">Whether something was asked of the table that perf's tables do not have.</param>
    private void Check(bool tableAsked)
    {
        string[] outputs = [.. new[] { (Trace.Json, "--json"), (Csv, "--csv"), (Histograms, "--hist"), (Perf is not null, "--summary") }.Where(one => one.Item1).Select(one => one.Item2)];
        if (outputs.Length > 1)
            throw new ToolException($"{outputs[0]} and {outputs[1]} are two kinds of output", "give one of them", ExitCode.Usage);
        if (Perf is not null && tableAsked)
            throw new ToolException("--summary prints perf's tables, which have no --by, --all-calls, --interval, --sort or --top", "leave out --summary", ExitCode.Usage);
        if (OnlyGroups && By is [Dimension.Syscall])
            throw new ToolException("--by syscall and --all-calls leave nothing to count by", "leave one of them out", ExitCode.Usage);
        if (CountOnly)
            CheckCountOnly();
        if (HeatMap is not null && !HeatMap.EndsWith(".svg", StringComparison.OrdinalIgnoreCase) && !HeatMap.EndsWith(".html", StringComparison.OrdinalIgnoreCase))
            throw new ToolException($"--heatmap: '{Printable.Escape(HeatMap)}' is neither .svg nor .html", "the name says which of both is written", ExitCode.Usage);
    }

    private void CheckCountOnly()
    {
        (bool Asked, string Option)[] all =
        [
            (Trace.MinDuration > 0, "--over"), (CpuTime, "--cpu-time"), (Histograms, "--hist"), (HeatMap is not null, "--heatmap"), (Perf is not null, "--summary"),
            (By.Contains(Dimension.File), "--by fd-path, which is looked up at a call's begin,"),
            (Sort is StatSort.Avg or StatSort.Max or StatSort.P50 or StatSort.P99, $"--sort {Sort.ToString().ToLowerInvariant()}"),
        ];
        if (all.FirstOrDefault(one => one.Asked) is { Option: { } option })
            throw new ToolException($"--count-only: {option} asks for what is then not known", "leave one of them out", ExitCode.Usage);
    }

    private static PerfMode? ReadPerf(ParseResult words)
    {
        string? mode = TraceArguments.Single(words, StatOptions.SummaryMode);
        if (mode is null && !words.GetValue(StatOptions.Summary) && !words.GetValue(StatOptions.ErrnoSummary))
            return null;
        return mode switch
        {
            null or "thread" => PerfMode.Thread,
            "total" => PerfMode.Total,
            "cgroup" => PerfMode.Cgroup,
            _ => throw new ToolException($"--summary-mode: '{Printable.Escape(mode)}' is not one of thread, total, cgroup", null, ExitCode.Usage),
        };
    }

    private static long ReadInterval(string time)
    {
        ulong interval = Quantity.Duration("--interval", time, null);
        return interval >= LeastInterval ? (long)interval
            : throw new ToolException($"--interval: '{Printable.Escape(time)}' is too short", "10ms is the least", ExitCode.Usage);
    }

    private static long ReadMemory(string text)
    {
        long size = Quantity.Size("--memory", text);
        return size >= LeastMemory ? size : throw new ToolException($"--memory: '{Printable.Escape(text)}' is too little", "1M is the least", ExitCode.Usage);
    }

    private static StatSort ReadSort(string? name) => name is null ? StatSort.Total
        : Enum.TryParse(name, ignoreCase: true, out StatSort sort) && Enum.IsDefined(sort) && !char.IsAsciiDigit(name[0]) ? sort
        : throw new ToolException($"--sort: '{Printable.Escape(name)}' is not one of {string.Join(", ", Enum.GetNames<StatSort>().Select(one => one.ToLowerInvariant()))}", null, ExitCode.Usage);

    private static (int Groups, int Rows, int Chunks) ReadRoom(string? room)
    {
        if (room is null)
            return default;
        int[] sizes = [.. room.Split(',').Select(size => (int)Quantity.Count("--room", size, 1, MostRoom))];
        return sizes.Length == 3 ? (sizes[0], sizes[1], sizes[2]) : throw new ToolException("--room takes three numbers: GROUPS,ROWS,CHUNKS", null, ExitCode.Usage);
    }
}
