using Microsoft.Win32.SafeHandles;

namespace Scry.Stacks;

/// <summary>The files that code is mapped from: each is opened once, while some process that has it lives, and stays open after that.</summary>
internal sealed class MappedFiles(Opener opener) : IDisposable
{
    private const int MostKnown = 16384, MostImages = 64;

    private readonly Lock _lock = new();
    private readonly Dictionary<FileKey, MappedFile> _files = [];
    private readonly List<byte[]> _images = [];
    private readonly int _mostOpen = Math.Min(1024, OpenFilesLimit() / 4);
    private long _clock;
    private int _open;

    /// <summary>The file of a mapping.</summary>
    /// <param name="key">Which one.</param>
    /// <param name="path">Its path in the process.</param>
    /// <param name="tgid">The process.</param>
    /// <param name="start">Where it begins.</param>
    /// <param name="end">Where it ends.</param>
    public MappedFile Get(FileKey key, string path, uint tgid, ulong start, ulong end)
    {
        lock (_lock)
        {
            MappedFile file = Find(key, path);
            file.Tgid = tgid;
            if (file.Handle is not null || file.Worker != 0 || file.Refused is not null)
                return file;
            // What is mapped itself, also when it is deleted or lies in a container.
            if (opener.Open($"/proc/{tgid}/map_files/{start:x}-{end:x}", follow: true, out Native.Status status) is { } mapped)
            {
                // A mapping that came to that place later may be of another file; and overlayfs gives its own numbers.
                if (status.Inode != key.Inode)
                    file = Find(new FileKey(status.Major, status.Minor, status.Inode, ulong.MaxValue), path);
                if (file.Handle is null)
                    Keep(file, mapped);
                else
                    mapped.Dispose();
                return file;
            }
            Keep(file, OpenPath(key, path, tgid));
            return file;
        }
    }

    /// <summary>A file of memory, by its contents.</summary>
    public MappedFile InMemory(string name, byte[] bytes)
    {
        lock (_lock)
        {
            int at = _images.FindIndex(image => image.AsSpan().SequenceEqual(bytes));
            if (at < 0 && _images.Count < MostImages)
            {
                at = _images.Count;
                _images.Add(bytes);
            }
            MappedFile file = Find(new FileKey(0, 0, (ulong)(at + 1), ulong.MaxValue), name);
            if (file.Handle is null && at >= 0)
                Keep(file, Native.InMemory(bytes));
            return file;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (MappedFile file in _files.Values)
            file.Handle?.Dispose();
    }

    private MappedFile Find(FileKey key, string path)
    {
        if (!_files.TryGetValue(key, out MappedFile? file))
        {
            // Whoever has an old one keeps it.
            if (_files.Count >= MostKnown)
                Forget(MostKnown / 4);
            _files.Add(key, file = new MappedFile(key, path));
        }
        file.Used = ++_clock;
        return file;
    }

    private void Keep(MappedFile file, SafeFileHandle? handle)
    {
        file.Handle = handle;
        if (handle is null || ++_open <= _mostOpen)
            return;
        foreach (MappedFile old in _files.Values.Where(old => old.Handle is not null).OrderBy(old => old.Used).Take(Math.Max(1, _mostOpen / 8)).ToArray())
        {
            old.Handle!.Dispose();
            old.Handle = null;
            _open--;
        }
    }

    private void Forget(int count)
    {
        foreach (MappedFile old in _files.Values.OrderBy(old => old.Used).Take(count).ToArray())
        {
            _files.Remove(old.Key);
            if (old.Handle is null)
                continue;
            old.Handle.Dispose();
            old.Handle = null;
            _open--;
        }
    }

    // "Max open files            1024                 524288               files"
    private static int OpenFilesLimit()
    {
        const string name = "Max open files";
        const int unknown = 1024;
        try
        {
            string? line = File.ReadLines("/proc/self/limits").FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
            return int.TryParse(line?[name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], out int limit) ? limit : unknown;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return unknown;
        }
    }

    // Where the mapping cannot be opened, or the process has ended.
    private SafeFileHandle? OpenPath(FileKey key, string path, uint tgid)
    {
        if (!path.StartsWith('/'))
            return null;
        foreach (string root in (string[])[$"/proc/{tgid}/root", ""])
        {
            SafeFileHandle? file = opener.Open(root + path, follow: true, out Native.Status status);
            if (file is not null && (status.Major, status.Minor, status.Inode) == (key.Major, key.Minor, key.Inode))
                return file;
            file?.Dispose();
        }
        return null;
    }
}
