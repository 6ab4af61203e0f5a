using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Bpf;
using Scry.Wire;
using ThreadState = Scry.Wire.ThreadState;

namespace Scry.Capture;

/// <summary>
/// System calls counted in the kernel, by group and number: no event leaves it. A call is counted when it returns. Open, add
/// tasks, <see cref="Attach"/>, <see cref="Read"/> as often as wanted; disposing detaches everything. Not for several threads at once.
/// </summary>
public sealed class Counters : IDisposable
{
    private const int DefaultGroups = 8192, DefaultRows = 40960, DefaultChunks = 73728;
    private const int MostSlots = 131072;
    private const int CpusOfDefault = 4, MostScale = 8, MostDivisor = 16;

    private readonly BpfObject _object;
    private readonly FunctionAttach? _functions;
    private readonly List<BpfLink> _links = [];
    private readonly List<MappedMap> _mappings = [];
    private readonly CounterMemory _memory;
    private readonly ThreadTable _threads;
    private readonly CounterTable _table;

    private Counters(BpfObject loaded, FunctionAttach? functions, CounterOptions options, Sizes sizes)
    {
        _functions = functions;
        _object = loaded;
        Options = options;
        _memory = new CounterMemory(loaded, _mappings, sizes.Texts);
        _memory.Begin(BpfSystem.PossibleCpus, CounterTable.OthersKey);
        MappedMap threads = loaded.FindMap("threads").Mmap(0, (long)sizes.Threads * Unsafe.SizeOf<ThreadSlot>());
        _mappings.Add(threads);
        MappedMap globals = loaded.FindMap(".bss").Mmap(0, Environment.SystemPageSize);
        _mappings.Add(globals);
        _threads = new ThreadTable(threads, globals, (uint)sizes.Threads - 1, sizes.Probes);
        _table = new CounterTable(_memory, options, sizes.Rows);
    }

    private readonly record struct Sizes(int Threads, bool Probes, int Slots, int Groups, int Rows, int Chunks, bool Texts);

    /// <summary>The options that this was opened with.</summary>
    public CounterOptions Options { get; }

    /// <summary>Threads that are targets now, of <see cref="TargetKind.Tasks"/>: those added and their followed children.</summary>
    public ulong TaskCount => _threads.Count;

    /// <summary>These threads, for counters that are to go on with the same: as they are at this moment.</summary>
    public IReadOnlyList<(int Tid, int Tgid)> Tasks() => Options.What.Target == TargetKind.Tasks ? _threads.List() : [];

    /// <summary>The programs that count, as the kernel knows them.</summary>
    public IReadOnlyList<BpfProgramInfo> Loaded => [.. _object.Programs.Where(program => program.AutoLoad).Select(program => program.Info)];

    /// <summary>What the kernel has used, and had no room for.</summary>
    public CountState State
    {
        get
        {
            CountState state = _memory.State;
            state.GivenUp += _functions?.Missed ?? 0;
            return state;
        }
    }

    /// <summary>
    /// All rows as of the last <see cref="Read"/>, in no order. The same row object stands for its group and number from read to read.
    /// </summary>
    public IReadOnlyCollection<CounterRow> Rows => _table.Rows;

    /// <summary>Calls of all rows, as of the last <see cref="Read"/>.</summary>
    public CallSums Total => _table.Total;

    /// <summary>Loads the programs. Nothing is counted before <see cref="Attach"/>.</summary>
    /// <exception cref="NativeException">The kernel refused: no right, no BTF, or a program that it does not take.</exception>
    public static Counters Open(CounterOptions options)
    {
        BpfObject programs = BpfObject.Open(Programs.Read("stat.bpf.o"), "scry_stat");
        FunctionAttach? functions = null;
        try
        {
            functions = FunctionAttach.Of(options.What, whyNot: WhyNoFunctions(options));
            functions?.Prepare(programs, "stat");
            Sizes sizes = Resize(programs, options);
            TraceConfig config = Configuration.Of(options.What, sizes.Threads, sizes.Probes);
            config.By = options.By;
            config.CountGroups = (uint)sizes.Groups;
            config.CountRows = (uint)sizes.Rows;
            config.CountChunks = (uint)sizes.Chunks;
            config.CountSlotBits = (uint)BitOperations.Log2((uint)sizes.Slots);
            config.EveryCall = options.What.Plans.All(plan => (plan.Flags & PlanFlags.Selected) != 0) ? (byte)1 : (byte)0;
            config.AtExit = options.CountOnly ? (byte)1 : (byte)0;
            config.CpuTime = options.CpuTime ? (byte)1 : (byte)0;
            Configuration.Write(programs.FindMap(".rodata").InitialValue, in config, options.What.Plans);
            if (options.CountOnly)
                programs.FindProgram("stat_enter").AutoLoad = false;
            programs.FindProgram("stat_switch").AutoLoad = options.CpuTime;
            programs.FindProgram("stat_moved").AutoLoad =
                (options.By & CountBy.Cgroup) != 0 || options.What.Target is TargetKind.Cgroup or TargetKind.CgroupV1;
            MapMemory.Require(programs, MapMemory.Loading);
            programs.Load();
            return new Counters(programs, functions, options, sizes);
        }
        catch
        {
            functions?.Dispose();
            programs.Dispose();
            throw;
        }
    }

    /// <summary>As <see cref="Session.AddTask"/>.</summary>
    /// <returns>False when the table of threads is full.</returns>
    public bool AddTask(int tid, int tgid, bool fromExecve = false) => _threads.AddLiving(tid, tgid, fromExecve ? ThreadState.Hush : ThreadState.None);

    /// <summary>Attaches the programs: counting begins.</summary>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public void Attach()
    {
        foreach (BpfProgram program in Programs.InOrder(_object))
            _links.Add(program.Attach());
        _functions?.Begin(_object, program => _links.Add(program.Attach()));
    }

    /// <summary>
    /// Brings <see cref="Rows"/> up to date, and gives back the kernel's memory of groups that are over: to be called every
    /// second or so in a run of many processes.
    /// </summary>
    /// <returns>The rows that have calls since the read before.</returns>
    public IReadOnlyList<CounterRow> Read()
    {
        _functions?.Settle();
        return _table.Read();
    }

    /// <summary>
    /// Begins an interval: <see cref="CounterRow.Before"/> of each row has what is counted by now. Groups that are over, and merged ones, are
    /// among <see cref="Rows"/> no more.
    /// </summary>
    public void Mark() => _table.Mark();

    /// <summary>Groups that are over and were merged into others, for want of room.</summary>
    public ulong Merged => _table.Past.Merged;

    /// <summary>Calls of those that did not even keep their name.</summary>
    public ulong MergedUnnamed => _table.Past.MergedUnnamed;

    /// <summary>Ends the counting; what was counted can still be read.</summary>
    public void Detach()
    {
        _functions?.End();
        for (int i = _links.Count - 1; i >= 0; i--)
            _links[i].Dispose();
        _links.Clear();
    }

    /// <summary>How long a row's calls took, from the beginning to now: subtract an earlier one for what came between.</summary>
    public DurationHistogram Histogram(CounterRow row) => _table.Histogram(row);

    /// <summary>A row's errors by errno, from the beginning to now; empty when none failed.</summary>
    public IReadOnlyDictionary<int, ulong> Errnos(CounterRow row) => _table.Errnos(row);

    /// <summary>Detaches and unloads everything.</summary>
    public void Dispose()
    {
        Detach();
        _functions?.Dispose();
        foreach (MappedMap mapping in _mappings)
            mapping.Dispose();
        _object.Dispose();
    }

    private static string? WhyNoFunctions(CounterOptions options) =>
        options.CountOnly ? "calls that are counted alone are seen at their exit alone"
        : (options.By & CountBy.User) != 0 || options.What.Target == TargetKind.Uid ? "who counts by user looks at the calls that change it, too"
        : null;

    private static Sizes Size(CounterOptions options, int divisor)
    {
        int cpus = BpfSystem.PossibleCpus, scale = Math.Clamp(cpus / CpusOfDefault, 1, MostScale);
        (int slots, bool probes) = Configuration.Threads(MostSlots);
        // Only a target of processes is a table of threads.
        bool tasks = options.What.Target == TargetKind.Tasks;
        return new Sizes(
            tasks ? slots : 1, tasks && probes, slots,
            options.Groups > 0 ? Math.Max(2, options.Groups) : DefaultGroups / divisor,
            1 + cpus + (options.Rows > 0 ? options.Rows : DefaultRows * scale / divisor),
            1 + (options.Chunks > 0 ? options.Chunks : DefaultChunks * scale / divisor),
            (options.By & (CountBy.File | CountBy.Object | CountBy.Cgroup)) != 0);
    }

    // Where memory is little, pools are smaller: groups that find no room are counted as others, which is told.
    private static Sizes Resize(BpfObject programs, CounterOptions options)
    {
        long room = MapMemory.Room(MapMemory.Loading);
        Sizes sizes = default;
        for (int divisor = 1; divisor <= MostDivisor; divisor *= 2)
        {
            sizes = Size(options, divisor);
            Resize(programs, sizes);
            if (MapMemory.Of(programs) <= room)
                break;
        }
        return sizes;
    }

    private static void Resize(BpfObject programs, Sizes sizes)
    {
        foreach ((string name, int entries) in (ReadOnlySpan<(string, int)>)
            [
                ("threads", sizes.Threads), ("slots", sizes.Slots), ("rows", sizes.Rows), ("row_of", sizes.Rows), ("free_rows", sizes.Rows + FreedRing.Head),
                ("chunks", sizes.Chunks), ("free_chunks", sizes.Chunks + FreedRing.Head), ("groups", sizes.Groups), ("group_of", sizes.Groups),
                ("free_groups", sizes.Groups + FreedRing.Head), ("texts", sizes.Texts ? sizes.Groups : 1),
            ])
        {
            programs.FindMap(name).MaxEntries = (uint)entries;
        }
    }
}
