using System.Diagnostics;
using Scry.Cli.CommandLine;

namespace Scry.Cli.Strace;

/// <summary>The standard input of a shell's command (strace -o '|COMMAND'), which is waited for at the end.</summary>
internal sealed class CommandInput : Stream
{
    private readonly Process _shell;
    private readonly Stream _input;

    /// <summary>Starts it.</summary>
    /// <exception cref="ToolException">There is no shell.</exception>
    public CommandInput(string command)
    {
        try
        {
            _shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { RedirectStandardInput = true, UseShellExecute = false })!;
        }
        catch (Exception error) when (error is System.ComponentModel.Win32Exception or IOException)
        {
            throw new ToolException($"cannot run '{Printable.Escape(command)}': {ErrnoText.Describe(error)}");
        }
        _input = _shell.StandardInput.BaseStream;
    }

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <inheritdoc/>
    public override void Write(ReadOnlySpan<byte> buffer) => _input.Write(buffer);

    /// <inheritdoc/>
    public override void Write(byte[] buffer, int offset, int count) => _input.Write(buffer, offset, count);

    /// <inheritdoc/>
    public override void Flush() => _input.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _input.Dispose();
            _shell.WaitForExit();
            _shell.Dispose();
        }
        base.Dispose(disposing);
    }
}
