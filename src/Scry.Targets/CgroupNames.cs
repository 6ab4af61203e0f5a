using System.IO.Enumeration;

namespace Scry.Targets;

/// <summary>
/// Paths of v2 cgroups by id. The mount is walked when a name is first asked for, and again when an unknown id turns
/// up, but not more often than once a second: a cgroup that is gone cannot be named any more.
/// </summary>
public sealed class CgroupNames
{
    private const long RescanMs = 1000;
    private const int MaxDepth = 64;
    private const int MostPaths = 65536;

    private readonly Dictionary<ulong, string> _paths = [];
    private readonly string? _mount;
    private long _scannedAt = long.MinValue;

    /// <summary>Names the cgroups of this machine's v2 hierarchy.</summary>
    public CgroupNames()
        : this(CgroupMounts.Find().FirstOrDefault(mount => mount.Version == CgroupVersion.V2).Path)
    {
    }

    /// <summary>Names the directories below <paramref name="mount"/>; null names none.</summary>
    internal CgroupNames(string? mount) => _mount = mount;

    /// <summary>Tells of cgroups that were made since it was asked before; null: nobody does, and one that is gone soon has no name.</summary>
    public Func<IReadOnlyList<(ulong Id, string Path)>>? News { get; set; }

    /// <summary>Takes note of all cgroups that there are now.</summary>
    public void Walk()
    {
        if (_mount is not null)
            Scan(_mount);
    }

    /// <summary>Takes note of what <see cref="News"/> tells.</summary>
    public void Learn()
    {
        foreach ((ulong id, string path) in News?.Invoke() ?? [])
            Add(id, path);
    }

    /// <summary>The path of a cgroup below its hierarchy, <c>/</c> for the root; null when it is not known. Hostile text.</summary>
    public string? Find(ulong id)
    {
        if (_paths.TryGetValue(id, out string? path))
            return path;
        Learn();
        if (_paths.TryGetValue(id, out path))
            return path;
        long now = Environment.TickCount64;
        if (_mount is null || (_scannedAt != long.MinValue && now - _scannedAt < RescanMs))
            return null;
        _scannedAt = now;
        Scan(_mount);
        return _paths.GetValueOrDefault(id);
    }

    private void Scan(string mount)
    {
        Add(mount, "/");
        var directories = new FileSystemEnumerable<string>(mount, (ref FileSystemEntry entry) => entry.ToFullPath(),
            new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, MaxRecursionDepth = MaxDepth, AttributesToSkip = 0 })
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => entry.IsDirectory,
        };
        try
        {
            foreach (string directory in directories)
                Add(directory, directory[mount.Length..]);
        }
        catch (IOException)
        {
            // A cgroup went away under the walk; what was found serves, and the next unknown id walks again.
        }
    }

    private void Add(string directory, string name)
    {
        if (Native.TryInode(directory, out ulong id))
            Add(id, name);
    }

    // Cgroups can come and go without end: those that live are found again.
    private void Add(ulong id, string path)
    {
        if (_paths.Count >= MostPaths)
            _paths.Clear();
        _paths[id] = path;
    }
}
