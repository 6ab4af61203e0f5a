using System.Diagnostics;
using System.Runtime.InteropServices;
using Scry.Capture;
using Scry.Cli.CommandLine;
using Scry.Cli.Launch;
using Scry.Cli.Recordings;
using Scry.Cli.Slow;
using Scry.Syscalls;
using Scry.Targets;
using Scry.Views;
using Scry.Wire;

namespace Scry.Cli.Tracing;

/// <summary>One run of <c>scry trace</c> or <c>scry record</c>, from the look-up of its target to its last line.</summary>
internal sealed class TraceRun : IDisposable
{
    private const int WaitMs = 10;
    private const int LongWaitMs = 100;
    // Meanwhile the rings fill.
    private const int LatePatienceMs = 50;
    // Nanoseconds of a wait that is looked at closely.
    private const ulong ShortestLongWait = 50_000, LongestLongWait = 10_000_000;

    private readonly TraceArguments _arguments;
    private readonly IRecordSink _sink;
    private readonly TraceTarget _target;
    private readonly SessionOptions _options;
    private readonly RecordHandler _handler;
    private readonly TracedCommand? _command;
    private readonly RunSignals _signals;
    private readonly TaskMemory _memory = new(residentOnly: false, LatePatienceMs);
    // Few runs need it: made when one does.
    private readonly Lazy<CallMemory> _late;
    private readonly CgroupNames _cgroups = new();
    private readonly LiveStacks? _stacks;
    private readonly CallObjects? _wanted;
    private ulong _shown;
    private SinkException? _sinkError;

    /// <summary>Looks everything up and makes the command's process; nothing is attached yet.</summary>
    /// <param name="arguments">What was asked.</param>
    /// <param name="open">Opens what the records go to: not before the target is known to be there.</param>
    /// <param name="namesCgroups">Whether cgroups are named also where no column is asked for.</param>
    /// <exception cref="ToolException">Something that was asked for cannot be had.</exception>
    /// <exception cref="TargetException">The target is not there.</exception>
    public TraceRun(TraceArguments arguments, Func<LiveNames, IRecordSink> open, bool namesCgroups = false)
    {
        _arguments = arguments;
        _handler = Show;
        _target = TraceTarget.Resolve(arguments);
        _wanted = Wanted(arguments);
        _options = Options(arguments, _target) with { CgroupNames = namesCgroups || arguments.ShowCgroup };
        _late = new Lazy<CallMemory>(() => new CallMemory(_memory, _options.Plans, _options.Variants, _options.DataMax));
        _stacks = arguments.Why.IsNone ? null : new LiveStacks(arguments.Why.CallGraph != CallGraph.None);
        try
        {
            _sink = open(new LiveNames(_cgroups, _stacks));
        }
        catch
        {
            _stacks?.Dispose();
            throw;
        }
        try
        {
            _signals = new RunSignals();
            if (arguments.Target == TargetChoice.Command)
                _command = TracedCommand.Start(arguments.Names, arguments.Command);
        }
        catch
        {
            _sink.Dispose();
            _stacks?.Dispose();
            throw;
        }
    }

    /// <summary>Traces until the target, a limit, a signal or the output ends it.</summary>
    /// <returns>The exit status.</returns>
    public int Run()
    {
        int failure = Trace();
        int status = _signals.WaitFor(_command);
        return failure != ExitCode.Ok ? failure : status;
    }

    /// <summary>Closes the output; ends a command that never began.</summary>
    public void Dispose()
    {
        _command?.Dispose();
        _memory.Dispose();
        _sink.Dispose();
        _stacks?.Dispose();
    }

    private int Trace()
    {
        using Session session = Session.Open(_options);
        // Without programs on calls nobody sees its execve.
        if (_command is not null)
            TraceTarget.Add(session.AddTask, _command.Pid, _command.Pid, fromExecve: !_options.Sums);
        TraceTarget.AddAll(session.AddTask, _target.Threads);
        _stacks?.Begin(_target, _command?.Pid);
        if (_stacks?.Missing is { } missing)
            Runner.Say($"stacks: {missing}");
        if (_options.Split && !LiveStacks.NamesKernel)
            Runner.Say("without CAP_SYSLOG the kernel does not name its functions (with kernel.kptr_restrict=2, CAP_SYS_ADMIN): what calls wait in is told by addresses, and an interrupt passes for the thread that it came upon");
        session.Attach();
        if (_options.CgroupNames)
        {
            // What is made from here on is told; what was there before is found now.
            _cgroups.News = session.CgroupsMade;
            _cgroups.Walk();
        }
        // Again: for those that began in between, and to drop those that ended.
        TraceTarget.AddAll(session.AddTask, _target.Threads);
        _signals.Go(_command);
        Loop(session);
        if (_sinkError is null)
            session.DrainFinal(_handler);
        int status = End(session);
        _cgroups.News = null;
        return status;
    }

    private void Loop(Session session)
    {
        long started = Stopwatch.GetTimestamp();
        while (_sinkError is null && _shown < (ulong)_arguments.MaxEvents)
        {
            _stacks?.Learn();
            int records = session.Drain(_handler);
            _cgroups.Learn();
            Pause(idle: records == 0);
            if (_signals.AskForEnd(_command))
                break;
            int wait = _command is null ? LongWaitMs : WaitMs;
            if (_arguments.For is { } limit)
            {
                double left = limit / 1e6 - Stopwatch.GetElapsedTime(started).TotalMilliseconds;
                if (left <= 0)
                    break;
                wait = (int)Math.Min(wait, Math.Ceiling(left));
            }
            if (records == 0 && TargetEnded(session))
                break;
            session.Wait(wait);
        }
    }

    /// <summary>As strace -f: the command, and all that it left running.</summary>
    private bool TargetEnded(Session session) =>
        _options.Target == TargetKind.Tasks && (_command is null || _command.HasEnded()) && session.TaskCount == 0;

    private void Show(ReadOnlySpan<byte> record)
    {
        if (_sinkError is not null || _shown >= (ulong)_arguments.MaxEvents)
            return;
        try
        {
            ref readonly RecordHeader head = ref MemoryMarshal.AsRef<RecordHeader>(record);
            bool call = head.Kind == RecordKind.Call;
            if (call && _wanted is not null && !_wanted.Has(new CallRecord(record)))
            {
                (_sink as IRecordOutput)?.Skip(record, gaps: true);
                return;
            }
            if (call && ((CallFlags)head.Flags & CallFlags.Unread) != 0)
                record = _late.Value.Complete(record);
            if (call && _stacks is not null)
                record = _stacks.Complete(record);
            _sink.Write(record);
            if (call)
                _shown++;
        }
        catch (SinkException error)
        {
            _sinkError = error;
        }
    }

    // A path is asked for as it was written, and as what it leads to.
    private static CallObjects? Wanted(TraceArguments arguments)
    {
        var wanted = new CallObjects();
        foreach (string path in arguments.Paths)
        {
            wanted.AddPath(ByteText.Bytes(path));
            if (RealPath.Of(path) is { } real)
                wanted.AddPath(ByteText.Bytes(real));
        }
        foreach (int fd in arguments.Fds)
            wanted.AddDescriptor(fd);
        return wanted.IsEmpty ? null : wanted;
    }

    private void Pause(bool idle)
    {
        try
        {
            if (_sinkError is null)
                _sink.Pause(idle);
        }
        catch (SinkException error)
        {
            _sinkError = error;
        }
    }

    private int End(Session session)
    {
        var summary = new RunSummary(_shown, LossNames.Counts(session.Lost));
        try
        {
            if (_sinkError is null)
                _sink.Finish(in summary);
        }
        catch (SinkException error)
        {
            _sinkError = error;
        }
        if (_sinkError is { } failed)
        {
            if (failed.IsSilent)
                return _command is null ? ExitCode.ClosedPipe : ExitCode.Ok;
            Runner.Say($"tracing ended: {failed.Message}");
            return ExitCode.Failed;
        }
        _command?.ThrowIfNotExecuted();
        if (summary.TotalLost > 0 || !_arguments.Quiet)
            Runner.Say(SummaryText.Of(in summary, session.Written));
        return _arguments.Strict && summary.TotalLost > 0 ? ExitCode.LostRecords : ExitCode.Ok;
    }

    /// <summary>What the kernel side is to do.</summary>
    internal static SessionOptions Options(TraceArguments arguments, TraceTarget target)
    {
        SyscallSelector selector = SyscallSelector.Parse(arguments.Expressions);
        return new SessionOptions
        {
            Target = target.Kind,
            Comm = target.Comm,
            Uid = target.Uid,
            CgroupId = target.Cgroup?.Id ?? 0,
            CgroupLevel = target.Cgroup?.Level ?? 0,
            CgroupTop = target.Cgroup?.Top ?? 0,
            Follow = arguments.Follow,
            MinDurationNs = arguments.MinDuration,
            FailedOnly = arguments.FailedOnly,
            Errnos = [.. arguments.Errnos.Select(ErrnoText.Number)],
            Plans = CapturePlans.Of(selector, arguments.PayloadLimit != 0),
            Variants = CapturePlans.VariantsOf(selector, arguments.PayloadLimit != 0),
            DataMax = arguments.PayloadLimit ?? arguments.StringLimit,
            StringMax = arguments.StringLimit,
            BufferPerCpu = arguments.Buffer ?? 0,
            Signals = arguments.Signals,
            Descriptors = arguments.NeedsDescriptors ? DescriptorPlans.Of(selector) : null,
            InstructionPointer = arguments.InstructionPointer,
            Pids = (arguments.Pids & PidParts.Namespace) != 0,
            // A command may be over at once, and the kernel takes its time to detach from functions.
            Attach = arguments is { Attach: AttachMode.Auto, Target: TargetChoice.Command } ? AttachMode.Tracepoint : arguments.Attach,
            Durations = !arguments.NoDurations && (arguments.Durations || arguments.Json || arguments.Time != TimeStyle.None),
            Capture = arguments.Capture,
            Overs = arguments.Why.Overs,
            Split = arguments.Why.Split,
            // What adds up to little is told by the thread's state alone.
            LongWaitNs = arguments.Why.LongWait ?? Math.Clamp((arguments.Why.Overs?.Min() ?? arguments.MinDuration) / 100, ShortestLongWait, LongestLongWait),
            Chain = arguments.Why.Chain > 1,
            StackMax = arguments.Why.CallGraph == CallGraph.Dwarf ? Layout.StackMax : 0,
            CallerFrames = arguments.Why.CallGraph == CallGraph.FramePointers,
            Spans = arguments.Why.Spans,
            Sums = arguments.Why.Sums,
        };
    }
}
