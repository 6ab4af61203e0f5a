using System.Runtime.InteropServices;
using System.Text;
using Scry.Wire;

namespace Scry.Capture;

/// <summary>Who calls belong to: the value of each dimension that was asked for.</summary>
public sealed class CounterGroup
{
    internal CounterGroup(in CountKey key) => Key = key;

    /// <summary>The dimensions; those that were not asked for are 0.</summary>
    public CountKey Key { get; }

    /// <summary>Whether it is the group of those that found no room of their own.</summary>
    public bool IsOther { get; internal init; }

    /// <summary>
    /// How many groups this one stands for that are over and found no room (<see cref="CounterOptions.Room"/>): of one name and
    /// cgroup, their other ids are 0. 0: it is a group itself.
    /// </summary>
    public int Merged { get; internal set; }

    /// <summary>Its rows.</summary>
    internal List<CounterRow> Rows { get; } = [];

    /// <summary>How many of the kernel's groups are this one: 0, none now; sometimes two made the same at once.</summary>
    internal int InUse { get; set; }

    /// <summary>The last name of the process or thread; with <see cref="CountBy.Comm"/>: the name that makes the group. Hostile bytes.</summary>
    public byte[] Comm { get; internal set; } = [];

    /// <summary>Process of the thread that made the group; with <see cref="CountBy.Process"/>: the process.</summary>
    public uint Tgid { get; internal init; }

    /// <summary>Effective user of the thread that made the group.</summary>
    public uint Uid { get; internal init; }

    /// <summary>Cgroup (v2) of the thread that made the group.</summary>
    public ulong CgroupId { get; internal init; }

    /// <summary>Nanoseconds of CLOCK_MONOTONIC of the group's first call.</summary>
    public ulong First { get; internal init; }

    /// <summary>Nanoseconds of CLOCK_MONOTONIC at which the process or thread ended; 0: it lives, or the group is none.</summary>
    public ulong Ended { get; internal set; }

    /// <summary>With <see cref="CountBy.File"/>: path of what the descriptor stands for, or its name; empty when unknown. Hostile bytes.</summary>
    public byte[] FilePath { get; internal init; } = [];

    /// <summary>With <see cref="CountBy.Object"/>: path of the mapped file; empty: memory without one. Hostile bytes.</summary>
    public byte[] ObjectPath { get; internal init; } = [];

    /// <summary>With <see cref="CountBy.Cgroup"/>: path of the cgroup below its hierarchy; empty: the root's, or not known. Hostile bytes.</summary>
    public byte[] CgroupPath { get; internal init; } = [];

    /// <summary>A path from its components, the last one first; one that is not whole begins with <c>...</c>.</summary>
    internal static byte[] PathOf(ReadOnlySpan<byte> components)
    {
        bool whole = components[^1] == 0;
        var parts = new List<byte[]>();
        while (components.IndexOf((byte)0) is > 0 and var end)
        {
            parts.Add(components[..end].ToArray());
            components = components[(end + 1)..];
        }
        // What has no place in a filesystem has a name alone, as a pipe.
        if (parts.Count == 0)
            return [];
        // The kernel's name of a root.
        if (parts is [[(byte)'/']])
            return parts[0];
        List<byte> path = whole ? [] : [.. "..."u8];
        for (int i = parts.Count - 1; i >= 0; i--)
        {
            path.Add((byte)'/');
            path.AddRange(parts[i]);
        }
        return [.. path];
    }

    /// <inheritdoc/>
    public override string ToString() => Encoding.Latin1.GetString(Comm);
}

/// <summary>The calls of a group by one number: of all CPUs together.</summary>
public sealed class CounterRow
{
    private readonly CounterDeltas _deltas;

    internal CounterRow(CounterGroup group, Abi abi, uint nr, CounterDeltas deltas)
    {
        _deltas = deltas;
        Group = group;
        Abi = abi;
        Nr = nr;
    }

    /// <summary>Who made them.</summary>
    public CounterGroup Group { get; }

    /// <summary>Which table the number belongs to.</summary>
    public Abi Abi { get; }

    /// <summary>The number; from <see cref="Layout.CountNrMax"/> on as one. Of rows that found no room it means nothing.</summary>
    public uint Nr { get; }

    /// <summary>Whether it is what found no row of its own: of any group and number.</summary>
    public bool IsOther { get; internal init; }

    /// <summary>All calls so far.</summary>
    public CallSums Sums { get; internal set; } = new();

    /// <summary>Those that came between the last two reads; extremes are those of <see cref="Sums"/>. None, when the last read did not return the row.</summary>
    public CallSums Delta => _deltas.Of(this);

    /// <summary>Whether its counts are in another row now, or were to be forgotten: it is not among <see cref="Counters.Rows"/>.</summary>
    public bool IsGone { get; internal set; }

    /// <summary>Number of the read that last found new calls.</summary>
    internal long ChangedAt { get; set; }

    /// <summary>Its place among the rows of that read.</summary>
    internal int ChangedIndex { get; set; }

    /// <summary>Where they are counted in the kernel now: one for each CPU.</summary>
    internal uint[] Places { get; set; } = [];

    /// <summary>What was counted in places that were given back; null: none was.</summary>
    internal HeldCounts? Retired { get; set; }

    /// <summary>What was counted up to <see cref="Counters.Mark"/>; null: nothing, or it was never called.</summary>
    public HeldCounts? Before { get; internal set; }
}

/// <summary>Counts that are held outside of the kernel: of places that were given back, or of a moment.</summary>
public sealed class HeldCounts
{
    /// <summary>How many, how long.</summary>
    public CallSums Sums { get; internal set; } = new();

    /// <summary>Durations.</summary>
    public DurationHistogram Histogram { get; internal init; } = new();

    /// <summary>Errors by errno; null: none.</summary>
    public Dictionary<int, ulong>? Errnos { get; internal set; }

    /// <summary>Adds other calls.</summary>
    internal void Add(in CallSums more)
    {
        CallSums sums = Sums;
        sums.Add(in more);
        Sums = sums;
    }

    /// <summary>Adds another one's.</summary>
    internal void Add(HeldCounts other)
    {
        Add(other.Sums);
        Histogram.Add(other.Histogram);
        foreach ((int errno, ulong count) in other.Errnos ?? [])
            CollectionsMarshal.GetValueRefOrAddDefault(Errnos ??= [], errno, out _) += count;
    }

    /// <summary>Bytes that it takes, about.</summary>
    internal long Size => OwnSize + Histogram.Size + (Errnos is null ? 0 : ErrnosSize + ErrnoSize * Errnos.Count);

    private const int OwnSize = 200, ErrnosSize = 216, ErrnoSize = 32;
}

/// <summary>What rows got in the last read: kept apart, since few of many rows change.</summary>
internal sealed class CounterDeltas
{
    private readonly List<CallSums> _deltas = [];

    /// <summary>Number of the read.</summary>
    public long Read { get; private set; }

    public void Begin()
    {
        Read++;
        _deltas.Clear();
    }

    public void Add(CounterRow row, in CallSums delta)
    {
        row.ChangedIndex = _deltas.Count;
        _deltas.Add(delta);
    }

    public CallSums Of(CounterRow row) => row.ChangedAt == Read && row.ChangedIndex < _deltas.Count ? _deltas[row.ChangedIndex] : new CallSums();
}
