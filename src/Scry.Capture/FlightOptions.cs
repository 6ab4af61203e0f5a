namespace Scry.Capture;

/// <summary>A flight recorder to be started.</summary>
public sealed record FlightOptions
{
    /// <summary>Least and most bytes of <see cref="Memory"/>: the verifier takes no larger map in one piece.</summary>
    public const long LeastMemory = 4L << 20, MostMemory = 448L << 20;

    private const ulong ShortNs = 100_000_000;

    /// <summary>Bytes of <see cref="Memory"/> when nobody says: fewer where the own cgroup has less left, of which the process grows too.</summary>
    public static long DefaultMemory => Math.Clamp(MapMemory.Room(MapMemory.LoadingRecorder) / 3 * 2, LeastMemory, 64L << 20);

    /// <summary>Whose calls it records, and which.</summary>
    public required SessionOptions What { get; init; }

    /// <summary>Whether a call's begin is taken from a clock: asked for, or needed by a limit of time, for which a tick's error is too much.</summary>
    public bool ExactTimes => What.Durations || NeedsExactTimes;

    /// <summary>Whether exact times decide what is recorded, or frozen, and so are no detail.</summary>
    public bool NeedsExactTimes => What.MinDurationNs > 0 || Triggers.SlowNs is > 0 and < ShortNs;

    /// <summary>Bytes of all its maps together.</summary>
    public required long Memory { get; init; }

    /// <summary>Id of the target's cgroup hierarchy as /proc/cgroups has it; 0: v2.</summary>
    public uint Hierarchy { get; init; }

    /// <summary>What freezes a cgroup's past.</summary>
    public FlightTriggers Triggers { get; init; } = new();

    /// <summary>The share of the machine's CPU time that it may take, from 0 to 1, before it gives up detail; 0: any.</summary>
    public double Budget { get; init; }

    /// <summary>What is to be known of it later, by whoever opens it: text of the caller's own format, at most 16,000 bytes.</summary>
    public byte[] About { get; init; } = [];
}

/// <summary>What freezes a cgroup's past in the kernel.</summary>
public sealed record FlightTriggers
{
    /// <summary>A process that one of these ends (1 to 63).</summary>
    public IReadOnlyList<int> Signals { get; init; } = [];

    /// <summary>A process that exits with one of these (1 to 255).</summary>
    public IReadOnlyList<int> ExitCodes { get; init; } = [];

    /// <summary>A call that fails with one of these (1 to 1023).</summary>
    public IReadOnlyList<int> Errnos { get; init; } = [];

    /// <summary>Nanoseconds of a call from which on it is one; 0: none is.</summary>
    public ulong SlowNs { get; init; }

    /// <summary>A process that the OOM killer ends.</summary>
    public bool Oom { get; init; }

    /// <summary>The removal of a cgroup.</summary>
    public bool Removal { get; init; }

    /// <summary>Calls with a path as these, at most 4: a text with at most one <c>*</c>, at most 63 bytes on either side of it.</summary>
    public IReadOnlyList<byte[]> Paths { get; init; } = [];

    /// <summary>Nanoseconds that must lie between two incidents of one cgroup.</summary>
    public ulong CooldownNs { get; init; } = 10_000_000_000;

    /// <summary>Incidents that are kept at a time.</summary>
    public int MostIncidents { get; init; } = 16;
}
