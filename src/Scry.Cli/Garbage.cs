namespace Scry.Cli;

/// <summary>What a long table leaves, and all that ended in its time: the runtime would let it wait for as much again.</summary>
internal static class Garbage
{
    private const long MuchMemory = 12 << 20;

    /// <summary>Gives it back, when there is much of it.</summary>
    public static void GiveBack()
    {
        if (GC.GetTotalMemory(forceFullCollection: false) > MuchMemory)
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
    }
}
