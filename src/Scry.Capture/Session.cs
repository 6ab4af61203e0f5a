using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Scry.Bpf;
using Scry.Targets;
using Scry.Wire;
using ThreadState = Scry.Wire.ThreadState;

namespace Scry.Capture;

/// <summary>
/// One run of the tracing programs: loaded, specialized by its options, attached, drained. Disposing it, or
/// the end of the process however it comes, detaches everything.
/// </summary>
public sealed class Session : IDisposable
{
    /// <summary>Bytes of the largest ring of a CPU: the verifier lets a program reach 512 MB into a map (BPF_MAX_VAR_OFF), and a record may begin at its end.</summary>
    public const long LargestBuffer = 256 << 20;

    private const long SmallestRing = 512 * 1024;
    private const long TightestRing = 256 * 1024; // where memory is little: one record fits
    private const long DefaultRing = 8 << 20;
    private const long DefaultRings = 32 << 20; // of all CPUs together
    private const uint RoomForNames = 1 << 20; // bytes
    private const int NapMs = 5;
    private const int NapsBeforeSleep = 20;

    private readonly BpfObject _object;
    private readonly List<BpfLink> _links = [];
    private readonly List<MappedMap> _mappings = [];
    private readonly RingBuffer _bell;
    private readonly RingBuffer? _made;
    private readonly List<(ulong Id, string Path)> _cgroups = [];
    private readonly Rings _rings;
    private readonly ThreadTable _threads;
    private readonly FunctionAttach? _functions;
    // It begins asleep: the first record wakes it.
    private int _quietNaps = NapsBeforeSleep;
    private int _napMs = 1;

    private Session(BpfObject loaded, RingBuffer bell, FunctionAttach? functions, SessionOptions options, Sizes sizes)
    {
        _functions = functions;
        _object = loaded;
        _bell = bell;
        BpfMap rings = Map("rings"), threads = Map("threads");
        _rings = new Rings(Mapped(rings, sizes.Cpus * sizes.Stride), sizes.Cpus, sizes.Stride, sizes.Ring);
        _threads = new ThreadTable(
            Mapped(threads, sizes.Threads * Unsafe.SizeOf<ThreadSlot>()),
            Mapped(Map(".bss"), Environment.SystemPageSize),
            (uint)sizes.Threads - 1, sizes.Probes);
        Options = options;
        if (options.CgroupNames)
            _made = new RingBuffer(Map("made"), Note);
    }

    private readonly record struct Sizes(int Cpus, long Ring, long Stride, int Threads, bool Probes);

    /// <summary>The options that the session was opened with.</summary>
    public SessionOptions Options { get; }

    /// <summary>Threads that are targets now: of <see cref="TargetKind.Tasks"/> those added and their followed children.</summary>
    public ulong TaskCount => _threads.Count;

    /// <summary>Records of calls that were written so far.</summary>
    public ulong Calls => _rings.Written(RecordKind.Call);

    /// <summary>Records of any kind that were written so far.</summary>
    public ulong Written
    {
        get
        {
            ulong sum = 0;
            for (int kind = 0; kind < Layout.RecordKinds; kind++)
                sum += _rings.Written((RecordKind)kind);
            return sum;
        }
    }

    /// <summary>Records that were lost so far, for a reason.</summary>
    public ulong Lost(LossReason reason) =>
        _rings.Lost(reason) + (reason == LossReason.Nested && _functions is not null ? _functions.Missed : 0);

    /// <summary>
    /// Loads the programs, specialized by the options. Nothing is recorded before <see cref="Attach"/>: threads that
    /// are added in between are recorded from the first moment on.
    /// </summary>
    /// <exception cref="NativeException">The kernel refused: no right, no BTF, or a program that it does not take.</exception>
    /// <exception cref="TargetException">There is not enough memory, or <see cref="SessionOptions.Attach"/> cannot be had.</exception>
    public static Session Open(SessionOptions options)
    {
        BpfObject programs = BpfObject.Open(Programs.Read(options.CarriesMore ? "carry.bpf.o" : "trace.bpf.o"), "scry");
        RingBuffer? bell = null;
        FunctionAttach? functions = null;
        Session? session = null;
        try
        {
            functions = FunctionAttach.Of(options);
            if (functions is not null)
                options = options with { Capture = CaptureTime.Entry };
            Sizes sizes = Size(options, programs);
            programs.FindMap("rings").ValueSize = (uint)sizes.Stride;
            TraceConfig config = Configuration.Of(options, sizes.Threads, sizes.Probes);
            config.RingSize = (ulong)sizes.Ring;
            programs.FindProgram("trace_cgroup_made").AutoLoad = options.CgroupNames;
            if (options.CgroupNames)
                programs.FindMap("made").MaxEntries = RoomForNames;
            functions?.Prepare(programs, "trace");
            SplitCapture.Prepare(programs, options, sizes.Threads);
            DescriptorCapture.Prepare(programs, options);
            Configuration.Load(programs, in config, options, MapMemory.Loading);
            SplitCapture.Load(programs, options);
            DescriptorCapture.Load(programs, options);
            bell = new RingBuffer(programs.FindMap("bell"), static _ => { });
            session = new Session(programs, bell, functions, options, sizes);
            return session;
        }
        catch
        {
            if (session is not null)
            {
                session.Dispose();
            }
            else
            {
                bell?.Dispose();
                functions?.Dispose();
                programs.Dispose();
            }
            throw;
        }
    }

    /// <summary>Makes a thread a target of a session on <see cref="TargetKind.Tasks"/>.</summary>
    /// <param name="tid">Thread id in the pid namespace that Scry runs in.</param>
    /// <param name="tgid">Its process.</param>
    /// <param name="fromExecve">Whether it is a target only from its next execve on.</param>
    /// <returns>False when the table of threads is full.</returns>
    public bool AddTask(int tid, int tgid, bool fromExecve = false) => _threads.AddLiving(tid, tgid, fromExecve ? ThreadState.Hush : ThreadState.None);

    /// <summary>
    /// Hands over the records that were written up to now, in order of time.
    /// </summary>
    /// <returns>The number of records.</returns>
    public int Drain(RecordHandler handler)
    {
        int count = _rings.Drain(handler);
        _quietNaps = count > 0 ? 0 : _quietNaps + 1;
        _functions?.Settle();
        return count;
    }

    /// <summary>
    /// The v2 cgroups that were made since this was asked before, with their paths below the hierarchy: each is told of before a thread in it
    /// makes a call. Needs <see cref="SessionOptions.CgroupNames"/>.
    /// </summary>
    public IReadOnlyList<(ulong Id, string Path)> CgroupsMade()
    {
        _cgroups.Clear();
        _made?.Poll(0);
        return _cgroups;
    }

    private void Note(ReadOnlySpan<byte> record)
    {
        ReadOnlySpan<byte> path = record[sizeof(ulong)..];
        int length = path.IndexOf((byte)0);
        // One that fills its place is not whole.
        if (length > 0 && length < path.Length - 1)
            _cgroups.Add((MemoryMarshal.Read<ulong>(record), Encoding.UTF8.GetString(path[..length])));
    }

    /// <summary>
    /// Waits until records are worth reading: a nap of some milliseconds while they come, cut short when a
    /// ring is half full; a sleep until the next record when none came for a while.
    /// </summary>
    public void Wait(int timeoutMs)
    {
        bool sleep = _quietNaps >= NapsBeforeSleep;
        // What came between the last drain and the arming rings no bell.
        if (_rings.Arm(sleep ? BellMode.Any : BellMode.HalfFull) || !sleep)
            _bell.Poll(sleep ? timeoutMs : Math.Min(timeoutMs, _napMs));
        _napMs = sleep ? 1 : Math.Min(2 * _napMs, NapMs);
        _rings.Arm(BellMode.Silent);
    }

    /// <summary>
    /// Ends the recording and hands over what is left; then, as records of their own, the calls that traced
    /// threads are still in.
    /// </summary>
    /// <returns>The number of records.</returns>
    public int DrainFinal(RecordHandler handler)
    {
        SplitCapture.End(_object, Options);
        Detach();
        int count = _rings.Drain(handler);
        using (BpfLink link = _object.FindProgram("trace_in_flight").AttachIterator())
        using (BpfIterator iterator = link.OpenIterator())
        {
            Span<byte> nothing = stackalloc byte[64];
            while (iterator.Read(nothing) > 0)
            {
            }
        }
        return count + _rings.Drain(handler);
    }

    /// <summary>Detaches and unloads everything.</summary>
    public void Dispose()
    {
        Detach();
        _functions?.Dispose();
        foreach (MappedMap mapping in _mappings)
            mapping.Dispose();
        _bell.Dispose();
        _made?.Dispose();
        _object.Dispose();
    }

    /// <summary>Attaches the programs: recording begins.</summary>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public void Attach()
    {
        foreach (BpfProgram program in Programs.InOrder(_object))
        {
            if (program.Name != "trace_in_flight")
                _links.Add(program.Attach());
        }
        _functions?.Begin(_object, program => _links.Add(program.Attach()));
    }

    private void Detach()
    {
        _functions?.End();
        for (int i = _links.Count - 1; i >= 0; i--)
            _links[i].Dispose();
        _links.Clear();
    }

    private BpfMap Map(string name) => _object.FindMap(name);

    private MappedMap Mapped(BpfMap map, long length)
    {
        MappedMap mapping = map.Mmap(0, length);
        _mappings.Add(mapping);
        return mapping;
    }

    private static Sizes Size(SessionOptions options, BpfObject programs)
    {
        int cpus = BpfSystem.PossibleCpus;
        (int threads, bool probes) = Configuration.Threads(131072);
        Configuration.Prepare(programs, options, cpus, threads);
        long ring = options.BufferPerCpu;
        if (ring == 0)
            ring = Math.Min(DefaultRing, DefaultRings / cpus);
        ring = (long)BitOperations.RoundUpToPowerOf2((ulong)Math.Clamp(ring, SmallestRing, LargestBuffer));
        long most = (MapMemory.Room(MapMemory.Loading) - MapMemory.Of(programs)) / cpus - Layout.RingHeader - Layout.MaxRecord;
        while (options.BufferPerCpu == 0 && ring > TightestRing && ring > most)
            ring /= 2;
        return new Sizes(cpus, ring, Layout.RingHeader + ring + Layout.MaxRecord, threads, probes);
    }
}
