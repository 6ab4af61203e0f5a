using System.Globalization;
using System.Text;
using Scry.Wire;

namespace Scry.Views;

/// <summary>What perf's tables are of (perf trace --summary-mode).</summary>
public enum PerfMode
{
    /// <summary>A table for each thread.</summary>
    Thread,
    /// <summary>One table.</summary>
    Total,
    /// <summary>A table for each cgroup.</summary>
    Cgroup,
}

/// <summary>A thread, a cgroup or everything in perf's summary.</summary>
/// <param name="Title">What stands before its number of events.</param>
/// <param name="Rows">Its calls.</param>
public sealed record PerfGroup(string Title, IReadOnlyList<StatRow> Rows)
{
    /// <summary>All of its calls.</summary>
    public ulong Calls => Rows.Aggregate(0UL, (sum, row) => sum + row.Sums.Calls);

    /// <summary>A call's entry, and its return.</summary>
    public ulong Ends => Rows.Aggregate(0UL, (sum, row) => sum + 2 * row.Sums.Calls - row.Sums.Untimed);

    /// <summary>Nanoseconds of all of its calls.</summary>
    public ulong Total => Rows.Aggregate(0UL, (sum, row) => sum + row.Sums.Total);
}

/// <summary>The tables that perf trace -s prints (Linux 6.18; tools/perf/builtin-trace.c, util/bpf-trace-summary.c).</summary>
/// <param name="output">Where they go.</param>
/// <param name="mode">What they are of.</param>
/// <param name="errnos">With the errors of each call (--errno-summary).</param>
public sealed class PerfSummary(OutputWriter output, PerfMode mode, bool errnos)
{
    private const double Milli = 1e6;

    /// <summary>Writes the groups in perf's order: threads with the fewest events first, cgroups with the most time first; calls by their time.</summary>
    /// <param name="groups">What there is.</param>
    /// <exception cref="OutputException">It cannot be written.</exception>
    public void Write(IReadOnlyList<PerfGroup> groups)
    {
        double all = Math.Max(1, groups.Sum(group => (double)group.Ends));
        IEnumerable<PerfGroup> byTitle = groups.OrderBy(group => group.Title, StringComparer.Ordinal);
        Line("");
        Line(" Summary of events:");
        Line("");
        foreach (PerfGroup group in mode == PerfMode.Cgroup ? byTitle.OrderByDescending(group => group.Total) : byTitle.OrderBy(group => group.Ends))
        {
            // perf counts cgroups in the kernel, where a call is one event; of threads it sees both ends of a call.
            ulong events = mode == PerfMode.Cgroup ? group.Calls : group.Ends;
            string share = mode == PerfMode.Thread ? string.Create(CultureInfo.InvariantCulture, $", {100 * group.Ends / all:F1}%") : "";
            Line(string.Create(CultureInfo.InvariantCulture, $" {group.Title}, {events} events{share}"));
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
