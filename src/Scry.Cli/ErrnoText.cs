using System.Runtime.InteropServices;

namespace Scry.Cli;

/// <summary>Error numbers in words, for messages.</summary>
internal static class ErrnoText
{
    /// <summary>The C library's text for an errno: <c>Permission denied</c>.</summary>
    public static string Describe(int errno) => Marshal.GetPInvokeErrorMessage(errno);

    /// <summary>Why a file could not be read or written, in words.</summary>
    public static string Describe(Exception error) => error switch
    {
        FileNotFoundException or DirectoryNotFoundException => "no such file or directory",
        UnauthorizedAccessException => "permission denied, or a directory",
        // On Unix, an IOException that maps to no other type carries the errno.
        IOException { HResult: > 0 } io => Describe(io.HResult),
        _ => error.Message,
    };
}
