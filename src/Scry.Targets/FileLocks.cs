using System.Globalization;

namespace Scry.Targets;

/// <summary>A lock of a file, or a wait for one, as a line of /proc/locks tells it; see proc_locks(5).</summary>
/// <param name="Number">The same for a lock and those who wait for it.</param>
/// <param name="Waits">Whether it is one that waits.</param>
/// <param name="Kind"><c>FLOCK</c>, <c>POSIX</c> or <c>OFDLCK</c>.</param>
/// <param name="Access"><c>READ</c> or <c>WRITE</c>.</param>
/// <param name="Pid">The process that asked for it; 0 when the kernel does not know: of an OFD lock, or of a pid namespace that is not seen from here.</param>
/// <param name="Inode">The file's inode number.</param>
/// <param name="Range">Which bytes of it, as the line has them: <c>0 EOF</c>.</param>
public sealed record FileLock(int Number, bool Waits, string Kind, string Access, int Pid, ulong Inode, string Range)
{
    /// <summary>The locks of this machine now; none when /proc/locks cannot be read.</summary>
    public static IReadOnlyList<FileLock> All()
    {
        try
        {
            return [.. File.ReadLines("/proc/locks").Select(Parse).OfType<FileLock>()];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Reads a line: <c>2: -> FLOCK  ADVISORY  WRITE 2325 fe:00:11657326 0 EOF</c>; null when it is none.</summary>
    public static FileLock? Parse(string line)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int kind = words.Length > 1 && words[1] == "->" ? 2 : 1;
        if (words.Length < kind + 5 || !int.TryParse(words[0].TrimEnd(':'), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            return null;
        string[] place = words[kind + 4].Split(':');
        if (place.Length != 3 || !ulong.TryParse(place[2], NumberStyles.None, CultureInfo.InvariantCulture, out ulong inode))
            return null;
        int.TryParse(words[kind + 3], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int pid);
        return new FileLock(number, kind == 2, words[kind], words[kind + 2], Math.Max(pid, 0), inode, string.Join(' ', words[(kind + 5)..]));
    }

    /// <summary>Whether it is this lock that another line tells of: of a file there can be several.</summary>
    public bool IsSame(FileLock other) => (Kind, Access, Inode, Range) == (other.Kind, other.Access, other.Inode, other.Range);

    /// <summary>The lock that a process waits for with that file.</summary>
    /// <param name="all">The locks of the machine.</param>
    /// <param name="pid">The process.</param>
    /// <param name="inode">The inode number of the file that it wants to lock.</param>
    /// <param name="kind">The kind of lock that it wants.</param>
    /// <returns>Null when it does not wait, any more.</returns>
    public static FileLock? HeldAgainst(IReadOnlyList<FileLock> all, int pid, ulong inode, string kind)
    {
        FileLock? wait = all.FirstOrDefault(one => one.Waits && one.Kind == kind && one.Inode == inode && (one.Pid == pid || one.Pid == 0));
        return wait is null ? null : all.FirstOrDefault(one => !one.Waits && one.Number == wait.Number);
    }
}
