using Scry.Syscalls;
using Scry.Views.Slow;

namespace Scry.Views;

/// <summary>Which time a line begins with: of a call, its entry.</summary>
public enum TimeStyle
{
    /// <summary>None.</summary>
    None,
    /// <summary>Local time, <c>HH:MM:SS</c> (-t).</summary>
    Seconds,
    /// <summary>Local time with microseconds (-tt).</summary>
    Microseconds,
    /// <summary>Seconds since the epoch with microseconds (-ttt).</summary>
    Unix,
    /// <summary>Since the start of the line before (-r).</summary>
    Relative,
}

/// <summary>How a call ended (strace -e status).</summary>
[Flags]
public enum CallStatuses
{
    /// <summary>With a result.</summary>
    Successful = 1,
    /// <summary>With an error.</summary>
    Failed = 2,
    /// <summary>Its thread ended in it.</summary>
    Unfinished = 4,
    /// <summary>Its result is not known.</summary>
    Unavailable = 8,
    /// <summary>It was in flight when the run ended.</summary>
    Detached = 16,
    /// <summary>In any way.</summary>
    All = Successful | Failed | Unfinished | Unavailable | Detached,
}

/// <summary>When and how a line names its thread.</summary>
public enum ThreadColumn
{
    /// <summary>Never.</summary>
    None,
    /// <summary><c>[pid  1234] </c> while more than one thread is known: for a terminal.</summary>
    WhenSeveral,
    /// <summary><c>[pid  1234] </c> always: for a terminal, when the target is more than one command.</summary>
    Bracketed,
    /// <summary><c>1234  </c> always: for a file.</summary>
    Plain,
}

/// <summary>Finds which of the records that are missing of a thread an incident has.</summary>
/// <param name="tid">The thread.</param>
/// <param name="first">The number of the first that is missing.</param>
/// <param name="count">How many are.</param>
/// <param name="incident">The incident's number.</param>
/// <returns>How many it has.</returns>
public delegate uint IncidentFinder(uint tid, uint first, uint count, out ulong incident);

/// <summary>How <see cref="LineView"/> lays its lines out.</summary>
public sealed record LineOptions
{
    /// <summary>The time column.</summary>
    public TimeStyle Time { get; init; }

    /// <summary>Decimals of its seconds, 0 to 9; null: as the style has them.</summary>
    public int? Decimals { get; init; }

    /// <summary>The time since the start of the line before, with so many decimals, beside the time column (strace -r); null: none.</summary>
    public int? Relative { get; init; }

    /// <summary>The thread column.</summary>
    public ThreadColumn Thread { get; init; }

    /// <summary>Each call ends with the time spent in it, <c>&lt;0.000123&gt;</c> seconds (-T).</summary>
    public bool Duration { get; init; }

    /// <summary>Where the caller's code goes on before the call's name, as far as records tell (-i).</summary>
    public bool InstructionPointer { get; init; }

    /// <summary>Decimals of that time, 0 to 9.</summary>
    public int DurationDecimals { get; init; } = 6;

    /// <summary>The call's number before its name (-n).</summary>
    public bool Number { get; init; }

    /// <summary>Which calls have lines, by how they ended.</summary>
    public CallStatuses Statuses { get; init; } = CallStatuses.All;

    /// <summary>Whether a signal has a line, by its number; null: all have.</summary>
    public Func<uint, bool>? Signals { get; init; }

    /// <summary>Writes what calls read and wrote under their lines; null: it is not written.</summary>
    public DataDump? Dump { get; init; }

    /// <summary>Whether a thread that comes into the trace is told of, as strace does it on standard error.</summary>
    public bool TellsAttached { get; init; }

    /// <summary>Whether ends of threads have no lines (-qq).</summary>
    public bool NoEnds { get; init; }

    /// <summary>Whether changes of the mode that a thread runs in have no lines.</summary>
    public bool NoModes { get; init; }

    /// <summary>The thread column, where it is shown, has the thread's name behind its number (-Y).</summary>
    public bool ThreadNames { get; init; }

    /// <summary>Names the places that calls come from: a call's line is followed by its caller's stack (-k); null: it is not.</summary>
    public IStackNames? Stacks { get; init; }

    /// <summary>The thread column also has the thread's name; it is then always shown.</summary>
    public bool Comm { get; init; }

    /// <summary>A column with the path of the thread's cgroup (v2).</summary>
    public bool Cgroup { get; init; }

    /// <summary>Names, errors and signals in colour.</summary>
    public bool Color { get; init; }

    /// <summary>Whether records that are missing were overwritten by later ones, as a flight recorder does it.</summary>
    public bool Overwrites { get; init; }

    /// <summary>Finds records that are missing and not overwritten; null: there are none.</summary>
    public IncidentFinder? InIncident { get; init; }

    /// <summary>Whether all times are written as those of the kernel's ticks: the records come from a recorder that kept no others.</summary>
    public bool Coarse { get; init; }

    /// <summary>What the clock on the wall showed.</summary>
    public WallClock Clock { get; init; } = 0;

    /// <summary>Whether calls alone have lines, and what is missing: no signals, no ends.</summary>
    public bool CallsAlone { get; init; }

    /// <summary>Says where calls' time went, for those that carry it; null: it is not said.</summary>
    public Func<Decoder, OutputWriter, SplitText>? Split { get; init; }

    /// <summary>The path of a cgroup by its id, or null; asked once for each cgroup.</summary>
    public Func<ulong, string?>? CgroupPath { get; init; }
}
