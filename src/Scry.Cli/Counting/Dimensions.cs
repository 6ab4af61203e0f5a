using System.Text;
using Scry.Capture;
using Scry.Targets;
using Scry.Views;
using Scry.Wire;

namespace Scry.Cli.Counting;

/// <summary>What calls can be counted by.</summary>
internal enum Dimension
{
    Process,
    Thread,
    Comm,
    Cgroup,
    Container,
    Unit,
    User,
    Syscall,
    Errno,
    File,
    Object,
}

/// <summary>Names what groups of the kernel are, in the dimensions that a person asked for.</summary>
internal sealed class Dimensions
{
    private static readonly (string Name, Dimension Dimension)[] s_names =
    [
        ("process", Dimension.Process), ("pid", Dimension.Process), ("thread", Dimension.Thread), ("tid", Dimension.Thread), ("comm", Dimension.Comm),
        ("cgroup", Dimension.Cgroup), ("container", Dimension.Container), ("unit", Dimension.Unit), ("user", Dimension.User), ("syscall", Dimension.Syscall),
        ("errno", Dimension.Errno), ("fd-path", Dimension.File), ("file", Dimension.File), ("dso", Dimension.Object), ("object", Dimension.Object),
    ];

    private const int MostTexts = 4096;

    private readonly IReadOnlyList<Dimension> _asked;
    private readonly CgroupNames _cgroups = new();
    private readonly Containers _containers = new();
    private readonly Dictionary<ulong, CgroupTexts> _texts = [];
    private readonly Lazy<IReadOnlyDictionary<uint, string>> _users = new(() => Users.Names());

    private sealed record CgroupTexts(string? Path, string? Container, string? Unit);

    public Dimensions(IReadOnlyList<Dimension> asked)
    {
        _asked = asked;
        Heads = [.. asked.SelectMany(HeadsOf).DistinctBy(head => head.Name)];
        foreach (Dimension dimension in asked)
            By |= KernelsOf(dimension);
    }

    /// <summary>What the kernel is to tell apart.</summary>
    public CountBy By { get; }

    /// <summary>The columns.</summary>
    public IReadOnlyList<StatHead> Heads { get; }

    /// <summary>Whether calls are told apart by their errno.</summary>
    public bool ByErrno => _asked.Contains(Dimension.Errno);

    /// <summary>Reads a list of dimensions.</summary>
    /// <exception cref="ToolException">One is not known.</exception>
    public static IReadOnlyList<Dimension> Parse(IEnumerable<string> lists)
    {
        var asked = new List<Dimension>();
        foreach (string word in lists.SelectMany(list => list.Split(',')))
        {
            int at = Array.FindIndex(s_names, one => one.Name == word);
            if (at < 0)
                throw new ToolException($"--by: '{Printable.Escape(word)}' is not one of {string.Join(", ", s_names.Select(one => one.Name))}", null, ExitCode.Usage);
            if (!asked.Contains(s_names[at].Dimension))
                asked.Add(s_names[at].Dimension);
        }
        return asked;
    }

    /// <summary>Takes note of a group while what it names is still there.</summary>
    public void See(CounterGroup group)
    {
        if ((By & CountBy.Cgroup) != 0 && !group.IsOther && group.Merged == 0)
            Texts(group);
    }

    /// <summary>The group's value in each column.</summary>
    public StatLabel[] LabelsOf(CounterGroup group)
    {
        if (group.IsOther)
            return [.. Heads.Select((_, i) => i == 0 ? StatLabel.Other : StatLabel.None)];
        if (group.Merged > 0)
            return [.. Heads.Select((head, i) => MergedLabel(head.Name, group) ?? (i == 0 ? StatLabel.Of("(ended)") : StatLabel.None))];
        return [.. Heads.Select(head => LabelOf(head.Name, group))];
    }

    /// <summary>What tells rows apart though their labels are the same: a pid that was used again.</summary>
    public string IdentityOf(CounterGroup group, StatLabel[] labels)
    {
        var identity = new StringBuilder();
        bool task = (By & (CountBy.Process | CountBy.Thread)) != 0;
        if (task)
            identity.Append(group.Key.Start).Append('/');
        for (int i = 0; i < labels.Length; i++)
        {
            // A process is the same under all its names.
            if (!task || group.Merged > 0 || Heads[i].Name != "comm" || (By & CountBy.Comm) != 0)
                identity.Append(Encoding.Latin1.GetString(labels[i].Text)).Append('\0');
        }
        return identity.ToString();
    }

    private static IEnumerable<StatHead> HeadsOf(Dimension dimension) => dimension switch
    {
        Dimension.Process => [new("pid", "pid"), new("comm", "comm")],
        Dimension.Thread => [new("tid", "tid"), new("comm", "comm")],
        Dimension.Comm => [new("comm", "comm")],
        Dimension.Cgroup => [new("cgroup", "cgroup")],
        Dimension.Container => [new("container", "container")],
        Dimension.Unit => [new("unit", "unit")],
        Dimension.User => [new("user", "user")],
        Dimension.File => [new("file", "fd_path")],
        Dimension.Object => [new("object", "object")],
        _ => [],
    };

    private static CountBy KernelsOf(Dimension dimension) => dimension switch
    {
        Dimension.Process => CountBy.Process,
        Dimension.Thread => CountBy.Thread,
        Dimension.Comm => CountBy.Comm,
        Dimension.Cgroup or Dimension.Container or Dimension.Unit => CountBy.Cgroup,
        Dimension.User => CountBy.User,
        Dimension.File => CountBy.File,
        Dimension.Object => CountBy.Object,
        _ => CountBy.None,
    };

    private StatLabel LabelOf(string head, CounterGroup group) => head switch
    {
        "pid" => StatLabel.Of(group.Key.Tgid),
        "tid" => StatLabel.Of(group.Key.Tid),
        "comm" => new StatLabel(group.Comm),
        "cgroup" => Texts(group).Path is { } path ? StatLabel.Of(path) : StatLabel.Of($"id:{group.Key.CgroupId}"),
        "container" => Text(Texts(group).Container),
        "unit" => Text(Texts(group).Unit),
        "user" => StatLabel.Of(_users.Value.TryGetValue(group.Key.Uid, out string? name) ? name : $"{group.Key.Uid}"),
        "fd_path" => FileOf(group),
        _ => group.ObjectPath.Length > 0 ? new StatLabel(group.ObjectPath) : StatLabel.Of(group.Key.ObjectInode == 0 ? "[anonymous]" : "[unknown]"),
    };

    // What was merged has a name and a cgroup, and nothing else.
    private StatLabel? MergedLabel(string head, CounterGroup group) =>
        head == "comm" || head is "cgroup" or "container" or "unit" && group.Key.CgroupId != 0 ? LabelOf(head, group) : null;

    private static StatLabel Text(string? text) => text is null ? StatLabel.None : StatLabel.Of(text);

    /// <summary>What has no path is named as in /proc/PID/fd.</summary>
    private static StatLabel FileOf(CounterGroup group)
    {
        const uint typeMask = 0xf000, socket = 0xc000, directory = 0x4000, fifo = 0x1000; // S_IFMT …
        if (group.Key.FileInode == 0)
            return StatLabel.None;
        if ((group.Key.FileMode & typeMask) == socket)
            return StatLabel.Of($"socket:[{group.Key.FileInode}]");
        // What the kernel keeps for descriptors without a file is named as in [eventfd], and has no place.
        if (group.FilePath.AsSpan().StartsWith("/["u8) && group.FilePath.AsSpan(1).IndexOf((byte)'/') < 0)
            return new StatLabel([.. "anon_inode:"u8, .. group.FilePath.AsSpan(1)]);
        if (group.FilePath.Length > 0)
            return new StatLabel(group.FilePath);
        // What is mounted at the root has no name below it.
        if ((group.Key.FileMode & typeMask) == directory)
            return StatLabel.Of("/");
        return StatLabel.Of((group.Key.FileMode & typeMask) == fifo ? $"pipe:[{group.Key.FileInode}]" : $"inode:[{group.Key.FileInode}]");
    }

    private CgroupTexts Texts(CounterGroup group)
    {
        ulong id = group.Key.CgroupId;
        if (_texts.TryGetValue(id, out CgroupTexts? texts) && texts.Path is not null)
            return texts;
        // The kernel's own is there for one that is gone too; of a very long one it has the end alone.
        string? path = group.CgroupPath is [(byte)'/', ..] ? ByteText.Of(group.CgroupPath)
            : _cgroups.Find(id) ?? (group.CgroupPath.Length > 0 ? ByteText.Of(group.CgroupPath) : null);
        texts = path is null
            ? new CgroupTexts(null, null, null)
            : new CgroupTexts(path, _containers.Describe(path) is { } container ? container.Name ?? container.Id : null, Units.Of(path));
        // Cgroups can come and go without end; the kernel's own path serves again.
        if (_texts.Count >= MostTexts)
            _texts.Clear();
        return _texts[id] = texts;
    }
}
