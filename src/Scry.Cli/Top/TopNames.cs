using System.Globalization;
using System.Runtime.InteropServices;
using Scry.Capture;
using Scry.Syscalls;
using Scry.Targets;
using Scry.Views.Top;
using Scry.Wire;

namespace Scry.Cli.Top;

/// <summary>The kernel's rows as the view's entries, with names: of syscalls, files, cgroups, containers, units, users.</summary>
/// <param name="by">What the rows are counted by.</param>
/// <param name="lookups">What has names of the machine.</param>
internal sealed class TopNames(CountBy by, TopLookups lookups)
{
    private const int Spare = 1024;

    private static readonly TopDimension[] s_dimensions = Enum.GetValues<TopDimension>();

    private readonly Dictionary<CounterRow, Named> _entries = [];
    private (CounterGroup? Group, TopName[] Names) _last = (null, []);
    private (byte[]? Bytes, string Text) _lastComm = (null, "");

    private sealed class Named(TopEntry entry)
    {
        public TopEntry Entry => entry;
        public byte[] Comm { get; set; } = [];
        public bool IsWhole { get; set; }
    }

    /// <summary>The entry of a row: always the same one.</summary>
    public TopEntry Of(CounterRow row)
    {
        if (!_entries.TryGetValue(row, out Named? named))
        {
            _entries[row] = named = new Named(Make(row)) { IsWhole = (by & CountBy.Cgroup) == 0 || row.Group.IsOther };
        }
        if (!named.IsWhole)
            named.IsWhole = NameCgroup(named.Entry, row.Group);
        if (!ReferenceEquals(named.Comm, row.Group.Comm) && (by & (CountBy.Process | CountBy.Thread)) != 0)
        {
            named.Comm = row.Group.Comm;
            if (!ReferenceEquals(_lastComm.Bytes, named.Comm))
                _lastComm = (named.Comm, TopName.Escaped(named.Comm));
            named.Entry.ProcessName = _lastComm.Text;
        }
        return named.Entry;
    }

    /// <summary>Forgets rows that are gone.</summary>
    public void Prune(IReadOnlyCollection<CounterRow> rows)
    {
        // They hold the durations of their rows.
        if (_entries.Count <= rows.Count + Spare)
            return;
        foreach (CounterRow row in _entries.Keys.Where(row => row.IsGone).ToArray())
            _entries.Remove(row);
    }

    private TopEntry Make(CounterRow row)
    {
        // A new process comes with a row for each of its syscalls.
        if (!ReferenceEquals(_last.Group, row.Group))
            _last = (row.Group, NamesOf(row.Group));
        return new TopEntry(_last.Names, row.IsOther ? TopName.Other : lookups.Syscall(row.Abi, row.Nr));
    }

    private TopName[] NamesOf(CounterGroup group)
    {
        CountKey key = group.Key;
        var names = new TopName[TopDimensions.Count];
        foreach (TopDimension dimension in s_dimensions)
        {
            if (dimension != TopDimension.Syscall && (dimension.By() & ~by) == 0)
                names[(int)dimension] = group.IsOther ? TopName.Other : NameOf(dimension, group, in key);
        }
        return names;
    }

    private TopName NameOf(TopDimension dimension, CounterGroup group, in CountKey key)
    {
        switch (dimension)
        {
            case TopDimension.Comm:
                return TopName.Of(group.Comm);
            case TopDimension.Process:
                // With threads, the start is the thread's.
                return new TopName((by & CountBy.Thread) != 0 ? $"{key.Tgid}" : $"{key.Tgid}.{key.Start}", Number(key.Tgid));
            case TopDimension.Thread:
                return new TopName($"{key.Tid}.{key.Start}", Number(key.Tid));
            case TopDimension.Object:
                return ObjectName(group);
            case TopDimension.User:
                return lookups.User(key.Uid) is { } user ? TopName.Of(user) : TopName.Of(Number(key.Uid));
            default:
                // Of a cgroup: NameCgroup.
                return TopName.Of(Number(key.CgroupId));
        }
    }

    // As perf has it: the file's name without its directory.
    private static TopName ObjectName(CounterGroup group)
    {
        ReadOnlySpan<byte> path = group.ObjectPath;
        if (!path.IsEmpty)
            return TopName.Of(path[(path.LastIndexOf((byte)'/') + 1)..]);
        string none = group.Key.ObjectInode == 0 ? "[anonymous]" : "[unknown]";
        return new TopName(none, none);
    }

    /// <summary>False when its path is not known yet, or no more.</summary>
    private bool NameCgroup(TopEntry entry, CounterGroup group)
    {
        if (lookups.Cgroup(group) is not { } cgroup)
            return false;
        entry[TopDimension.Cgroup] = new TopName(Number(group.Key.CgroupId), TopName.Of(cgroup.Path).Text);
        entry[TopDimension.Container] = cgroup.Container is { } container
            ? new TopName($"{container.Runtime}/{container.Id}", TopName.Of(container.Name ?? container.Id[..Math.Min(12, container.Id.Length)]).Text)
            : TopName.None;
        entry[TopDimension.Unit] = Units.Of(cgroup.Path) is { } unit ? TopName.Of(unit) : TopName.None;
        return true;
    }

    private static string Number(ulong number) => number.ToString(CultureInfo.InvariantCulture);
}

/// <summary>Names of this machine, each looked up once.</summary>
internal sealed class TopLookups
{
    private const int Capacity = 4096;

    private readonly SyscallNames _syscalls = new();
    private readonly Dictionary<(Abi Abi, uint Nr), TopName> _names = [];
    private readonly CgroupNames _paths = new();
    private readonly Lazy<Containers> _containers = new(() => new Containers());
    private readonly Lazy<IReadOnlyDictionary<uint, string>> _users = new(() => Users.Names());
    private readonly Dictionary<ulong, (string Path, Container? Container)> _cgroups = [];

    private readonly HashSet<ulong> _asked = [];

    /// <summary>A syscall's name.</summary>
    public TopName Syscall(Abi abi, uint nr)
    {
        ref TopName name = ref CollectionsMarshal.GetValueRefOrAddDefault(_names, (abi, nr), out bool known);
        if (!known)
            name = TopName.Of(_syscalls.NameWithAbi(abi, nr));
        return name;
    }

    /// <summary>A user's name; null when it has none in passwd(5).</summary>
    public string? User(uint uid) => _users.Value.GetValueOrDefault(uid);

    /// <summary>Path and container of a group's cgroup; null when it is not known.</summary>
    public (string Path, Container? Container)? Cgroup(CounterGroup group)
    {
        ulong id = group.Key.CgroupId;
        if (_cgroups.TryGetValue(id, out (string, Container?) known))
            return known;
        // The kernel's own word serves when the cgroup is gone; it has none for the root.
        // A walk of all cgroups does not find at the next tick what it did not find at first.
        string? path = group.CgroupPath.Length > 0 ? ByteText.Of(group.CgroupPath) : _asked.Add(id) ? _paths.Find(id) : null;
        if (path is null)
            return null;
        if (_cgroups.Count >= Capacity)
        {
            _cgroups.Clear();
            _asked.Clear();
        }
        return _cgroups[id] = (path, _containers.Value.Describe(path));
    }
}
