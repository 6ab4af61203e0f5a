using System.Globalization;
using System.Text;
using Scry.Wire;

namespace Scry.Views;

/// <summary>A thread, a cgroup or everything in perf's summary.</summary>
/// <param name="Title">What stands before its number of events.</param>
/// <param name="Rows">Its calls.</param>
public sealed record PerfGroup(string Title, IReadOnlyList<StatRow> Rows)
{
    /// <summary>What perf counts as an event: a call's entry, and its return.</summary>
    public ulong Events => Rows.Aggregate(0UL, (sum, row) => sum + 2 * row.Sums.Calls - row.Sums.Untimed);
}

/// <summary>The tables that perf trace -s prints.</summary>
/// <param name="output">Where they go.</param>
/// <param name="errnos">With the errors of each call (--errno-summary).</param>
public sealed class PerfSummary(OutputWriter output, bool errnos)
{
    private const double Milli = 1e6;

    /// <summary>Writes the groups, the busiest first, the calls of each by their time.</summary>
    /// <param name="groups">What there is.</param>
    /// <param name="shares">Whether a group's share of all events is told: perf does so of threads.</param>
    /// <exception cref="OutputException">It cannot be written.</exception>
    public void Write(IReadOnlyList<PerfGroup> groups, bool shares)
    {
        double all = Math.Max(1, groups.Sum(group => (double)group.Events));
        Line("");
        Line(" Summary of events:");
        Line("");
        foreach (PerfGroup group in groups.OrderByDescending(group => group.Events).ThenBy(group => group.Title, StringComparer.Ordinal))
        {
            string share = shares ? string.Create(CultureInfo.InvariantCulture, $", {100 * group.Events / all:F1}%") : "";
            Line(string.Create(CultureInfo.InvariantCulture, $" {group.Title}, {group.Events} events{share}"));
            Line("");
            Line("   syscall            calls  errors  total       min       avg       max       stddev");
            Line("                                     (msec)    (msec)    (msec)    (msec)        (%)");
            Line("   --------------- --------  ------ -------- --------- --------- ---------     ------");
            foreach (StatRow row in group.Rows.OrderByDescending(row => row.Sums.Total).ThenBy(row => row.Syscall, StringComparer.Ordinal))
                WriteRow(row);
            Line("");
            Line("");
        }
        output.Flush();
    }

    private void WriteRow(StatRow row)
    {
        CallSums sums = row.Sums;
        Line(string.Create(CultureInfo.InvariantCulture,
            $"   {row.Syscall,-15} {sums.Calls,8} {sums.Errors,6} {sums.Total / Milli,9:F3} {(sums.Timed > 0 ? sums.Min : 0) / Milli,9:F3} {sums.Mean / Milli,9:F3} {sums.Max / Milli,9:F3} {sums.RelativeError,9:F2}%"));
        foreach ((int errno, ulong count) in errnos ? row.Errnos : [])
            Line(string.Create(CultureInfo.InvariantCulture, $"\t\t\t\t{StatRow.NameOf(errno)}: {count}"));
    }

    private void Line(string text)
    {
        output.Buffer.Append(Encoding.UTF8.GetBytes(text));
        output.EndLine();
    }
}
