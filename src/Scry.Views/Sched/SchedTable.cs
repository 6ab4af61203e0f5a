using Scry.Wire;

namespace Scry.Views.Sched;

/// <summary>What a row of the scheduler's table is about.</summary>
public enum SchedBy
{
    /// <summary>A thread.</summary>
    Thread,
    /// <summary>A process: all its threads.</summary>
    Process,
    /// <summary>All threads of a name.</summary>
    Comm,
}

/// <summary>What the rows are sorted by, the largest first.</summary>
public enum SchedSort
{
    /// <summary>The longest wait for a CPU.</summary>
    Worst,
    /// <summary>The mean of these waits.</summary>
    Avg,
    /// <summary>All of them.</summary>
    Delay,
    /// <summary>Time on a CPU.</summary>
    Run,
    /// <summary>How often a CPU was got.</summary>
    Switches,
    /// <summary>How often it was taken away.</summary>
    Preempted,
    /// <summary>How often it went on elsewhere.</summary>
    Migrations,
    /// <summary>Time blocked.</summary>
    Blocked,
    /// <summary>The name, from a on.</summary>
    Name,
}

/// <summary>A thread, a process or a name, with its sums.</summary>
public sealed class SchedRow
{
    /// <summary>Its process; 0: of none alone.</summary>
    public uint Tgid { get; init; }
    /// <summary>Its thread; 0: of none alone.</summary>
    public uint Tid { get; init; }
    /// <summary>Its name; hostile text.</summary>
    public byte[] Comm { get; internal set; } = [];
    /// <summary>Whether it is what found no row of its own.</summary>
    public bool IsOther { get; init; }
    /// <summary>How many threads are in it.</summary>
    public int Threads { get; private set; }

    /// <summary>Nanoseconds on a CPU.</summary>
    public ulong Running { get; private set; }
    /// <summary>Nanoseconds of waiting for a CPU.</summary>
    public ulong Delay { get; private set; }
    /// <summary>Nanoseconds of the longest such wait.</summary>
    public ulong Worst { get; private set; }
    /// <summary>When that ended, of CLOCK_MONOTONIC.</summary>
    public ulong WorstEnd { get; private set; }
    /// <summary>Nanoseconds blocked.</summary>
    public ulong Blocked { get; private set; }
    /// <summary>How often it got a CPU.</summary>
    public ulong Switches { get; private set; }
    /// <summary>Waits for a CPU that were seen whole.</summary>
    public ulong Delays { get; private set; }
    /// <summary>How often its CPU was taken away.</summary>
    public ulong Preemptions { get; private set; }
    /// <summary>How often it went on on another CPU.</summary>
    public ulong Migrations { get; private set; }

    /// <summary>The mean wait for a CPU, in nanoseconds.</summary>
    public double Average => Delays > 0 ? (double)Delay / Delays : 0;

    /// <summary>Adds a thread.</summary>
    public void Add(in SchedSums sums)
    {
        Threads++;
        Running += sums.Running;
        Delay += sums.Delay;
        Blocked += sums.Blocked;
        Switches += sums.Switches;
        Delays += sums.Delays;
        Preemptions += sums.Preemptions;
        Migrations += sums.Migrations;
        if (sums.Worst > Worst)
            (Worst, WorstEnd) = (sums.Worst, sums.WorstEnd);
    }
}

/// <summary>The rows of a run. Bounded: what comes when there is no room for more is one row of others.</summary>
/// <param name="by">What a row is about.</param>
/// <param name="capacity">How many rows there may be.</param>
public sealed class SchedTable(SchedBy by, int capacity = SchedTable.DefaultCapacity)
{
    private const int DefaultCapacity = 65536;

    private readonly Dictionary<(uint Tgid, uint Life, string Comm), SchedRow> _rows = [];
    private SchedRow? _other;
    // Sums come once for each thread; its tid may be another one's later.
    private uint _lives;

    /// <summary>All threads together.</summary>
    public SchedRow Total { get; } = new();

    /// <summary>Threads that found no row of their own.</summary>
    public int Others => _other?.Threads ?? 0;

    /// <summary>Adds a thread's sums.</summary>
    public void Add(uint tgid, uint tid, ReadOnlySpan<byte> comm, in SchedSums sums)
    {
        Total.Add(in sums);
        (uint, uint, string) key = by switch
        {
            SchedBy.Thread => (tgid, ++_lives, ""),
            SchedBy.Process => (tgid, 0, ""),
            _ => (0, 0, ByteText.Of(comm)),
        };
        if (!_rows.TryGetValue(key, out SchedRow? row))
        {
            if (_rows.Count >= capacity)
                row = _other ??= new SchedRow { IsOther = true, Comm = [.. "(other)"u8] };
            else
                _rows[key] = row = new SchedRow { Tgid = key.Item1, Tid = by == SchedBy.Thread ? tid : 0, Comm = comm.ToArray() };
        }
        row.Add(in sums);
        // A process has the name of its first thread.
        if (by == SchedBy.Process && tgid == tid && !row.IsOther)
            row.Comm = comm.ToArray();
    }

    /// <summary>The rows in their order.</summary>
    /// <param name="sort">What they are sorted by.</param>
    public IReadOnlyList<SchedRow> Rows(SchedSort sort)
    {
        IEnumerable<SchedRow> rows = _other is null ? _rows.Values : _rows.Values.Append(_other);
        IOrderedEnumerable<SchedRow> sorted = sort == SchedSort.Name
            ? rows.OrderBy(row => ByteText.Of(row.Comm), StringComparer.Ordinal)
            : rows.OrderByDescending(row => Value(row, sort));
        return [.. sorted.ThenByDescending(row => row.Running).ThenBy(row => row.Tgid).ThenBy(row => row.Tid)];
    }

    private static double Value(SchedRow row, SchedSort sort) => sort switch
    {
        SchedSort.Avg => row.Average,
        SchedSort.Delay => row.Delay,
        SchedSort.Run => row.Running,
        SchedSort.Switches => row.Switches,
        SchedSort.Preempted => row.Preemptions,
        SchedSort.Migrations => row.Migrations,
        SchedSort.Blocked => row.Blocked,
        _ => row.Worst,
    };
}
