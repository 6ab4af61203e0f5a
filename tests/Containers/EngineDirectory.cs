using System.Globalization;
using Scry.Tests.Published.Harness;

namespace Scry.Tests.Containers;

/// <summary>
/// The directory of one engine, locked while its tests run. Its name is in the command lines of the engine's processes
/// and begins the containers' ids: by it all that belongs to the engine is found, also when the tests were killed.
/// </summary>
internal sealed class EngineDirectory : IDisposable
{
    private const string Prefix = "scry-ct-";

    private readonly string _path;
    private readonly FileStream _lock;

    private EngineDirectory(string path, FileStream held)
    {
        _path = path;
        _lock = held;
    }

    public string Name => Path.GetFileName(_path);

    public string this[string name] => Path.Combine(_path, name);

    public static EngineDirectory Create()
    {
        string path = Directory.CreateTempSubdirectory(Prefix).FullName;
        return new EngineDirectory(path, TryLock(path)!);
    }

    /// <summary>Clears away the directories whose tests are gone.</summary>
    public static void SweepAbandoned()
    {
        foreach (string path in Directory.GetDirectories(Path.GetTempPath(), Prefix + "*"))
        {
            if (TryLock(path) is { } held)
                new EngineDirectory(path, held).Dispose();
        }
    }

    public void Dispose()
    {
        // First who could start or restart something.
        KillProcesses();
        RemoveCgroups();
        // A shim's socket lies elsewhere, since its path must be short.
        foreach (string address in Directory.Exists(_path) ? Directory.GetFiles(_path, "address", SearchOption.AllDirectories) : [])
            File.Delete(File.ReadAllText(address).Replace("unix://", "", StringComparison.Ordinal));
        foreach (string mount in MountsBelow().Reverse())
            Child.Run("umount", mount).Expect();
        Directory.Delete(_path, recursive: true);
        _lock.Dispose();
    }

    // The lock goes with the process that holds it.
    private static FileStream? TryLock(string path)
    {
        try
        {
            return new FileStream(Path.Combine(path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private void KillProcesses()
    {
        foreach (string process in Directory.GetDirectories("/proc").Where(process => char.IsAsciiDigit(Path.GetFileName(process)[0])))
        {
            int pid = int.Parse(Path.GetFileName(process), CultureInfo.InvariantCulture);
            if (pid == Environment.ProcessId || !IsOurs(process))
                continue;
            // It may be gone by now.
            Child.Run("/bin/kill", "-9", $"{pid}");
            Eventually.True(() => CommandLine(process).Length == 0, $"{pid} is gone");
        }
    }

    // A tracer that a killed test has left names a container or its cgroup.
    private bool IsOurs(string process)
    {
        string[] words = CommandLine(process).Split('\0');
        return Path.GetFileName(words[0]) is "containerd" or "containerd-shim-runc-v2" or "ctr" or "scry"
            && words.Any(word => word.Contains(Name, StringComparison.Ordinal));
    }

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(process + "/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }

    private void RemoveCgroups()
    {
        string[] parents =
        [
            .. File.ReadLines("/proc/mounts").Select(line => line.Split(' '))
                .Where(words => words[2] is "cgroup" or "cgroup2")
                .Select(words => $"{words[1]}/{Engine.Namespace}").Where(Directory.Exists),
        ];
        string[] ours = [.. parents.SelectMany(parent => Directory.GetDirectories(parent, Name + "-*"))];
        foreach (string pid in ours.SelectMany(cgroup => File.ReadLines(cgroup + "/cgroup.procs")).Distinct())
            Child.Run("/bin/kill", "-9", pid);
        foreach (string cgroup in ours)
        {
            Eventually.True(() => File.ReadAllText(cgroup + "/cgroup.procs").Length == 0, $"{cgroup} is empty");
            Directory.Delete(cgroup);
        }
        foreach (string parent in parents.Where(parent => Directory.GetDirectories(parent).Length == 0))
            Directory.Delete(parent);
    }

    private IEnumerable<string> MountsBelow() =>
        [.. File.ReadLines("/proc/mounts").Select(line => line.Split(' ')[1]).Where(mount => mount.StartsWith(_path + '/', StringComparison.Ordinal))];
}
