namespace Scry.Stacks;

/// <summary>Code at some addresses of a process.</summary>
/// <param name="Start">The first address.</param>
/// <param name="End">The first one behind it.</param>
/// <param name="Offset">Where in the file it begins.</param>
/// <param name="Name">What is mapped: a path, <c>[vdso]</c>, <c>[anon]</c>; hostile.</param>
/// <param name="File">The file; null when it is none.</param>
internal sealed record Mapping(ulong Start, ulong End, ulong Offset, string Name, MappedFile? File);

/// <summary>What a process has mapped as code, from one execve to the next, by time: a stack is read with what was mapped then.</summary>
internal sealed class ProcessImage(uint tgid, ulong from, Mapping[] mappings)
{
    private const int MostVersions = 64;

    private readonly List<(ulong Time, Mapping[] Mappings)> _versions = [(from, mappings)];

    /// <summary>Its process.</summary>
    public uint Tgid { get; } = tgid;

    /// <summary>When it began, of CLOCK_MONOTONIC; 0: before anybody looked.</summary>
    public ulong From { get; } = from;

    /// <summary>How often the worker failed at its stacks.</summary>
    public int Failures { get; set; }

    /// <summary>The names of code that was made at run time; null when nobody has looked for them.</summary>
    public PerfMap? PerfMap { get; set; }

    /// <summary>That of which it is a copy, by fork: its perf map names what was made before.</summary>
    public ProcessImage? Parent { get; init; }

    /// <summary>The latest mappings, sorted by address.</summary>
    public Mapping[] Latest => _versions[^1].Mappings;

    /// <summary>The mappings at a time, sorted by address; of one before all that is known the earliest.</summary>
    public Mapping[] At(ulong time)
    {
        int at = _versions.Count - 1;
        while (at > 0 && _versions[at].Time > time)
            at--;
        return _versions[at].Mappings;
    }

    /// <summary>Code was mapped: what was there before is not any more.</summary>
    public void Add(ulong time, Mapping mapping)
    {
        Mapping[] before = Latest;
        if (before.Length >= ProcMaps.MostMappings)
            return;
        var after = new List<Mapping>(before.Length + 2);
        bool placed = false;
        foreach (Mapping old in before)
        {
            if (old.Start < mapping.Start)
                after.Add(old.End <= mapping.Start ? old : old with { End = mapping.Start });
            if (old.End > mapping.Start && !placed || old.Start >= mapping.End && !placed)
            {
                after.Add(mapping);
                placed = true;
            }
            if (old.End > mapping.End)
                after.Add(old.Start >= mapping.End ? old : old with { Start = mapping.End, Offset = old.Offset + (mapping.End - old.Start) });
        }
        if (!placed)
            after.Add(mapping);
        Set(time, [.. after]);
    }

    /// <summary>All of it was read anew.</summary>
    public void Set(ulong time, Mapping[] mappings)
    {
        // One after the other as they come, also where a CPU tells late.
        _versions.Add((Math.Max(time, _versions[^1].Time), mappings));
        if (_versions.Count > MostVersions)
            _versions.RemoveRange(0, MostVersions / 2);
    }

    /// <summary>The mapping of an address; null: there is none.</summary>
    public static Mapping? Find(Mapping[] mappings, ulong address)
    {
        int low = 0, high = mappings.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (mappings[middle].Start <= address)
                low = middle + 1;
            else
                high = middle;
        }
        return low > 0 && address < mappings[low - 1].End ? mappings[low - 1] : null;
    }
}
