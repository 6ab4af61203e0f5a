using System.Globalization;

namespace Scry.Targets;

/// <summary>How much memory this process may still take: what the kernel keeps for it, maps and programs, is charged to its cgroup.</summary>
/// <param name="Bytes">Bytes that are left.</param>
/// <param name="Owner">Whose limit that is, for a message.</param>
public sealed record MemoryRoom(long Bytes, string Owner)
{
    private const long Kilobyte = 1024, Megabyte = 1 << 20;

    /// <summary>The least of what the machine has, and the cgroup and those above it allow; null when nothing is told.</summary>
    public static MemoryRoom? Find() => Find("/proc/meminfo", "/proc/self/cgroup", "/proc/self/mountinfo");

    /// <summary>As <see cref="Find()"/>, by these files.</summary>
    internal static MemoryRoom? Find(string meminfo, string cgroups, string mounts)
    {
        MemoryRoom? least = null;
        if (Field(meminfo, "MemAvailable:") is { } available)
            least = new MemoryRoom(available * Kilobyte, "the machine");
        foreach (string directory in Directories(Lines(cgroups), Lines(mounts)))
        {
            if (Left(directory) is { } left && (least is null || left < least.Bytes))
                least = new MemoryRoom(left, $"cgroup {directory}");
        }
        return least;
    }

    /// <summary>Refuses to take more than is left, which could end in a kill without a word.</summary>
    /// <param name="bytes">What is needed.</param>
    /// <exception cref="TargetException">That is more.</exception>
    public static void Require(long bytes)
    {
        if (Find() is { } room && room.Bytes < bytes)
        {
            throw new TargetException($"this takes {Megabytes(bytes)} MB of memory, and {room.Owner} has {Megabytes(room.Bytes)} MB left",
                "raise its limit, or ask for less memory (--memory, --buffer)");
        }
    }

    private static string Megabytes(long bytes) => (bytes / Megabyte).ToString(CultureInfo.InvariantCulture);

    // The directories of the own cgroup and of those above it, where the memory controller is.
    private static IEnumerable<string> Directories(string[] cgroups, string[] mounts)
    {
        foreach (string line in cgroups)
        {
            // 4:memory:/path, 0::/path
            string[] parts = line.Split(':', 3);
            if (parts.Length < 3 || (parts[0] != "0" && !parts[1].Split(',').Contains("memory")))
                continue;
            foreach ((string mount, string root) in mounts.Select(text => Mount(text, unified: parts[0] == "0")).OfType<(string, string)>())
            {
                string inside = root == "/" ? parts[2] : parts[2].StartsWith(root, StringComparison.Ordinal) ? parts[2][root.Length..] : "/";
                for (string path = (mount + inside).TrimEnd('/'); path.Length >= mount.Length; path = path[..path.LastIndexOf('/')])
                    yield return path;
            }
        }
    }

    // id parent dev root mount-point options [optional…] - type source super-options
    private static (string Path, string Root)? Mount(string line, bool unified)
    {
        string[] words = line.Split(' ');
        int dash = Array.IndexOf(words, "-");
        if (dash < 6 || words.Length < dash + 4)
            return null;
        bool fits = unified ? words[dash + 1] == "cgroup2" : words[dash + 1] == "cgroup" && words[dash + 3].Split(',').Contains("memory");
        return fits ? (words[4], words[3]) : null;
    }

    // What files hold in memory is given up for others.
    private static long? Left(string directory)
    {
        bool unified = File.Exists(directory + "/memory.max");
        if (Number(directory + (unified ? "/memory.max" : "/memory.limit_in_bytes")) is not { } limit
            || Number(directory + (unified ? "/memory.current" : "/memory.usage_in_bytes")) is not { } used)
        {
            return null;
        }
        long files = Field(directory + "/memory.stat", unified ? "inactive_file" : "total_inactive_file") ?? 0;
        return Math.Max(0, limit - Math.Max(0, used - files));
    }

    private static long? Number(string file) =>
        long.TryParse(Lines(file).FirstOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;

    private static long? Field(string file, string name) =>
        Lines(file).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).FirstOrDefault(words => words.Length > 1 && words[0] == name) is { } found
        && long.TryParse(found[1], NumberStyles.None, CultureInfo.InvariantCulture, out long number) ? number : null;

    private static string[] Lines(string file)
    {
        try
        {
            return File.ReadAllLines(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
