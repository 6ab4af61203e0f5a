using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Targets;
using Scry.Wire;

namespace Scry.Capture;

/// <summary>
/// Makes an ordinary CALL record of a blocked thread's call, with the memory that its capture plan wants at entry: what
/// capture.bpf.h does in the kernel, done from outside. What the caller may have changed since is shown as it is now.
/// </summary>
/// <param name="memory">Reads the caller's memory.</param>
/// <param name="plans">By abi * <see cref="Layout.MaxNr"/> + nr.</param>
/// <param name="variants">Plans that an argument's value chooses.</param>
/// <param name="shown">Bytes of payload or of a string that are kept; at most 65536.</param>
public sealed class StuckCalls(TaskMemory memory, CapturePlan[] plans, IReadOnlyList<(VariantKey Key, CapturePlan Plan)> variants, int shown)
{
    // As capture.bpf.h has them.
    private const int PathMax = 4096, CaptureMax = 65536, Iovecs = 64, Messages = 32, Strings = 64, Pointers = 8192;
    private const int Chunk = 256, Page = 4096;

    private readonly Dictionary<VariantKey, CapturePlan> _variants = variants.ToDictionary(pair => pair.Key, pair => pair.Plan);
    private readonly int _dataMax = Math.Clamp(shown, 0, CaptureMax);
    private readonly ArrayBufferWriter<byte> _record = new();
    private uint _tid;
    private int _word;

    /// <summary>Makes the record.</summary>
    /// <param name="task">A thread that is in a call.</param>
    /// <param name="elapsed">Nanoseconds that it is in it; null when its beginning was not seen.</param>
    /// <param name="withMemory">Whether its memory is read; without, pointers are shown as addresses.</param>
    /// <param name="coarse">Whether <paramref name="elapsed"/> is known by the kernel's ticks alone.</param>
    public byte[] Record(StuckTask task, ulong? elapsed, bool withMemory, bool coarse = false)
    {
        ref readonly StuckRecord from = ref task.Record;
        _tid = from.Tid;
        _word = from.Abi.WordSize;
        CapturePlan plan = plans[CapturePlan.IndexOf(from.Abi, from.Nr)];
        int nargs = Math.Min((int)plan.ArgCount, 6);
        _record.Clear();
        Span<byte> head = _record.GetSpan(Unsafe.SizeOf<CallFixed>())[..Unsafe.SizeOf<CallFixed>()];
        ref CallFixed call = ref MemoryMarshal.AsRef<CallFixed>(head);
        call = default;
        call.Header.Time = from.Time;
        call.Header.Tgid = from.Tgid;
        call.Header.Tid = from.Tid;
        call.Header.Detail = from.Nr;
        call.Header.Kind = RecordKind.Call;
        call.Header.Flags = (byte)(CallFlags.Unfinished | CallFlags.InFlight | (elapsed is null ? CallFlags.NoEntry : coarse ? CallFlags.Coarse : CallFlags.None));
        call.Header.Abi = from.Abi;
        call.Header.ArgCount = (byte)nargs;
        call.Duration = elapsed ?? 0;
        _record.Advance(head.Length);
        _record.Write(MemoryMarshal.AsBytes(task.Args[..nargs]));
        if (withMemory)
            Capture(plan, task);
        byte[] whole = _record.WrittenSpan.ToArray();
        MemoryMarshal.AsRef<CallFixed>(whole.AsSpan()).Header.Size = (uint)whole.Length;
        return whole;
    }

    private void Capture(CapturePlan plan, StuckTask task)
    {
        var key = new VariantKey(task.Record.Nr, task.Record.Abi.Is32Bit ? 1u : 0u, (uint)task.Args[plan.VariantArg]);
        if ((plan.Flags & PlanFlags.Variants) != 0 && _variants.TryGetValue(key, out CapturePlan variant))
            plan = variant;
        // _IOC_WRITE: the kernel reads what the third argument points to, as much as the number says.
        else if ((plan.Flags & PlanFlags.Ioctl) != 0 && ((uint)task.Args[1] >> 30 & 1) != 0)
            Bytes(task.Args[2], task.Args[1] >> 16 & 0x3fff);
        for (int i = 0; i < plan.OpCount; i++)
        {
            if ((plan.Ops[i].Flags & OpFlags.AtEntry) != 0)
                Run(plan.Ops[i], task.Args);
        }
    }

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
        byte[] bytes = new byte[Math.Min(length, CaptureMax)];
        // Whole or not at all, as the kernel side does it.
        if (memory.Read(_tid, address, bytes) < bytes.Length)
            return false;
        Add(address, bytes);
        return true;
    }

    // Flags 1: the data is a count.
    private void Add(ulong address, ReadOnlySpan<byte> bytes, byte flags = 0)
    {
        if (_record.WrittenCount + bytes.Length + 64 > Layout.MaxRecord)
            return;
        var head = new CaptureHeader { Address = address, Length = (uint)bytes.Length, Phase = CapturePhase.Entry, Flags = flags };
        _record.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<CaptureHeader>(in head)));
        _record.Write(bytes);
        _record.Write(stackalloc byte[-bytes.Length & 7]);
    }

    private ulong? Word(ulong address)
    {
        Span<byte> bytes = stackalloc byte[8];
        bytes.Clear();
        return memory.Read(_tid, address, bytes[.._word]) == _word ? MemoryMarshal.Read<ulong>(bytes) : null;
    }

    // Up to its NUL, or most - 1 bytes; what cannot be read is left out.
    private void Text(ulong address, int most)
    {
        byte[] text = new byte[most];
        int length = 0;
        while (length < most - 1)
        {
            // Never across a page in one read: the next one may not be there.
            int room = Math.Min(Math.Min(Chunk, most - 1 - length), Page - (int)((address + (ulong)length) % Page));
            int got = memory.Read(_tid, address + (ulong)length, text.AsSpan(length, room));
            if (got <= 0)
                return;
            int end = text.AsSpan(length, got).IndexOf((byte)0);
            length += end < 0 ? got : end + 1;
            if (end >= 0)
                break;
        }
        Add(address, text.AsSpan(0, length));
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
                Add(address, MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in count)), flags: 1);
                return;
            }
            count++;
        }
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
}
