using System.Globalization;
using System.Text;

namespace Scry.Cli.Bench;

/// <summary>A result as tables: plain for a terminal, or Markdown.</summary>
internal static class BenchText
{
    private static readonly (ToolKind Kind, string Title)[] s_sections =
    [
        (ToolKind.Records, "tools that record every call"),
        (ToolKind.Counts, "tools that count calls"),
        (ToolKind.Passes, "tools whose filter lets these calls pass"),
    ];

    private static readonly string[] s_addedHead = ["tool", "{0}", "added", "x floor", "lost: said", "in truth", "CPU", "memory"];
    private static readonly string[] s_rateHead = ["tool", "{0}", "kept", "", "lost: said", "in truth", "CPU", "memory"];

    /// <summary>What the figures can and cannot say.</summary>
    public static IReadOnlyList<string> Limits(BenchResult result) =>
    [
        $"Medians of interleaved rounds. A round is cut into turns: an untraced run, the floor, and at most {Turns.Size} tools, in an order that changes from round to round; what is added, or kept, is taken within a turn. ± is the median distance from the median; one run has none. Of a figure whose ± is larger than itself not even the sign is known: it is no result, and a ? stands in its place.",
        "The workload is pinned to one CPU, and tools run on the others where their names say nothing else. Each writes to a file on the same tmpfs.",
        "«in truth» is what the workload made less what is in the tool's output, or the count that it gives. A recorder that overwrites is not compared so: scry loop's kernel counts the records of its cgroup, with some of the start and end of the program; ftrace's buffers likewise; traceloop keeps the last few thousand by design. The few calls of the same kind with which a program starts and ends are not held against a tool.",
        "Tools that record, tools that only count, and filters that let the calls pass do different work: each has a table of its own.",
        "CPU and memory are those of the tool's process from its start to its end; perf trace and strace --seccomp-bpf start the commands, so that theirs are known to 10 ms only. The work that a tool does inside the traced program's calls is in the figure itself.",
        result.Machine.Virtual
            ? "In a virtual machine an interrupt to another CPU goes through the host: tools that wake their reader for each event pay far more here than on bare metal. The price of one wake-up is shown on its own."
            : "The price of one wake-up is shown on its own; in virtual machines it is several times as high.",
        "A run lasts for about " + result.Seconds.ToString(CultureInfo.InvariantCulture) + " s; single runs vary with the host, ratios of one bench are what counts.",
    ];

    /// <summary>The whole report.</summary>
    /// <param name="result">What was measured.</param>
    /// <param name="markdown">As Markdown; else in columns.</param>
    public static string Write(BenchResult result, bool markdown)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{result.Started:yyyy-MM-dd}, {result.Machine.Line}\n");
        if (result.NoMeasurement is { } reason)
            text.Append(markdown ? $"\n**{reason}**\n" : $"{reason}\n");
        if (result.Versions.Count > 0)
            text.Append(markdown ? "\n" : "").AppendJoin("; ", result.Versions).Append('\n');
        if (result.Interrupted)
            text.Append("interrupted: not all was measured\n");
        if (result.Wake is { } wake)
            text.Append('\n').Append(WakeLine(wake)).Append('\n');
        foreach (WorkloadResult workload in result.Workloads)
            AppendWorkload(text, workload, markdown);
        foreach (ScaleResult scale in result.Scales)
            AppendScale(text, scale, markdown);
        if (result.LeftOut.Count > 0)
            text.Append(markdown ? "\n## Left out\n\n" : "\nleft out:\n");
        foreach ((string name, string why) in result.LeftOut)
            text.Append(markdown ? "- " : "  ").Append(name).Append(": ").Append(why).Append('\n');
        // Who reads a terminal has docs/BENCH.md; who reads a report may have nothing else.
        if (markdown)
            AppendMethod(text, result);
        return text.ToString();
    }

    /// <summary>The price of a wake-up in a sentence.</summary>
    public static string WakeLine(WakePrice wake) =>
        $"a write that wakes nobody takes {Number(wake.Nobody)} ns, one that wakes a reader on its own CPU {Number(wake.SameCpu)} ns"
        + (wake.OtherCpu is { } other ? $", on another CPU {Number(other)} ns" : "");

    /// <summary>The rows of a workload: each tool's cells, under the head of the first.</summary>
    public static IReadOnlyList<string[]> Rows(WorkloadResult workload, ToolKind kind)
    {
        string[] head = [.. (workload.Metric.IsRate ? s_rateHead : s_addedHead).Select(cell => string.Format(CultureInfo.InvariantCulture, cell, workload.Metric.Unit))];
        return
        [
            head,
            .. workload.Tools.Where(tool => tool.Kind == ToolKind.Baseline || tool.Kind == kind).SelectMany(tool => RowsOf(workload, tool)),
        ];
    }

    /// <summary>The sections that a workload has.</summary>
    public static IEnumerable<(ToolKind Kind, string Title)> Sections(WorkloadResult workload)
    {
        bool any = false;
        foreach ((ToolKind kind, string title) in s_sections)
        {
            if (workload.Tools.All(tool => tool.Kind != kind))
                continue;
            any = true;
            yield return (kind, title);
        }
        if (!any)
            yield return (ToolKind.Baseline, "baselines");
    }

    /// <summary>Three digits that count, and thousands set apart.</summary>
    public static string Number(double value) => double.IsNaN(value)
        ? "-"
        : Math.Abs(value) switch
        {
            >= 100 => value.ToString("#,0", CultureInfo.InvariantCulture),
            >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
            _ => value.ToString("0.00", CultureInfo.InvariantCulture),
        };

    /// <summary>Its figures, and what it said when it failed.</summary>
    private static IEnumerable<string[]> RowsOf(WorkloadResult workload, ToolResult tool)
    {
        bool any = tool.Samples.Count > 0;
        if (any)
            yield return Row(workload, tool);
        if (tool.Failure is not null)
            yield return [any ? "" : tool.Title, $"failed: {tool.Failure}", "", "", "", "", "", ""];
    }

    private static string[] Row(WorkloadResult workload, ToolResult tool)
    {
        Middle value = WorkloadResult.Value(tool), added = workload.Added(tool), kept = workload.Kept(tool);
        bool untraced = tool.Name == Tool.Untraced;
        return
        [
            tool.Failure is null ? tool.Title : $"{tool.Title} ({tool.Samples.Count} of {workload.Rounds} rounds)",
            With(value, tool),
            untraced ? "" : workload.Metric.IsRate ? Percent(kept, tool) : With(added, tool),
            workload.Metric.IsRate ? "" : workload.TimesFloor(tool) is { } times ? Number(times) : "",
            Loss(tool, sample => sample.Reported),
            Loss(tool, sample => sample.Missing),
            tool.Samples.Select(sample => sample.CpuSeconds).OfType<double>().ToArray() is { Length: > 0 } cpu ? $"{Number(Statistics.Median(cpu))} s" : "",
            tool.Samples.Select(sample => sample.Memory).OfType<long>().Where(bytes => bytes > 0).ToArray() is { Length: > 0 } memory ? $"{Number(memory.Max() / 1e6)} MB" : "",
        ];
    }

    /// <summary>One run has no spread.</summary>
    private static string With(Middle middle, ToolResult tool) => tool.Samples.Count > 1 ? With(middle) : Number(middle.Median);

    private static string With(Middle middle) => $"{(middle.IsResult ? Number(middle.Median) : "?")} ± {Number(middle.Spread)}";

    private static string Percent(Middle kept, ToolResult tool) => (kept.IsResult ? string.Create(CultureInfo.InvariantCulture, $"{kept.Median * 100:F1}") : "?")
        + (tool.Samples.Count > 1 ? string.Create(CultureInfo.InvariantCulture, $" ± {kept.Spread * 100:F1} %") : " %");

    /// <summary>Of all rounds together: how many, and their share of the calls when those are known.</summary>
    private static string Loss(ToolResult tool, Func<Sample, long?> which)
    {
        Sample[] known = [.. tool.Samples.Where(sample => which(sample) is not null)];
        if (known.Length == 0)
            return "";
        long[] missing = [.. known.Select(sample => which(sample)!.Value)];
        long lost = missing.Where(count => count > 0).Sum(), extra = -missing.Where(count => count < 0).Sum(), calls = known.Sum(sample => sample.Calls ?? 0);
        if (extra > 0)
            return string.Create(CultureInfo.InvariantCulture, $"{lost:#,0}, {extra:#,0} too many");
        return lost == 0 || calls == 0 ? lost.ToString("#,0", CultureInfo.InvariantCulture) : string.Create(CultureInfo.InvariantCulture, $"{lost:#,0} ({100.0 * lost / calls:0.##} %)");
    }

    private static void AppendWorkload(StringBuilder text, WorkloadResult workload, bool markdown)
    {
        text.Append(markdown ? "\n## " : "\n").Append(workload.Name).Append(": ").Append(workload.Title).Append(RoundsOf(workload)).Append('\n');
        foreach ((ToolKind kind, string title) in Sections(workload))
        {
            text.Append(markdown ? $"\n{title}\n\n" : $"  {title}\n");
            AppendTable(text, Rows(workload, kind), markdown);
        }
    }

    /// <summary>In parentheses.</summary>
    public static string RoundsOf(WorkloadResult workload) => workload.Rounds switch
    {
        0 => "",
        1 => " (1 round)",
        var rounds => string.Create(CultureInfo.InvariantCulture, $" ({rounds} rounds)"),
    };

    private static void AppendMethod(StringBuilder text, BenchResult result)
    {
        text.Append("\n## Method and limits\n\n");
        foreach (string limit in Limits(result))
            text.Append("- ").Append(limit).Append('\n');
        if (result.Machine.Mitigations.Count > 0)
            text.Append("- Mitigations of the processor's faults: ").AppendJoin("; ", result.Machine.Mitigations).Append(".\n");
    }

    private static void AppendScale(StringBuilder text, ScaleResult scale, bool markdown)
    {
        text.Append(markdown ? "\n## " : "\n").Append(scale.Title).Append(": ").Append(scale.YLabel).Append('\n');
        if (markdown)
            text.Append('\n');
        List<string[]> rows = [[scale.XLabel, .. scale.Lines.Select(line => line.Tool)]];
        for (int i = 0; i < scale.Lines[0].Points.Count; i++)
        {
            rows.Add([scale.Lines[0].Points[i].X.ToString("#,0", CultureInfo.InvariantCulture),
                .. scale.Lines.Select(line => i < line.Points.Count ? With(new Middle(line.Points[i].Y, line.Points[i].Spread)) : "")]);
        }
        AppendTable(text, rows, markdown);
    }

    private static void AppendTable(StringBuilder text, IReadOnlyList<string[]> rows, bool markdown)
    {
        int columns = rows.Max(row => row.Length);
        int[] widths = [.. Enumerable.Range(0, columns).Select(i => rows.Max(row => i < row.Length && !IsFailure(row) ? row[i].Length : 0))];
        for (int r = 0; r < rows.Count; r++)
        {
            string[] row = rows[r];
            if (markdown)
            {
                text.Append("| ").AppendJoin(" | ", row.Select(cell => cell.Replace("|", "\\|", StringComparison.Ordinal))).Append(" |\n");
                if (r == 0)
                    text.Append('|').Append(string.Concat(row.Select((_, i) => i == 0 ? "---|" : "--:|"))).Append('\n');
                continue;
            }
            text.Append("    ").Append(row[0].PadRight(widths[0]));
            if (IsFailure(row))
            {
                text.Append("  ").Append(row[1]).Append('\n');
                continue;
            }
            var cells = new StringBuilder();
            for (int i = 1; i < row.Length; i++)
                cells.Append(widths[i] == 0 ? "" : "  " + row[i].PadLeft(widths[i]));
            text.Append(cells.ToString().TrimEnd()).Append('\n');
        }
    }

    private static bool IsFailure(string[] row) => row.Length > 1 && row[1].StartsWith("failed: ", StringComparison.Ordinal);
}
