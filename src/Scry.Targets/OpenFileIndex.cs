using System.Globalization;

namespace Scry.Targets;

/// <summary>A descriptor of a process.</summary>
public readonly record struct Opener(int Pid, int Fd);

/// <summary>
/// Who has what open, by the links of <c>/proc/PID/fd</c>: of a pipe, a socket or a path all the descriptors that stand for it.
/// The processes are walked once, when the first question comes.
/// </summary>
public sealed class OpenFileIndex
{
    private Dictionary<string, List<Opener>>? _openers;

    /// <summary>The descriptors of a name, as <c>pipe:[123]</c>, <c>socket:[123]</c> or a path; in order of processes.</summary>
    public IReadOnlyList<Opener> Of(string name)
    {
        _openers ??= Walk();
        return _openers.TryGetValue(name, out List<Opener>? openers) ? openers : [];
    }

    /// <summary>What a descriptor is a link to; null when it is not there. Hostile text.</summary>
    public static string? NameOf(int pid, int fd) => fd < 0 ? null : Native.ReadLink($"/proc/{pid}/fd/{fd}");

    private static Dictionary<string, List<Opener>> Walk()
    {
        var openers = new Dictionary<string, List<Opener>>();
        foreach (int pid in Tasks.All().Order())
        {
            foreach ((int fd, string name) in OpenFiles.Of(pid))
            {
                if (!openers.TryGetValue(name, out List<Opener>? list))
                    openers[name] = list = [];
                list.Add(new Opener(pid, fd));
            }
        }
        return openers;
    }
}

/// <summary>What <c>/proc/PID/fdinfo/FD</c> tells of an open file, see proc_pid_fdinfo(5).</summary>
public sealed record OpenFileDetails
{
    private const int AccessMode = 3; // O_ACCMODE

    /// <summary>Its open flags, of open(2).</summary>
    public int Flags { get; private init; }
    /// <summary>Its inode number; 0 before Linux 5.14.</summary>
    public ulong Inode { get; private init; }
    /// <summary>The locks that are held by it, as /proc/locks writes them.</summary>
    public IReadOnlyList<FileLock> Locks { get; private init; } = [];
    /// <summary>Of an epoll instance: the descriptors that it watches.</summary>
    public IReadOnlyList<int> Watched { get; private init; } = [];

    /// <summary>Whether it can be read from.</summary>
    public bool Reads => (Flags & AccessMode) != 1;

    /// <summary>Whether it can be written to.</summary>
    public bool Writes => (Flags & AccessMode) != 0;

    /// <summary>Of a descriptor; null when it is gone or may not be read.</summary>
    public static OpenFileDetails? Of(int pid, int fd)
    {
        try
        {
            return Parse(File.ReadLines($"/proc/{pid}/fdinfo/{fd}"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    internal static OpenFileDetails Parse(IEnumerable<string> lines)
    {
        var locks = new List<FileLock>();
        var watched = new List<int>();
        int flags = 0;
        ulong inode = 0;
        foreach (string line in lines)
        {
            int colon = line.IndexOf(':');
            if (colon < 0)
                continue;
            string value = line[(colon + 1)..].Trim();
            switch (line[..colon])
            {
                case "flags":
                    flags = value.Aggregate(0, (sum, digit) => sum * 8 + (digit & 7));
                    break;
                case "ino":
                    ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out inode);
                    break;
                case "lock" when FileLock.Parse(value) is { } held:
                    locks.Add(held);
                    break;
                case "tfd" when int.TryParse(value.Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out int fd):
                    watched.Add(fd);
                    break;
            }
        }
        return new OpenFileDetails { Flags = flags, Inode = inode, Locks = locks, Watched = watched };
    }
}
