using System.Text;
using Scry.Targets;

namespace Scry.Cli;

/// <summary>What the verifier said of a program that it refused, kept for a report.</summary>
internal static class VerifierLog
{
    /// <summary>Writes it into a new file that only its owner can read, in the directory for temporary files or, without one, here.</summary>
    /// <returns>The file's path; null when it could not be written.</returns>
    public static string? Keep(string log)
    {
        foreach (string directory in (ReadOnlySpan<string>)[Path.GetTempPath(), Environment.CurrentDirectory])
        {
            string path = Path.Combine(directory, $"scry-verifier-{Path.GetRandomFileName()}.log");
            try
            {
                using OutputFile file = OutputFile.Replace(path);
                file.Stream.Write(Encoding.UTF8.GetBytes(log));
                file.Keep();
                return path;
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // The next place.
            }
        }
        return null;
    }
}
