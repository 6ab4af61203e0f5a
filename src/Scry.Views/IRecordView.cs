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

/// <summary>What a run saw and what it lost.</summary>
public readonly ref struct RunSummary(ulong calls, ReadOnlySpan<ulong> lost, bool whole = true, ulong? covers = null)
{
    /// <summary>Nanoseconds before the end of which nothing is missing, where that is not the whole run: what a flight recorder remembers.</summary>
    public readonly ulong? Covers = covers;

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
