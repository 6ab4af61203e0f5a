namespace Scry.Targets;

/// <summary>A cgroup as the kernel compares it.</summary>
/// <param name="Version">Its hierarchy.</param>
/// <param name="Id">Its id: the inode number of its directory.</param>
/// <param name="Level">How deep it lies below the hierarchy's root, which is 0.</param>
/// <param name="Path">Its directory.</param>
/// <param name="Top">Id of the cgroup that <paramref name="Level"/> is counted from where only a part of the hierarchy is mounted; 0: the root.</param>
public sealed record Cgroup(CgroupVersion Version, ulong Id, int Level, string Path, ulong Top = 0)
{
    /// <summary>kernfs gives a hierarchy's root directory this number.</summary>
    private const ulong RootId = 1;

    /// <summary>Finds a cgroup by its directory, or by its path below a hierarchy: v2 before v1's perf_event.</summary>
    /// <param name="path"><c>/sys/fs/cgroup/system.slice</c>, <c>system.slice</c> or <c>/system.slice</c> as /proc/PID/cgroup writes it.</param>
    /// <exception cref="TargetException">There is no such cgroup, no hierarchy is mounted, or only a part of it is.</exception>
    public static Cgroup Resolve(string path) => Resolve(path, CgroupMounts.Find());

    /// <summary>As <see cref="Resolve(string)"/>, among these mounts.</summary>
    /// <exception cref="TargetException">There is no such cgroup, no hierarchy is mounted, or only a part of it is.</exception>
    public static Cgroup Resolve(string path, IReadOnlyList<CgroupMount> mounts)
    {
        RequireHierarchy(mounts);
        if (path.Length == 0)
            throw new TargetException("the cgroup's path is empty", "give / for the hierarchy's root");
        foreach (CgroupMount mount in mounts)
        {
            if (Below(path, mount.Path) is { } below && Directory.Exists(Join(mount.Path, below)))
                return At(mount, below);
        }
        foreach (CgroupMount mount in mounts)
        {
            string below = Normalize(path);
            if (Directory.Exists(Join(mount.Path, below)))
                return At(mount, below);
        }
        throw NotFound(path, mounts);
    }

    /// <summary>Refuses to go on without a hierarchy.</summary>
    /// <exception cref="TargetException">There is none.</exception>
    internal static void RequireHierarchy(IReadOnlyList<CgroupMount> mounts)
    {
        if (mounts.Count == 0)
        {
            throw new TargetException("no cgroup hierarchy is mounted that Scry can filter by",
                "mount -t cgroup2 none /sys/fs/cgroup (or v1's: mount -t cgroup -o perf_event none DIRECTORY)");
        }
    }

    /// <summary>Where was searched, for a message.</summary>
    internal static string Places(IReadOnlyList<CgroupMount> mounts) =>
        string.Join(" and ", mounts.Select(mount => $"{mount.Path} ({Name(mount.Version)})"));

    private static Cgroup At(CgroupMount mount, string below)
    {
        // The kernel tells how deep a part lies, of the unified hierarchy.
        if (!Native.TryInode(mount.Path, out ulong root) || (root != RootId && mount.Version != CgroupVersion.V2))
        {
            throw new TargetException($"only a part of the cgroup hierarchy is mounted at {mount.Path}",
                "run Scry on the host, or in a container that has the host's cgroup namespace");
        }
        string path = Join(mount.Path, below);
        if (!Native.TryInode(path, out ulong id))
            throw NotFound(path, [mount]);
        int level = below.Length == 0 ? 0 : below.Count(c => c == '/') + 1;
        return new Cgroup(mount.Version, id, level, path, root == RootId ? 0 : root);
    }

    private static TargetException NotFound(string path, IReadOnlyList<CgroupMount> mounts)
    {
        bool elsewhere = Directory.Exists(path);
        string searched = Places(mounts);
        return new TargetException(
            elsewhere ? $"'{path}' is not a cgroup of {searched}" : $"no cgroup '{path}' below {searched}",
            "/proc/PID/cgroup names the cgroups of a process");
    }

    private static string Name(CgroupVersion version) => version == CgroupVersion.V2 ? "v2" : "v1, perf_event";

    private static string Join(string mount, string below) => below.Length == 0 ? mount : $"{mount}/{below}";

    /// <summary>What of an absolute path lies below a mount point, normalized; null when it lies elsewhere.</summary>
    private static string? Below(string path, string mount)
    {
        if (!path.StartsWith('/'))
            return null;
        string full = '/' + Normalize(path);
        if (full == mount)
            return "";
        return full.StartsWith(mount + '/', StringComparison.Ordinal) ? full[(mount.Length + 1)..] : null;
    }

    /// <summary>A path without leading, trailing and double slashes, and with . and .. resolved (.. at the top stays there).</summary>
    private static string Normalize(string path) =>
        System.IO.Path.GetFullPath("/" + path).Trim('/').Replace("//", "/", StringComparison.Ordinal);
}
