using System.Runtime.InteropServices;

namespace Scry.Targets;

/// <summary>Who holds a futex, as far as its word or the C library's structure around it tells.</summary>
internal sealed class FutexHolders(ReadMemory memory)
{
    // <linux/futex.h>
    private const int Wait = 0, LockPi = 6, WaitBitset = 9, WaitRequeuePi = 11, LockPi2 = 13, CommandMask = 0x7f;
    private const uint Waiters = 0x80000000, TidMask = 0x3fffffff;
    // struct __pthread_mutex_s of glibc: lock, count, owner, nusers, and of 32-bit programs kind before nusers; a lock with waiters is 2.
    private const int MutexBytes = 20, OwnerOffset = 8, UsersOffset = 12, UsersOffset32 = 16;
    private const uint LockedWithWaiters = 2;

    /// <summary>Looks at the word of a futex call; empty when nothing is known.</summary>
    public IEnumerable<Holder> Find(BlockedCall call)
    {
        int command = (int)call.Args[1] & CommandMask;
        if (command is not (Wait or LockPi or WaitBitset or WaitRequeuePi or LockPi2))
            yield break;
        Span<byte> bytes = stackalloc byte[MutexBytes];
        bytes.Clear();
        int got = memory(call.Tid, call.Args[0], bytes);
        if (got < 4)
            yield break;
        uint word = MemoryMarshal.Read<uint>(bytes), expected = (uint)call.Args[2];
        if (Owner(call, command, word, expected, got == MutexBytes ? bytes : []) is { } holder)
            yield return holder;
    }

    private static Holder? Owner(BlockedCall call, int command, uint word, uint expected, ReadOnlySpan<byte> mutex)
    {
        if (command is LockPi or LockPi2)
            return Thread(call, word & TidMask, elsewhere: true) is { } owner ? new Holder("futex_owner", "futex owned by", [owner]) : null;
        if (command is not (Wait or WaitBitset) || word != expected)
            return null;
        // pthread_join: the kernel clears that word when the thread ends.
        if (Thread(call, word, elsewhere: false) is { } joined)
            return new Holder("thread", "waits for the end of", [joined], "likely: the word is its tid");
        // A robust mutex has its owner's tid in the word.
        if ((word & Waiters) != 0 && Thread(call, word & TidMask, elsewhere: false) is { } robust)
            return new Holder("futex_owner", "futex owned by", [robust], "likely: its tid is in the word");
        if (word == LockedWithWaiters && mutex.Length > 0 && MemoryMarshal.Read<uint>(mutex[(call.Word == 4 ? UsersOffset32 : UsersOffset)..]) != 0
            && Thread(call, MemoryMarshal.Read<uint>(mutex[OwnerOffset..]), elsewhere: true) is { } likely)
        {
            return new Holder("futex_owner", "mutex owned by", [likely], "likely: glibc's owner field");
        }
        return null;
    }

    // A thread by the number that the caller's pid namespace gives it; never the caller itself.
    private static HolderTask? Thread(BlockedCall call, uint id, bool elsewhere)
    {
        if (id is 0 or > int.MaxValue)
            return null;
        bool initial = Tasks.OwnIdOf(call.Tid) == call.Tid;
        int? found = initial
            ? Directory.Exists($"/proc/{call.Tgid}/task/{id}") ? (int)id : null
            : Tasks.TryThreadsOf(call.Tgid).Where(tid => Tasks.OwnIdOf(tid) == (int)id).Select(tid => (int?)tid).FirstOrDefault();
        // A mutex may lie in memory that processes share.
        if (found is null && initial && elsewhere && Tasks.ProcessOf((int)id) is not null)
            found = (int)id;
        return found is { } tid && tid != call.Tid ? Holders.Task(Tasks.ProcessOf(tid) ?? call.Tgid, tid) : null;
    }
}
