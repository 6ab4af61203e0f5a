using System.Buffers;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Scry.Targets;
using Scry.Wire;

namespace Scry.Capture;

/// <summary>
/// The memory that a call's capture plan wants at entry, read from outside: what capture.bpf.h does in the kernel. What the caller may
/// have changed since is shown as it is now.
/// </summary>
/// <param name="memory">Reads the caller's memory.</param>
/// <param name="plans">By abi * <see cref="Layout.MaxNr"/> + nr.</param>
/// <param name="variants">Plans that an argument's value chooses.</param>
/// <param name="shown">Bytes of payload or of a string that are kept; at most 65536.</param>
public sealed class CallMemory(TaskMemory memory, CapturePlan[] plans, IReadOnlyList<(VariantKey Key, CapturePlan Plan)> variants, int shown)
{
    // As capture.bpf.h has them.
    private const int PathMax = 4096, CaptureMax = 65536, Iovecs = 64, Messages = 32, Strings = 64, Pointers = 8192;
    private const int Chunk = 256, Page = 4096;
    private const int Efault = 14; // errno(3)

    private readonly Dictionary<VariantKey, CapturePlan> _variants = variants.ToDictionary(pair => pair.Key, pair => pair.Plan);
    private readonly int _dataMax = Math.Clamp(shown, 0, CaptureMax);
    private readonly ArrayBufferWriter<byte> _record = new();
    // Bytes of the record that came with it.
    private int _given;
    private CapturePhase _phase;
    private uint _tid;
    private int _word;

    /// <summary>Makes a CALL record of a blocked thread's call.</summary>
    /// <param name="task">A thread that is in a call.</param>
    /// <param name="elapsed">Nanoseconds that it is in it; null when its beginning was not seen.</param>
    /// <param name="withMemory">Whether its memory is read; without, pointers are shown as addresses.</param>
    /// <param name="coarse">Whether <paramref name="elapsed"/> is known by the kernel's ticks alone.</param>
    public byte[] Record(StuckTask task, ulong? elapsed, bool withMemory, bool coarse = false)
    {
        ref readonly StuckRecord from = ref task.Record;
        CapturePlan plan = plans[CapturePlan.IndexOf(from.Abi, from.Nr)];
        int nargs = Math.Min((int)plan.ArgCount, 6);
        var call = new CallFixed { Duration = elapsed ?? 0 };
        call.Header.Time = from.Time;
        call.Header.Tgid = from.Tgid;
        call.Header.Tid = from.Tid;
        call.Header.Detail = from.Nr;
        call.Header.Kind = RecordKind.Call;
        call.Header.Flags = (byte)(CallFlags.Unfinished | CallFlags.InFlight | (elapsed is null ? CallFlags.NoEntry : coarse ? CallFlags.Coarse : CallFlags.None));
        call.Header.Abi = from.Abi;
        call.Header.ArgCount = (byte)nargs;
        _record.Clear();
        _record.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<CallFixed>(in call)));
        _record.Write(MemoryMarshal.AsBytes(task.Args[..nargs]));
        if (withMemory)
        {
            Begin(CapturePhase.Entry, from.Tid, from.Abi);
            Capture(plan, from.Abi, from.Nr, task.Args);
        }
        return Whole();
    }

    /// <summary>
    /// A CALL record with the memory that the kernel could not read at entry nor at exit (<see cref="CallFlags.Unread"/>), because
    /// nobody had touched it yet: as <see cref="CapturePhase.Late"/>, as far as it can be read now.
    /// </summary>
    public byte[] Complete(ReadOnlySpan<byte> record)
    {
        var call = new CallRecord(record);
        // The kernel found nothing there: what is there now came later.
        if (call.Result == -Efault)
            return record.ToArray();
        Span<ulong> args = stackalloc ulong[6];
        args.Clear();
        call.Args.CopyTo(args);
        CapturePlan plan = plans[CapturePlan.IndexOf(call.Header.Abi, call.Header.Detail)];
        _record.Clear();
        _record.Write(record);
        Begin(CapturePhase.Late, call.Header.Tid, call.Header.Abi);
        if ((plan.Flags & PlanFlags.Execs) == 0 || call.Result != 0 || (call.Flags & CallFlags.Unfinished) != 0)
            Capture(plan, call.Header.Abi, call.Header.Detail, args);
        else if (NewImage.Of(call.Header.Tid) is { } image)
            Executed(plan, args, image);
        return Whole();
    }

    private void Begin(CapturePhase phase, uint tid, Abi abi) => (_given, _phase, _tid, _word) = (_record.WrittenCount, phase, tid, abi.WordSize);

    private byte[] Whole()
    {
        byte[] whole = _record.WrittenSpan.ToArray();
        MemoryMarshal.AsRef<CallFixed>(whole.AsSpan()).Header.Size = (uint)whole.Length;
        return whole;
    }

    private void Capture(CapturePlan plan, Abi abi, uint nr, ReadOnlySpan<ulong> args)
    {
        var key = new VariantKey(nr, abi.Is32Bit ? 1u : 0u, (uint)args[plan.VariantArg]);
        if ((plan.Flags & PlanFlags.Variants) != 0 && _variants.TryGetValue(key, out CapturePlan variant))
            plan = variant;
        // _IOC_WRITE: the kernel reads what the third argument points to, as much as the number says; _IOC_READ: it writes there.
        else if ((plan.Flags & PlanFlags.Ioctl) != 0 && ((uint)args[1] >> 30) is 1 or 3 && (_phase != CapturePhase.Late || ((uint)args[1] >> 30) == 1))
            Bytes(args[2], args[1] >> 16 & 0x3fff);
        for (int i = 0; i < plan.OpCount; i++)
        {
            // What the kernel has written since is not what it was given.
            bool changes = _phase == CapturePhase.Late && (plan.Ops[i].Flags & OpFlags.AtExit) != 0;
            if ((plan.Ops[i].Flags & OpFlags.AtEntry) != 0 && !changes)
                Run(plan.Ops[i], args);
        }
        foreach (CaptureFollow follow in FollowTable.Of(in plan))
        {
            bool changes = _phase == CapturePhase.Late && (follow.Flags & OpFlags.AtExit) != 0;
            if ((follow.Flags & OpFlags.AtEntry) != 0 && !changes)
                Follow(in follow, args);
        }
    }

    private void Follow(in CaptureFollow follow, ReadOnlySpan<ulong> args)
    {
        for (uint i = 0; i < CaptureFollow.Followed && Follow(in follow, args, i); i++)
        {
        }
    }

    // Element i of the array that it goes over; whether there may be another.
    private bool Follow(in CaptureFollow follow, ReadOnlySpan<ulong> args, uint i)
    {
        ulong at = args[follow.Arg], within = 0;
        if (at == 0 || i > 0 && follow.Loop == 0 || follow.Limit > 0 && (ulong)(follow.Offset[0] + follow.Wide[0]) > (uint)args[follow.Limit - 1])
            return false;
        for (int hop = 0; hop < follow.Hops; hop++)
        {
            if (follow.Loop == hop + 1)
            {
                if (Followed(follow.Elements, args, within) is not { } count || i >= count)
                    return false;
                at += i * follow.Stride;
            }
            within = at;
            if (hop + 1 == follow.Hops && follow.Test != 0 && (Word(within + follow.TestOffset, follow.TestWide) is not { } value || !follow.Holds(value)))
                return true;
            if (Word(at + follow.Offset[hop], follow.Wide[hop]) is not { } pointer)
                return false;
            if (pointer == 0)
                return true;
            at = pointer;
        }
        if (follow.Kind == OpKind.String)
            Text(at, (follow.Flags & OpFlags.Data) != 0 ? _dataMax + 2 : PathMax);
        else if (Followed(follow.Length, args, within) is { } length)
        {
            if (follow.Kind == OpKind.Iovec)
                Vector(at, length);
            else
                Payload(at, length > CaptureMax ? CaptureMax : length * follow.Size, (follow.Flags & OpFlags.Data) != 0);
        }
        return true;
    }

    private ulong? Followed(CaptureCount count, ReadOnlySpan<ulong> args, ulong within) => count.Kind switch
    {
        FollowCount.Arg => args[count.Count],
        FollowCount.Result => 0,
        FollowCount.Member => Word(within + count.Count, count.Wide),
        _ => count.Count,
    };

    private void Run(CaptureOp op, ReadOnlySpan<ulong> args)
    {
        ulong address = args[op.Arg], other = op.Other < 6 ? args[op.Other] : 0;
        bool data = (op.Flags & OpFlags.Data) != 0;
        if (address == 0)
            return;
        switch (op.Kind)
        {
            case OpKind.String:
                Text(address, data ? _dataMax + 2 : op.Size == 0 ? PathMax : (int)Math.Min(op.Size, PathMax));
                break;
            case OpKind.Fixed:
                Payload(address, op.Size, data);
                break;
            case OpKind.Offset:
                Bytes(address + op.Other * 8u, op.Size);
                break;
            case OpKind.Bits when (int)other > 0:
                Bytes(address, Math.Min(op.Size, ((uint)other + 8 * (uint)_word - 1) / (8 * (uint)_word) * (uint)_word));
                break;
            case OpKind.Buffer:
                Payload(address, other > CaptureMax ? CaptureMax : other * op.Size, data);
                break;
            case OpKind.BufferLenPtr when other != 0:
                Bytes(other, 4);
                break;
            case OpKind.Iovec:
                Vector(address, other);
                break;
            case OpKind.Msghdr:
                Message(address, 7 * _word);
                break;
            case OpKind.Mmsghdr:
                for (ulong i = 0; i < Math.Min(other, Messages) && Message(address + i * op.Size, 8 * _word); i++)
                {
                }
                break;
            case OpKind.StringArray:
                TextArray(address);
                break;
            case OpKind.Count:
                Count(address);
                break;
            case OpKind.Indirect when Word(address + op.Other) is { } pointer and not 0:
                Payload(pointer, op.Size, data);
                break;
        }
    }

    private void Payload(ulong address, ulong length, bool data) => Bytes(address, data ? Math.Min(length, (ulong)_dataMax) : length);

    private bool Bytes(ulong address, ulong length)
    {
        if (address == 0 || length == 0)
            return false;
        if (Given(address, out _))
            return true;
        byte[] bytes = new byte[Math.Min(length, CaptureMax)];
        // Whole or not at all, as the kernel side does it.
        if (memory.Read(_tid, address, bytes) < bytes.Length)
            return false;
        Add(address, bytes);
        return true;
    }

    // What the kernel side has read of it.
    private bool Given(ulong address, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        return _phase == CapturePhase.Late && new CallRecord(_record.WrittenSpan[.._given]).TryRead(address, CapturePhase.Entry, out bytes);
    }

    // Flags 1: the data is a count.
    private void Add(ulong address, ReadOnlySpan<byte> bytes, CaptureFlags flags = CaptureFlags.None)
    {
        if (_record.WrittenCount + bytes.Length + 64 > Layout.MaxRecord)
            return;
        var head = new CaptureHeader { Address = address, Length = (uint)bytes.Length, Phase = _phase, Flags = flags };
        _record.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<CaptureHeader>(in head)));
        _record.Write(bytes);
        _record.Write(stackalloc byte[-bytes.Length & 7]);
    }

    private ulong? Word(ulong address) => Word(address, _word);

    private ulong? Word(ulong address, int wide)
    {
        Span<byte> bytes = stackalloc byte[8];
        bytes.Clear();
        if (Given(address, out ReadOnlySpan<byte> given) && given.Length >= wide)
            given[..wide].CopyTo(bytes);
        else if (memory.Read(_tid, address, bytes[..wide]) < wide)
            return null;
        return MemoryMarshal.Read<ulong>(bytes);
    }

    // Up to its NUL, or most - 1 bytes; what cannot be read is left out.
    private void Text(ulong address, int most)
    {
        if (!Given(address, out _) && Text(address, most, out byte[] text))
            Add(address, text);
    }

    private bool Text(ulong address, int most, out byte[] bytes)
    {
        byte[] text = new byte[most];
        int length = 0;
        bytes = [];
        while (length < most - 1)
        {
            // Never across a page in one read: the next one may not be there.
            int room = Math.Min(Math.Min(Chunk, most - 1 - length), Page - (int)((address + (ulong)length) % Page));
            int got = memory.Read(_tid, address + (ulong)length, text.AsSpan(length, room));
            if (got <= 0)
                return false;
            int end = text.AsSpan(length, got).IndexOf((byte)0);
            length += end < 0 ? got : end + 1;
            if (end >= 0)
                break;
        }
        bytes = text[..length];
        return true;
    }

    private void TextArray(ulong address)
    {
        var pointers = new List<ulong>();
        while (pointers.Count < Strings - 1 && Word(address + (ulong)(pointers.Count * _word)) is { } pointer and not 0)
            pointers.Add(pointer);
        Bytes(address, (ulong)((pointers.Count + 1) * _word));
        foreach (ulong pointer in pointers)
            Text(pointer, _dataMax + 2);
    }

    private void Count(ulong address)
    {
        ulong count = 0;
        while (count < Pointers && Word(address + count * (ulong)_word) is { } pointer)
        {
            if (pointer == 0)
            {
                Counted(address, count);
                return;
            }
            count++;
        }
    }

    private void Counted(ulong address, ulong count)
    {
        if (_phase != CapturePhase.Late || !new CallRecord(_record.WrittenSpan[.._given]).TryCount(address, out _))
            Add(address, MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in count)), CaptureFlags.Count);
    }

    private void Vector(ulong address, ulong count)
    {
        count = Math.Min(count, Iovecs);
        if (!Bytes(address, count * 2 * (ulong)_word))
            return;
        for (ulong i = 0; i < count; i++)
        {
            ulong at = address + i * 2 * (ulong)_word;
            Bytes(Word(at) ?? 0, Math.Min(Word(at + (ulong)_word) ?? 0, (ulong)_dataMax));
        }
    }

    private bool Message(ulong address, int size)
    {
        if (!Bytes(address, (ulong)size))
            return false;
        ulong Member(int word) => Word(address + (ulong)(word * _word)) ?? 0;
        Bytes(Member(0), Math.Min((uint)Member(1), 128));
        Bytes(Member(4), Math.Min(Member(5), 1024));
        if (Member(2) != 0)
            Vector(Member(2), Member(3));
        return true;
    }

    // After an execve the old memory is gone, and what it was given stands in the new one: at the end of its stack (fs/exec.c).
    private void Executed(CapturePlan plan, ReadOnlySpan<ulong> args, NewImage image)
    {
        for (int i = 0; i < plan.OpCount; i++)
        {
            ulong address = args[plan.Ops[i].Arg];
            if (address == 0)
                continue;
            switch (plan.Ops[i].Kind)
            {
                // execveat's is a path of the kernel's own making.
                case OpKind.String when plan.Ops[i].Arg == 0 && !Given(address, out _) && Text(image.File, PathMax, out byte[] file):
                    Add(address, file);
                    break;
                case OpKind.StringArray:
                    Arguments(address, image);
                    break;
                case OpKind.Count when Texts(image.EnvironmentStart, image.EnvironmentEnd, int.MaxValue) is { } variables:
                    Counted(address, (ulong)variables.Count);
                    break;
            }
        }
    }

    private void Arguments(ulong address, NewImage image)
    {
        if (Texts(image.ArgumentsStart, image.ArgumentsEnd, Strings - 1) is not { } texts)
            return;
        if (!Given(address, out ReadOnlySpan<byte> pointers))
        {
            // It stood where nothing stands now: the strings' new places serve.
            byte[] made = new byte[(texts.Count + 1) * _word];
            for (int i = 0; i < texts.Count; i++)
                BitConverter.GetBytes(texts[i].Address).AsSpan(0, _word).CopyTo(made.AsSpan(i * _word));
            Add(address, made);
            pointers = made;
        }
        for (int i = 0; i < texts.Count && pointers.Length >= (i + 1) * _word; i++)
        {
            ReadOnlySpan<byte> pointer = pointers.Slice(i * _word, _word);
            ulong at = _word == 4 ? MemoryMarshal.Read<uint>(pointer) : MemoryMarshal.Read<ulong>(pointer);
            if (at != 0 && !Given(at, out _))
                Add(at, texts[i].Text.AsSpan(0, Math.Min(texts[i].Text.Length, _dataMax + 1)));
        }
    }

    // The NUL-ended strings between two addresses; null when they cannot be read.
    private List<(ulong Address, byte[] Text)>? Texts(ulong start, ulong end, int most)
    {
        // An execve's strings take a quarter of the stack's limit at most: 128 KB each (MAX_ARG_STRLEN).
        if (end < start || end - start > 1 << 20)
            return null;
        if (end == start)
            return [];
        byte[] bytes = new byte[end - start];
        if (memory.Read(_tid, start, bytes) < bytes.Length)
            return null;
        var texts = new List<(ulong, byte[])>();
        for (int at = 0; at < bytes.Length && texts.Count < most;)
        {
            int length = bytes.AsSpan(at).IndexOf((byte)0) + 1;
            if (length == 0)
                break;
            texts.Add((start + (ulong)at, bytes[at..(at + length)]));
            at += length;
        }
        return texts;
    }

    /// <summary>Where the strings of a process's last execve stand: arg_start to env_end of /proc/PID/stat (proc_pid_stat(5)), the file's name after them.</summary>
    private readonly record struct NewImage(ulong ArgumentsStart, ulong ArgumentsEnd, ulong EnvironmentStart, ulong EnvironmentEnd)
    {
        public ulong File => EnvironmentEnd;

        public static NewImage? Of(uint tid)
        {
            try
            {
                string stat = System.IO.File.ReadAllText($"/proc/{tid}/stat", Encoding.Latin1);
                // After the name, which may hold anything, the third field follows.
                string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                ulong Field(int number) => ulong.Parse(fields[number - 3], CultureInfo.InvariantCulture);
                return new NewImage(Field(48), Field(49), Field(50), Field(51));
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or FormatException or IndexOutOfRangeException or ArgumentException)
            {
                return null;
            }
        }
    }
}
