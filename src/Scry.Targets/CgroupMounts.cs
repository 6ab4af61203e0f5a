using System.Text;

namespace Scry.Targets;

/// <summary>Which kind of hierarchy a cgroup belongs to.</summary>
public enum CgroupVersion
{
    /// <summary>The hierarchy of version 1 that has the perf_event controller.</summary>
    V1PerfEvent = 1,
    /// <summary>The unified hierarchy.</summary>
    V2 = 2,
}

/// <summary>Where a cgroup hierarchy is mounted.</summary>
/// <param name="Version">Its kind.</param>
/// <param name="Path">The mount point.</param>
/// <param name="Root">The hierarchy's directory that is mounted there: <c>/</c>, or less in a container.</param>
public readonly record struct CgroupMount(CgroupVersion Version, string Path, string Root);

/// <summary>The hierarchies that a cgroup's path can be looked up in.</summary>
public static class CgroupMounts
{
    private const string UsualMount = "/sys/fs/cgroup";

    /// <summary>The mounts of this machine, v2 first. Where there is none, v2's hierarchy may still be found at its usual place.</summary>
    public static IReadOnlyList<CgroupMount> Find()
    {
        IReadOnlyList<CgroupMount> mounts = File.Exists("/proc/self/mountinfo") ? Parse(File.ReadLines("/proc/self/mountinfo")) : [];
        // The published binary then has an instance of its own there, which is in no list of mounts.
        return mounts.Count == 0 && File.Exists(UsualMount + "/cgroup.controllers")
            ? [new CgroupMount(CgroupVersion.V2, UsualMount, "/")]
            : mounts;
    }

    /// <summary>
    /// A cgroup's path below its hierarchy, as <c>/proc/PID/cgroup</c> writes it, of a directory of this machine's mounts or
    /// of what is such a path already. The cgroup need not be there any more.
    /// </summary>
    public static string PathBelow(string path) => PathBelow(path, Find());

    /// <summary>As <see cref="PathBelow(string)"/>, among these mounts.</summary>
    public static string PathBelow(string path, IReadOnlyList<CgroupMount> mounts)
    {
        string full = '/' + path.Trim('/');
        foreach (CgroupMount mount in mounts)
        {
            if (full == mount.Path)
                return "/";
            if (full.StartsWith(mount.Path + '/', StringComparison.Ordinal))
                return full[mount.Path.Length..];
        }
        return full;
    }

    /// <summary>The id of the hierarchy of v1's perf_event controller, cgroups(7); 0 when there is none.</summary>
    public static uint PerfEventHierarchy()
    {
        if (!File.Exists("/proc/cgroups"))
            return 0;
        foreach (string line in File.ReadLines("/proc/cgroups"))
        {
            string[] words = line.Split('\t');
            if (words.Length > 1 && words[0] == "perf_event" && uint.TryParse(words[1], out uint id))
                return id;
        }
        return 0;
    }

    /// <summary>Reads the lines of /proc/PID/mountinfo, see proc(5); v2 comes first, then v1's perf_event.</summary>
    public static IReadOnlyList<CgroupMount> Parse(IEnumerable<string> lines)
    {
        var mounts = new List<CgroupMount>();
        foreach (string line in lines)
        {
            // id parent dev root mount-point options [optional…] - type source super-options
            string[] words = line.Split(' ');
            int dash = Array.IndexOf(words, "-");
            if (dash < 6 || words.Length < dash + 4)
                continue;
            CgroupVersion? version = words[dash + 1] switch
            {
                "cgroup2" => CgroupVersion.V2,
                "cgroup" when words[dash + 3].Split(',').Contains("perf_event") => CgroupVersion.V1PerfEvent,
                _ => null,
            };
            if (version is { } kind)
                mounts.Add(new CgroupMount(kind, Unescape(words[4]), Unescape(words[3])));
        }
        return [.. mounts.OrderByDescending(mount => mount.Version)];
    }

    /// <summary>mountinfo writes space, tab, newline and backslash as <c>\ooo</c>.</summary>
    private static string Unescape(string text)
    {
        if (!text.Contains('\\'))
            return text;
        var result = new StringBuilder();
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\\' && i + 3 < text.Length && text.AsSpan(i + 1, 3).IndexOfAnyExceptInRange('0', '7') < 0)
            {
                result.Append((char)((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0')));
                i += 3;
            }
            else
            {
                result.Append(text[i]);
            }
        }
        return result.ToString();
    }
}
