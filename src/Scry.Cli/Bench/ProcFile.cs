namespace Scry.Cli.Bench;

/// <summary>Reads files that may be gone at any time: those of processes and of the kernel's own file systems.</summary>
internal static class ProcFile
{
    /// <summary>Its lines; none when it is not there.</summary>
    public static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Its first line; empty when it is not there.</summary>
    public static string Line(string path) => Lines(path) is [var first, ..] ? first.Trim() : "";
}
