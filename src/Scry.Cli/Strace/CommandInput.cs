using Scry.Cli.Launch;
using Scry.Wire;

namespace Scry.Cli.Strace;

/// <summary>The standard input of a shell's command (strace -o '|COMMAND'), which is waited for at the end.</summary>
internal sealed class CommandInput : DescriptorStream
{
    private readonly int _descriptor;

    private CommandInput(int descriptor)
        : base(descriptor) => _descriptor = descriptor;

    /// <summary>Starts it.</summary>
    /// <exception cref="ToolException">No process can be made for it.</exception>
    public static CommandInput Start(string command)
    {
        int descriptor = NativeMethods.StartReader([.. "/bin/sh\0sh\0-c\0"u8, .. ByteText.Bytes(command), 0], 3);
        return descriptor >= 0 ? new CommandInput(descriptor)
            : throw new ToolException($"cannot run '{Printable.Escape(command)}': {ErrnoText.Describe(-descriptor)}");
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
            NativeMethods.EndReader(_descriptor);
        base.Dispose(disposing);
    }
}
