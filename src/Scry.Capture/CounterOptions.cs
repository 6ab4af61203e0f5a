using Scry.Wire;

namespace Scry.Capture;

/// <summary>What is counted, and by what.</summary>
public sealed record CounterOptions
{
    /// <summary>
    /// Whose calls, and which of them: target, <see cref="SessionOptions.Follow"/>, plans and filters. What only records need is not
    /// looked at.
    /// </summary>
    public required SessionOptions What { get; init; }

    /// <summary>What makes a group; calls are counted for each group and number.</summary>
    public CountBy By { get; init; } = CountBy.Process;

    /// <summary>Durations are the time on a CPU: what a thread sleeps in a call does not count. Costs two programs at each switch of threads.</summary>
    public bool CpuTime { get; init; }

    /// <summary>Calls and errors alone: there is no program on entries and no clock, and calls have no duration.</summary>
    public bool CountOnly { get; init; }

    /// <summary>
    /// Whether groups that are over (their process or thread ended; or nobody's calls go there and room is short) stay among
    /// <see cref="Counters.Rows"/>. For a run without end: false.
    /// </summary>
    public bool KeepEnded { get; init; } = true;

    /// <summary>
    /// Bytes, about, that may go into groups that are over, into showing them too. Where they take more, those that were over first are merged
    /// by name and, where it was asked for, cgroup.
    /// </summary>
    public long Room { get; init; } = DefaultRoom;

    /// <summary>Of <see cref="Room"/>, when nothing else is said.</summary>
    public const long DefaultRoom = 32 << 20;

    /// <summary>Groups that there can be at a time in the kernel, at least 2; 0: chosen.</summary>
    public int Groups { get; init; }

    /// <summary>Rows (group, number, CPU) that there can be at a time; 0: chosen by the number of CPUs.</summary>
    public int Rows { get; init; }

    /// <summary>Chunks (32 buckets of a row) that there can be at a time; 0: chosen.</summary>
    public int Chunks { get; init; }
}
