using Scry.Wire;

namespace Scry.Capture;

/// <summary>What a session traces and what it keeps of it.</summary>
public sealed record SessionOptions
{
    /// <summary>Who is traced.</summary>
    public required TargetKind Target { get; init; }

    /// <summary>With <see cref="TargetKind.Comm"/>: the name, at most 15 bytes.</summary>
    public byte[] Comm { get; init; } = [];

    /// <summary>With <see cref="TargetKind.Uid"/>: the effective user id.</summary>
    public uint Uid { get; init; }

    /// <summary>With a cgroup target: its id, the inode number of its directory.</summary>
    public ulong CgroupId { get; init; }

    /// <summary>With a cgroup target: its depth below the hierarchy's root, which has 0.</summary>
    public int CgroupLevel { get; init; }

    /// <summary>With a cgroup target: the cgroup that <see cref="CgroupLevel"/> is counted from, where that is not the hierarchy's root; else 0.</summary>
    public ulong CgroupTop { get; init; }

    /// <summary>Whether children and new threads of traced tasks are traced too.</summary>
    public bool Follow { get; init; } = true;

    /// <summary>Nanoseconds that a call must take at least; 0: any.</summary>
    public ulong MinDurationNs { get; init; }

    /// <summary>Only calls that fail.</summary>
    public bool FailedOnly { get; init; }

    /// <summary>Only calls that fail with one of these (1 to 1023); empty: any result.</summary>
    public IReadOnlyList<int> Errnos { get; init; } = [];

    /// <summary>
    /// What to capture of each call, by abi * <see cref="Layout.MaxNr"/> + nr. The last entry of each ABI
    /// serves the numbers that have none.
    /// </summary>
    public required CapturePlan[] Plans { get; init; }

    /// <summary>Plans that an argument's value chooses.</summary>
    public IReadOnlyList<(VariantKey Key, CapturePlan Plan)> Variants { get; init; } = [];

    /// <summary>Bytes of payload that are kept of one buffer, 0 to 65536.</summary>
    public int DataMax { get; init; } = 32;

    /// <summary>Bytes that are kept of a string that is no path, 0 to 65535.</summary>
    public int StringMax { get; init; } = 32;

    /// <summary>Bytes of each CPU's ring; rounded up to a power of two of at least 512 KiB. 0: chosen by the number of CPUs.</summary>
    public long BufferPerCpu { get; init; }

    /// <summary>
    /// Whether records say how long calls took, and with that when they began. A third of a record's cost: the clock is read
    /// once more. <see cref="MinDurationNs"/> implies it.
    /// </summary>
    public bool Durations { get; init; } = true;

    /// <summary>When calls are looked at; <see cref="CaptureTime.Exit"/> excludes <see cref="Durations"/> and <see cref="MinDurationNs"/>.</summary>
    public CaptureTime Capture { get; init; }

    /// <summary>Whether <see cref="Session.CgroupsMade"/> tells of cgroups that are made.</summary>
    public bool CgroupNames { get; init; }

    /// <summary>Where calls are seen. Of <see cref="AttachMode.Function"/> opening says why it cannot be had.</summary>
    public AttachMode Attach { get; init; }

    /// <summary>
    /// Nanoseconds that each call must take at least, by its plan's place in <see cref="Plans"/>, in the place of
    /// <see cref="MinDurationNs"/>; <see cref="ulong.MaxValue"/>: it is not recorded. Null: all are measured by that.
    /// </summary>
    public IReadOnlyList<ulong>? Overs { get; init; }

    /// <summary>Whether each call carries where its time went: <see cref="CallSplit"/>, <see cref="CallWaits"/>. Implies that entries are seen.</summary>
    public bool Split { get; init; }

    /// <summary>With <see cref="Split"/>: nanoseconds from which on a wait is looked at closely: where in the kernel, and who ends it.</summary>
    public ulong LongWaitNs { get; init; } = 1_000_000;

    /// <summary>With <see cref="Split"/>: whether the waits of all the machine's threads are followed, so that it is known what a waker had waited for.</summary>
    public bool Chain { get; init; }

    /// <summary>Bytes of the caller's stack that a call carries, at most <see cref="Layout.StackMax"/>; 0: none.</summary>
    public int StackMax { get; init; }

    /// <summary>Whether a call carries its caller's frames, as the kernel finds them by frame pointers; with <see cref="StackMax"/> it does not.</summary>
    public bool CallerFrames { get; init; }

    /// <summary>
    /// Where calls' descriptors stand, for calls to carry what each of them stands for as the kernel holds it at the call
    /// (<see cref="CallRecord.TryFile"/>); null: they do not. Implies that entries are seen.
    /// </summary>
    public IReadOnlyList<(VariantKey Key, FdPlan Plan)>? Descriptors { get; init; }

    /// <summary>Whether a call carries where its caller's code goes on (<see cref="CallRecord.TryInstructionPointer"/>). Implies that entries are seen.</summary>
    public bool InstructionPointer { get; init; }

    /// <summary>Whether calls and TASK records carry the thread's ids in its pid namespaces (<see cref="PidFacts"/>). Implies that entries are seen.</summary>
    public bool Pids { get; init; }

    /// <summary>Whether each span of a thread without a CPU is recorded (SPAN records).</summary>
    public bool Spans { get; init; }

    /// <summary>Whether the scheduler's sums of each thread are recorded (SCHED records), and no calls.</summary>
    public bool Sums { get; init; }

    /// <summary>Whether calls carry what has to be looked at when they begin.</summary>
    internal bool CarriesMore => Descriptors is not null || InstructionPointer || Pids;

    /// <summary>Whether delivered signals are recorded.</summary>
    public bool Signals { get; init; } = true;
}
