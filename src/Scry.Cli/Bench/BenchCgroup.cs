using System.Globalization;
using Scry.Targets;

namespace Scry.Cli.Bench;

/// <summary>A cgroup of a bench's own (v2). Disposing ends what is in it and removes it with all below it.</summary>
internal sealed class BenchCgroup : IDisposable
{
    private const int SigKill = 9;
    private const int Attempts = 200, AttemptMs = 10;

    private BenchCgroup(string path)
    {
        Path = path;
        Directory.CreateDirectory(path);
    }

    /// <summary>Its directory.</summary>
    public string Path { get; }

    /// <summary>Makes the one that all others of this bench lie in.</summary>
    /// <exception cref="ToolException">There is no unified hierarchy, or it cannot be written.</exception>
    public static BenchCgroup Create()
    {
        string mount = CgroupMounts.Find().FirstOrDefault(mount => mount.Version == CgroupVersion.V2).Path
            ?? throw new ToolException("no cgroup v2 hierarchy is mounted", "mount -t cgroup2 none /sys/fs/cgroup/unified");
        try
        {
            foreach (string stale in Leftovers.In(mount))
                new BenchCgroup(stale).Dispose();
            return new BenchCgroup($"{mount}/{Leftovers.OwnName}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ToolException($"no cgroup could be made in {mount}: {ErrnoText.Describe(error)}");
        }
    }

    /// <summary>Makes one in it.</summary>
    public BenchCgroup Below(string name) => new($"{Path}/{name}");

    /// <summary>The processes in it.</summary>
    public IReadOnlyList<int> Processes => Members(Path);

    public void Dispose()
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            try
            {
                if (Directory.Exists(Path))
                    Remove(Path);
                return;
            }
            catch (IOException)
            {
                // Those that were killed need a moment.
                Thread.Sleep(AttemptMs);
            }
        }
        CommandLine.Runner.Say($"the cgroup {Path} could not be removed: something in it does not end");
    }

    private static void Remove(string path)
    {
        foreach (string below in Directory.GetDirectories(path))
            Remove(below);
        foreach (int pid in Members(path))
            _ = NativeMethods.Signal(pid, SigKill);
        Directory.Delete(path);
    }

    private static int[] Members(string path) =>
        [.. ProcFile.Lines(path + "/cgroup.procs").Select(line => int.Parse(line, CultureInfo.InvariantCulture)).Where(pid => pid > 0)];
}
