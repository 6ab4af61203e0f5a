using Scry.Wire;

namespace Scry.Views;

/// <summary>Turns records into output, in the order in which they are handed over.</summary>
public interface IRecordView
{
    /// <summary>
    /// Shows one record; what is malformed is skipped. The record is borrowed: nothing of it is kept.
    /// </summary>
    /// <exception cref="OutputException">The output cannot be written.</exception>
    void Write(ReadOnlySpan<byte> record);

    /// <summary>
    /// Takes note of a record that is not to be shown, so that its absence is no gap and the names in it are known.
    /// </summary>
    /// <param name="record">Borrowed, as of <see cref="Write"/>.</param>
    /// <param name="gaps">Whether records that are missing before it are shown: whether its thread is.</param>
    /// <exception cref="OutputException">The output cannot be written.</exception>
    void Skip(ReadOnlySpan<byte> record, bool gaps);

    /// <summary>Ends the output and flushes it.</summary>
    /// <exception cref="OutputException">The output cannot be written.</exception>
    void Finish(in RunSummary summary);
}

/// <summary>What a flight recorder gave up for its budget, from when to when.</summary>
/// <param name="What"><c>durations</c>, <c>memory</c>, or <c>calls</c> of a cgroup. May be hostile.</param>
/// <param name="From">Nanoseconds of CLOCK_MONOTONIC.</param>
/// <param name="To">Nanoseconds; null: it was still given up at the end.</param>
/// <param name="Cgroup">Path of the cgroup; null when there is none, or it is not known. Hostile.</param>
/// <param name="Calls">Calls of it that were not recorded; null: it was no cgroup.</param>
/// <param name="CpuShare">The share of the machine's CPU time that the recorder took before, from 0 to 1.</param>
public sealed record GivenUpSpan(string What, ulong From, ulong? To, string? Cgroup, ulong? Calls, double CpuShare);

/// <summary>What a run saw and what it lost.</summary>
public readonly ref struct RunSummary(ulong calls, ReadOnlySpan<ulong> lost, bool whole = true, ulong? covers = null)
{
    private readonly IReadOnlyList<GivenUpSpan>? _givenUp;

    /// <summary>Nanoseconds before the end of which nothing is missing, where that is not the whole run: what a flight recorder remembers.</summary>
    public readonly ulong? Covers = covers;

    /// <summary>What the flight recorder gave up meanwhile.</summary>
    public IReadOnlyList<GivenUpSpan> GivenUp
    {
        get => _givenUp ?? [];
        init => _givenUp = value;
    }

    /// <summary>Calls recorded, the lost ones not included.</summary>
    public readonly ulong Calls = calls;

    /// <summary>Records lost, by reason: the ring was full, too large, nested, no memory for state.</summary>
    public readonly ReadOnlySpan<ulong> Lost = lost;

    /// <summary>Whether nothing was lost, and the run was seen to its end.</summary>
    public bool Complete => whole && TotalLost == 0;

    /// <summary>All losses.</summary>
    public ulong TotalLost
    {
        get
        {
            ulong total = 0;
            foreach (ulong reason in Lost)
                total += reason;
            return total;
        }
    }
}
