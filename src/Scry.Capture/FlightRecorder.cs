using System.Buffers;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Bpf;
using Scry.Targets;
using Scry.Wire;
using ThreadState = Scry.Wire.ThreadState;

namespace Scry.Capture;

/// <summary>
/// A flight recorder: programs, links and maps that live in the kernel by their pins alone, and a window to their
/// memory. Disposing this closes the window; recording goes on until <see cref="Remove"/>.
/// </summary>
public sealed class FlightRecorder : IDisposable
{
    private const int BytesPerGroup = 256 + Layout.GroupPath + 96; // and its place in the hash
    private const int AboutSize = 16384;
    /// <summary>How the names of pinned links begin.</summary>
    internal const string LinkPrefix = "link_";

    private const string ControlName = "loop_control";
    private static readonly string[] s_ofThreads = ["threads", "stages", "homes"]; // an entry for each thread
    // Those that a reader or a stop needs; the others live by the programs that use them.
    private static readonly string[] s_maps = ["rings", "arena", "segments", "groups", "group_paths", "flight", "threads", "stages", "about"];

    private readonly Dictionary<string, MappedMap> _mapped = [];
    private readonly List<IDisposable> _owned = [];
    private readonly Dictionary<string, BpfMap> _maps = [];
    private BpfProgram _control;
    // Where only exits are seen: what threads are in.
    private Func<byte[]>? _pending;

    private FlightRecorder()
    {
    }

    /// <summary>Bytes of its maps: what the kernel holds for it.</summary>
    public long Memory => _maps.Values.Sum(map => (long)map.MaxEntries * map.ValueSize);

    /// <summary>What its starter left to be known; empty when that is not readable.</summary>
    public ReadOnlySpan<byte> About
    {
        get
        {
            ReadOnlySpan<byte> text = Mapped("about").Span[..AboutSize];
            int end = text.IndexOf((byte)0);
            return end < 0 ? text : text[..end];
        }
    }

    /// <summary>Records written so far, of any kind.</summary>
    public ulong Written => Sum(static ring => { ulong sum = 0; foreach (ulong count in ring.Records) sum += count; return sum; });

    /// <summary>Counters of the recorder.</summary>
    public FlightState State => MemoryMarshal.Read<FlightState>(Mapped("flight").Span);

    /// <summary>What was given up for the budget and is remembered, in the order of its begin, calls up to this moment.</summary>
    public IReadOnlyList<GivenUp> GivenUp()
    {
        FlightState state = State;
        GivenUp[] given = [.. (ReadOnlySpan<GivenUp>)state.Given];
        // What threads count, and tell now and then.
        foreach (ref readonly ThreadSlot slot in MemoryMarshal.Cast<byte, ThreadSlot>(Mapped("threads").Span)[..(int)_maps["threads"].MaxEntries])
        {
            if (slot.Tid != 0 && slot.Muted > 0 && slot.Given - 1 < Layout.Givens && given[slot.Given - 1].CgroupId == slot.CgroupId)
                given[slot.Given - 1].Calls += slot.Muted;
        }
        return [.. given.Where(entry => entry.What != GivenDetail.None).OrderBy(entry => entry.From)];
    }

    /// <summary>Records that were lost, for a reason.</summary>
    public ulong Lost(LossReason reason) => Sum(ring => ring.Lost[(int)reason]);

    /// <summary>Loads, pins in <paramref name="directory"/>, which is there and empty, and attaches. After a failure nothing is left but the directory.</summary>
    /// <param name="options">What to record.</param>
    /// <param name="directory">A directory of a bpf filesystem; null: pinned nowhere, recording ends with the result.</param>
    /// <param name="threads">Asked for the threads of <see cref="TargetKind.Tasks"/>, before and after attaching.</param>
    /// <exception cref="NativeException">The kernel refused.</exception>
    /// <exception cref="TargetException">There is not enough memory, or <see cref="SessionOptions.Attach"/> cannot be had.</exception>
    public static FlightRecorder Start(FlightOptions options, string? directory, Func<IEnumerable<(int Tid, int Tgid)>> threads)
    {
        BpfObject programs = BpfObject.Open(Programs.Read("loop.bpf.o"), "scry_loop");
        var result = new FlightRecorder();
        result._owned.Add(programs);
        try
        {
            FunctionAttach? functions = FunctionAttach.Of(options.What, directory, options.Budget > 0 ? "a budget of CPU time is kept at the tracepoints" : null);
            if (functions is not null)
            {
                result._owned.Add(functions);
                options = options with { What = options.What with { Capture = CaptureTime.Entry } };
            }
            (int slots, bool probes) = Size(programs, options, out TraceConfig config);
            functions?.Prepare(programs, "trace");
            Configuration.Load(programs, in config, options.What, MapMemory.LoadingRecorder);
            foreach (string name in s_maps)
                result._maps[name] = programs.FindMap(name);
            result._control = programs.FindProgram(ControlName);
            result.Begin(options);
            if (directory is not null)
                result.PinMaps(directory);
            // The mapping of .bss lasts as long as the recorder is open here; the count itself lives with the programs.
            MappedMap globals = programs.FindMap(".bss").Mmap(0, Environment.SystemPageSize);
            result._owned.Add(globals);
            var table = new ThreadTable(result.Mapped("threads"), globals, (uint)slots - 1, probes);
            Seed(table, threads());
            result.Attach(programs, functions, directory);
            Seed(table, threads());
            // What can be opened is whole: this pin is made last and removed first.
            if (directory is not null)
                result._control.Pin(Path.Combine(directory, ControlName));
            return result;
        }
        catch
        {
            result.Dispose();
            if (directory is not null)
                Unpin(directory);
            throw;
        }
    }

    /// <summary>Whether a recorder was started to the end and not stopped since.</summary>
    public static bool IsWhole(string directory) => File.Exists(Path.Combine(directory, ControlName));

    /// <summary>Opens the window to a recorder that is pinned.</summary>
    /// <exception cref="NativeException">There is none, or it was not started to the end.</exception>
    public static FlightRecorder Open(string directory)
    {
        var result = new FlightRecorder();
        try
        {
            foreach (string name in s_maps)
            {
                BpfHandle handle = BpfHandle.OpenPinned(Path.Combine(directory, name));
                result._owned.Add(handle);
                result._maps[name] = handle.Map;
            }
            BpfHandle control = BpfHandle.OpenPinned(Path.Combine(directory, ControlName));
            result._owned.Add(control);
            result._control = control.Program;
            string pending = Path.Combine(directory, LinkPrefix + ExitCapture.Pending);
            if (File.Exists(pending))
                result._pending = () => File.ReadAllBytes(pending);
            return result;
        }
        catch
        {
            result.Dispose();
            throw;
        }
    }

    /// <summary>Removes a recorder: what makes it whole, its links, so that nothing is recorded any more, then all else. Its memory goes when the last window closes.</summary>
    /// <exception cref="IOException">The directory cannot be removed.</exception>
    public static void Remove(string directory)
    {
        Unpin(directory);
        Directory.Delete(directory);
    }

    /// <summary>Programs that are attached by pins: each with the time spent in it while the kernel counts.</summary>
    public static IReadOnlyList<BpfProgramInfo> ProgramsOf(string directory)
    {
        var programs = new List<BpfProgramInfo>();
        foreach (string path in Directory.GetFiles(directory, LinkPrefix + "*"))
        {
            using BpfHandle link = BpfHandle.OpenPinned(path);
            using BpfHandle program = BpfHandle.OpenProgram(link.LinkInfo.ProgramId);
            programs.Add(program.Program.Info);
        }
        return programs;
    }

    /// <summary>Freezes a cgroup's past as it is now; its calls go on in a fresh one.</summary>
    /// <returns>False when it has none.</returns>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public bool Freeze(ulong cgroupId)
    {
        var control = new FlightControl { CgroupId = cgroupId };
        _control.Run(MemoryMarshal.AsBytes(new Span<FlightControl>(ref control)));
        return control.Frozen != 0;
    }

    /// <summary>Keeps this process from firing triggers: what watches is no incident.</summary>
    public void ExcludeSelf() => MemoryMarshal.AsRef<FlightState>(Mapped("flight").Span).Watcher = (uint)Environment.ProcessId;

    /// <summary>Gives an incident up: what it holds stays readable until its room is needed.</summary>
    public void Release(FlightGroup incident)
    {
        ref GroupHeader group = ref MemoryMarshal.Cast<byte, GroupHeader>(Mapped("groups").Span)[incident.Index];
        if (group.Serial == incident.Serial)
            Interlocked.CompareExchange(ref Unsafe.As<GroupState, uint>(ref group.State), (uint)GroupState.Gone, (uint)GroupState.Frozen);
    }

    /// <summary>The cgroups that have a past, and incidents.</summary>
    public IReadOnlyList<FlightGroup> Groups()
    {
        Span<GroupHeader> groups = MemoryMarshal.Cast<byte, GroupHeader>(Mapped("groups").Span);
        var result = new List<FlightGroup>();
        for (int index = 0; index < _maps["groups"].MaxEntries; index++)
        {
            // The kernel side writes the state behind all that goes with it.
            var state = (GroupState)Volatile.Read(ref Unsafe.As<GroupState, uint>(ref groups[index].State));
            GroupHeader header = groups[index];
            header.State = state;
            if (header.State == GroupState.Free || (header.Segments == 0 && header.State != GroupState.Frozen))
                continue;
            ReadOnlySpan<byte> path = Mapped("group_paths").Span.Slice(index * Layout.GroupPath, Layout.GroupPath);
            int end = path.IndexOf((byte)0);
            result.Add(new FlightGroup(index, header, ByteText.Of(end < 0 ? path : path[..end])));
        }
        return result;
    }

    /// <summary>Nanoseconds of CLOCK_MONOTONIC of the oldest record of some groups; 0 when there is none.</summary>
    public ulong Oldest(IEnumerable<FlightGroup> groups)
    {
        HashSet<uint> serials = [.. groups.Select(group => group.Serial)];
        ulong oldest = ulong.MaxValue;
        foreach (ref readonly SegmentHeader segment in MemoryMarshal.Cast<byte, SegmentHeader>(Mapped("segments").Span)[..(int)State.Fresh])
        {
            if (segment.Used > 0 && segment.First > 0 && serials.Contains(segment.Serial))
                oldest = Math.Min(oldest, segment.First);
        }
        return oldest == ulong.MaxValue ? 0 : oldest;
    }

    /// <summary>A copy of the records of some groups, while recording goes on.</summary>
    /// <param name="groups">Whose.</param>
    /// <param name="from">Nanoseconds of CLOCK_MONOTONIC before which nothing is wanted.</param>
    public FlightSnapshot Snapshot(IReadOnlyCollection<FlightGroup> groups, ulong from = 0) =>
        FlightSnapshot.Take(Mapped("arena"), Mapped("segments"), (int)State.Fresh, groups, from);

    /// <summary>The calls that threads are in now, as records of their own, not in the order of anything.</summary>
    /// <param name="argumentCount">How many arguments a syscall has.</param>
    /// <param name="handler">Is lent each record.</param>
    public void InFlight(Func<Abi, uint, int> argumentCount, RecordHandler handler)
    {
        if (_pending is not null)
            FlightThreads.ForEachPending(_pending(), argumentCount, handler);
        FlightThreads.ForEach(Mapped("threads"), Mapped("stages"), (int)_maps["threads"].MaxEntries, (int)_maps["stages"].ValueSize, argumentCount, handler);
    }

    /// <summary>Closes the window.</summary>
    public void Dispose()
    {
        foreach (MappedMap mapping in _mapped.Values)
            mapping.Dispose();
        for (int i = _owned.Count - 1; i >= 0; i--)
            _owned[i].Dispose();
        _owned.Clear();
    }

    private MappedMap Mapped(string name)
    {
        if (!_mapped.TryGetValue(name, out MappedMap? mapping))
        {
            BpfMap map = _maps[name];
            // The kernel rounds values up to 8 bytes and the whole up to pages.
            long length = ((long)map.MaxEntries * ((map.ValueSize + 7) & ~7u) + 4095) & ~4095L;
            _mapped[name] = mapping = map.Mmap(0, length, writable: name is "groups" or "threads" or "about" or "flight");
        }
        return mapping;
    }

    private ulong Sum(Func<RingHeader, ulong> of)
    {
        ReadOnlySpan<RingHeader> rings = MemoryMarshal.Cast<byte, RingHeader>(Mapped("rings").Span);
        ulong sum = 0;
        for (int cpu = 0; cpu < _maps["rings"].MaxEntries; cpu++)
            sum += of(rings[cpu]);
        return sum;
    }

    // One budget: threads take a fifth at most, cgroups their part, segments all the rest.
    private static (int Slots, bool Probes) Size(BpfObject programs, FlightOptions options, out TraceConfig config)
    {
        long memory = Math.Clamp(options.Memory, FlightOptions.LeastMemory, FlightOptions.MostMemory);
        BpfMap depots = programs.FindMap("depots");
        int perThread = s_ofThreads.Sum(name => (int)programs.FindMap(name).ValueSize);
        (int slots, bool probes) = Configuration.Threads(1 << BitOperations.Log2((uint)(memory / 5 / perThread)));
        int cpus = BpfSystem.PossibleCpus;
        int groups = (int)Math.Clamp(memory / Layout.SegmentSize / 2, 64, 16384);
        long rest = memory - (long)slots * perThread - (long)depots.MaxEntries * depots.ValueSize - (long)groups * BytesPerGroup
            - (long)cpus * Layout.RingHeader - Layout.SegmentPad - AboutSize - 2 * 4096;
        int segments = (int)(rest / (Layout.SegmentSize + Unsafe.SizeOf<SegmentHeader>()));
        Configuration.Prepare(programs, options.What, cpus, slots);
        ChooseMeasured(programs, options.Budget > 0);
        programs.FindMap("groups").MaxEntries = (uint)groups;
        programs.FindMap("group_paths").MaxEntries = (uint)groups;
        programs.FindMap("group_of").MaxEntries = (uint)groups;
        programs.FindMap("segments").MaxEntries = (uint)segments;
        BpfMap arena = programs.FindMap("arena");
        arena.ValueSize = (uint)((long)segments * Layout.SegmentSize + Layout.SegmentPad);
        config = Configuration.Of(options.What, slots, probes);
        config.RingSize = (ulong)segments * Layout.SegmentSize;
        config.Segments = (uint)segments;
        config.Groups = (uint)groups;
        config.Hierarchy = options.Hierarchy;
        config.SelfTgid = 0; // Scry is gone soon, and its number another's.
        Arm(ref config, options.Triggers);
        config.Durations = options.ExactTimes ? (byte)1 : (byte)0;
        config.Budget = (ulong)(options.Budget * BpfSystem.OnlineCpus * 1e9);
        config.MayGive = options.NeedsExactTimes ? (byte)0 : (byte)1;
        if (!options.ExactTimes || config.Budget > 0)
            (config.Tick, config.TickBase) = TickClock.Measure();
        return (slots, probes);
    }

    // Of each pair that does the same, one measures what it costs.
    private static void ChooseMeasured(BpfObject programs, bool measured)
    {
        foreach ((string plain, string measuring) in (ReadOnlySpan<(string, string)>)[("trace_enter", "budget_enter"), ("trace_exit", "budget_exit")])
        {
            BpfProgram one = programs.FindProgram(plain), other = programs.FindProgram(measuring);
            other.AutoLoad = one.AutoLoad && measured;
            one.AutoLoad = one.AutoLoad && !measured;
        }
    }

    private static void Arm(ref TraceConfig config, FlightTriggers triggers)
    {
        foreach (int signal in triggers.Signals)
            config.OnSignals |= 1UL << signal;
        foreach (int code in triggers.ExitCodes)
            config.OnExitCodes[code / 64] |= 1UL << (code % 64);
        foreach (int errno in triggers.Errnos)
            config.OnErrnos[errno / 64] |= 1UL << (errno % 64);
        config.OnSlow = triggers.SlowNs;
        config.OnOom = triggers.Oom ? (byte)1 : (byte)0;
        config.OnRemoval = triggers.Removal ? (byte)1 : (byte)0;
        config.PatternCount = (byte)triggers.Paths.Count;
        for (int i = 0; i < triggers.Paths.Count; i++)
            config.Patterns[i] = Pattern(triggers.Paths[i]);
        config.OnCalls = triggers.Errnos.Count + triggers.Paths.Count > 0 || triggers.SlowNs > 0 ? (byte)1 : (byte)0;
        config.OnEnds = triggers.Signals.Count + triggers.ExitCodes.Count > 0 || triggers.Oom ? (byte)1 : (byte)0;
        config.Cooldown = triggers.CooldownNs;
        config.IncidentsMax = (uint)triggers.MostIncidents;
    }

    private static PathPattern Pattern(byte[] text)
    {
        int star = Array.IndexOf(text, (byte)'*');
        ReadOnlySpan<byte> prefix = star < 0 ? text : text.AsSpan(0, star), suffix = star < 0 ? [] : text.AsSpan(star + 1);
        var pattern = new PathPattern { PrefixLength = (byte)prefix.Length, SuffixLength = (byte)suffix.Length, Exact = star < 0 ? (byte)1 : (byte)0 };
        prefix.CopyTo(pattern.Prefix);
        suffix.CopyTo(pattern.Suffix);
        return pattern;
    }

    // Group 0 serves cgroups that find no group of their own.
    private void Begin(FlightOptions options)
    {
        ref GroupHeader rest = ref MemoryMarshal.Cast<byte, GroupHeader>(Mapped("groups").Span)[0];
        rest.State = GroupState.Live;
        rest.Serial = uint.MaxValue;
        options.About.AsSpan(0, Math.Min(options.About.Length, AboutSize - 1)).CopyTo(Mapped("about").Span);
    }

    private void PinMaps(string directory)
    {
        foreach ((string name, BpfMap map) in _maps)
            map.Pin(Path.Combine(directory, name));
    }

    private void Attach(BpfObject programs, FunctionAttach? functions, string? directory)
    {
        foreach (BpfProgram program in Programs.InOrder(programs).Where(program => program.Name != ControlName))
            Keep(program);
        functions?.Begin(programs, Keep);
        functions?.SettleNow();

        void Keep(BpfProgram program)
        {
            BpfLink link = program.Attach();
            _owned.Add(link);
            if (program.Name == ExitCapture.Pending)
                _pending = () => ReadIterator(link);
            if (directory is not null)
                link.Pin(Path.Combine(directory, LinkPrefix + program.Name));
        }
    }

    private static byte[] ReadIterator(BpfLink link)
    {
        using BpfIterator iterator = link.OpenIterator();
        var bytes = new ArrayBufferWriter<byte>();
        for (int got; (got = iterator.Read(bytes.GetSpan(65536))) > 0;)
            bytes.Advance(got);
        return bytes.WrittenSpan.ToArray();
    }

    private static void Seed(ThreadTable table, IEnumerable<(int Tid, int Tgid)> threads)
    {
        foreach ((int tid, int tgid) in threads)
            table.AddLiving(tid, tgid, ThreadState.None);
    }

    private static void Unpin(string directory)
    {
        foreach (string path in Directory.GetFiles(directory).OrderBy(path => Path.GetFileName(path) switch
        {
            ControlName => 0,
            { } name when name.StartsWith(LinkPrefix, StringComparison.Ordinal) => 1,
            _ => 2,
        }))
        {
            File.Delete(path);
        }
    }
}
