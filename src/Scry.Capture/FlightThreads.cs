using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Bpf;
using Scry.Targets;
using Scry.Wire;
using ThreadState = Scry.Wire.ThreadState;

namespace Scry.Capture;

/// <summary>The calls that a flight recorder's threads are in, read beside the kernel.</summary>
internal static unsafe class FlightThreads
{
    public static void ForEach(MappedMap threads, MappedMap stages, int count, int stageSize, Func<Abi, uint, int> argumentCount, RecordHandler handler)
    {
        // SAFETY: the maps have count slots and as many stages of stageSize bytes, rounded up to 8.
        var slots = (ThreadSlot*)threads.Pointer;
        int stride = (stageSize + 7) & ~7;
        var buffer = new byte[Unsafe.SizeOf<CallFixed>() + 6 * sizeof(ulong) + stageSize];
        for (int index = 0; index < count; index++)
        {
            // In that order: the kernel side counts a call's record before the next one begins, and sets the flag last.
            uint tid = Volatile.Read(ref slots[index].Tid), seq = Volatile.Read(ref slots[index].Seq);
            if (tid == 0 || (slots[index].State & ThreadState.InCall) == 0)
                continue;
            ThreadSlot slot = Copy(slots + index);
            int staged = slot.Depot == 0 ? Math.Min(slot.Staged, stageSize) & ~7 : 0;
            int args = Math.Min(argumentCount(slot.Abi, slot.Nr), 6);
            int size = Unsafe.SizeOf<CallFixed>() + args * sizeof(ulong) + staged;
            Span<byte> record = buffer.AsSpan(0, size);
            Fill(record, in slot, args);
            new ReadOnlySpan<byte>(stages.Pointer + (long)index * stride, staged).CopyTo(record[(size - staged)..]);
            Interlocked.MemoryBarrier();
            // It went on meanwhile: then the call is over, and has a record.
            ThreadSlot after = Copy(slots + index);
            if ((after.State & ThreadState.InCall) != 0 && after.Tid == tid && after.Seq == seq && after.Start == slot.Start && after.Nr == slot.Nr)
                handler(record);
        }
    }

    /// <summary>The same of a recorder that sees exits alone, as its iterator wrote them. What is behind pointers is not known.</summary>
    public static void ForEachPending(ReadOnlySpan<byte> heads, Func<Abi, uint, int> argumentCount, RecordHandler handler)
    {
        Span<byte> record = stackalloc byte[Unsafe.SizeOf<CallFixed>() + 6 * sizeof(ulong)];
        for (; heads.Length >= StuckTasks.HeadSize; heads = heads[StuckTasks.HeadSize..])
        {
            StuckRecord from = default;
            heads[..StuckTasks.HeadSize].CopyTo(MemoryMarshal.AsBytes(new Span<StuckRecord>(ref from)));
            var slot = new ThreadSlot { Tid = from.Tid, Tgid = from.Tgid, Seq = (uint)from.Switches, Nr = from.Nr, Abi = from.Abi, Flags = CallFlags.NoEntry };
            ((ReadOnlySpan<ulong>)from.Args).CopyTo(slot.Args);
            int args = Math.Min(argumentCount(from.Abi, from.Nr), 6);
            Span<byte> whole = record[..(Unsafe.SizeOf<CallFixed>() + args * sizeof(ulong))];
            Fill(whole, in slot, args);
            handler(whole);
        }
    }

    private static ThreadSlot Copy(ThreadSlot* slot)
    {
        Interlocked.MemoryBarrier();
        return *slot;
    }

    private static void Fill(Span<byte> record, in ThreadSlot slot, int args)
    {
        ulong now = KernelClock.Now;
        ref CallFixed call = ref MemoryMarshal.AsRef<CallFixed>(record);
        call = default;
        call.Header.Time = now;
        call.Header.Size = (uint)record.Length;
        call.Header.Tgid = slot.Tgid;
        call.Header.Tid = slot.Tid;
        call.Header.Seq = slot.Seq;
        call.Header.Detail = slot.Nr;
        call.Header.Kind = RecordKind.Call;
        call.Header.Flags = (byte)(slot.Flags | CallFlags.Unfinished | CallFlags.InFlight);
        call.Header.Abi = slot.Abi;
        call.Header.ArgCount = (byte)args;
        call.Duration = slot.Start != 0 && now > slot.Start ? now - slot.Start : 0;
        MemoryMarshal.AsBytes(((ReadOnlySpan<ulong>)slot.Args)[..args]).CopyTo(record[Unsafe.SizeOf<CallFixed>()..]);
    }
}
