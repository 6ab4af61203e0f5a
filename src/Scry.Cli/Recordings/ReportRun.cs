using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Scry.Cli.CommandLine;
using Scry.Cli.Slow;
using Scry.Cli.Tracing;
using Scry.Recording;
using Scry.Syscalls;
using Scry.Targets;
using Scry.Views;
using Scry.Wire;
using DescriptorName = Scry.Recording.DescriptorName;

namespace Scry.Cli.Recordings;

/// <summary>One run of <c>scry report</c>: a recording through a filter into a view.</summary>
internal sealed class ReportRun : IDisposable
{
    private const int MostGivenUp = 10;

    private readonly ReportArguments _arguments;
    private readonly RecordingReader _reader;
    private readonly RecordingAbout _about;
    private readonly RecordedCgroups _cgroups = new();
    private readonly RecordedIncidents _incidents = new();
    private readonly DescriptorTable _descriptors = new();
    private readonly RecordFilter _filter;
    private readonly IRecordOutput _output;
    private readonly RecordedStacks _stacks = new();
    private RecordingDamage? _damage;
    private RecordingSummary? _summary;
    private readonly PastText? _past;
    private readonly WallClock _clock;
    private ulong _shown;

    /// <summary>Opens the recording and reads its names.</summary>
    /// <param name="arguments">What was asked.</param>
    /// <param name="view">Another view than lines, JSON or a table; it is told what was traced.</param>
    /// <exception cref="RecordingException">The file cannot be read.</exception>
    /// <exception cref="ToolException">It is no recording, or something that was asked for is not in it.</exception>
    /// <exception cref="TargetException">There is no such user or number.</exception>
    public ReportRun(ReportArguments arguments, Func<RecordingAbout, MakeView>? view = null)
    {
        _arguments = arguments;
        // A mistake in the words is told before a large file is read.
        SyscallSelector selector = SyscallSelector.ParseForAll(arguments.Shown.Expressions);
        _reader = RecordingReader.Open(arguments.File, OutputFile.Read);
        try
        {
            _about = _reader.About ?? throw new ToolException(Describe(_reader.Damage!));
            if (_about.CoarseTimes || _about.NoDurations)
                RequireExactTimes();
            ClockAnchor clock = _about.Clocks.FirstOrDefault();
            _clock = new WallClock(unchecked((long)(clock.Realtime - clock.Monotonic)));
            ulong end = ReadEnd();
            _reader.ForEachName(Note);
            _reader.ForEachCode(_stacks.Add);
            _damage = _reader.Damage ?? _damage;
            if (arguments.Shown.Descriptors != DescriptorParts.None)
                _reader.ForEachRecord(Scan);
            RecordFilterOptions wanted = Options(selector, end);
            _filter = new RecordFilter(wanted);
            _past = Past(end, wanted.CgroupIds);
            if (arguments.Pictures.NeedSplit && !_about.HasSplits)
                throw new ToolException("the recording does not have where calls' time went", "record with --split, and --call-graph dwarf for stacks");
            TraceArguments shown = arguments.Shown with { Why = arguments.Shown.Why with { CallGraph = _about.HasStacks ? CallGraph.Dwarf : CallGraph.None } };
            _output = PictureSink.Around(TraceOutput.Open(shown, Context() with { View = view?.Invoke(_about) }), arguments.Pictures, _stacks, Path.GetFileName(arguments.File),
                (file, view) => TraceOutput.Open(shown with { OutputFile = file }, Context() with { View = view }));
        }
        catch
        {
            _reader.Dispose();
            throw;
        }
    }

    /// <summary>Shows the records.</summary>
    /// <returns>The exit status.</returns>
    public int Run()
    {
        try
        {
            _reader.ForEachRecord(Show);
            // Names that cannot be read are damage too, though all records can.
            _damage = _reader.Damage ?? _damage;
            _summary = _reader.Summary ?? _summary;
            // One that was told to stop early says nothing of what it did not look at.
            PastText? past = _shown < (ulong)_arguments.Shown.MaxEvents ? _past : null;
            var summary = new RunSummary(_shown, LossNames.ByNumber(_summary), whole: _damage is null && past is not ({ IsShort: true } or { LacksCalls: true }), past?.Covered)
            {
                GivenUp = past is null ? [] : [.. past.GivenUp.Select(Span)],
            };
            _output.Finish(in summary);
            if (_damage is not null)
            {
                Runner.Say($"{Describe(_damage)}; all that comes before it is shown");
                return ExitCode.Failed;
            }
            if (past is not null)
                TellGivenUp(past, summary.GivenUp);
            if (!summary.Complete || !_arguments.Shown.Quiet)
                Runner.Say(SummaryText.Of(in summary, _summary?.Records ?? 0, past));
            return ExitCode.Ok;
        }
        catch (SinkException error)
        {
            if (error.IsSilent)
                return ExitCode.ClosedPipe;
            throw new ToolException(error.Message);
        }
    }

    private GivenUpSpan Span(PastGivenUp given) => given.What == PastGivenUp.OfCgroup
        ? new GivenUpSpan(given.What, given.From, given.To > 0 ? given.To : null, _cgroups.Path(given.Cgroup), given.Calls, given.CpuShare)
        : new GivenUpSpan(given.What, given.From, given.To > 0 ? given.To : null, null, null, given.CpuShare);

    // As what is lost, with -q too.
    private void TellGivenUp(PastText past, IReadOnlyList<GivenUpSpan> spans)
    {
        foreach (GivenUpSpan span in spans.Take(MostGivenUp))
            Runner.Say(GivenUpText.Of(span, _clock.Wall, past.CpuBudget));
        if (spans.Count > MostGivenUp)
            Runner.Say($"and {spans.Count - MostGivenUp} more times; --json has all of them");
        if (past.GivenUpHorizon > 0)
            Runner.Say("what was given up before is not remembered any more");
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        _output.Dispose();
        _reader.Dispose();
    }

    private void Note(RecordedName name)
    {
        _cgroups.Add(name);
        _incidents.Add(name);
        if (name is ClockStep step)
            _clock.Step(step.Time, unchecked((long)(step.Realtime - step.Time)));
        if (name is DescriptorName descriptor)
            _descriptors.Seed(descriptor.Tgid, descriptor.Fd, descriptor.Path);
    }

    // What a file stood for at the end is true of what comes before only where no record says otherwise.
    private bool Scan(ReadOnlySpan<byte> record)
    {
        _descriptors.Scan(record);
        return true;
    }

    private bool Show(ReadOnlySpan<byte> record)
    {
        bool more = Write(record);
        if (_arguments.Shown.Descriptors != DescriptorParts.None)
            _descriptors.Observe(record);
        return more;
    }

    private bool Write(ReadOnlySpan<byte> record)
    {
        bool wanted = _filter.Wants(record);
        RecordKind kind = MemoryMarshal.AsRef<RecordHeader>(record).Kind;
        if (kind == RecordKind.Call && record.Length >= Unsafe.SizeOf<CallFixed>() && new CallRecord(record).IsCoarse)
            RequireExactTimes();
        // The names of threads that are not shown are of no use to a reader, and JSON has a line for each.
        if (!wanted || (kind == RecordKind.Task && !_filter.InScope))
        {
            _output.Skip(record, _filter.InScope);
            return true;
        }
        _output.Write(record);
        if (kind == RecordKind.Call)
            _shown++;
        return _shown < (ulong)_arguments.Shown.MaxEvents;
    }

    // What the lines are of: of a flight recorder what it remembered, of other recordings only when so much of their end is asked for.
    private PastText? Past(ulong end, IReadOnlySet<ulong>? cgroups)
    {
        if (_summary?.Past is { } past)
            return new PastText(past, cgroups, _arguments.Last);
        return _arguments.Last is null ? null : new PastText(
            new RecordedPast { Since = _about.Clocks.FirstOrDefault().Monotonic, Until = end, FromStart = true, Memory = 0, Cgroups = [] }, null, _arguments.Last);
    }

    /// <summary>The time of the last record, by the headers of the blocks alone; of a flight recorder, when it was asked.</summary>
    private ulong ReadEnd()
    {
        ulong end = 0;
        foreach (RecordingBlock block in _reader.Blocks())
            end = Math.Max(end, block.LastTime);
        (_damage, _summary) = (_reader.Damage, _reader.Summary);
        return Math.Max(end, _summary?.Past?.Until ?? 0);
    }

    private RecordFilterOptions Options(SyscallSelector selector, ulong end)
    {
        TraceArguments shown = _arguments.Shown;
        return new RecordFilterOptions
        {
            Selector = selector,
            Tgids = Ids(_arguments.Pids, "pid"),
            Tids = Ids(_arguments.Tids, "tid"),
            Comm = _arguments.Comm is { } comm ? Tasks.EncodeComm(comm) : null,
            Uid = _arguments.User is { } user ? Users.Resolve(user) : null,
            CgroupIds = CgroupIds(),
            MinDurationNs = shown.MinDuration,
            FailedOnly = shown.FailedOnly,
            Errnos = shown.Errnos.Select(ErrnoText.Number).ToHashSet(),
            PathPrefix = _arguments.Path is { } path ? Encoding.UTF8.GetBytes(path) : null,
            Signals = shown.Signals,
            FromNs = _arguments.Last is { } last && last < end ? end - last : 0,
        };
    }

    private static HashSet<uint>? Ids(IReadOnlyList<string> words, string kind) =>
        words.Count == 0 ? null : [.. Tasks.ParseIds(words, kind).Select(id => (uint)id)];

    private HashSet<ulong>? CgroupIds()
    {
        HashSet<ulong>? ids = null;
        void Narrow(IReadOnlySet<ulong> to)
        {
            ids ??= [.. to];
            ids.IntersectWith(to);
        }
        if (_arguments.Cgroup is { } path)
            Narrow(_cgroups.Below(path));
        if (_arguments.Unit is { } unit)
            Narrow(_cgroups.OfUnit(unit));
        if (_arguments.Container is { } container)
            Narrow(_cgroups.OfContainer(container));
        return ids;
    }

    private ViewContext Context()
    {
        bool few = _arguments.Pids.Count > 0 || _arguments.Tids.Count > 0
            || _about.Target.StartsWith(AboutRun.CommandTarget, StringComparison.Ordinal);
        return new ViewContext
        {
            Thread = few ? ThreadColumn.WhenSeveral : ThreadColumn.Bracketed,
            Clock = _clock,
            CgroupPath = _cgroups.Path,
            // Another kernel has other numbers.
            AskKernel = _about.KernelRelease == AboutRun.KernelRelease,
            Summary = _arguments.Summary,
            Descriptors = _arguments.Shown.Descriptors != DescriptorParts.None ? _descriptors : null,
            Overwrites = _about.Overwrites,
            Coarse = _about.CoarseTimes,
            InIncident = _incidents.Find,
            Stacks = _arguments.Shown.Why.Split && (_about.HasSplits || _about.HasStacks) ? _stacks : null,
        };
    }

    private void RequireExactTimes()
    {
        if (_arguments.Shown.MinDuration == 0)
            return;
        if (_about.NoDurations)
        {
            throw new ToolException("calls cannot be chosen by how long they took: they were seen at their exit alone",
                "record without --no-durations and --capture exit");
        }
        throw new ToolException("calls cannot be chosen by how long they took: the recorder kept the kernel's ticks alone",
            "start it with -T, which keeps exact times, or with --over, which lets no others in");
    }

    private string Describe(RecordingDamage damage) =>
        $"'{Printable.Escape(_arguments.File)}' at byte {damage.Offset}: {Printable.Escape(damage.What)}";
}
