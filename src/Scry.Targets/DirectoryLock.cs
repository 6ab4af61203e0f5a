using System.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace Scry.Targets;

/// <summary>A directory that one process at a time works on: flock(2), which ends with the process however that ends. Disposing lets it go.</summary>
public sealed class DirectoryLock : IDisposable
{
    private const int PollMs = 10;

    private readonly SafeFileHandle _directory;

    private DirectoryLock(string path, SafeFileHandle directory) => (Path, _directory) = (path, directory);

    /// <summary>The directory.</summary>
    public string Path { get; }

    /// <summary>Takes the lock of the directory that is there when it is taken.</summary>
    /// <param name="path">The directory.</param>
    /// <param name="patience">How long to wait for who has it.</param>
    /// <returns>Null when another has it, or the directory is not there.</returns>
    public static DirectoryLock? Take(string path, TimeSpan patience = default)
    {
        long started = Stopwatch.GetTimestamp();
        while (Native.OpenDirectory(path) is { } directory)
        {
            bool taken = Native.TryLock(directory);
            // It may have been removed, and another made, while its lock was waited for.
            if (taken && Native.IsAt(directory, path))
                return new DirectoryLock(path, directory);
            directory.Dispose();
            if (taken)
                continue;
            if (Stopwatch.GetElapsedTime(started) >= patience)
                return null;
            Thread.Sleep(PollMs);
        }
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _directory.Dispose();
}
