using Scry.Bpf;
using Scry.Wire;
using ThreadState = Scry.Wire.ThreadState;

namespace Scry.Capture;

/// <summary>The slots of traced threads, shared with the kernel: having one makes a thread a target.</summary>
internal sealed unsafe class ThreadTable
{
    private const uint Reserved = uint.MaxValue; // no tid

    private readonly ThreadSlot* _slots;
    private readonly uint _mask;
    private readonly uint _probes;
    private readonly ulong* _count;

    public ThreadTable(MappedMap slots, MappedMap globals, uint mask, bool probes)
    {
        // SAFETY: Session owns the mappings and this object; the map has mask + 1 slots.
        _slots = (ThreadSlot*)slots.Pointer;
        _count = (ulong*)globals.Pointer;
        _mask = mask;
        _probes = probes ? Layout.ThreadProbes : 1;
    }

    /// <summary>Threads that are targets now.</summary>
    public ulong Count => Volatile.Read(ref *_count);

    /// <summary>Makes a thread a target if it still lives; true also when it is one already, or has ended.</summary>
    /// <returns>False when no slot is free for it.</returns>
    public bool AddLiving(int tid, int tgid, ThreadState state)
    {
        if (!Add((uint)tid, (uint)tgid, state))
            return false;
        // Its end may have come first: then nobody else frees the slot.
        if (!Directory.Exists($"/proc/{tid}"))
            Remove((uint)tid);
        return true;
    }

    private uint Index(uint tid, uint probe) => (tid * Layout.ThreadStride + probe) & _mask;

    private bool Add(uint tid, uint tgid, ThreadState state)
    {
        if (Find(tid) != null)
            return true;
        for (uint probe = 0; probe < _probes; probe++)
        {
            uint index = Index(tid, probe);
            // SAFETY: index is masked by the number of slots less 1.
            ThreadSlot* slot = _slots + index;
            if (Interlocked.CompareExchange(ref slot->Tid, Reserved, 0) != 0)
                continue;
            slot->Tgid = tgid;
            slot->Slot = index;
            slot->Seq = 0;
            slot->Signal = 0;
            slot->State = state;
            // SAFETY: as above.
            if (probe > 0)
                Interlocked.Or(ref _slots[Index(tid, 0)].Displaced, 1u << (int)probe);
            Interlocked.Increment(ref *_count);
            Volatile.Write(ref slot->Tid, tid);
            return true;
        }
        return false;
    }

    private void Remove(uint tid)
    {
        ThreadSlot* slot = Find(tid);
        // The mark that it is displaced stays: the kernel may have given the slot away by now.
        if (slot != null && Interlocked.CompareExchange(ref slot->Tid, 0, tid) == tid)
            Interlocked.Decrement(ref *_count);
    }

    /// <summary>The threads that are targets now.</summary>
    public IReadOnlyList<(int Tid, int Tgid)> List()
    {
        var threads = new List<(int, int)>();
        for (uint index = 0; index <= _mask; index++)
        {
            // SAFETY: as in Add.
            ThreadSlot* slot = _slots + index;
            if (Volatile.Read(ref slot->Tid) is not 0 and not Reserved and var tid)
                threads.Add(((int)tid, (int)slot->Tgid));
        }
        return threads;
    }

    private ThreadSlot* Find(uint tid)
    {
        for (uint probe = 0; probe < _probes; probe++)
        {
            // SAFETY: as in Add.
            ThreadSlot* slot = _slots + Index(tid, probe);
            if (Volatile.Read(ref slot->Tid) == tid)
                return slot;
        }
        return null;
    }
}
