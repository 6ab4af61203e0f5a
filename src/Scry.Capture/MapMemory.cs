using Scry.Bpf;
using Scry.Targets;

namespace Scry.Capture;

/// <summary>What maps take of the memory that is left: where that is little, defaults are smaller.</summary>
internal static class MapMemory
{
    private const uint Array = 2; // BPF_MAP_TYPE_ARRAY: its values are allocated when it is made

    /// <summary>What loading takes besides maps: the verifier's states, the kernel's types as libbpf reads them, what this process grows by.</summary>
    public const long Loading = 16 << 20;

    /// <summary>The same of a flight recorder, whose programs the verifier looks at for longer.</summary>
    public const long LoadingRecorder = 36 << 20;

    /// <summary>Bytes of an object's maps as they are sized now.</summary>
    public static long Of(BpfObject programs) => programs.Maps.Where(map => map.Type == Array).Sum(map => (long)map.MaxEntries * ((map.ValueSize + 7) & ~7u));

    /// <summary>Bytes that maps may take; very many when nothing limits them.</summary>
    public static long Room(long loading) => MemoryRoom.Find() is { } room ? Math.Max(0, room.Bytes - loading) : long.MaxValue;

    /// <summary>Refuses an object whose maps are too large: the kernel might end this process for it, without a word.</summary>
    /// <exception cref="TargetException">They are.</exception>
    public static void Require(BpfObject programs, long loading) => MemoryRoom.Require(Of(programs) + loading);
}
