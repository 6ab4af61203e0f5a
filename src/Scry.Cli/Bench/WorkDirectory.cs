using System.Text;

namespace Scry.Cli.Bench;

/// <summary>A directory on a tmpfs of the bench's own: the sinks of all tools and the workloads' files. Disposing removes it.</summary>
internal sealed class WorkDirectory : IDisposable
{
    private const string MountName = "scry-bench"; // native/bench.c

    private int _files;

    private WorkDirectory(string path) => Path = path;

    /// <summary>The directory.</summary>
    public string Path { get; }

    /// <summary>Makes and mounts one.</summary>
    /// <exception cref="ToolException">It could not be mounted.</exception>
    public static WorkDirectory Create()
    {
        foreach (string stale in StaleMounts())
            Remove(stale);
        // The name cannot be foreseen: others may write where it lies.
        string path = Unforeseen();
        int result = NativeMethods.Mount(Bytes(path));
        if (result == 0)
            return new WorkDirectory(path);
        Directory.Delete(path);
        throw new ToolException($"a tmpfs could not be mounted on {path}: {ErrnoText.Describe(-result)}",
            "scry bench needs CAP_SYS_ADMIN in the mount namespace");
    }

    private static string Unforeseen()
    {
        try
        {
            return Directory.CreateTempSubdirectory(Leftovers.OwnName + "-").FullName;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ToolException($"a directory for the bench cannot be made in {System.IO.Path.GetTempPath()}: {ErrnoText.Describe(error)}",
                "TMPDIR names another place");
        }
    }

    /// <summary>The path of a file or directory in it that is not there yet.</summary>
    public string NewFile(string name) => $"{Path}/{name}-{_files++}";

    /// <summary>A path in it.</summary>
    public string this[string name] => $"{Path}/{name}";

    public void Dispose() => Remove(Path);

    /// <summary>Where benches that are gone left theirs mounted: the kernel's word, not that of a directory that anyone can make.</summary>
    private static string[] StaleMounts() => [.. ProcFile.Lines("/proc/self/mounts")
        .Select(line => line.Split(' '))
        .Where(words => words.Length > 2 && words[0] == MountName && words[2] == "tmpfs" && Leftovers.IsOfTheDead(System.IO.Path.GetFileName(words[1])))
        .Select(words => words[1])];

    private static void Remove(string path)
    {
        _ = NativeMethods.Unmount(Bytes(path));
        try
        {
            // Never what is below: it would be someone else's.
            Directory.Delete(path);
        }
        catch (IOException)
        {
            // It is not empty, or gone.
        }
    }

    private static byte[] Bytes(string path) => Encoding.UTF8.GetBytes(path + '\0');
}
