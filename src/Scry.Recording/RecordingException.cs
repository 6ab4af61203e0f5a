namespace Scry.Recording;

/// <summary>A recording could not be opened, made or written.</summary>
/// <param name="message">What is wrong, without a full stop: <c>cannot write the recording x.scry: the disk is full</c>.</param>
/// <param name="hint">What to do about it; null when the message says all.</param>
/// <param name="cause">The exception of the system call that failed.</param>
public sealed class RecordingException(string message, string? hint = null, Exception? cause = null) : Exception(message, cause)
{
    internal const int Eexist = 17;
    private const int Enospc = 28, Edquot = 122; // errno-base.h, errno.h

    /// <summary>What to do about it.</summary>
    public string? Hint { get; } = hint;

    /// <summary>Whether <paramref name="e"/> is how .NET reports a file operation that failed.</summary>
    internal static bool IsOfFile(Exception e) =>
        // An empty name is an argument exception, and so is EFBIG.
        e is IOException or UnauthorizedAccessException or ArgumentException;

    /// <summary>
    /// Why a file operation failed. Said here since the published binary carries no texts of the framework, save
    /// strerror's.
    /// </summary>
    internal static string Reason(Exception e) => e switch
    {
        FileNotFoundException or DirectoryNotFoundException => "no such file or directory",
        PathTooLongException => "the name is too long",
        UnauthorizedAccessException => "permission denied, or it is a directory",
        ArgumentOutOfRangeException => "the file would be too large",
        ArgumentException => "not the name of a file",
        { HResult: Eexist } => "the file exists",
        { HResult: Enospc } => "the disk is full",
        { HResult: Edquot } => "the disk quota is used up",
        _ => e.Message,
    };
}
