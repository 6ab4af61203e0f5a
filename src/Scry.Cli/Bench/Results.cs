using System.Globalization;

namespace Scry.Cli.Bench;

/// <summary>What a tool does with a call: those that do different work are not compared.</summary>
internal enum ToolKind
{
    /// <summary>Nothing: untraced, or empty programs.</summary>
    Baseline,
    /// <summary>Keeps every call with its arguments and result.</summary>
    Records,
    /// <summary>Keeps a number for each kind of call.</summary>
    Counts,
    /// <summary>Lets the workload's calls pass: its filter asks for others.</summary>
    Passes,
}

/// <summary>What a workload's figure is.</summary>
/// <param name="Unit">As it is written: <c>ns/call</c>, <c>requests/s</c>.</param>
/// <param name="IsRate">More is better: what is left of the untraced rate is shown. Else what is added.</param>
internal readonly record struct Metric(string Unit, bool IsRate)
{
    /// <summary>Nanoseconds of one call.</summary>
    public static Metric Call { get; } = new("ns/call", IsRate: false);
}

/// <summary>One run of a workload under a tool.</summary>
/// <param name="Turn">Its turn, from 0: the untraced run of the same turn is what it is compared with.</param>
/// <param name="Value">In the workload's unit.</param>
internal sealed record Sample(int Turn, double Value)
{
    /// <summary>Calls of the counted kind that were made; null when the workload does not know.</summary>
    public long? Calls { get; init; }

    /// <summary>Calls of the counted kind that are not in the tool's output, less than 0 when it has too many; null when that cannot be known.</summary>
    public long? Missing { get; init; }

    /// <summary>Lost events by the tool's own word; null when it gives none.</summary>
    public long? Reported { get; init; }

    /// <summary>Seconds of CPU of the tool's process; null when it has none.</summary>
    public double? CpuSeconds { get; init; }

    /// <summary>Bytes: its peak resident memory, or what the kernel holds for it.</summary>
    public long? Memory { get; init; }
}

/// <summary>A tool in a workload.</summary>
internal sealed record ToolResult(string Name, string Title, ToolKind Kind)
{
    /// <summary>Its runs; none when it failed at once.</summary>
    public List<Sample> Samples { get; } = [];

    /// <summary>Why it has no more runs, in its own last words; null when all went well.</summary>
    public string? Failure { get; set; }
}

/// <summary>A workload under each tool.</summary>
internal sealed record WorkloadResult(string Name, string Title, Metric Metric)
{
    /// <summary>Rounds that were planned.</summary>
    public int Rounds { get; init; }

    /// <summary>Rounds that it takes to measure something; 0: any.</summary>
    public int Enough { get; init; }

    /// <summary>In the order in which they ran.</summary>
    public List<ToolResult> Tools { get; } = [];

    /// <summary>That tool's result; null when it did not run.</summary>
    public ToolResult? Find(string tool) => Tools.FirstOrDefault(result => result.Name == tool && result.Samples.Count > 0);

    /// <summary>The middle of its figures.</summary>
    public static Middle Value(ToolResult tool) => Statistics.Of(tool.Samples.Select(sample => sample.Value));

    /// <summary>What a tool adds to the untraced figure of the same turn, in the workload's unit.</summary>
    public Middle Added(ToolResult tool) => Statistics.Of(Pairs(tool).Select(pair => pair.Traced - pair.Untraced));

    /// <summary>What it leaves of the untraced rate of the same turn; 1 is all.</summary>
    public Middle Kept(ToolResult tool) => Statistics.Of(Pairs(tool).Select(pair => pair.Traced / pair.Untraced));

    /// <summary>What it adds as a multiple of what the floor adds; null without a floor that adds something, and when either is no result.</summary>
    public double? TimesFloor(ToolResult tool) =>
        Find(Tool.Floor) is { } floor && Added(floor) is { IsResult: true, Median: > 0 and var least } && Added(tool) is { IsResult: true } added && tool.Name != Tool.Untraced
            ? added.Median / least : null;

    private IEnumerable<(double Traced, double Untraced)> Pairs(ToolResult tool) =>
        Find(Tool.Untraced) is not { } untraced
            ? []
            : tool.Samples.Join(untraced.Samples, sample => sample.Turn, sample => sample.Turn, (traced, none) => (traced.Value, none.Value));
}

/// <summary>What one more write to an eventfd costs its writer, nanoseconds.</summary>
/// <param name="Nobody">Nobody reads.</param>
/// <param name="SameCpu">It wakes a reader on its own CPU.</param>
/// <param name="OtherCpu">It wakes a reader on an idle CPU; null on a machine of one.</param>
internal sealed record WakePrice(double Nobody, double SameCpu, double? OtherCpu);

/// <summary>A curve of a scale: one tool's figures.</summary>
internal sealed record ScaleLine(string Tool, IReadOnlyList<(double X, double Y, double Spread)> Points);

/// <summary>One figure against one size.</summary>
/// <param name="Name">Its key in the JSON.</param>
/// <param name="Title">What it shows.</param>
/// <param name="XLabel">The size.</param>
/// <param name="YLabel">The figure.</param>
/// <param name="Lines">The tools' curves.</param>
internal sealed record ScaleResult(string Name, string Title, string XLabel, string YLabel, IReadOnlyList<ScaleLine> Lines);

/// <summary>A whole bench.</summary>
internal sealed record BenchResult(Machine Machine, DateTime Started, double Seconds)
{
    /// <summary>What each program says of its version.</summary>
    public List<string> Versions { get; } = [];

    /// <summary>The workloads that ran.</summary>
    public List<WorkloadResult> Workloads { get; } = [];

    /// <summary>Tools and workloads that are left out, each with the reason.</summary>
    public List<(string Name, string Reason)> LeftOut { get; } = [];

    /// <summary>Scales that were measured.</summary>
    public List<ScaleResult> Scales { get; } = [];

    /// <summary>The price of a wake-up here; null when it was not measured.</summary>
    public WakePrice? Wake { get; set; }

    /// <summary>A signal ended it before all was measured.</summary>
    public bool Interrupted { get; set; }

    /// <summary>Seconds that a run must last to measure something.</summary>
    public const double EnoughSeconds = 0.5;

    /// <summary>Why this is below the rules that its own page states, and so no measurement; null when it is one.</summary>
    public string? NoMeasurement
    {
        get
        {
            IEnumerable<string> why = Workloads.Where(workload => workload.Rounds < workload.Enough).GroupBy(workload => (workload.Rounds, workload.Enough))
                .Select(few => $"{few.Key.Rounds} {(few.Key.Rounds == 1 ? "round" : "rounds")} of {string.Join(", ", few.Select(workload => workload.Name))} where it takes {few.Key.Enough}");
            if (Seconds < EnoughSeconds)
                why = why.Append(string.Create(CultureInfo.InvariantCulture, $"runs of {Seconds} s where it takes {EnoughSeconds} s"));
            string text = string.Join("; ", why);
            return text.Length > 0 ? "no measurement: " + text : null;
        }
    }
}
