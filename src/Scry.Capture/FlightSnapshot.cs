using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Bpf;
using Scry.Wire;

namespace Scry.Capture;

/// <summary>A copy of a flight recorder's records, in order of time.</summary>
public sealed class FlightSnapshot
{
    private readonly byte[] _bytes;
    private readonly Place[] _places;
    private readonly int _count;

    private FlightSnapshot(byte[] bytes, Place[] places, int count, List<(ulong Time, long Offset)> clocks)
    {
        (_bytes, _places, _count) = (bytes, places, count);
        clocks.Sort();
        Clocks = clocks;
    }

    // What was first in a segment stays first: a thread's names have the time of the call that follows them.
    private readonly record struct Place(ulong Time, int Offset) : IComparable<Place>
    {
        public int CompareTo(Place other) => Time != other.Time ? Time.CompareTo(other.Time) : Offset.CompareTo(other.Offset);
    }

    /// <summary>Number of records.</summary>
    public int Count => _count;

    /// <summary>In order of time, nanoseconds of CLOCK_MONOTONIC and what was to be added to have CLOCK_TAI: one for each piece of memory.</summary>
    public IReadOnlyList<(ulong Time, long Offset)> Clocks { get; }

    /// <summary>Lends every record, oldest first; the copies stay valid as long as the snapshot.</summary>
    public void ForEach(RecordHandler handler)
    {
        for (int i = 0; i < _count; i++)
            handler(At(_places[i].Offset));
    }

    internal static unsafe FlightSnapshot Take(MappedMap arena, MappedMap segments, int count, IReadOnlyCollection<FlightGroup> groups, ulong from)
    {
        HashSet<uint> serials = [.. groups.Select(group => group.Serial)];
        byte[] bytes = GC.AllocateUninitializedArray<byte>((int)Math.Min(arena.Length, groups.Sum(group => group.Bytes) + 64L * Layout.SegmentSize));
        var places = new Place[1024];
        var clocks = new List<(ulong, long)>();
        int length = 0, found = 0;
        // SAFETY: the maps have at least count segments of SegmentSize bytes; what is read of a segment is at most that.
        var headers = (SegmentHeader*)segments.Pointer;
        for (int index = 0; index < count; index++)
        {
            SegmentHeader* header = headers + index;
            ulong number = Volatile.Read(ref header->Number);
            uint serial = Volatile.Read(ref header->Serial);
            uint used = Math.Min(Volatile.Read(ref header->Used), Layout.SegmentSize);
            if (number == 0 || used == 0 || !serials.Contains(serial) || header->Last < from)
                continue;
            if (length + used > bytes.Length)
                Array.Resize(ref bytes, (int)Math.Min(Array.MaxLength, 2L * bytes.Length + Layout.SegmentSize));
            new ReadOnlySpan<byte>(arena.Pointer + (long)index * Layout.SegmentSize, (int)used).CopyTo(bytes.AsSpan(length));
            (ulong First, long Tai) clock = (header->First, header->Tai);
            Interlocked.MemoryBarrier();
            // Given to another use meanwhile: the copy is void, and what it was is overwritten.
            if (Volatile.Read(ref header->Number) != number)
                continue;
            Index(bytes.AsSpan(0, length + (int)used), length, from, ref places, ref found);
            clocks.Add(clock);
            length += (int)used;
        }
        Array.Sort(places, 0, found);
        return new FlightSnapshot(bytes, places, found, clocks);
    }

    private static void Index(ReadOnlySpan<byte> bytes, int at, ulong from, ref Place[] places, ref int found)
    {
        while (at + Unsafe.SizeOf<RecordHeader>() <= bytes.Length)
        {
            ref readonly RecordHeader record = ref MemoryMarshal.AsRef<RecordHeader>(bytes[at..]);
            if (record.Size < Unsafe.SizeOf<RecordHeader>() || (record.Size & 7) != 0 || record.Size > bytes.Length - at)
                throw new InvalidDataException($"a record of {record.Size} bytes in a segment: kernel and user space disagree");
            // Names are kept whatever their time: later records need them.
            if (record.Time >= from || record.Kind == RecordKind.Task)
            {
                if (found == places.Length)
                    Array.Resize(ref places, 2 * found);
                places[found++] = new Place(record.Time, at);
            }
            at += (int)record.Size;
        }
    }

    private ReadOnlySpan<byte> At(int offset) =>
        _bytes.AsSpan(offset, (int)MemoryMarshal.AsRef<RecordHeader>(_bytes.AsSpan(offset)).Size);
}
