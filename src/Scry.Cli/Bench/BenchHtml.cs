using System.Globalization;
using System.Text;

namespace Scry.Cli.Bench;

/// <summary>A result as one page that needs nothing else: tables and charts.</summary>
internal static class BenchHtml
{
    private const string Style = """
        :root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --rule: #d8dee4; --page: #ffffff; --ours: #0b6bcb; --peer: #a3abb5; --base: #d0d7de; --other: #b35900; }
        @media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa5b1; --rule: #30363d; --page: #0f1319; --ours: #58a6ff; --peer: #6b7683; --base: #3d444d; --other: #f0883e; } }
        body { margin: 0 auto; max-width: 60rem; padding: 2rem 1.25rem 4rem; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
        h1 { font-size: 1.7rem; margin: 0 0 .25rem; } h2 { font-size: 1.25rem; margin: 2.75rem 0 .25rem; } h3 { font-size: 1rem; margin: 1.5rem 0 .5rem; }
        p, li { max-width: 46rem; } .soft, .axis { color: var(--soft); } .warning { color: var(--other); font-weight: 600; } .axis { font-size: .8rem; margin: .25rem 0 0; }
        .wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; width: 100%; }
        th, td { padding: .3rem .6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule); } th { color: var(--soft); font-weight: 500; }
        th:first-child, td:first-child { text-align: left; padding-left: 0; white-space: normal; min-width: 13rem; } tr.ours td:first-child { font-weight: 600; } td.failed { text-align: left; color: var(--other); white-space: normal; }
        svg { width: 100%; height: auto; margin-top: .5rem; font-family: inherit; } svg text { fill: var(--ink); font-size: 13px; } svg .tick { fill: var(--soft); font-size: 12px; }
        svg .grid { stroke: var(--rule); } svg .spread { stroke: var(--ink); stroke-width: 1.5; opacity: .65; } svg .ours { fill: var(--ours); } svg .peer { fill: var(--peer); } svg .base { fill: var(--base); }
        svg .line { fill: none; stroke-width: 2; } svg .line.s0, svg .spread.s0 { stroke: var(--ours); } svg .line.s1, svg .spread.s1 { stroke: var(--other); }
        svg .dot.s0, svg text.s0 { fill: var(--ours); } svg .dot.s1, svg text.s1 { fill: var(--other); }
        """;

    /// <summary>The whole page.</summary>
    public static string Write(BenchResult result)
    {
        var page = new StringBuilder();
        page.Append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n")
            .Append("<title>What tracing costs here</title>\n<style>\n").Append(Style).Append("\n</style>\n</head>\n<body>\n<h1>What tracing costs here</h1>\n");
        page.Append(CultureInfo.InvariantCulture, $"<p class=\"soft\">{result.Started:yyyy-MM-dd HH:mm} UTC, {Escape(result.Machine.Line)}.{(result.Interrupted ? " Interrupted: not all was measured." : "")}</p>\n");
        if (result.NoMeasurement is { } reason)
            page.Append("<p class=\"warning\">").Append(Escape(char.ToUpperInvariant(reason[0]) + reason[1..])).Append(".</p>\n");
        if (result.Versions.Count > 0)
            page.Append("<p class=\"soft\">").Append(Escape(string.Join("; ", result.Versions))).Append(".</p>\n");
        if (result.Wake is { } wake)
            AppendWake(page, wake, result.Machine.Virtual);
        foreach (WorkloadResult workload in result.Workloads)
            AppendWorkload(page, workload);
        if (result.Scales.Count > 0)
            page.Append("<h2>Scale</h2>\n");
        foreach (ScaleResult scale in result.Scales)
            page.Append(CultureInfo.InvariantCulture, $"<h3>{Escape(scale.Title)}</h3>\n").Append(BenchCharts.Lines(scale)).Append('\n');
        AppendMethod(page, result);
        return page.Append("</body>\n</html>\n").ToString();
    }

    private static void AppendWake(StringBuilder page, WakePrice wake, bool isVirtual)
    {
        List<Bar> bars = [new("wakes nobody", wake.Nobody, 0, "base"), new("a reader on the same CPU", wake.SameCpu, 0, "peer")];
        if (wake.OtherCpu is { } other)
            bars.Add(new("a reader on another CPU", other, 0, "peer"));
        page.Append("<h2>The price of one wake-up</h2>\n<p>What one write to an eventfd takes its writer. A tracer that wakes its reader for each event makes the traced program pay this")
            .Append(isVirtual ? ", and in a virtual machine such as this an interrupt to another CPU goes through the host" : "").Append(".</p>\n")
            .Append(BenchCharts.Bars("The price of one wake-up", "ns", "ns", bars)).Append('\n');
    }

    private static void AppendWorkload(StringBuilder page, WorkloadResult workload)
    {
        page.Append(CultureInfo.InvariantCulture, $"<h2>{Escape(workload.Name)}</h2>\n<p class=\"soft\">{Escape(workload.Title + BenchText.RoundsOf(workload))}</p>\n");
        foreach ((ToolKind kind, string title) in BenchText.Sections(workload))
        {
            page.Append(CultureInfo.InvariantCulture, $"<h3>{Escape(char.ToUpperInvariant(title[0]) + title[1..])}</h3>\n");
            AppendChart(page, workload, kind);
            AppendTable(page, workload, kind);
        }
    }

    private static void AppendChart(StringBuilder page, WorkloadResult workload, ToolKind kind)
    {
        bool rate = workload.Metric.IsRate;
        Bar[] bars = [.. workload.Tools
            .Where(tool => (tool.Kind == kind || tool.Kind == ToolKind.Baseline) && tool.Samples.Count > 0 && tool.Name != Tool.Untraced)
            .Select(tool => (Tool: tool, Figure: rate ? Percent(workload.Kept(tool)) : workload.Added(tool)))
            .Where(bar => bar.Figure.IsResult).Select(bar => Bar(bar.Tool, bar.Figure))];
        // What the table compares by: absolute rates are of different turns.
        string unit = rate ? $"% of the untraced {workload.Metric.Unit}" : $"{workload.Metric.Unit.Split('/')[0]} added";
        page.Append(BenchCharts.Bars($"{workload.Name}: {unit}", unit, rate ? "%" : unit, bars)).Append('\n');
    }

    private static Middle Percent(Middle share) => new(share.Median * 100, share.Spread * 100);

    private static Bar Bar(ToolResult tool, Middle middle) => new(tool.Title, middle.Median, middle.Spread,
        tool.Kind == ToolKind.Baseline ? "base" : IsOurs(tool.Title) ? "ours" : "peer");

    private static bool IsOurs(string title) => title.StartsWith("scry", StringComparison.Ordinal);

    private static void AppendTable(StringBuilder page, WorkloadResult workload, ToolKind kind)
    {
        IReadOnlyList<string[]> rows = BenchText.Rows(workload, kind);
        int[] used = [.. Enumerable.Range(0, rows[0].Length).Where(i => i < 2 || rows.Skip(1).Any(row => row[i].Length > 0))];
        page.Append("<div class=\"wide\"><table>\n<tr>");
        foreach (int i in used)
            page.Append("<th>").Append(Escape(rows[0][i])).Append("</th>");
        page.Append("</tr>\n");
        foreach (string[] row in rows.Skip(1))
        {
            page.Append(IsOurs(row[0]) ? "<tr class=\"ours\">" : "<tr>");
            if (row[1].StartsWith("failed: ", StringComparison.Ordinal))
                page.Append(CultureInfo.InvariantCulture, $"<td>{Escape(row[0])}</td><td class=\"failed\" colspan=\"{used.Length - 1}\">{Escape(row[1])}</td>");
            else
                page.AppendJoin("", used.Select(i => $"<td>{Escape(row[i])}</td>"));
            page.Append("</tr>\n");
        }
        page.Append("</table></div>\n");
    }

    private static void AppendMethod(StringBuilder page, BenchResult result)
    {
        page.Append("<h2>Method and limits</h2>\n<ul>\n");
        foreach (string limit in BenchText.Limits(result))
            page.Append("<li>").Append(Escape(limit)).Append("</li>\n");
        page.Append("</ul>\n");
        if (result.Machine.Mitigations.Count > 0)
            page.Append("<h3>Mitigations of the processor's faults</h3>\n<p class=\"soft\">").Append(Escape(string.Join("; ", result.Machine.Mitigations))).Append("</p>\n");
        if (result.LeftOut.Count == 0)
            return;
        page.Append("<h3>Left out</h3>\n<ul>\n");
        foreach ((string name, string reason) in result.LeftOut)
            page.Append("<li>").Append(Escape(name)).Append(": ").Append(Escape(reason)).Append("</li>\n");
        page.Append("</ul>\n");
    }

    private static string Escape(string text) => BenchCharts.Escape(text);
}
