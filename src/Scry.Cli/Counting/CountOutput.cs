using System.Globalization;
using Scry.Bpf;
using Scry.Capture;
using Scry.Cli.Launch;
using Scry.Cli.Tracing;
using Scry.Syscalls;
using Scry.Views;

namespace Scry.Cli.Counting;

/// <summary>Where tables go, and how wide they may be.</summary>
internal static class CountOutput
{
    private const int UsualWidth = 80, LeastWidth = 40;

    /// <summary>Opens a file, or standard output; standard error when Scry starts a command, whose output has the other.</summary>
    /// <exception cref="ToolException">The file cannot be written.</exception>
    public static (OutputWriter Writer, int Width) Open(string? file, bool toError)
    {
        OutputWriter writer = file is null ? OutputWriter.To(new DescriptorStream(toError ? 2 : 1), lineBuffered: false) : TraceOutput.Create(file);
        return (writer, Width(file, toError));
    }

    /// <summary>How wide a table may be there.</summary>
    public static int Width(string? file, bool toError)
    {
        int descriptor = toError ? 2 : 1;
        return file is null && NativeMethods.IsTerminal(descriptor) != 0 ? TerminalWidth(descriptor) : int.MaxValue;
    }

    /// <summary>Names of syscalls; numbers that the facts lack are asked of the running kernel.</summary>
    public static SyscallNames Names()
    {
        var kernel = new Lazy<KernelSyscalls?>(() =>
        {
            try
            {
                return new KernelSyscalls();
            }
            catch (Exception error) when (error is NativeException or IOException or UnauthorizedAccessException)
            {
                // An unknown number is shown as a number.
                return null;
            }
        });
        return new SyscallNames((abi, nr) => kernel.Value?.Describe(abi, nr)?.Name);
    }

    private static int TerminalWidth(int descriptor)
    {
        if (int.TryParse(Environment.GetEnvironmentVariable("COLUMNS"), NumberStyles.None, CultureInfo.InvariantCulture, out int columns) && columns > 0)
            return Math.Max(LeastWidth, columns);
        NativeMethods.TerminalSize(descriptor, out int width, out _);
        return width > 0 ? Math.Max(LeastWidth, width) : UsualWidth;
    }
}
