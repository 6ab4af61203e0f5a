using System.Diagnostics;
using Scry.Bpf;
using Scry.Capture;
using Scry.Cli.CommandLine;
using Scry.Cli.Launch;
using Scry.Syscalls;
using Scry.Targets;
using Scry.Views;
using Scry.Wire;

namespace Scry.Cli.Tracing;

/// <summary>Where a run's lines go, and the view that writes them.</summary>
internal sealed class TraceOutput : IDisposable
{
    private readonly OutputWriter _writer;
    private readonly Lazy<KernelSyscalls?> _kernel = new(ReadKernel);

    private TraceOutput(TraceArguments arguments, OutputWriter writer, bool terminal)
    {
        _writer = writer;
        Func<ulong, string?>? cgroups = arguments.ShowCgroup ? new CgroupNames().Find : null;
        var decoder = new Decoder(new DecoderOptions
        {
            StringLimit = arguments.StringLimit,
            Abbreviate = !arguments.NoAbbrev,
            ResultColumn = arguments.Align,
            Unknown = Describe,
        });
        View = arguments.Json
            ? new JsonView(decoder, writer, RealtimeOffset(), cgroups)
            : new LineView(decoder, writer, new LineOptions
            {
                Time = arguments.Time,
                Thread = Column(arguments),
                Duration = arguments.Durations,
                Comm = arguments.ShowComm,
                Cgroup = arguments.ShowCgroup,
                Color = arguments.Color ?? terminal,
                RealtimeOffset = RealtimeOffset(),
                CgroupPath = cgroups,
            });
    }

    /// <summary>The view.</summary>
    public IRecordView View { get; }

    /// <summary>Opens the output.</summary>
    /// <exception cref="ToolException">The file cannot be written.</exception>
    public static TraceOutput Open(TraceArguments arguments)
    {
        // strace's place when a command is started: its own output keeps standard output for itself.
        bool toError = arguments.OutputFile is null && arguments.Target == TargetChoice.Command;
        bool terminal = arguments.OutputFile is null && !(toError ? Console.IsErrorRedirected : Console.IsOutputRedirected);
        OutputWriter writer = arguments.OutputFile is { } file ? Create(file) : OutputWriter.To(new DescriptorStream(toError ? 2 : 1), terminal);
        return new TraceOutput(arguments, writer, terminal);
    }

    /// <summary>Writes what is buffered.</summary>
    /// <exception cref="OutputException">The output cannot be written.</exception>
    public void Flush() => _writer.Flush();

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        _writer.Dispose();
        if (_kernel.IsValueCreated)
            _kernel.Value?.Dispose();
    }

    private (string Name, string[] Parameters)? Describe(Abi abi, uint nr) =>
        _kernel.Value?.Describe(abi, nr) is { } known ? (known.Name, [.. known.Parameters.Select(parameter => parameter.Name)]) : null;

    // Without the kernel's help an unknown number is still shown, as a number.
    private static KernelSyscalls? ReadKernel()
    {
        try
        {
            return new KernelSyscalls();
        }
        catch (Exception error) when (error is NativeException or IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static ThreadColumn Column(TraceArguments arguments)
    {
        if (arguments.OutputFile is not null)
            return ThreadColumn.Plain;
        return arguments.Target is TargetChoice.Command or TargetChoice.Processes or TargetChoice.Threads
            ? ThreadColumn.WhenSeveral
            : ThreadColumn.Bracketed;
    }

    private static OutputWriter Create(string file)
    {
        try
        {
            return OutputWriter.Create(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ToolException($"cannot write '{Printable.Escape(file)}': {ErrnoText.Describe(error)}");
        }
    }

    /// <summary>Nanoseconds from CLOCK_MONOTONIC, which Stopwatch reads on Linux, to CLOCK_REALTIME.</summary>
    private static long RealtimeOffset()
    {
        long monotonic = Stopwatch.GetTimestamp();
        long realtime = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
        return realtime - monotonic;
    }
}
