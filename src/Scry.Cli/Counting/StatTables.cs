using Scry.Capture;
using Scry.Syscalls;
using Scry.Views;
using Scry.Wire;

namespace Scry.Cli.Counting;

/// <summary>What a table is sorted by, the largest first.</summary>
internal enum StatSort
{
    Total,
    Calls,
    Errors,
    Avg,
    Max,
    P50,
    P99,
    Name,
}

/// <summary>Counts so far, of one row of the kernel's.</summary>
internal readonly record struct Counted(CounterRow Row, CallSums Sums, DurationHistogram Histogram, IReadOnlyDictionary<int, ulong> Errnos);

/// <summary>Makes tables of counted rows: of a whole run, or of what came since the table before.</summary>
internal sealed class StatTables(Dimensions dimensions, SyscallNames names, bool bySyscall, StatSort sort, int top)
{
    private long _elapsedBefore;
    private int _intervals;

    /// <summary>Takes note of rows that have new calls.</summary>
    public void See(IReadOnlyList<CounterRow> changed)
    {
        foreach (CounterRow row in changed)
            dimensions.See(row.Group);
    }

    /// <summary>A table of the whole run.</summary>
    /// <param name="counters">All counts.</param>
    /// <param name="elapsed">Nanoseconds since counting began.</param>
    /// <param name="time">Nanoseconds since the epoch.</param>
    public StatTable Whole(Counters counters, long elapsed, long time) =>
        Table(counters.Options, counters.Rows.Where(row => row.Sums.Calls > 0).Select(row => Now(counters, row)), elapsed, time, 0);

    /// <summary>A table of what came since the last one.</summary>
    public StatTable Since(Counters counters, long elapsed, long time)
    {
        IEnumerable<Counted> came = counters.Rows.Where(row => row.Sums.Calls > (row.Before?.Sums.Calls ?? 0))
            .Select(row => row.Before is { } before ? Difference(Now(counters, row), before) : Now(counters, row));
        StatTable table = Table(counters.Options, came, elapsed - _elapsedBefore, time, ++_intervals);
        counters.Mark();
        _elapsedBefore = elapsed;
        return table;
    }

    private static Counted Now(Counters counters, CounterRow row) => new(row, row.Sums, counters.Histogram(row), row.Sums.Errors > 0 ? counters.Errnos(row) : new Dictionary<int, ulong>());

    private static Counted Difference(in Counted now, HeldCounts before)
    {
        DurationHistogram histogram = now.Histogram.Since(before.Histogram);
        CallSums sums = now.Sums.Since(before.Sums);
        // The extremes of an interval are known as closely as its percentiles.
        DurationBucket[] buckets = [.. histogram.Buckets()];
        if (buckets.Length > 0)
        {
            ulong last = buckets[^1].High;
            sums.Min = Math.Max(sums.Min, buckets[0].Low);
            sums.Max = Math.Min(Math.Min(sums.Max, sums.Total), last == ulong.MaxValue ? last : last - 1);
            if (sums.Timed == 1)
                sums.Min = sums.Max = sums.Total;
        }
        Dictionary<int, ulong> earlier = before.Errnos ?? [];
        Dictionary<int, ulong> errnos = now.Errnos.Select(one => (one.Key, Count: one.Value - earlier.GetValueOrDefault(one.Key)))
            .Where(one => one.Count > 0).ToDictionary(one => one.Key, one => one.Count);
        return new Counted(now.Row, sums, histogram, errnos);
    }

    private StatTable Table(CounterOptions options, IEnumerable<Counted> counted, long elapsed, long time, int interval)
    {
        var rows = new Dictionary<string, StatRow>(StringComparer.Ordinal);
        foreach (Counted one in counted)
        {
            if (dimensions.ByErrno)
                AddByErrno(rows, one);
            else
                RowOf(rows, one.Row, null).Add(one.Sums, one.Histogram, one.Errnos);
        }
        List<StatRow> sorted = [.. Sorted(rows.Values)];
        return new StatTable
        {
            Heads = dimensions.Heads,
            BySyscall = bySyscall,
            CountOnly = options.CountOnly,
            ByErrno = dimensions.ByErrno,
            Rows = sorted.Count > top ? sorted[..top] : sorted,
            Hidden = (Math.Max(0, sorted.Count - top), sorted.Skip(top).Aggregate(0UL, (sum, row) => sum + row.Sums.Calls)),
            Elapsed = elapsed,
            Time = time,
            Interval = interval,
        };
    }

    private void AddByErrno(Dictionary<string, StatRow> rows, in Counted one)
    {
        ulong failed = 0;
        foreach ((int errno, ulong count) in one.Errnos)
        {
            Add(RowOf(rows, one.Row, errno), count);
            failed += count;
        }
        if (one.Sums.Errors > failed)
        {
            Add(RowOf(rows, one.Row, StatRow.UnknownErrno), one.Sums.Errors - failed);
            failed = one.Sums.Errors;
        }
        if (one.Sums.Calls > failed)
            Add(RowOf(rows, one.Row, 0), one.Sums.Calls - failed);

        static void Add(StatRow row, ulong calls) => row.Sums = row.Sums with { Calls = row.Sums.Calls + calls };
    }

    private StatRow RowOf(Dictionary<string, StatRow> rows, CounterRow counted, int? errno)
    {
        StatLabel[] labels = dimensions.LabelsOf(counted.Group);
        string? syscall = !bySyscall ? null : counted.IsOther ? StatLabel.Other.ToString() : names.NameWithAbi(counted.Abi, counted.Nr);
        string key = string.Join('\0', dimensions.IdentityOf(counted.Group, labels), syscall, errno);
        if (!rows.TryGetValue(key, out StatRow? row))
        {
            rows[key] = row = new StatRow
            {
                Labels = labels,
                Syscall = syscall,
                Abi = counted.Abi,
                Nr = counted.Nr,
                Errno = errno,
                IsOther = counted.IsOther || counted.Group.IsOther || errno == StatRow.UnknownErrno,
            };
        }
        return row;
    }

    private IEnumerable<StatRow> Sorted(IEnumerable<StatRow> rows)
    {
        // Equal ones always come in the same order.
        IOrderedEnumerable<StatRow> byName = rows.OrderBy(row => string.Join('\0', row.Labels.Select(label => label.ToString()).Append(row.Syscall)), StringComparer.Ordinal)
            .ThenBy(row => row.Errno);
        return sort switch
        {
            StatSort.Name => byName,
            _ when dimensions.ByErrno => byName.OrderByDescending(row => row.Sums.Calls),
            StatSort.Calls => byName.OrderByDescending(row => row.Sums.Calls),
            StatSort.Errors => byName.OrderByDescending(row => row.Sums.Errors),
            StatSort.Avg => byName.OrderByDescending(row => row.Sums.Mean),
            StatSort.Max => byName.OrderByDescending(row => row.Sums.Timed > 0 ? row.Sums.Max : 0),
            StatSort.P50 => byName.OrderByDescending(row => row.Quantile(0.5)),
            StatSort.P99 => byName.OrderByDescending(row => row.Quantile(0.99)),
            _ => byName.OrderByDescending(row => row.Sums.Total).ThenByDescending(row => row.Sums.Calls),
        };
    }
}
