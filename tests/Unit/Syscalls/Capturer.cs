using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Scry.Syscalls;
using Scry.Tests.Unit.Views;
using Scry.Wire;

namespace Scry.Tests.Unit.Syscalls;

/// <summary>One mapped piece of a caller's memory; all else faults.</summary>
internal sealed class Memory(ulong start, byte[] bytes)
{
    /// <summary>Whole or not at all, as the kernel's helper reads it.</summary>
    public bool TryRead(ulong address, ulong length, out ReadOnlySpan<byte> data)
    {
        ulong offset = address - start, size = (ulong)bytes.Length;
        bool mapped = offset < size && length <= size - offset;
        data = mapped ? bytes.AsSpan((int)offset, (int)length) : default;
        return mapped;
    }

    public ulong? Word(ulong address, int size) => !TryRead(address, (ulong)size, out ReadOnlySpan<byte> data) ? null
        : size switch { 1 => data[0], 2 => BinaryPrimitives.ReadUInt16LittleEndian(data), 4 => BinaryPrimitives.ReadUInt32LittleEndian(data), _ => BinaryPrimitives.ReadUInt64LittleEndian(data) };

    /// <summary>Up to the NUL, or <paramref name="most"/> - 1 bytes; null where it faults before.</summary>
    public byte[]? Text(ulong address, int most)
    {
        var text = new List<byte>();
        while (text.Count < most - 1)
        {
            if (!TryRead(address + (ulong)text.Count, 1, out ReadOnlySpan<byte> next))
                return null;
            text.Add(next[0]);
            if (next[0] == 0)
                break;
        }
        return [.. text];
    }
}

/// <summary>Makes a call's record as capture.bpf.h does, of the same plans, with memory that a test gives.</summary>
internal sealed class Capturer(int dataMax)
{
    private const int PathMax = 4096, CaptureMax = 65536, LengthMax = 4096;
    private const ulong IovecsShown = 64, MessagesShown = 32, StringsShown = 64;
    private static readonly Dictionary<Architecture, CapturePlan[]> s_plans =
        new[] { Architecture.X64, Architecture.Arm64 }.ToDictionary(machine => machine, machine => CapturePlans.Of(SyscallSelector.Parse([]), machine: machine));
    private static readonly Dictionary<Architecture, Dictionary<VariantKey, CapturePlan>> s_variants = s_plans.Keys.ToDictionary(
        machine => machine, machine => CapturePlans.VariantsOf(SyscallSelector.Parse([]), machine: machine).ToDictionary(pair => pair.Key, pair => pair.Plan));

    private byte[] _record = [];
    private Memory _memory = new(0, []);
    private CapturePhase _phase;
    private ulong[] _args = [];
    private long _result;
    private int _word;
    private ulong _budget;

    /// <summary>The record of a call that found <paramref name="entry"/> and left <paramref name="exit"/>.</summary>
    public byte[] Record(string name, Abi abi, ulong[] args, long result, Memory entry, Memory exit)
    {
        uint nr = Calls.Number(name, abi);
        Architecture machine = abi is Abi.Arm64 or Abi.Arm ? Architecture.Arm64 : Architecture.X64;
        CapturePlan plan = s_plans[machine][CapturePlan.IndexOf(abi, nr)];
        _args = [.. args, .. new ulong[6 - args.Length]];
        (_result, _word) = (result, abi.WordSize);
        _record = Calls.Make(name, result, _args[..plan.ArgCount], abi);
        bool variant = (plan.Flags & PlanFlags.Variants) != 0 && s_variants[machine].TryGetValue(new VariantKey(nr, abi.Is32Bit ? 1u : 0u, (uint)_args[plan.VariantArg]), out CapturePlan other)
            && (plan = other).OpCount >= 0;
        bool ioctl = !variant && (plan.Flags & PlanFlags.Ioctl) != 0;
        Run(plan, CapturePhase.Entry, entry, ioctl);
        Run(plan, CapturePhase.Exit, exit, ioctl);
        return _record;
    }

    private void Run(CapturePlan plan, CapturePhase phase, Memory memory, bool ioctl)
    {
        (_phase, _memory) = (phase, memory);
        bool exit = phase == CapturePhase.Exit;
        uint way = exit ? 2u : 1u; // _IOC_READ, _IOC_WRITE
        if (ioctl && ((uint)_args[1] >> 30 & way) != 0 && (!exit || _result >= 0))
            Bytes(_args[2], _args[1] >> 16 & 0x3fff);
        for (int i = 0; i < plan.OpCount; i++)
        {
            CaptureOp op = plan.Ops[i];
            if (exit ? (op.Flags & OpFlags.AtExit) != 0 && (_result >= 0 || (op.Flags & OpFlags.Always) != 0) : (op.Flags & OpFlags.AtEntry) != 0)
                Run(op);
        }
        foreach (CaptureFollow follow in FollowTable.Of(in plan))
        {
            if (exit ? (follow.Flags & OpFlags.AtExit) != 0 && (_result >= 0 || (follow.Flags & OpFlags.Always) != 0) : (follow.Flags & OpFlags.AtEntry) != 0)
            {
                for (uint i = 0; i < CaptureFollow.Followed && Follow(in follow, i); i++)
                {
                }
            }
        }
    }

    private bool Follow(in CaptureFollow follow, uint i)
    {
        ulong at = _args[follow.Arg], within = 0;
        if (at == 0 || i > 0 && follow.Loop == 0 || follow.Limit > 0 && (ulong)(follow.Offset[0] + follow.Wide[0]) > _args[follow.Limit - 1])
            return false;
        for (int hop = 0; hop < follow.Hops; hop++)
        {
            if (follow.Loop == hop + 1)
            {
                if (i >= Counted(follow.Elements, within))
                    return false;
                at += i * follow.Stride;
            }
            within = at;
            if (hop + 1 == follow.Hops && follow.Test != 0 && !follow.Holds(_memory.Word(within + follow.TestOffset, follow.TestWide) ?? 0))
                return true;
            if (_memory.Word(at + follow.Offset[hop], follow.Wide[hop]) is not { } pointer)
                return false;
            if (pointer == 0)
                return true;
            at = pointer;
        }
        _budget = ulong.MaxValue;
        bool data = (follow.Flags & OpFlags.Data) != 0;
        if (follow.Kind == OpKind.String)
            Text(at, data ? dataMax + 2 : PathMax);
        else if (follow.Kind == OpKind.Iovec)
            Vector(at, Counted(follow.Length, within));
        else
            Payload(at, Scaled(Counted(follow.Length, within), follow.Size), data);
        return true;
    }

    private ulong Counted(CaptureCount count, ulong within) => count.Kind switch
    {
        FollowCount.Arg => _args[count.Count],
        FollowCount.Result => (ulong)Math.Max(0, _result),
        FollowCount.Member => _memory.Word(within + count.Count, count.Wide) ?? 0,
        _ => count.Count,
    };

    private void Run(CaptureOp op)
    {
        ulong address = _args[op.Arg], other = op.Other < 6 ? _args[op.Other] : 0;
        bool exit = _phase == CapturePhase.Exit, data = (op.Flags & OpFlags.Data) != 0;
        if (address == 0)
            return;
        _budget = exit ? (ulong)_result : ulong.MaxValue;
        switch (op.Kind)
        {
            case OpKind.String:
                Text(address, data ? dataMax + 2 : op.Size == 0 ? PathMax : (int)op.Size);
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
                Payload(address, Scaled(other, op.Size), data);
                break;
            case OpKind.BufferRet when _result > 0:
                Payload(address, Scaled((ulong)_result, op.Size), data);
                break;
            case OpKind.BufferLenPtr when other != 0 && _memory.Word(other, 4) is { } length:
                Bytes(other, 4);
                if (exit)
                    Bytes(address, Math.Min(length, (ulong)(data ? dataMax : LengthMax)));
                break;
            case OpKind.Iovec:
                Vector(address, other);
                break;
            case OpKind.Msghdr:
                Message(address, 7 * _word);
                break;
            case OpKind.Mmsghdr:
                for (ulong i = 0; i < Math.Min(exit ? (ulong)_result : other, MessagesShown) && Message(address + i * op.Size, 8 * _word); i++)
                {
                }
                break;
            case OpKind.StringArray:
                Strings(address);
                break;
            case OpKind.Count when Count(address) is { } count:
                _record = RecordMaker.With(_record, address, BitConverter.GetBytes(count), _phase, CaptureFlags.Count);
                break;
            case OpKind.Indirect when _memory.Word(address + op.Other, _word) is { } pointer and not 0:
                Payload(pointer, op.Size, data);
                break;
        }
    }

    private static ulong Scaled(ulong count, uint size) => count > CaptureMax ? CaptureMax : count * size;

    private void Payload(ulong address, ulong length, bool data) => Bytes(address, data ? Math.Min(length, (ulong)dataMax) : length);

    private bool Bytes(ulong address, ulong length)
    {
        if (address == 0 || length == 0 || !_memory.TryRead(address, Math.Min(length, CaptureMax), out ReadOnlySpan<byte> bytes))
            return false;
        _record = RecordMaker.With(_record, address, bytes, _phase);
        return true;
    }

    private void Text(ulong address, int most)
    {
        if (_memory.Text(address, most) is { } text)
            _record = RecordMaker.With(_record, address, text, _phase);
    }

    private void Vector(ulong address, ulong count)
    {
        count = Math.Min(count, IovecsShown);
        if (!Bytes(address, count * 2 * (ulong)_word))
            return;
        for (ulong i = 0; i < count && _budget > 0; i++)
        {
            ulong at = address + i * 2 * (ulong)_word, length = Math.Min(_memory.Word(at + (ulong)_word, _word) ?? 0, _budget);
            _budget -= length;
            Bytes(_memory.Word(at, _word) ?? 0, Math.Min(length, (ulong)dataMax));
        }
    }

    private bool Message(ulong address, int size)
    {
        if (!Bytes(address, (ulong)size))
            return false;
        ulong Member(int word) => _memory.Word(address + (ulong)(word * _word), _word) ?? 0;
        if (size > 7 * _word)
            _budget = _phase == CapturePhase.Exit ? (uint)Member(7) : ulong.MaxValue;
        Bytes(Member(0), Math.Min((uint)Member(1), 128));
        Bytes(Member(4), Math.Min(Member(5), 1024));
        if (Member(2) != 0)
            Vector(Member(2), Member(3));
        return true;
    }

    private ulong? Count(ulong address)
    {
        for (ulong count = 0; count < 8192; count++)
        {
            if (_memory.Word(address + count * (ulong)_word, _word) is not { } pointer)
                return null;
            if (pointer == 0)
                return count;
        }
        return 8192;
    }

    private void Strings(ulong address)
    {
        if (Count(address) is not { } count)
            return;
        count = Math.Min(count, StringsShown - 1);
        Bytes(address, (count + 1) * (ulong)_word);
        for (ulong i = 0; i < count; i++)
            Text(_memory.Word(address + i * (ulong)_word, _word) ?? 0, dataMax + 2);
    }
}
