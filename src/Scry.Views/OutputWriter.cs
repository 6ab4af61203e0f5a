using Scry.Syscalls;

namespace Scry.Views;

/// <summary>The output cannot be written: a full disk, a closed pipe.</summary>
public sealed class OutputException : IOException
{
    private const int BrokenPipe = 32;

    /// <summary>As the system said it: HResult is the errno.</summary>
    public OutputException(IOException inner)
        : base(inner.Message, inner) => HResult = inner.HResult;

    /// <summary>Nobody reads any more: not a failure to the one who closed the pipe.</summary>
    public bool IsClosedPipe => HResult == BrokenPipe;
}

/// <summary>
/// Buffers lines and writes them out: each line at once to a terminal, in large blocks to
/// a file or a pipe. A failed write throws once; what was buffered is dropped, and so is all that follows.
/// </summary>
public sealed class OutputWriter : IDisposable
{
    private const int BlockSize = 128 * 1024;
    private const int FileTooLarge = 27; // EFBIG

    private readonly Stream _stream;
    private readonly bool _lineBuffered;
    private readonly bool _owned;
    private bool _failed;

    private OutputWriter(Stream stream, bool lineBuffered, bool owned)
    {
        _stream = stream;
        _owned = owned;
        _lineBuffered = lineBuffered;
        Buffer = new Utf8Buffer(2 * BlockSize);
    }

    /// <summary>Where lines are written; each ends with <see cref="EndLine"/>.</summary>
    public Utf8Buffer Buffer { get; }

    /// <summary>Writes to a file, which is closed with it.</summary>
    public static OutputWriter ToFile(FileStream file) => new(file, lineBuffered: false, owned: true);

    /// <summary>Writes to a stream.</summary>
    /// <param name="stream">An IOException of its Write has the errno as its HResult.</param>
    /// <param name="lineBuffered">Each line is written at once: for a terminal.</param>
    /// <param name="owned">Whether it is closed with this.</param>
    public static OutputWriter To(Stream stream, bool lineBuffered, bool owned = false) => new(stream, lineBuffered, owned);

    /// <summary>Ends a line.</summary>
    /// <exception cref="OutputException">The output cannot be written.</exception>
    public void EndLine()
    {
        Buffer.Append((byte)'\n');
        if (_lineBuffered || Buffer.Length >= BlockSize)
            Flush();
    }

    /// <summary>Writes what is buffered.</summary>
    /// <exception cref="OutputException">The output cannot be written.</exception>
    public void Flush()
    {
        ReadOnlySpan<byte> bytes = Buffer.Written;
        try
        {
            if (_failed || bytes.Length == 0)
                return;
            _stream.Write(bytes);
        }
        catch (IOException error)
        {
            _failed = true;
            throw new OutputException(error);
        }
        catch (ArgumentOutOfRangeException)
        {
            // .NET's exception for EFBIG: a limit of the file system or of the shell (ulimit -f).
            _failed = true;
            throw new OutputException(new IOException("File too large", FileTooLarge));
        }
        finally
        {
            Buffer.Clear();
        }
    }

    /// <summary>Closes the file, if it is one; does not flush.</summary>
    public void Dispose()
    {
        if (_owned)
            _stream.Dispose();
    }
}
