using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Scry.Wire;

/// <summary>Who is traced (<c>SCRY_TARGET_*</c>).</summary>
public enum TargetKind : uint
{
    /// <summary>Every task but Scry's own.</summary>
    All = 0,
    /// <summary>Threads that have a slot; their children too, when followed.</summary>
    Tasks = 1,
    /// <summary>Tasks by comm.</summary>
    Comm = 2,
    /// <summary>Tasks by effective user id.</summary>
    Uid = 3,
    /// <summary>Tasks in a cgroup of the v2 hierarchy, or below it.</summary>
    Cgroup = 4,
    /// <summary>Tasks in a cgroup of v1's perf_event hierarchy, or below it.</summary>
    CgroupV1 = 5,
}

/// <summary>Read-only configuration of the programs (<c>struct scry_config</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct TraceConfig
{
    /// <summary>Bytes of one CPU's ring, a power of two.</summary>
    public ulong RingSize;
    /// <summary>Id of the target cgroup.</summary>
    public ulong CgroupId;
    /// <summary>Nanoseconds that a call must take at least; 0: any.</summary>
    public ulong MinDuration;
    /// <summary>The wanted comm, NUL-padded.</summary>
    public Words2 Comm;
    /// <summary>0xff for each byte of <see cref="Comm"/> that counts.</summary>
    public Words2 CommMask;
    /// <summary>Bit n: errno n is wanted.</summary>
    public Words16 Errnos;
    /// <summary>Who is traced.</summary>
    public TargetKind Target;
    /// <summary>Process that is never traced: Scry itself.</summary>
    public uint SelfTgid;
    /// <summary>The wanted effective user id.</summary>
    public uint Uid;
    /// <summary>Depth of the target cgroup below its hierarchy's root.</summary>
    public uint CgroupLevel;
    /// <summary>Bytes of payload that are kept of one buffer.</summary>
    public uint DataMax;
    /// <summary>Bytes of a path that are kept, the NUL included.</summary>
    public uint PathMax;
    /// <summary>Slots of threads, a power of two, less 1.</summary>
    public uint ThreadMask;
    /// <summary>1 when there are fewer slots than thread ids.</summary>
    public byte ThreadProbes;
    /// <summary>1: only calls that failed.</summary>
    public byte FailedOnly;
    /// <summary>1: only calls whose errno is in <see cref="Errnos"/>.</summary>
    public byte ErrnoFilter;
    /// <summary>1: children and new threads are traced too.</summary>
    public byte Follow;
    /// <summary>1: a clock is read at the entry of calls too.</summary>
    public byte Durations;
    /// <summary>Flight recorder, 1: a process that the OOM killer ends is an incident.</summary>
    public byte OnOom;
    /// <summary>1: the removal of a cgroup is an incident.</summary>
    public byte OnRemoval;
    /// <summary>How many of <see cref="Patterns"/> count.</summary>
    public byte PatternCount;
    /// <summary>1: some trigger looks at calls.</summary>
    public byte OnCalls;
    /// <summary>1: some trigger looks at ends of processes.</summary>
    public byte OnEnds;
    /// <summary>Bytes of a string that is no path.</summary>
    public ushort StringMax;
    /// <summary>Bit n: the end of a process by signal n is an incident.</summary>
    public ulong OnSignals;
    /// <summary>Bit n: the exit of a process with code n is an incident.</summary>
    public Words4 OnExitCodes;
    /// <summary>Bit n: a call that fails with errno n is an incident.</summary>
    public Words16 OnErrnos;
    /// <summary>Nanoseconds of a call from which on it is an incident; 0: none is.</summary>
    public ulong OnSlow;
    /// <summary>Nanoseconds between two incidents of a cgroup.</summary>
    public ulong Cooldown;
    /// <summary>Nanoseconds of a jiffy: the clock of entries where durations are not exact.</summary>
    public ulong Tick;
    /// <summary>Nanoseconds of CLOCK_MONOTONIC at jiffy 0; wraps.</summary>
    public ulong TickBase;
    /// <summary>Incidents that are kept at a time.</summary>
    public uint IncidentsMax;
    /// <summary>Id of the cgroup hierarchy; 0: v2.</summary>
    public uint Hierarchy;
    /// <summary>Segments of the flight recorder's memory.</summary>
    public uint Segments;
    /// <summary>Cgroups that can have a past at a time.</summary>
    public uint Groups;
    /// <summary>Counting: what makes a group.</summary>
    public CountBy By;
    /// <summary>Groups that there can be.</summary>
    public uint CountGroups;
    /// <summary>Rows that there can be.</summary>
    public uint CountRows;
    /// <summary>Chunks that there can be.</summary>
    public uint CountChunks;
    /// <summary>Slots of threads: 2 to the power of it.</summary>
    public uint CountSlotBits;
    /// <summary>1: all calls are selected.</summary>
    public byte EveryCall;
    /// <summary>1: durations are those on a CPU.</summary>
    public byte CpuTime;
    /// <summary>1: the kernel has bpf_rdonly_cast.</summary>
    public byte CanCast;
    /// <summary>1: calls are seen at their exit alone.</summary>
    public byte AtExit;
    /// <summary>Address of the pid namespace whose ids tasks have.</summary>
    public ulong PidNamespace;
    /// <summary>Its depth; 0: the initial one.</summary>
    public ulong PidLevel;
    /// <summary>Nanoseconds of a CPU that a flight recorder may take in a second; 0: any.</summary>
    public ulong Budget;
    /// <summary>The kernel's code that interrupts come in by: in the stack of whoever one interrupted.</summary>
    public InterruptCode Interrupts;
    /// <summary>Nanoseconds from which on a wait is looked at closely.</summary>
    public ulong LongWait;
    /// <summary>Bytes of the caller's stack that a call carries; 0: none.</summary>
    public uint StackMax;
    /// <summary>1: exact durations decide nothing, and may be given up for the budget.</summary>
    public byte MayGive;
    /// <summary>1: the durations that calls must take are those of the map <c>overs</c>.</summary>
    public byte Overs;
    /// <summary>1: a call carries the caller's frames, by frame pointers.</summary>
    public byte Caller;
    /// <summary>1: a call carries where its time went.</summary>
    public byte Split;
    /// <summary>1: each span without a CPU is recorded.</summary>
    public byte Spans;
    /// <summary>1: the scheduler's sums of each thread are recorded.</summary>
    public byte Sums;
    /// <summary>1: who woke a waker is known of whatever threads.</summary>
    public byte Chain;
    /// <summary>1: calls must take so long that the kernel's ticks tell which did not.</summary>
    public byte Ticks;
    /// <summary>1: a call carries what its descriptors stand for.</summary>
    public byte Files;
    /// <summary>1: a call carries where its caller's code goes on.</summary>
    public byte Ip;
    /// <summary>1: a call carries its caller's ids in its pid namespaces, and a TASK the thread's.</summary>
    public byte Pids;
    private byte _splitPad;
    /// <summary>Paths that are incidents.</summary>
    public PatternArray Patterns;

    /// <summary>Some ranges of code; those that are not there are empty.</summary>
    [InlineArray(Layout.Interrupts)]
    public struct InterruptCode
    {
        private CodeRange _first;
    }

    /// <summary>Four words.</summary>
    [InlineArray(4)]
    public struct Words4
    {
        private ulong _first;
    }

    /// <summary>Four patterns.</summary>
    [InlineArray(Layout.Patterns)]
    public struct PatternArray
    {
        private PathPattern _first;
    }

    /// <summary>Two words.</summary>
    [InlineArray(2)]
    public struct Words2
    {
        private ulong _first;
    }

    /// <summary>Sixteen words.</summary>
    [InlineArray(16)]
    public struct Words16
    {
        private ulong _first;
    }
}

/// <summary>State of a traced thread (<c>SCRY_THREAD_*</c>).</summary>
[Flags]
public enum ThreadState : byte
{
    /// <summary>Nothing yet.</summary>
    None = 0,
    /// <summary>It is in a call.</summary>
    InCall = 0x01,
    /// <summary>Its TASK record was written.</summary>
    Announced = 0x02,
    /// <summary>Not a target before its next execve.</summary>
    Hush = 0x04,
    /// <summary>In an execve that replaced its memory.</summary>
    Execed = 0x08,
    /// <summary>And whose argv is not what it was given: an interpreter's.</summary>
    Script = 0x10,
    /// <summary>With <see cref="TraceConfig.AtExit"/>: it was a target when it last came back from a call.</summary>
    Back = 0x20,
    /// <summary>Its registers then looked as if it had not.</summary>
    Alike = 0x40,
    /// <summary>A signal came then, whose handler's end looks like a call numbered -1.</summary>
    NoSys = 0x80,
    /// <summary>Without <see cref="TraceConfig.AtExit"/>: in a call that is given up, with all of its cgroup.</summary>
    Muted = 0x20,
    /// <summary>Without <see cref="TraceConfig.AtExit"/>, attached to functions: its call was written: not again where the kernel goes back.</summary>
    Told = 0x40,
}

/// <summary>A traced thread's slot (<c>struct scry_thread</c>), shared with the kernel.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ThreadSlot
{
    /// <summary>Nanoseconds of CLOCK_MONOTONIC at which its call began.</summary>
    public ulong Start;
    /// <summary>The arguments of the call.</summary>
    public ArgWords Args;
    /// <summary>Thread id; 0: the slot is free.</summary>
    public uint Tid;
    /// <summary>Thread group id.</summary>
    public uint Tgid;
    /// <summary>Number of its next record.</summary>
    public uint Seq;
    /// <summary>Number of the call.</summary>
    public uint Nr;
    /// <summary>Bytes of captures that wait for the exit.</summary>
    public ushort Staged;
    /// <summary>Flight recorder: calls that were given up and not told yet.</summary>
    public ushort Muted;
    /// <summary>State.</summary>
    public ThreadState State;
    /// <summary>ABI of the call.</summary>
    public Abi Abi;
    /// <summary>Bit n: op n is read again at exit.</summary>
    public byte Retry;
    /// <summary>Flags of the record to come.</summary>
    public CallFlags Flags;
    /// <summary>Its own index.</summary>
    public uint Slot;
    /// <summary>Number + 1 of the depot that holds its captures.</summary>
    public ushort Depot;
    /// <summary>The signal that was last sent to it and not delivered; 0: none.</summary>
    public ushort Signal;
    /// <summary>Errno of that signal's siginfo.</summary>
    public int SiErrno;
    /// <summary>Code of that signal's siginfo.</summary>
    public int SiCode;
    /// <summary>Fields of that signal's siginfo.</summary>
    public SignalRecord.FieldWords SiFields;
    /// <summary>Flight recorder: the cgroup whose group its records go to.</summary>
    public ulong CgroupId;
    /// <summary>Index of that group.</summary>
    public uint Group;
    /// <summary>Low bits of the number of the segment that has its names.</summary>
    public uint Segment;
    /// <summary>Of the slot itself: bit n: a thread whose first slot this is lives n slots further on.</summary>
    public uint Displaced;
    /// <summary>Flight recorder: number + 1 of the <see cref="GivenUp"/> that <see cref="Muted"/> is to be told.</summary>
    public uint Given;

    /// <summary>Six arguments.</summary>
    [InlineArray(6)]
    public struct ArgWords
    {
        private ulong _first;
    }
}

/// <summary>When the bell is to ring (<c>SCRY_IDLE_*</c>).</summary>
public enum BellMode : uint
{
    /// <summary>Not at all.</summary>
    Silent = 0,
    /// <summary>At the next record.</summary>
    Any = 1,
    /// <summary>When the ring is half full.</summary>
    HalfFull = 2,
}

/// <summary>The header of one CPU's ring (<c>struct scry_ring</c>), shared with the kernel.</summary>
[StructLayout(LayoutKind.Explicit, Size = Layout.RingHeader)]
public struct RingHeader
{
    /// <summary>Bytes ever written.</summary>
    [FieldOffset(0)] public ulong Head;
    /// <summary>1 while a program is between its clock and its head.</summary>
    [FieldOffset(8)] public uint Busy;
    /// <summary>Records written, by kind.</summary>
    [FieldOffset(16)] public RecordCounts Records;
    /// <summary>Records lost, by reason.</summary>
    [FieldOffset(80)] public LossCounts Lost;
    /// <summary>Bytes ever read; written by the reader.</summary>
    [FieldOffset(2048)] public ulong Tail;
    /// <summary>When to ring the bell; set by the reader, cleared by the kernel.</summary>
    [FieldOffset(2056)] public BellMode Idle;

    /// <summary>A count for each <see cref="RecordKind"/>.</summary>
    [InlineArray(Layout.RecordKinds)]
    public struct RecordCounts
    {
        private ulong _first;
    }

    /// <summary>A count for each <see cref="LossReason"/>.</summary>
    [InlineArray(Layout.LostReasons)]
    public struct LossCounts
    {
        private ulong _first;
    }
}

/// <summary>Why a record was lost (<c>SCRY_LOST_*</c>).</summary>
public enum LossReason
{
    /// <summary>The ring was full: the reader was too slow.</summary>
    Ring = 0,
    /// <summary>The record was larger than the largest.</summary>
    Size = 1,
    /// <summary>A program came upon another on the same CPU.</summary>
    Nested = 2,
    /// <summary>No slot was left for another thread.</summary>
    State = 3,
}
