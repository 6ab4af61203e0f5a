using Scry.Cli.CommandLine;
using Scry.Cli.Launch;
using Scry.Cli.Slow;
using Scry.Syscalls;
using Scry.Targets;
using Scry.Views;
using Scry.Views.Slow;

namespace Scry.Cli.Tracing;

/// <summary>Makes a view.</summary>
/// <param name="decoder">Writes calls.</param>
/// <param name="output">Where it writes.</param>
/// <param name="clock">What the clock on the wall showed.</param>
internal delegate IRecordView MakeView(Decoder decoder, OutputWriter output, WallClock clock);

/// <summary>What the records come from, as far as a view has to know.</summary>
internal sealed record ViewContext
{
    /// <summary>Without a file, lines go to standard error.</summary>
    public bool ToError { get; init; }
    public ThreadColumn Thread { get; init; }
    /// <summary>What the clock on the wall showed.</summary>
    public required WallClock Clock { get; init; }
    /// <summary>Whether it is to be looked at again while the run lasts.</summary>
    public bool IsLive { get; init; }
    public required Func<ulong, string?> CgroupPath { get; init; }
    /// <summary>Whether the running kernel can name the syscalls that the facts do not know.</summary>
    public bool AskKernel { get; init; }
    /// <summary>Whether what is missing was overwritten.</summary>
    public bool Overwrites { get; init; }
    /// <summary>Whether calls' begins are known by the kernel's ticks alone.</summary>
    public bool Coarse { get; init; }
    /// <summary>Finds records that are missing and not overwritten; null: there are none.</summary>
    public IncidentFinder? InIncident { get; init; }
    /// <summary>What descriptors stand for; null: they are shown as numbers.</summary>
    public IDescriptorNames? Descriptors { get; init; }
    /// <summary>A table instead of lines.</summary>
    public bool Summary { get; init; }
    /// <summary>Opens the file in another way; null: as files are.</summary>
    public Func<string, OutputWriter>? Create { get; init; }
    /// <summary>Another view than these.</summary>
    public MakeView? View { get; init; }
    /// <summary>Names code, where calls carry where their time went or where they came from; null: none does.</summary>
    public IStackNames? Stacks { get; init; }
    /// <summary>Makes the view part of another one.</summary>
    public Func<IRecordView, OutputWriter, IRecordView>? Around { get; init; }
}

/// <summary>Where lines go, and the view that writes them.</summary>
internal sealed class TraceOutput : IRecordOutput
{
    private const int LookAtClockMs = 50;

    private readonly OutputWriter _writer;
    private readonly IRecordView _view;
    private readonly string? _file;
    private readonly KernelNames _kernel = new();
    private readonly WallClock? _clock;
    private long _lookedAt = Environment.TickCount64;

    private TraceOutput(TraceArguments arguments, ViewContext context, OutputWriter writer, bool terminal)
    {
        _writer = writer;
        _file = arguments.OutputFile;
        Func<ulong, string?>? cgroups = arguments.ShowCgroup ? context.CgroupPath : null;
        var decoder = new Decoder(arguments.Decoding with
        {
            StringLimit = arguments.StringLimit,
            Abbreviate = !arguments.NoAbbrev,
            ResultColumn = arguments.Align,
            Unknown = context.AskKernel ? _kernel.Describe : null,
            DecodeFds = arguments.Descriptors,
            DecodePids = arguments.Pids,
            PidFinder = context.AskKernel && arguments.Pids != PidParts.None ? new LivePids() : null,
            Descriptors = context.Descriptors,
        });
        IRecordView view = context.View is { } make ? make(decoder, writer, context.Clock)
            : context.Summary ? new SummaryView(decoder, writer, context.Coarse)
            : arguments.Json ? new JsonView(decoder, writer, context.Clock, cgroups, context.InIncident, context.Stacks, arguments.CallsAlone)
            : new LineView(decoder, writer, new LineOptions
            {
                Time = arguments.Time,
                Thread = arguments.OutputFile is null ? context.Thread : ThreadColumn.Plain,
                Duration = arguments.Durations,
                Number = arguments.SyscallNumber,
                InstructionPointer = arguments.InstructionPointer,
                Comm = arguments.ShowComm,
                Cgroup = arguments.ShowCgroup,
                Color = arguments.Color ?? terminal,
                Overwrites = context.Overwrites,
                Coarse = context.Coarse,
                InIncident = context.InIncident,
                Clock = context.Clock,
                CgroupPath = cgroups,
                CallsAlone = arguments.CallsAlone,
                Stacks = arguments.StackTraces ? context.Stacks : null,
                Split = context.Stacks is not { } stacks || arguments.StackTraces ? null : (calls, lines) => new SplitText(stacks, calls, lines, new SplitLayout
                {
                    Chain = arguments.Why.Chain,
                    Stacks = arguments.Why.CallGraph != CallGraph.None,
                }),
            });
        _clock = context.IsLive ? context.Clock : null;
        if (arguments.Top > 0)
            view = new TopCallsView(view, writer, arguments.Top);
        _view = context.Around?.Invoke(view, writer) ?? view;
    }

    /// <summary>Opens the output of a live run.</summary>
    /// <param name="arguments">What was asked.</param>
    /// <param name="names">Names cgroups and code.</param>
    /// <param name="around">As <see cref="ViewContext.Around"/>.</param>
    /// <param name="view">As <see cref="ViewContext.View"/>.</param>
    /// <exception cref="ToolException">The file cannot be written.</exception>
    public static TraceOutput Open(
        TraceArguments arguments, LiveNames names, Func<IRecordView, OutputWriter, IRecordView>? around = null, MakeView? view = null) =>
        Open(arguments, Live(arguments, names) with { Around = around, View = view });

    /// <summary>What a live run's records come from.</summary>
    public static ViewContext Live(TraceArguments arguments, LiveNames names) => new()
    {
        // strace's place when a command is started: its own output keeps standard output for itself.
        ToError = arguments.Target == TargetChoice.Command,
        Thread = arguments.Target is TargetChoice.Command or TargetChoice.Processes or TargetChoice.Threads
            ? ThreadColumn.WhenSeveral
            : ThreadColumn.Bracketed,
        Clock = new WallClock(Tracing.Clock.RealtimeOffset()),
        IsLive = true,
        CgroupPath = names.Cgroups.Find,
        Stacks = names.Stacks,
        AskKernel = true,
    };

    /// <summary>Opens the output for records of any source.</summary>
    /// <exception cref="ToolException">The file cannot be written.</exception>
    public static TraceOutput Open(TraceArguments arguments, ViewContext context)
    {
        bool terminal = arguments.OutputFile is null && !(context.ToError ? Console.IsErrorRedirected : Console.IsOutputRedirected);
        OutputWriter writer = arguments.OutputFile is { } file
            ? context.Create?.Invoke(file) ?? Create(file)
            : OutputWriter.To(new DescriptorStream(context.ToError ? 2 : 1), terminal && arguments.Top == 0);
        return new TraceOutput(arguments, context, writer, terminal);
    }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> record)
    {
        try
        {
            _view.Write(record);
        }
        catch (OutputException error)
        {
            throw Failed(error);
        }
    }

    /// <inheritdoc/>
    public void Skip(ReadOnlySpan<byte> record, bool gaps)
    {
        try
        {
            _view.Skip(record, gaps);
        }
        catch (OutputException error)
        {
            throw Failed(error);
        }
    }

    /// <inheritdoc/>
    public void Pause(bool idle)
    {
        // It may be set while this runs, and goes on while the machine sleeps.
        if (_clock is not null && Environment.TickCount64 - _lookedAt >= LookAtClockMs)
        {
            _lookedAt = Environment.TickCount64;
            _clock.Step((ulong)Clock.Monotonic(), Clock.RealtimeOffset());
        }
        try
        {
            // Nothing comes: who reads the pipe gets what there is.
            if (idle)
                _writer.Flush();
        }
        catch (OutputException error)
        {
            throw Failed(error);
        }
    }

    /// <inheritdoc/>
    public void Finish(in RunSummary summary)
    {
        try
        {
            _view.Finish(in summary);
        }
        catch (OutputException error)
        {
            throw Failed(error);
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        (_view as IDisposable)?.Dispose();
        _writer.Dispose();
        _kernel.Dispose();
    }

    private SinkException Failed(OutputException error)
    {
        // Who closed the pipe has seen enough, and is not told.
        if (error.IsClosedPipe && _file is null)
            return new SinkException(null, error);
        string output = _file is not null ? $"'{Printable.Escape(_file)}'" : "the output";
        return new SinkException($"cannot write {output}: {ErrnoText.Describe(error.InnerException!)}", error);
    }

    /// <summary>Creates a file, or empties it: lines can be read while they come.</summary>
    /// <exception cref="ToolException">It cannot be written.</exception>
    internal static OutputWriter Create(string file)
    {
        try
        {
            return OutputWriter.ToFile(OutputFile.Live(file));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ToolException($"cannot write '{Printable.Escape(file)}': {ErrnoText.Describe(error)}");
        }
    }
}
