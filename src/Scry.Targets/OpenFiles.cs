using System.Globalization;

namespace Scry.Targets;

/// <summary>What the descriptors of a process are at this moment, by <c>/proc/PID</c>. Hostile text.</summary>
public static class OpenFiles
{
    /// <summary>Descriptors that are read of one process.</summary>
    public const int Most = 65536;

    /// <summary>
    /// Each descriptor and what it is a link to, as <c>/etc/passwd</c> or <c>socket:[123]</c>; none when the process is gone.
    /// Bytes that are no UTF-8 are replaced.
    /// </summary>
    public static IReadOnlyList<(int Fd, string Name)> Of(int pid)
    {
        var files = new List<(int, string)>();
        try
        {
            // Not the folder of links: .NET would follow each one, and a file of a dead server does not answer.
            foreach (string path in Directory.EnumerateFileSystemEntries($"/proc/{pid}/fdinfo").Take(Most))
            {
                if (int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out int fd) && Native.ReadLink($"/proc/{pid}/fd/{fd}") is { } name)
                    files.Add((fd, name));
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It ended meanwhile: what was read stays true.
        }
        return files;
    }

    /// <summary>The working directory; null when the process is gone.</summary>
    public static string? WorkingDirectoryOf(int pid) => Native.ReadLink($"/proc/{pid}/cwd");
}
