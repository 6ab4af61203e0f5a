using System.Runtime.InteropServices;
using Scry.Targets;
using Scry.Wire;

namespace Scry.Capture;

/// <summary>What stands behind ia32's socketcall and ipc: as call__behind of call.bpf.h, for a call that is seen from outside.</summary>
internal static class BehindCall
{
    private const uint SocketCall = 102, Ipc = 117;
    private const uint Far = Layout.FarFirst;

    // <linux/net.h>, <linux/ipc.h>: numbers by the first argument; 0 where that means nothing.
    private static ReadOnlySpan<uint> Sockets => [0, 359, 361, 362, 363, Far, 367, 368, 360, Far + 1, Far + 2, 369, 371, 373, 366, 365, 370, 372, 364, 337, 345];
    private static ReadOnlySpan<byte> SocketArguments => [0, 3, 3, 3, 2, 3, 3, 3, 4, 4, 4, 6, 6, 2, 5, 5, 3, 3, 4, 5, 4];
    private static ReadOnlySpan<uint> Ipcs => [0, Far + 3, 393, 394, Far + 4, 0, 0, 0, 0, 0, 0, 400, 401, 399, 402, 0, 0, 0, 0, 0, 0, 397, 398, 395, 396];

    /// <summary>The number that a call comes through, where it is one behind another; else null.</summary>
    public static uint? Multiplexer(uint nr) => Sockets[1..].Contains(nr) ? SocketCall : nr != 0 && Ipcs.Contains(nr) ? Ipc : null;

    /// <summary>Makes the record that of the call behind, where it is one and its arguments can be read.</summary>
    public static void Resolve(ref StuckRecord record, TaskMemory memory)
    {
        if (record.Abi != Abi.Ia32 || record.Nr is not (SocketCall or Ipc))
            return;
        bool socket = record.Nr == SocketCall;
        ReadOnlySpan<uint> numbers = socket ? Sockets : Ipcs;
        uint call = socket ? (uint)record.Args[0] : (ushort)record.Args[0];
        if (call >= numbers.Length || numbers[(int)call] == 0)
            return;
        Span<uint> words = stackalloc uint[6];
        words.Clear();
        if (socket ? !Read(memory, record.Tid, record.Args[1], words[..SocketArguments[(int)call]]) : !IpcArguments(record, call, memory, words))
            return;
        record.Nr = numbers[(int)call];
        for (int i = 0; i < words.Length; i++)
            record.Args[i] = words[i];
    }

    private static bool IpcArguments(in StuckRecord record, uint call, TaskMemory memory, Span<uint> words)
    {
        uint first = (uint)record.Args[1], second = (uint)record.Args[2], third = (uint)record.Args[3], pointer = (uint)record.Args[4], fifth = (uint)record.Args[5];
        (words[0], words[1], words[2], words[3]) = call switch
        {
            1 or 11 or 21 => (first, pointer, second, third), // SEMOP, MSGSND, SHMAT
            4 => (first, pointer, second, fifth), // SEMTIMEDOP
            12 => (first, pointer, second, fifth), // MSGRCV
            14 or 24 => (first, second, pointer, 0u), // MSGCTL, SHMCTL
            22 => (pointer, 0u, 0u, 0u), // SHMDT
            _ => (first, second, third, pointer),
        };
        words[4] = call == 12 ? third : 0;
        Span<uint> behind = stackalloc uint[2];
        if (call == 3 && Read(memory, record.Tid, pointer, behind[..1])) // SEMCTL
            words[3] = behind[0];
        if (call != 12 || (uint)record.Args[0] >> 16 != 0)
            return true;
        // struct compat_ipc_kludge
        if (!Read(memory, record.Tid, pointer, behind))
            return false;
        (words[1], words[3]) = (behind[0], behind[1]);
        return true;
    }

    private static bool Read(TaskMemory memory, uint tid, ulong address, Span<uint> words) =>
        memory.Read(tid, address, MemoryMarshal.AsBytes(words)) == words.Length * sizeof(uint);
}
