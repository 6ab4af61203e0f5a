using System.Globalization;
using System.Runtime.InteropServices;
using Scry.Syscalls;

namespace Scry.Cli;

/// <summary>Error numbers in words, for messages.</summary>
internal static class ErrnoText
{
    /// <summary>The last that scry_config.errnos has a bit for; 512 to 530 are the kernel's own (ERESTARTSYS).</summary>
    private const int MaxErrno = 575;

    /// <summary>The number of an error that --errno names.</summary>
    /// <exception cref="ToolException">There is no such error.</exception>
    public static int Number(string name)
    {
        if (ErrnoNames.TryNumber(name, out int number)
            || (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number is > 0 and <= MaxErrno))
        {
            return number;
        }
        throw new ToolException($"--errno: there is no error '{Printable.Escape(name)}'", "errno(3) lists them: ENOENT, EACCES", ExitCode.Usage);
    }

    /// <summary>The C library's text for an errno: <c>Permission denied</c>.</summary>
    public static string Describe(int errno) => Marshal.GetPInvokeErrorMessage(errno);

    /// <summary>Why a file could not be read or written, in words.</summary>
    public static string Describe(Exception error) => error switch
    {
        FileNotFoundException or DirectoryNotFoundException => "no such file or directory",
        // EFBIG: a limit of the file system or of the shell (ulimit -f).
        ArgumentOutOfRangeException => "the file would be too large",
        UnauthorizedAccessException => "permission denied, or a directory",
        // On Unix, an IOException that maps to no other type carries the errno.
        IOException { HResult: > 0 } io => Describe(io.HResult),
        _ => error.Message,
    };
}
