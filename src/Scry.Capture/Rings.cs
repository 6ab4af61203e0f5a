using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Bpf;
using Scry.Targets;
using Scry.Wire;

namespace Scry.Capture;

/// <summary>Takes one record, borrowed from a ring: its bytes are valid during the call only.</summary>
public delegate void RecordHandler(ReadOnlySpan<byte> record);

/// <summary>
/// The rings of all CPUs as one stream in order of time. A ring's data is written by the kernel only, its
/// tail and bell by this reader only.
/// </summary>
internal sealed unsafe class Rings
{
    // A program holds its ring for about a microsecond; longer means that its CPU was taken away.
    private static readonly long s_busyTicks = Stopwatch.Frequency / 2000;

    // Room is given back in pieces, so that a long drain does not starve the writers.
    private const ulong GiveBack = 64 * 1024;

    private readonly byte* _base;
    private readonly long _stride;
    private readonly ulong _mask;
    private readonly Cursor[] _cursors;

    private struct Cursor
    {
        public ulong Position;
        public ulong Head;
        public ulong Time;
    }

    /// <summary>Reads from <paramref name="map"/>, whose values are <paramref name="stride"/> bytes apart.</summary>
    public Rings(MappedMap map, int cpus, long stride, long ringSize)
    {
        // SAFETY: the mapping outlives this object (Session owns both); all reads below stay inside
        // cpus * stride bytes, which the constructor's caller has mapped.
        _base = map.Pointer;
        _stride = stride;
        _mask = (ulong)ringSize - 1;
        _cursors = new Cursor[cpus];
    }

    /// <summary>Number of rings.</summary>
    public int Count => _cursors.Length;

    // SAFETY: cpu is an index of _cursors; each ring begins with a header of one page.
    private RingHeader* Header(int cpu) => (RingHeader*)(_base + cpu * _stride);

    /// <summary>Sum over all CPUs of the records written of a kind.</summary>
    public ulong Written(RecordKind kind)
    {
        ulong sum = 0;
        for (int cpu = 0; cpu < Count; cpu++)
            sum += Volatile.Read(ref Header(cpu)->Records[(int)kind]);
        return sum;
    }

    /// <summary>Sum over all CPUs of the records lost for a reason.</summary>
    public ulong Lost(LossReason reason)
    {
        ulong sum = 0;
        for (int cpu = 0; cpu < Count; cpu++)
            sum += Volatile.Read(ref Header(cpu)->Lost[(int)reason]);
        return sum;
    }

    /// <summary>Sets when the kernel rings the bell; true when there is nothing to read now.</summary>
    public bool Arm(BellMode mode)
    {
        bool empty = true;
        for (int cpu = 0; cpu < Count; cpu++)
        {
            RingHeader* header = Header(cpu);
            Volatile.Write(ref Unsafe.As<BellMode, uint>(ref header->Idle), (uint)mode);
            Interlocked.MemoryBarrier();
            empty &= Volatile.Read(ref header->Head) == _cursors[cpu].Position;
        }
        return empty;
    }

    /// <summary>
    /// Hands over every record that was written before now, oldest first. A record of one thread never comes
    /// before an earlier one of the same thread, whatever the CPUs it ran on.
    /// </summary>
    /// <returns>The number of records.</returns>
    public int Drain(RecordHandler handler)
    {
        ulong horizon = KernelClock.Now;
        for (int cpu = 0; cpu < Count; cpu++)
            TakeHead(cpu, horizon);

        int count = 0;
        while (true)
        {
            int first = -1;
            ulong limit = ulong.MaxValue;
            for (int cpu = 0; cpu < Count; cpu++)
            {
                ulong time = _cursors[cpu].Time;
                if (first < 0 || time < _cursors[first].Time)
                {
                    if (first >= 0)
                        limit = _cursors[first].Time;
                    first = cpu;
                }
                else if (time < limit)
                {
                    limit = time;
                }
            }
            if (first < 0 || _cursors[first].Time == ulong.MaxValue)
                return count;
            count += DrainOne(first, limit, horizon, handler);
        }
    }

    // Hands over this ring's records up to the time at which another ring has an older one.
    private int DrainOne(int cpu, ulong limit, ulong horizon, RecordHandler handler)
    {
        ref Cursor cursor = ref _cursors[cpu];
        RingHeader* header = Header(cpu);
        byte* data = (byte*)header + Layout.RingHeader;
        ulong given = cursor.Position;
        int count = 0;
        do
        {
            // SAFETY: a position below the head begins a record, which lies whole within the ring and
            // the room for one largest record behind it (wire.h); Next has checked its size.
            byte* record = data + (cursor.Position & _mask);
            uint size = ((RecordHeader*)record)->Size;
            handler(new ReadOnlySpan<byte>(record, (int)size));
            cursor.Position += size;
            count++;
            Next(ref cursor, data, horizon);
            if (cursor.Position - given >= GiveBack)
            {
                given = cursor.Position;
                Volatile.Write(ref header->Tail, given);
            }
        } while (cursor.Time <= limit && cursor.Time != ulong.MaxValue);
        Volatile.Write(ref header->Tail, cursor.Position);
        return count;
    }

    // Reads a ring's head such that no record older than the horizon can still appear behind it.
    private void TakeHead(int cpu, ulong horizon)
    {
        RingHeader* header = Header(cpu);
        if (Volatile.Read(ref header->Busy) != 0)
        {
            long until = Stopwatch.GetTimestamp() + s_busyTicks;
            while (Volatile.Read(ref header->Busy) != 0 && Stopwatch.GetTimestamp() < until)
                Thread.SpinWait(20);
        }
        ref Cursor cursor = ref _cursors[cpu];
        cursor.Head = Volatile.Read(ref header->Head);
        Next(ref cursor, (byte*)header + Layout.RingHeader, horizon);
    }

    // The time of the record at the cursor, or MaxValue when there is none to hand over yet.
    private void Next(ref Cursor cursor, byte* data, ulong horizon)
    {
        cursor.Time = ulong.MaxValue;
        if (cursor.Position >= cursor.Head)
            return;
        // SAFETY: see DrainOne; a header's 32 bytes lie within the ring and its tail room.
        RecordHeader* record = (RecordHeader*)(data + (cursor.Position & _mask));
        if (record->Size < (uint)sizeof(RecordHeader) || record->Size > Layout.MaxRecord || (record->Size & 7) != 0)
            throw new InvalidDataException($"a record of {record->Size} bytes in a ring: kernel and user space disagree");
        if (record->Time <= horizon)
            cursor.Time = record->Time;
    }
}
