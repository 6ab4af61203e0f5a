namespace Scry.Tests.Published.Harness;

/// <summary>A cgroup of a test's own, removed afterwards.</summary>
internal sealed class Cgroup : IDisposable
{
    private readonly string? _mount;

    private Cgroup(string path, string? mount)
    {
        Path = path;
        _mount = mount;
        Directory.CreateDirectory(Path);
    }

    public string Path { get; }

    /// <summary>Where the unified hierarchy is mounted.</summary>
    public static string UnifiedMount =>
        File.ReadLines("/proc/mounts").Select(line => line.Split(' ')).First(words => words[2] == "cgroup2")[1];

    /// <summary>In the unified hierarchy, wherever it is mounted.</summary>
    public static Cgroup Unified() => new($"{UnifiedMount}/scry-test-{Environment.ProcessId}", null);

    /// <summary>In version 1's perf_event hierarchy, mounted for the occasion; null where the kernel has none.</summary>
    public static Cgroup? PerfEvent()
    {
        string mount = Directory.CreateTempSubdirectory("scry-perf-event-").FullName;
        if (Child.Run("mount", "-t", "cgroup", "-o", "perf_event", "scry-test", mount).Status == 0)
            return new Cgroup($"{mount}/scry-test-{Environment.ProcessId}", mount);
        Directory.Delete(mount);
        return null;
    }

    /// <summary>With the memory controller, of whichever version, and a limit to it; null where there is none.</summary>
    public static Cgroup? Memory(string limit)
    {
        string[]? mount = File.ReadLines("/proc/mounts").Select(line => line.Split(' ')).FirstOrDefault(words => words[2] == "cgroup" && words[3].Split(',').Contains("memory"));
        bool unified = mount is null && File.ReadAllText(UnifiedMount + "/cgroup.controllers").Split([' ', '\n']).Contains("memory");
        if (mount is null && !unified)
            return null;
        if (unified)
            File.WriteAllText(UnifiedMount + "/cgroup.subtree_control", "+memory");
        var cgroup = new Cgroup($"{mount?[1] ?? UnifiedMount}/scry-test-memory-{Environment.ProcessId}", null);
        File.WriteAllText($"{cgroup.Path}/{(unified ? "memory.max" : "memory.limit_in_bytes")}", limit);
        return cgroup;
    }

    /// <summary>With the controller of block devices, of whichever version.</summary>
    public static Cgroup BlockDevices()
    {
        string[]? mount = File.ReadLines("/proc/mounts").Select(line => line.Split(' ')).FirstOrDefault(words => words[2] == "cgroup" && words[3].Split(',').Contains("blkio"));
        if (mount is null)
            File.WriteAllText(UnifiedMount + "/cgroup.subtree_control", "+io");
        return new Cgroup($"{mount?[1] ?? UnifiedMount}/scry-test-io-{Environment.ProcessId}", null);
    }

    /// <summary>Limits what is read from a block device, by its numbers, to so many reads in a second.</summary>
    public void LimitReads(string numbers, int each)
    {
        string version1 = Path + "/blkio.throttle.read_iops_device";
        File.WriteAllText(File.Exists(version1) ? version1 : Path + "/io.max", File.Exists(version1) ? $"{numbers} {each}" : $"{numbers} riops={each}");
    }

    /// <summary>Makes one below it.</summary>
    public Cgroup Below(string name) => new($"{Path}/{name}", null);

    /// <summary>The shell's words that put it into the group.</summary>
    public string Enter => $"echo 0 > {Path}/cgroup.procs";

    public void Dispose()
    {
        Eventually.True(() => !File.Exists(Path + "/cgroup.procs") || File.ReadAllText(Path + "/cgroup.procs").Length == 0, "the cgroup is empty");
        if (Directory.Exists(Path))
            Directory.Delete(Path);
        if (_mount is null)
            return;
        Child.Run("umount", _mount).Expect();
        Directory.Delete(_mount);
    }
}
