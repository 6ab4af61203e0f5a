namespace Scry.Capture;

/// <summary>What was given back of a pool, for the kernel to take again: FREED in row.bpf.h. Giving back is a write to memory.</summary>
/// <param name="entries">The map's values; this side alone writes all but the first.</param>
/// <param name="size">Entries of the pool.</param>
internal sealed unsafe class FreedRing(ulong* entries, uint size)
{
    /// <summary>Entries before the ring: how many were taken, how many given.</summary>
    public const int Head = 2;

    /// <summary>Gives one back, that nobody uses any more.</summary>
    public void Give(uint index)
    {
        ulong given = entries[1];
        // SAFETY: the map has size entries after the head. All that the pool has fits: nothing is overwritten that was not taken.
        entries[Head + given % size] = index;
        Volatile.Write(ref entries[1], given + 1);
    }
}
