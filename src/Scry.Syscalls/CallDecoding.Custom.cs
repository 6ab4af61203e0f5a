using System.Numerics;
using Scry.Wire;

namespace Scry.Syscalls;

internal readonly ref partial struct CallDecoding<TWriter>
{
    private bool Custom(CustomKind kind, ulong address) => kind switch
    {
        CustomKind.CloneArgs => CloneArgs(address),
        CustomKind.CpuSet => CpuSet(address),
        CustomKind.Dirents => Dirents(address),
        CustomKind.Mincore => Residency(address),
        CustomKind.SigsetPair => SigsetPair(address),
        _ => false,
    };

    // <linux/sched.h>: struct clone_args; fields of 8 bytes.
    private bool CloneArgs(ulong address)
    {
        if (!_call.TryRead(address, CapturePhase.Entry, out ReadOnlySpan<byte> bytes) || bytes.Length < 64)
            return false;
        ulong flags = Read(bytes, 8);
        _w.Open((byte)'{');
        _w.Field("flags"u8);
        Flags(XlatTable.Clone3Flags, flags);
        if ((flags & 0x1000) != 0) // CLONE_PIDFD
            CloneField("pidfd"u8, Read(bytes[8..], 8));
        if ((flags & 0x01200000) != 0) // CLONE_CHILD_SETTID, CLONE_CHILD_CLEARTID
            CloneField("child_tid"u8, Read(bytes[16..], 8));
        if ((flags & 0x00100000) != 0) // CLONE_PARENT_SETTID
            CloneField("parent_tid"u8, Read(bytes[24..], 8));
        _w.Field("exit_signal"u8);
        Signal((int)Read(bytes[32..], 8));
        CloneField("stack"u8, Read(bytes[40..], 8));
        _w.Field("stack_size"u8);
        _w.Hex(Read(bytes[48..], 8));
        if ((flags & 0x00080000) != 0) // CLONE_SETTLS
            CloneField("tls"u8, Read(bytes[56..], 8));
        if (bytes.Length >= 80 && Read(bytes[72..], 8) != 0)
        {
            CloneField("set_tid"u8, Read(bytes[64..], 8));
            _w.Field("set_tid_size"u8);
            _w.Number(Read(bytes[72..], 8));
        }
        if (bytes.Length >= 88 && (flags & 0x200000000) != 0) // CLONE_INTO_CGROUP
        {
            _w.Field("cgroup"u8);
            _w.Number(Read(bytes[80..], 8));
        }
        _w.Close((byte)'{', false);
        return true;
    }

    private void CloneField(ReadOnlySpan<byte> name, ulong value)
    {
        _w.Field(name);
        _w.Address(value);
    }

    // What clone3 left at parent_tid: => {parent_tid=[123]}. It is the new thread, which is the result.
    private void CloneParentTid()
    {
        if (Failed || !_call.TryRead(Register(0), CapturePhase.Entry, out ReadOnlySpan<byte> bytes) || bytes.Length < 32 || (Read(bytes, 8) & 0x00100000) == 0)
            return;
        Utf8Buffer to = _w.To;
        // Inside the first argument, behind its brace.
        int at = to.Written.LastIndexOf("}, "u8);
        if (at < 0)
            return;
        Span<byte> tail = stackalloc byte[32];
        ReadOnlySpan<byte> rest = to.Written[(at + 1)..];
        if (rest.Length > tail.Length)
            return;
        rest.CopyTo(tail);
        int length = rest.Length;
        to.Length = at + 1;
        to.Append(" => {parent_tid=["u8);
        to.AppendDecimal(_call.Result);
        to.Append("]}"u8);
        to.Append(tail[..length]);
    }

    private bool CpuSet(ulong address)
    {
        bool gets = new SyscallRow(_row).Is("sched_getaffinity"u8);
        if (!Read(address, gets ? Direction.Out : Direction.In, out ReadOnlySpan<byte> bytes))
            return false;
        int length = Math.Min(bytes.Length, (int)Math.Min(4096, gets ? (ulong)Math.Max(0, _call.Result) : Register(1)));
        _w.Open((byte)'[');
        for (int cpu = 0; cpu < length * 8; cpu++)
        {
            if ((bytes[cpu / 8] >> (cpu % 8) & 1) == 0)
                continue;
            if (!TWriter.IsText)
                _w.Element();
            else if (_w.To.Written[^1] != (byte)'[')
                _w.To.Append((byte)' ');
            _w.Number((long)cpu);
        }
        _w.Close((byte)'[', false);
        return true;
    }

    // struct linux_dirent64: the length of an entry at 16. Text has their number, as strace without -v.
    private bool Dirents(ulong address)
    {
        if (!Read(address, Direction.Out, out ReadOnlySpan<byte> bytes) && _call.Result != 0 || Failed)
            return false;
        int entries = 0;
        int left = (int)Math.Min((ulong)_call.Result, int.MaxValue);
        bool whole = bytes.Length >= left;
        for (ReadOnlySpan<byte> rest = bytes; rest.Length >= 18;)
        {
            int length = (int)Read(rest[16..], 2);
            if (length < 19 || length > rest.Length)
                break;
            entries++;
            rest = rest[length..];
        }
        if (!whole)
            return false;
        if (TWriter.IsText)
        {
            _w.Address(address);
            _w.To.Append(" /* "u8);
            _w.Number((long)entries);
            _w.To.Append(entries == 1 ? " entry */"u8 : " entries */"u8);
            return true;
        }
        _w.Open((byte)'[');
        for (ReadOnlySpan<byte> rest = bytes; entries > 0; entries--)
        {
            int length = (int)Read(rest[16..], 2);
            ReadOnlySpan<byte> name = rest[19..length];
            int end = name.IndexOf((byte)0);
            _w.Element();
            _w.String(end < 0 ? name : name[..end], false);
            rest = rest[length..];
        }
        _w.Close((byte)'[', false);
        return true;
    }

    private bool Residency(ulong address)
    {
        if (!Read(address, Direction.Out, out ReadOnlySpan<byte> bytes))
            return false;
        ulong pages = (Register(1) + 4095) / 4096;
        ulong shown = Math.Min(Math.Min(pages, (ulong)bytes.Length), (ulong)_decoder.Options.StringLimit), i = 0;
        _w.Open((byte)'[');
        for (; i < shown; i++)
        {
            _w.Element();
            _w.Number((long)(bytes[(int)i] & 1));
        }
        _w.Close((byte)'[', i < pages);
        return true;
    }

    // pselect6's sixth: {pointer to a set, its size}.
    private bool SigsetPair(ulong address)
    {
        int word = WordSize;
        if (!_call.TryRead(address, CapturePhase.Entry, out ReadOnlySpan<byte> bytes) || bytes.Length < 2 * word)
            return false;
        ulong set = Read(bytes, word), size = Read(bytes[word..], word);
        _w.Open((byte)'{');
        _w.Field("sigmask"u8);
        if (set != 0 && _call.TryRead(set, CapturePhase.Entry, out ReadOnlySpan<byte> mask) && mask.Length >= 8)
            SignalSet(mask[..8]);
        else
            _w.Address(set);
        _w.Field("sigsetsize"u8);
        _w.Number(size);
        _w.Close((byte)'{', false);
        return true;
    }

    // A set of descriptors: [3 5]. In JSON an array.
    private bool DescriptorSet(ulong address, ulong limit, CapturePhase phase, bool brackets)
    {
        if (!_call.TryRead(address, phase, out ReadOnlySpan<byte> bytes))
            return false;
        int count = (int)Math.Min(Math.Min(limit, 1024), (ulong)bytes.Length * 8);
        _w.Open((byte)'[');
        for (int fd = 0; fd < count; fd++)
        {
            if ((bytes[fd / 8] >> (fd % 8) & 1) == 0)
                continue;
            if (!TWriter.IsText)
                _w.Element();
            else if (_w.To.Written[^1] != (byte)'[')
                _w.To.Append((byte)' ');
            if (phase == CapturePhase.Entry)
                Descriptor(fd);
            else
                _w.Number((long)fd);
        }
        _w.Close((byte)'[', false);
        return brackets;
    }

    // What came: " ([{fd=3, revents=POLLIN}])", or " (Timeout)".
    private void PollResult(long result)
    {
        Utf8Buffer to = _w.To;
        if (result == 0)
        {
            to.Append(" (Timeout)"u8);
            return;
        }
        if (!_call.TryRead(Register(0), CapturePhase.Exit, out ReadOnlySpan<byte> bytes))
            return;
        to.Append(" ("u8);
        _w.Open((byte)'[');
        long shown = 0;
        for (; bytes.Length >= 8 && shown < result; bytes = bytes[8..])
        {
            ulong revents = Read(bytes[6..], 2);
            if (revents == 0)
                continue;
            shown++;
            _w.Element();
            _w.Open((byte)'{');
            _w.Field("fd"u8);
            _w.Number((long)(int)Read(bytes, 4));
            _w.Field("revents"u8);
            Flags(XlatTable.Poll, revents);
            _w.Close((byte)'{', false);
        }
        _w.Close((byte)'[', false);
        Left(Register(2));
        to.Append((byte)')');
    }

    // " (in [3], out [4], left {tv_sec=1, tv_usec=0})", or " (Timeout)".
    private void SelectResult(long result)
    {
        Utf8Buffer to = _w.To;
        if (result == 0)
        {
            to.Append(" (Timeout)"u8);
            return;
        }
        int start = to.Length;
        to.Append(" ("u8);
        for (int set = 1; set <= 3; set++)
        {
            ulong address = Register(set);
            if (address == 0 || !_call.TryRead(address, CapturePhase.Exit, out ReadOnlySpan<byte> bytes))
                continue;
            bool any = false;
            foreach (byte b in bytes[..(int)Math.Min((ulong)bytes.Length, (Register(0) + 7) / 8)])
                any |= b != 0;
            if (!any)
                continue;
            if (to.Written[^1] != (byte)'(')
                to.Append(", "u8);
            to.Append(set switch { 1 => "in "u8, 2 => "out "u8, _ => "except "u8 });
            DescriptorSet(address, Register(0), CapturePhase.Exit, true);
        }
        Left(Register(4));
        if (to.Written[^1] == (byte)'(')
            to.Length = start;
        else
            to.Append((byte)')');
    }

    // " (left {tv_sec=0, tv_nsec=5})".
    private void LeftResult(long result)
    {
        if (result <= 0)
            return;
        Utf8Buffer to = _w.To;
        int start = to.Length;
        to.Append(" ("u8);
        Left(Register(4));
        if (to.Length == start + 2)
            to.Length = start;
        else
            to.Append((byte)')');
    }

    // What is left of a timeout that the kernel wrote back; poll has a number there, and so no memory.
    private void Left(ulong address)
    {
        var row = new SyscallRow(_row);
        for (int i = 0; i < row.ArgumentCount; i++)
        {
            ArgumentRow argument = row.Argument(i);
            var node = new TypeNode(argument.Type);
            if (node.Kind != TypeKind.Ptr || node.Way != Direction.InOut || Register(argument.Register) != address || IsPollfd(node.A)
                || address == 0 || !_call.TryRead(address, CapturePhase.Exit, out ReadOnlySpan<byte> bytes))
                continue;
            if (_w.To.Written[^1] != (byte)'(')
                _w.To.Append(", "u8);
            _w.To.Append("left "u8);
            Elements(node, bytes, default);
            return;
        }
    }
}
