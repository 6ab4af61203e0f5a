using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Scry.Wire;

/// <summary>Which system call table a number belongs to (<c>SCRY_ABI_*</c>).</summary>
public enum Abi : byte
{
    /// <summary>The 64-bit table.</summary>
    X86_64 = 0,
    /// <summary>The 32-bit table: <c>int $0x80</c>, SYSENTER and 32-bit SYSCALL.</summary>
    Ia32 = 1,
    /// <summary>The 64-bit table's numbers with bit 30 set.</summary>
    X32 = 2,
    /// <summary>arm64's table, that of include/uapi/asm-generic/unistd.h.</summary>
    Arm64 = 3,
    /// <summary>The table of 32-bit Arm (EABI), on an arm64 kernel too.</summary>
    Arm = 4,
}

/// <summary>What follows from an ABI alone.</summary>
public static class AbiExtensions
{
    extension(Abi abi)
    {
        /// <summary>Whether pointers and C's long have 32 bits in its structures; those of x32 calls are decoded as x86-64's.</summary>
        public bool Is32Bit => abi is Abi.Ia32 or Abi.Arm;

        /// <summary>Bytes of a pointer.</summary>
        public int WordSize => abi.Is32Bit ? 4 : 8;
    }
}

/// <summary>What a record is (<c>SCRY_RECORD_*</c>).</summary>
public enum RecordKind : byte
{
    /// <summary>A system call, whole: <see cref="CallRecord"/>.</summary>
    Call = 1,
    /// <summary>A thread's names: <see cref="TaskRecord"/>.</summary>
    Task = 2,
    /// <summary>A thread ended; <see cref="RecordHeader.Detail"/> is its exit code as wait(2) has it.</summary>
    Exit = 3,
    /// <summary>A signal was delivered: <see cref="SignalRecord"/>.</summary>
    Signal = 4,
    /// <summary>A thread has a CPU again: <see cref="SpanRecord"/>.</summary>
    Span = 5,
    /// <summary>A thread's sums of the scheduler: <see cref="SchedRecord"/>.</summary>
    Sched = 6,
}

/// <summary>Flags of a CALL record (<c>SCRY_CALL_*</c>).</summary>
[Flags]
public enum CallFlags : byte
{
    /// <summary>An ordinary call.</summary>
    None = 0,
    /// <summary>The thread ended in the call: no result, no duration.</summary>
    Unfinished = 0x01,
    /// <summary>The entry was not seen: attached later, or seccomp refused the call.</summary>
    NoEntry = 0x02,
    /// <summary>Captured memory did not all fit.</summary>
    Truncated = 0x04,
    /// <summary>Synthesized at the end of a run: the thread is still in the call.</summary>
    InFlight = 0x08,
    /// <summary>The duration is off by up to a tick of the kernel (1 to 10 ms).</summary>
    Coarse = 0x10,
    /// <summary>Memory that was wanted at entry could not be read at exit either.</summary>
    Unread = 0x20,
    /// <summary>It came through another number: ia32's socketcall or ipc.</summary>
    Behind = 0x40,
}

/// <summary>Why a TASK record was written (<c>SCRY_TASK_*</c>).</summary>
[Flags]
public enum TaskFlags : byte
{
    /// <summary>No reason given.</summary>
    None = 0,
    /// <summary>The thread's first record.</summary>
    First = 0x01,
    /// <summary>It was just created; its parent is traced.</summary>
    Fork = 0x02,
    /// <summary>It executed another program.</summary>
    Exec = 0x04,
    /// <summary>Its comm changed.</summary>
    Rename = 0x08,
    /// <summary>Told again, since what told it before may have been overwritten.</summary>
    Again = 0x10,
}

/// <summary>What every record begins with (<c>struct scry_record</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct RecordHeader
{
    /// <summary>Nanoseconds of CLOCK_MONOTONIC; of a CALL: at its exit.</summary>
    public ulong Time;
    /// <summary>Bytes of the whole record, a multiple of 8.</summary>
    public uint Size;
    /// <summary>Thread group id (the process) in the pid namespace of the run.</summary>
    public uint Tgid;
    /// <summary>Thread id in the pid namespace of the run.</summary>
    public uint Tid;
    /// <summary>Number among this thread's records, from 0; it counts on when a record is lost.</summary>
    public uint Seq;
    /// <summary>CALL: syscall number; EXIT: exit code as wait(2) has it; SIGNAL: signal number.</summary>
    public uint Detail;
    /// <summary>What the record is.</summary>
    public RecordKind Kind;
    /// <summary><see cref="CallFlags"/>, <see cref="TaskFlags"/> or 1 on an EXIT of a process's last thread.</summary>
    public byte Flags;
    /// <summary>Of a CALL: the table its number belongs to.</summary>
    public Abi Abi;
    /// <summary>Of a CALL: how many arguments follow.</summary>
    public byte ArgCount;
}

/// <summary>The fixed part of a CALL (<c>struct scry_call</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CallFixed
{
    /// <summary>The header.</summary>
    public RecordHeader Header;
    /// <summary>Nanoseconds from entry to exit; 0 when the entry was not seen.</summary>
    public ulong Duration;
    /// <summary>The result register: a value, or a negative errno in -4095..-1.</summary>
    public long Result;
}

/// <summary>When captured memory was read (<c>SCRY_PHASE_*</c>).</summary>
public enum CapturePhase : byte
{
    /// <summary>At the call's entry.</summary>
    Entry = 0,
    /// <summary>At the call's exit.</summary>
    Exit = 1,
    /// <summary>Wanted at entry, not resident then, read at exit.</summary>
    Retry = 2,
    /// <summary>Read from outside after the call: its memory as it was then.</summary>
    Late = 3,
}

/// <summary>The head of one captured piece of memory (<c>struct scry_capture</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CaptureHeader
{
    /// <summary>Where it stood in the traced task.</summary>
    public ulong Address;
    /// <summary>Bytes of data that follow, before padding to 8.</summary>
    public uint Length;
    /// <summary>The argument by which it was reached.</summary>
    public byte Arg;
    /// <summary>When it was read.</summary>
    public CapturePhase Phase;
    /// <summary>What the data is.</summary>
    public CaptureFlags Flags;
    /// <summary>Padding.</summary>
    public byte Pad;
}

/// <summary>A thread's names (<c>struct scry_task</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct TaskRecord
{
    /// <summary>The header; its flags are <see cref="TaskFlags"/>.</summary>
    public RecordHeader Header;
    /// <summary>Id (inode number) of its cgroup in the v2 hierarchy.</summary>
    public ulong CgroupId;
    /// <summary>Thread group id of its real parent.</summary>
    public uint ParentTgid;
    /// <summary>Effective user id.</summary>
    public uint Uid;
    /// <summary>The thread's name, NUL-padded; hostile text.</summary>
    public CommBytes Comm;
}

/// <summary>A thread's name as the kernel keeps it (TASK_COMM_LEN), NUL-padded; hostile text.</summary>
[InlineArray(16)]
public struct CommBytes
{
    private byte _first;

    /// <summary>The name without its padding.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public readonly ReadOnlySpan<byte> Text
    {
        get
        {
            ReadOnlySpan<byte> whole = this;
            int end = whole.IndexOf((byte)0);
            return end < 0 ? whole : whole[..end];
        }
    }
}

/// <summary>A delivered signal (<c>struct scry_signal</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SignalRecord
{
    /// <summary>The header; its detail is the signal's number.</summary>
    public RecordHeader Header;
    /// <summary>siginfo_t.si_errno.</summary>
    public int Errno;
    /// <summary>siginfo_t.si_code.</summary>
    public int Code;
    /// <summary>siginfo_t from offset 16, as 64-bit kernels have it.</summary>
    public FieldWords Fields;

    /// <summary>32 bytes of siginfo's union.</summary>
    [InlineArray(4)]
    public struct FieldWords
    {
        private ulong _first;
    }
}

/// <summary>
/// A CALL record, borrowed from a ring or a file: valid until the reader moves on. All reads are
/// bounds-checked; a record that contradicts itself reads as having no (further) captures.
/// </summary>
public readonly ref struct CallRecord
{
    private readonly ReadOnlySpan<byte> _bytes;
    private readonly int _captures;

    /// <summary>Views <paramref name="record"/>, which must hold at least <see cref="CallFixed"/>.</summary>
    public CallRecord(ReadOnlySpan<byte> record)
    {
        _bytes = record;
        int args = Math.Min((int)Fixed.Header.ArgCount, 6);
        _captures = Math.Min(Unsafe.SizeOf<CallFixed>() + args * sizeof(ulong), record.Length);
    }

    /// <summary>The fixed part.</summary>
    public ref readonly CallFixed Fixed => ref MemoryMarshal.AsRef<CallFixed>(_bytes);

    /// <summary>The header.</summary>
    public ref readonly RecordHeader Header => ref Fixed.Header;

    /// <summary>The syscall number, without x32's bit.</summary>
    public uint Nr => Header.Detail;

    /// <summary>The call's flags.</summary>
    public CallFlags Flags => (CallFlags)Header.Flags;

    /// <summary>A tick of the kernel lasts so many nanoseconds at most: HZ is 100 or more.</summary>
    public const ulong LongestTick = 10_000_000;

    /// <summary>Whether its begin, and with that its duration, is known by the kernel's ticks alone: off by up to <see cref="LongestTick"/>.</summary>
    public bool IsCoarse => (Flags & (CallFlags.Coarse | CallFlags.NoEntry)) == CallFlags.Coarse;

    /// <summary>The result register.</summary>
    public long Result => Fixed.Result;

    /// <summary>The argument registers that the call uses, at most 6.</summary>
    public ReadOnlySpan<ulong> Args =>
        MemoryMarshal.Cast<byte, ulong>(_bytes[Unsafe.SizeOf<CallFixed>().._captures]);

    /// <summary>The captured memory, in the order in which it was read.</summary>
    public CaptureEnumerator GetEnumerator() => new(_bytes[_captures..]);

    /// <summary>
    /// The captured bytes at <paramref name="address"/> as they were at <paramref name="phase"/> (a
    /// read that was put off to the exit counts as entry's). A capture that begins before the address and
    /// reaches it serves too.
    /// </summary>
    /// <param name="address">Where it stood.</param>
    /// <param name="phase">When.</param>
    /// <param name="data">The bytes from there on.</param>
    /// <param name="late">Whether what was put off to the exit will do: not for what the call may have changed by then.</param>
    /// <returns>False when nothing was captured there; the bytes may be fewer than the object has.</returns>
    public bool TryRead(ulong address, CapturePhase phase, out ReadOnlySpan<byte> data, bool late = true)
    {
        foreach (Capture capture in this)
        {
            if (capture.Header.Phase > CapturePhase.Exit && !late)
                continue;
            bool atExit = capture.Header.Phase == CapturePhase.Exit;
            ulong offset = address - capture.Header.Address;
            if (atExit == (phase == CapturePhase.Exit) && capture.Header.Flags == CaptureFlags.None
                && (offset < (ulong)capture.Data.Length || offset == 0))
            {
                data = capture.Data[(int)offset..];
                return true;
            }
        }
        data = default;
        return false;
    }

    /// <summary>Whether some of its memory was read after the call.</summary>
    public bool HasLate
    {
        get
        {
            foreach (Capture capture in this)
            {
                if (capture.Header.Phase == CapturePhase.Late)
                    return true;
            }
            return false;
        }
    }

    /// <summary>The data of its first capture that is no memory of the caller, but of such a sort; empty when it has none.</summary>
    public Capture Find(CaptureFlags sort)
    {
        foreach (Capture capture in this)
        {
            if ((capture.Header.Flags & sort) != 0)
                return capture;
        }
        return default;
    }

    /// <summary>What a descriptor stood for.</summary>
    /// <param name="fd">The descriptor, or AT_FDCWD.</param>
    /// <param name="phase">After the call, or before it.</param>
    /// <param name="arg">The argument by which it is reached, where another may be one of another process; negative: any.</param>
    /// <param name="facts">What is known of it.</param>
    /// <param name="text">The components of its path, the last one first, each with a NUL; the address of a unix socket behind that.</param>
    /// <returns>False when that was not asked for, or there was no such descriptor.</returns>
    public bool TryFile(int fd, CapturePhase phase, int arg, out FileFacts facts, out ReadOnlySpan<byte> text)
    {
        facts = default;
        text = default;
        foreach (Capture capture in this)
        {
            if (capture.Header.Flags != CaptureFlags.File || (int)capture.Header.Address != fd || capture.Data.Length < Unsafe.SizeOf<FileFacts>())
                continue;
            if ((capture.Header.Phase == CapturePhase.Exit) != (phase == CapturePhase.Exit) || (arg >= 0 && capture.Header.Arg != arg))
                continue;
            facts = MemoryMarshal.Read<FileFacts>(capture.Data);
            text = capture.Data[Unsafe.SizeOf<FileFacts>()..];
            return true;
        }
        return false;
    }

    /// <summary>Where the caller's code goes on after the call.</summary>
    /// <returns>False when that was not asked for.</returns>
    public bool TryInstructionPointer(out ulong address)
    {
        foreach (Capture capture in this)
        {
            if (capture.Header.Flags == CaptureFlags.Ip)
            {
                address = capture.Header.Address;
                return true;
            }
        }
        address = 0;
        return false;
    }

    /// <summary>Where its time went.</summary>
    /// <returns>False when that was not asked for.</returns>
    public bool TrySplit(out CallSplit split)
    {
        ReadOnlySpan<byte> data = Find(CaptureFlags.Split).Data;
        split = data.Length >= Unsafe.SizeOf<CallSplit>() ? MemoryMarshal.Read<CallSplit>(data) : default;
        return data.Length >= Unsafe.SizeOf<CallSplit>();
    }

    /// <summary>Its long waits.</summary>
    /// <returns>False when there were none, or they were not looked at.</returns>
    public bool TryWaits(out CallWaits waits)
    {
        ReadOnlySpan<byte> data = Find(CaptureFlags.Waits).Data;
        waits = data.Length >= Unsafe.SizeOf<CallWaits>() ? MemoryMarshal.Read<CallWaits>(data) : default;
        return data.Length >= Unsafe.SizeOf<CallWaits>();
    }

    /// <summary>The number of entries of the NULL-ended pointer array at <paramref name="address"/>, if counted.</summary>
    public bool TryCount(ulong address, out ulong count)
    {
        foreach (Capture capture in this)
        {
            if (capture.Header.Address == address && capture.Header.Flags == CaptureFlags.Count && capture.Data.Length >= 8)
            {
                count = MemoryMarshal.Read<ulong>(capture.Data);
                return true;
            }
        }
        count = 0;
        return false;
    }
}

/// <summary>One captured piece of memory.</summary>
public readonly ref struct Capture(ref readonly CaptureHeader header, ReadOnlySpan<byte> data)
{
    /// <summary>Its head.</summary>
    public readonly ref readonly CaptureHeader Header = ref header;
    /// <summary>Its bytes.</summary>
    public readonly ReadOnlySpan<byte> Data = data;
}

/// <summary>Walks the captures of a CALL.</summary>
public ref struct CaptureEnumerator(ReadOnlySpan<byte> bytes)
{
    private ReadOnlySpan<byte> _rest = bytes;

    /// <summary>The current capture.</summary>
    public Capture Current { get; private set; }

    /// <summary>Moves on; false at the end, or where the record contradicts itself.</summary>
    public bool MoveNext()
    {
        int head = Unsafe.SizeOf<CaptureHeader>();
        if (_rest.Length < head)
            return false;
        ref readonly CaptureHeader header = ref MemoryMarshal.AsRef<CaptureHeader>(_rest);
        if (header.Length > (uint)(_rest.Length - head))
            return false;
        int length = (int)header.Length;
        Current = new Capture(in header, _rest.Slice(head, length));
        _rest = _rest[Math.Min(_rest.Length, head + ((length + 7) & ~7))..];
        return true;
    }
}
