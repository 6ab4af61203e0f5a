namespace Scry.Capture;

/// <summary>
/// The groups that are over, in bounded room: each on its own as long as there is room, then those that were over first merged by name and
/// cgroup, then those names that came first merged into one. Counts, sums and histograms of what is merged stay exact.
/// </summary>
/// <param name="table">Has their rows.</param>
/// <param name="room">Bytes, about.</param>
internal sealed class CounterPast(CounterTable table, long room)
{
    // What a group or row takes with its places in tables, and with what is made of it to be shown.
    private const int GroupSize = 700, RowSize = 3500;

    // The first one first.
    private readonly Queue<(CounterGroup Group, long Size)> _kept = [];
    private readonly Queue<(string Name, ulong CgroupId)> _names = [];
    private readonly Dictionary<(string Name, ulong CgroupId), (CounterGroup Group, long Size)> _merged = [];
    private CounterGroup? _others;
    private long _keptSize, _mergedSize;

    /// <summary>Groups that were merged into others, since the beginning.</summary>
    public ulong Merged { get; private set; }

    /// <summary>Calls, since the beginning, of those that did not even keep their name.</summary>
    public ulong MergedUnnamed { get; private set; }

    /// <summary>Keeps a group that is over, for now.</summary>
    public void Keep(CounterGroup group)
    {
        long size = SizeOf(group);
        _kept.Enqueue((group, size));
        _keptSize += size;
    }

    /// <summary>Merges until the rest has room.</summary>
    public void MakeRoom()
    {
        while (_kept.Count > 0 && _keptSize + _mergedSize > room)
        {
            (CounterGroup group, long size) = _kept.Dequeue();
            _keptSize -= size;
            // One that came back, as a name does, is queued again when it is over again.
            if (table.IsOver(group))
                MergeByName(group);
        }
    }

    /// <summary>Forgets all of it.</summary>
    public void Clear()
    {
        foreach ((CounterGroup group, _) in _kept)
        {
            if (table.IsOver(group))
                table.Forget(group);
        }
        foreach ((CounterGroup group, _) in _merged.Values)
            table.Forget(group);
        if (_others is not null)
            table.Forget(_others);
        _kept.Clear();
        _names.Clear();
        _merged.Clear();
        (_others, _keptSize, _mergedSize) = (null, 0, 0);
    }

    private void MergeByName(CounterGroup group)
    {
        var name = (Convert.ToHexString(group.Comm), group.Key.CgroupId);
        if (!_merged.TryGetValue(name, out (CounterGroup Group, long Size) into))
        {
            var key = new Wire.CountKey { CgroupId = group.Key.CgroupId };
            into = (new CounterGroup(in key) { Comm = group.Comm, CgroupPath = group.CgroupPath, CgroupId = group.CgroupId, First = group.First, Ended = group.Ended }, 0);
            _names.Enqueue(name);
        }
        Merged++;
        Merge(group, into.Group);
        long size = SizeOf(into.Group);
        _mergedSize += size - into.Size;
        _merged[name] = (into.Group, size);
        // Processes can make up names without end.
        while (_mergedSize > room / 2 && _names.TryDequeue(out (string, ulong) first))
        {
            _merged.Remove(first, out (CounterGroup Group, long Size) oldest);
            _mergedSize -= oldest.Size;
            foreach (CounterRow row in oldest.Group.Rows)
                MergedUnnamed += row.Sums.Calls - (row.Before?.Sums.Calls ?? 0);
            Merge(oldest.Group, _others ??= new CounterGroup(new Wire.CountKey()) { IsOther = true });
        }
    }

    private void Merge(CounterGroup group, CounterGroup into)
    {
        into.Merged += Math.Max(1, group.Merged);
        foreach (CounterRow row in group.Rows)
        {
            if (row.Retired is null)
                continue;
            CounterRow all = table.RowLike(into, row);
            (all.Retired ??= new HeldCounts()).Add(row.Retired);
            all.Sums = all.Retired.Sums;
            if (row.Before is not null)
                (all.Before ??= new HeldCounts()).Add(row.Before);
        }
        table.Forget(group);
    }

    private static long SizeOf(CounterGroup group)
    {
        long size = GroupSize + group.FilePath.Length + group.ObjectPath.Length + group.CgroupPath.Length;
        foreach (CounterRow row in group.Rows)
            size += RowSize + (row.Retired?.Size ?? 0) + (row.Before?.Size ?? 0);
        return size;
    }
}
