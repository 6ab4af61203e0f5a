using Scry.Views;

namespace Scry.Cli.Launch;

/// <summary>
/// Writes to standard output or error, or another stream that is there already, and to nothing else. .NET's console streams set a terminal up first, in the
/// middle of a traced command's output, and keep it to themselves when a pipe is closed; its file streams write where they think that they
/// are, over what a command wrote to the same file.
/// </summary>
/// <param name="descriptor">1, 2, or the other one.</param>
/// <param name="isOptional">Whether what cannot be written is left out, as a message that nobody reads.</param>
internal class DescriptorStream(int descriptor, bool isOptional = false) : Stream
{
    private const int Interrupted = 4;
    private const int TryAgain = 11;

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <inheritdoc/>
    /// <exception cref="OutputException">The descriptor cannot be written; HResult is the errno.</exception>
    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (buffer.Length > 0)
        {
            nint written = NativeMethods.Write(descriptor, buffer, (nuint)buffer.Length);
            if (written >= 0)
                buffer = buffer[(int)written..];
            else if (written == -TryAgain)
                Thread.Sleep(1); // Someone made the terminal or pipe, which all its users share, non-blocking.
            else if (isOptional && written != -Interrupted)
                return;
            else if (written != -Interrupted)
                throw new OutputException(new IOException(ErrnoText.Describe((int)-written), (int)-written));
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
    public override void Flush()
    {
    }
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
}
