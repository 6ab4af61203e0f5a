using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Wire;

namespace Scry.Capture;

/// <summary>The kernel's rows of each CPU as rows of all, from read to read; and the groups that are over.</summary>
internal sealed class CounterTable(CounterMemory memory, CounterOptions options, int rowCount)
{
    private const int NrShift = 32, AbiShift = NrShift + Layout.CountNrBits;
    private const uint NoAbi = 7; // of rows for others
    /// <summary>The key, but for the CPU, of the rows that have what found none.</summary>
    public const ulong OthersKey = (ulong)NoAbi << AbiShift | (ulong)Layout.CountNrMax << NrShift;
    // A program that found a group holds it some microseconds later, or never.
    private static readonly long s_grace = Stopwatch.Frequency / 20;

    private readonly Dictionary<CountKey, CounterGroup> _groups = new(KeyComparer.Instance);
    private readonly Dictionary<uint, CounterGroup> _byIndex = [];
    private readonly Dictionary<(CounterGroup Group, uint Call), CounterRow> _rows = [];
    private readonly ulong[] _seen = new ulong[rowCount];
    private readonly CounterRow?[] _rowAt = new CounterRow?[rowCount];
    // Groups that no thread can find any more, and since when.
    private readonly Dictionary<uint, long> _hidden = [];
    private readonly CounterDeltas _deltas = new();
    private CounterPast? _past;

    public IReadOnlyCollection<CounterRow> Rows => _rows.Values;

    public CallSums Total { get; private set; } = new();

    /// <summary>The groups that are over.</summary>
    public CounterPast Past => _past ??= new CounterPast(this, options.Room);

    public IReadOnlyList<CounterRow> Read()
    {
        _deltas.Begin();
        memory.ReadWraps();
        List<CounterRow> changed = FindChanged();
        CallSums total = Total;
        foreach (CounterRow row in changed)
        {
            CallSums before = row.Sums;
            row.Sums = SumsOf(row);
            CallSums delta = row.Sums.Since(in before);
            _deltas.Add(row, in delta);
            total.Add(in delta);
        }
        Total = total;
        GiveBack();
        return changed;
    }

    // What they were, when a place cannot be read now: counts never go back.
    private CallSums SumsOf(CounterRow row)
    {
        CallSums sums = row.Retired?.Sums ?? new CallSums();
        foreach (uint place in row.Places)
        {
            if (!memory.TryRead(place, out CallSums there))
            {
                _seen[place] = 0;
                return row.Sums;
            }
            sums.Add(in there);
        }
        return sums;
    }

    private List<CounterRow> FindChanged()
    {
        var changed = new List<CounterRow>();
        uint used = memory.RowsUsed;
        for (uint i = 1; i < used; i++)
        {
            (ulong key, ulong calls) = memory.Peek(i);
            if (key == 0 || calls == _seen[i])
                continue;
            _seen[i] = calls;
            CounterRow row = _rowAt[i] ??= Place(i, key);
            if (row.ChangedAt == _deltas.Read)
                continue;
            row.ChangedAt = _deltas.Read;
            changed.Add(row);
        }
        return changed;
    }

    private CounterRow Place(uint index, ulong key)
    {
        uint call = (uint)(key >> NrShift) & 0xffff;
        CounterGroup group = GroupAt((uint)key);
        CounterRow row = RowOf(group, call);
        row.Places = [.. row.Places, index];
        return row;
    }

    /// <summary>The row of a group for a call, as it stands in a key.</summary>
    public CounterRow RowOf(CounterGroup group, uint call)
    {
        ref CounterRow? row = ref CollectionsMarshal.GetValueRefOrAddDefault(_rows, (group, call), out bool known);
        if (!known)
        {
            uint abi = call >> Layout.CountNrBits;
            row = new CounterRow(group, abi == NoAbi ? Abi.X86_64 : (Abi)abi, CapturePlan.NumberAt((Abi)abi, call & Layout.CountNrMax), _deltas) { IsOther = abi == NoAbi };
            group.Rows.Add(row);
        }
        return row!;
    }

    private static uint CallOf(CounterRow row) => row.IsOther ? NoAbi << Layout.CountNrBits | row.Nr : (uint)row.Abi << Layout.CountNrBits | CapturePlan.PlaceOf(row.Abi, row.Nr);

    private CounterGroup GroupAt(uint index)
    {
        ref CountGroup now = ref memory.Group(index);
        if (!_byIndex.TryGetValue(index, out CounterGroup? group))
        {
            CountKey key = now.Key;
            if (index == 0 || !_groups.TryGetValue(key, out group))
            {
                CountText text = memory.Text(index);
                group = new CounterGroup(in key)
                {
                    IsOther = index == 0,
                    Tgid = now.Tgid,
                    Uid = now.Uid,
                    CgroupId = now.CgroupId,
                    First = now.First,
                    FilePath = CounterGroup.PathOf(text.File),
                    ObjectPath = CounterGroup.PathOf(text.Object),
                    CgroupPath = CounterGroup.PathOf(text.Cgroup),
                };
                if (index != 0)
                    _groups[key] = group;
            }
            _byIndex[index] = group;
            group.InUse++;
        }
        return group;
    }

    /// <summary>A group that no index stands for.</summary>
    public CounterGroup NewGroup(in CountKey key, byte[] comm) => _groups[key] = new CounterGroup(in key) { Comm = comm };

    /// <summary>Names and ends of groups; gives back those that are over.</summary>
    private void GiveBack()
    {
        uint used = memory.GroupsUsed;
        bool isShort = memory.IsShort;
        List<uint>? over = null;
        for (uint i = 1; i < used; i++)
        {
            ref CountGroup now = ref memory.Group(i);
            if (Volatile.Read(ref now.First) == 0)
                continue;
            CounterGroup group = GroupAt(i);
            CommBytes bytes = (options.By & CountBy.Comm) != 0 ? now.Key.Comm : now.Comm;
            ReadOnlySpan<byte> comm = bytes.Text;
            if (!comm.SequenceEqual(group.Comm))
                group.Comm = comm.ToArray();
            group.Ended = Volatile.Read(ref now.Ended);
            if (Volatile.Read(ref now.Refs) != 0 || !isShort && group.Ended == 0)
                continue;
            long time = Stopwatch.GetTimestamp();
            // One that is just being made can be found a moment later.
            if (memory.HideGroup(i) || !_hidden.TryGetValue(i, out long since))
                _hidden[i] = time;
            else if (time - since > s_grace)
                (over ??= []).Add(i);
        }
        if (over is not null)
            Retire(over);
    }

    private void Retire(List<uint> over)
    {
        var groups = over.ToHashSet();
        var rows = new List<(uint Index, ulong Key)>();
        uint used = memory.RowsUsed;
        for (uint i = 1; i < used; i++)
        {
            (ulong key, ulong calls) = memory.Peek(i);
            if (key == 0 || (uint)key == 0 || !groups.Contains((uint)key))
                continue;
            rows.Add((i, key));
            // What came since this read began is read by the next one.
            if (calls != _seen[i])
                groups.Remove((uint)key);
        }
        rows.RemoveAll(row => !groups.Contains((uint)row.Key));
        memory.HideRows([.. rows.Select(row => row.Key)]);
        foreach ((uint index, ulong key) in rows)
            RetireRow(index, key);
        foreach (uint index in groups)
        {
            CounterGroup group = GroupAt(index);
            _byIndex.Remove(index);
            _hidden.Remove(index);
            memory.FreeGroup(index);
            // Another index may stand for the same.
            if (--group.InUse > 0)
                continue;
            if (options.KeepEnded)
                Past.Keep(group);
            else
                Forget(group);
        }
        Past.MakeRoom();
    }

    /// <summary>As <see cref="Counters.Mark"/>.</summary>
    public void Mark()
    {
        Past.Clear();
        foreach (CounterRow row in _rows.Values)
        {
            if (row.Sums.Calls != (row.Before?.Sums.Calls ?? 0))
                row.Before = new HeldCounts { Sums = row.Sums, Histogram = Histogram(row), Errnos = row.Sums.Errors > 0 ? new Dictionary<int, ulong>(Errnos(row)) : null };
        }
    }

    /// <summary>Whether a group is over, and still stands for itself alone.</summary>
    public bool IsOver(CounterGroup group) => group.InUse == 0 && _groups.GetValueOrDefault(group.Key) == group;

    /// <summary>Takes a group and its rows away.</summary>
    public void Forget(CounterGroup group)
    {
        if (_groups.GetValueOrDefault(group.Key) == group)
            _groups.Remove(group.Key);
        foreach (CounterRow row in group.Rows)
        {
            _rows.Remove((group, CallOf(row)));
            row.IsGone = true;
        }
    }

    /// <summary>The row of a group for the call of another row.</summary>
    public CounterRow RowLike(CounterGroup group, CounterRow row) => RowOf(group, CallOf(row));

    private void RetireRow(uint index, ulong key)
    {
        CounterRow row = _rowAt[index] ?? Place(index, key);
        // Of a group that is to be forgotten nobody asks for them.
        if (options.KeepEnded || row.Group.InUse > 1)
            KeepCounts(index, row);
        row.Places = row.Places.Length == 1 ? [] : [.. row.Places.Where(place => place != index)];
        memory.FreeRow(index);
        _rowAt[index] = null;
        _seen[index] = 0;
    }

    private void KeepCounts(uint index, CounterRow row)
    {
        HeldCounts retired = row.Retired ??= new HeldCounts();
        // Nobody writes there any more.
        memory.TryRead(index, out CallSums last);
        retired.Add(in last);
        memory.AddBuckets(index, retired.Histogram);
        if (retired.Sums.Errors > 0)
            memory.AddErrnos(index, retired.Errnos ??= []);
    }

    public DurationHistogram Histogram(CounterRow row)
    {
        var histogram = new DurationHistogram();
        if (row.Retired is { } retired)
            histogram.Add(retired.Histogram);
        foreach (uint place in row.Places)
            memory.AddBuckets(place, histogram);
        return histogram;
    }

    public IReadOnlyDictionary<int, ulong> Errnos(CounterRow row)
    {
        var errnos = row.Retired?.Errnos is { } retired ? new Dictionary<int, ulong>(retired) : [];
        foreach (uint place in row.Places)
            memory.AddErrnos(place, errnos);
        return errnos;
    }

    private sealed class KeyComparer : IEqualityComparer<CountKey>
    {
        public static readonly KeyComparer Instance = new();

        public bool Equals(CountKey a, CountKey b) =>
            MemoryMarshal.AsBytes(new ReadOnlySpan<CountKey>(in a)).SequenceEqual(MemoryMarshal.AsBytes(new ReadOnlySpan<CountKey>(in b)));

        public int GetHashCode(CountKey key)
        {
            var hash = new HashCode();
            hash.AddBytes(MemoryMarshal.AsBytes(new ReadOnlySpan<CountKey>(in key)));
            return hash.ToHashCode();
        }
    }
}
