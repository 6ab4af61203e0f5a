using System.Buffers.Binary;
using System.Net;
using Scry.Wire;

namespace Scry.Syscalls;

internal readonly ref partial struct CallDecoding<TWriter>
{
    private const ushort AfUnix = 1, AfInet = 2, AfInet6 = 10, AfNetlink = 16, AfPacket = 17;

    private bool SocketAddress(TypeNode node, ulong address)
    {
        if (!Read(address, node.Way, out ReadOnlySpan<byte> bytes))
            return false;
        int length = (int)Math.Min(Length(node), (ulong)bytes.Length);
        if (length < 2)
            return false;
        SocketAddress(bytes[..length]);
        return true;
    }

    // The fields of the families that programs use; of others the family and the bytes.
    private void SocketAddress(ReadOnlySpan<byte> bytes)
    {
        ushort family = BinaryPrimitives.ReadUInt16LittleEndian(bytes);
        _w.Open((byte)'{');
        _w.Field("sa_family"u8);
        Enum(XlatTable.SocketDomain, family);
        switch (family)
        {
            case AfUnix when bytes.Length > 2:
                _w.Field("sun_path"u8);
                UnixPath(bytes[2..]);
                break;
            case AfInet when bytes.Length >= 8:
                _w.Field("sin_port"u8);
                Port(BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]));
                _w.Field("sin_addr"u8);
                InetAddress(BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]));
                break;
            case AfInet6 when bytes.Length >= 24:
                _w.Field("sin6_port"u8);
                Port(BinaryPrimitives.ReadUInt16LittleEndian(bytes[2..]));
                _w.Field("sin6_flowinfo"u8);
                Wrapped("htonl"u8, BinaryPrimitives.ReadUInt32BigEndian(bytes[4..]));
                if (TWriter.IsText)
                    _w.Element();
                else
                    _w.Field("sin6_addr"u8);
                if (TWriter.IsText)
                    _w.To.Append("inet_pton(AF_INET6, "u8);
                Inet6Address(bytes.Slice(8, 16));
                if (TWriter.IsText)
                    _w.To.Append(", &sin6_addr)"u8);
                _w.Field("sin6_scope_id"u8);
                _w.Number(bytes.Length >= 28 ? BinaryPrimitives.ReadUInt32LittleEndian(bytes[24..]) : 0UL);
                break;
            case AfNetlink when bytes.Length >= 12:
                _w.Field("nl_pid"u8);
                _w.Number((ulong)BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]));
                _w.Field("nl_groups"u8);
                PaddedHex(BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]));
                break;
            case AfPacket when bytes.Length >= 12:
                _w.Field("sll_protocol"u8);
                Wrapped("htons"u8, BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]));
                _w.Field("sll_ifindex"u8);
                _w.Number((long)BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]));
                _w.Field("sll_hatype"u8);
                _w.Number((ulong)BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]));
                _w.Field("sll_pkttype"u8);
                _w.Number((ulong)bytes[10]);
                _w.Field("sll_halen"u8);
                _w.Number((ulong)bytes[11]);
                if (bytes.Length > 12)
                {
                    _w.Field("sll_addr"u8);
                    _w.String(bytes[12..Math.Min(bytes.Length, 12 + Math.Min((int)bytes[11], 8))], false);
                }
                break;
            default:
                if (bytes.Length > 2)
                {
                    _w.Field("sa_data"u8);
                    _w.String(bytes[2..], false);
                }
                break;
        }
        _w.Close((byte)'{', false);
    }

    private void UnixPath(ReadOnlySpan<byte> path)
    {
        // A leading NUL: the abstract namespace, where every byte counts.
        if (path[0] == 0)
        {
            if (TWriter.IsText)
                _w.To.Append((byte)'@');
            _w.String(TWriter.IsText ? path[1..] : path, false);
            return;
        }
        int end = path.IndexOf((byte)0);
        _w.String(end < 0 ? path : path[..end], false);
    }

    private void Wrapped(ReadOnlySpan<byte> function, ulong value)
    {
        if (!TWriter.IsText)
        {
            _w.Number(value);
            return;
        }
        _w.To.Append(function);
        _w.To.Append((byte)'(');
        _w.Number(value);
        _w.To.Append((byte)')');
    }

    // A netlink group mask keeps its eight digits.
    private void PaddedHex(uint value)
    {
        if (!TWriter.IsText)
        {
            _w.Hex(value);
            return;
        }
        _w.To.Append("0x"u8);
        value.TryFormat(_w.To.Room(8), out int written, "x8");
        _w.To.Length += written;
    }

    // Network order, as it stood in memory.
    private void Port(ushort port) => Wrapped("htons"u8, BinaryPrimitives.ReverseEndianness(port));

    private void InetAddress(uint address)
    {
        Utf8Buffer to = _w.To;
        to.Append(TWriter.IsText ? "inet_addr(\""u8 : "\""u8);
        for (int i = 0; i < 4; i++)
        {
            if (i > 0)
                to.Append((byte)'.');
            to.AppendDecimal((ulong)(address >> (8 * i) & 0xff));
        }
        to.Append(TWriter.IsText ? "\")"u8 : "\""u8);
    }

    private void Inet6Address(ReadOnlySpan<byte> bytes)
    {
        Utf8Buffer to = _w.To;
        to.Append((byte)'"');
        new IPAddress(bytes).TryFormat(to.Room(64), out int written);
        to.Length += written;
        to.Append((byte)'"');
    }

    private bool Iovecs(ulong address, ulong count, Direction way)
    {
        if (!_call.TryRead(address, way == Direction.In ? CapturePhase.Entry : CapturePhase.Exit, out ReadOnlySpan<byte> vector) || way != Direction.In && Failed)
            return false;
        int word = WordSize;
        ulong left = way == Direction.In ? ulong.MaxValue : (ulong)Math.Max(0, _call.Result), i = 0;
        ulong most = _decoder.Options.Abbreviate ? (ulong)_decoder.Options.StringLimit : ulong.MaxValue;
        _w.Open((byte)'[');
        for (; i < count && i < most && vector.Length >= 2 * word; i++, vector = vector[(2 * word)..])
        {
            ulong at = Read(vector, word), length = Read(vector[word..], word), moved = Math.Min(left, length);
            left -= left == ulong.MaxValue ? 0 : moved;
            _w.Element();
            _w.Open((byte)'{');
            _w.Field("iov_base"u8);
            if (!Payload(at, moved, way == Direction.In ? CapturePhase.Entry : CapturePhase.Exit))
                _w.Address(at);
            _w.Field("iov_len"u8);
            _w.Number(length);
            _w.Close((byte)'{', false);
        }
        _w.Close((byte)'[', i < count);
        return true;
    }

    // <linux/socket.h>: struct user_msghdr, struct compat_msghdr. `moved`: bytes of data at exit.
    private bool Message(ulong address, Direction way, long moved)
    {
        CapturePhase phase = way == Direction.In ? CapturePhase.Entry : CapturePhase.Exit;
        int word = WordSize;
        if (phase == CapturePhase.Exit && Failed)
            return NoMessage(address);
        if (!_call.TryRead(address, phase, out ReadOnlySpan<byte> bytes) || bytes.Length < 7 * word)
            return false;
        ulong name = Read(bytes, word), nameLength = Read(bytes[word..], 4), vector = Read(bytes[(2 * word)..], word), count = Read(bytes[(3 * word)..], word);
        ulong control = Read(bytes[(4 * word)..], word), controlLength = Read(bytes[(5 * word)..], word);
        _w.Open((byte)'{');
        _w.Field("msg_name"u8);
        ReadOnlySpan<byte> given = default;
        if (phase == CapturePhase.Exit)
            _call.TryRead(address, CapturePhase.Entry, out given, late: false);
        ulong room = given.Length >= word + 4 ? Math.Min(nameLength, Read(given[word..], 4)) : nameLength;
        if (name != 0 && room >= 2 && _call.TryRead(name, phase, out ReadOnlySpan<byte> socket) && socket.Length >= 2)
            SocketAddress(socket[..(int)Math.Min((ulong)socket.Length, room)]);
        else
            _w.Address(name);
        _w.Field("msg_namelen"u8);
        MessageLength(given, word, nameLength, text: true);
        _w.Field("msg_iov"u8);
        if (vector == 0 || !MessageVector(vector, count, phase, moved))
            _w.Address(vector);
        _w.Field("msg_iovlen"u8);
        _w.Number(count);
        if (controlLength > 0 || !TWriter.IsText)
        {
            _w.Field("msg_control"u8);
            if (control == 0 || !_call.TryRead(control, phase, out ReadOnlySpan<byte> messages) || !Control(messages[..(int)Math.Min((ulong)messages.Length, controlLength)]))
                _w.Address(control);
        }
        _w.Field("msg_controllen"u8);
        MessageLength(given, 5 * word, controlLength, text: false);
        _w.Field("msg_flags"u8);
        Flags(XlatTable.MsgFlags, Read(bytes[(6 * word)..], 4));
        _w.Close((byte)'{', false);
        return true;
    }

    private bool MessageVector(ulong address, ulong count, CapturePhase phase, long moved)
    {
        if (!_call.TryRead(address, phase, out ReadOnlySpan<byte> vector))
            return false;
        int word = WordSize;
        ulong left = phase == CapturePhase.Entry ? ulong.MaxValue : (ulong)Math.Max(0, moved), i = 0;
        _w.Open((byte)'[');
        for (; i < count && vector.Length >= 2 * word; i++, vector = vector[(2 * word)..])
        {
            ulong at = Read(vector, word), length = Read(vector[word..], word), shown = Math.Min(left, length);
            left -= left == ulong.MaxValue ? 0 : shown;
            _w.Element();
            _w.Open((byte)'{');
            _w.Field("iov_base"u8);
            if (!Payload(at, shown, phase))
                _w.Address(at);
            _w.Field("iov_len"u8);
            _w.Number(length);
            _w.Close((byte)'{', false);
        }
        _w.Close((byte)'[', i < count);
        return true;
    }

    // Control messages: {cmsg_len, cmsg_level, cmsg_type, cmsg_data}.
    private bool Control(ReadOnlySpan<byte> bytes)
    {
        int word = WordSize, head = word + 8;
        if (bytes.Length < head)
            return false;
        _w.Open((byte)'[');
        while (bytes.Length >= head)
        {
            ulong length = Read(bytes, word);
            uint level = (uint)Read(bytes[word..], 4), type = (uint)Read(bytes[(word + 4)..], 4);
            _w.Element();
            _w.Open((byte)'{');
            _w.Field("cmsg_len"u8);
            _w.Number(length);
            _w.Field("cmsg_level"u8);
            Enum(XlatTable.SocketLevel, level);
            _w.Field("cmsg_type"u8);
            bool socket = level == 1;
            if (socket)
                Enum(XlatTable.ScmType, type);
            else
                _w.Hex(type);
            if (length > (ulong)head && length <= (ulong)bytes.Length)
                ControlData(bytes[head..(int)length], socket ? type : 0);
            _w.Close((byte)'{', false);
            if (length < (ulong)head || length >= (ulong)bytes.Length)
                break;
            bytes = bytes[Math.Min(bytes.Length, (int)((length + (ulong)word - 1) & ~((ulong)word - 1)))..];
        }
        _w.Close((byte)'[', false);
        return true;
    }

    private void ControlData(ReadOnlySpan<byte> data, uint type)
    {
        _w.Field("cmsg_data"u8);
        if (type == 1) // SCM_RIGHTS
        {
            _w.Open((byte)'[');
            for (; data.Length >= 4; data = data[4..])
            {
                _w.Element();
                PassedDescriptor((int)Read(data, 4));
            }
            _w.Close((byte)'[', false);
        }
        else if (type == 2 && data.Length >= 12) // SCM_CREDENTIALS
        {
            Struct(StructTable.Ucred, data);
        }
        else
        {
            _w.String(data[..Math.Min(data.Length, _decoder.Options.StringLimit)], data.Length > _decoder.Options.StringLimit);
        }
    }

    private bool Messages(TypeNode node, ulong address)
    {
        bool receives = node.Way != Direction.In;
        if (receives && Failed)
            return false;
        int word = WordSize, size = 8 * word;
        ulong count = receives ? (ulong)_call.Result : Register(node.C), i = 0;
        CapturePhase phase = receives ? CapturePhase.Exit : CapturePhase.Entry;
        if (!_call.TryRead(address, phase, out _))
            return false;
        _w.Open((byte)'[');
        for (; i < count && _call.TryRead(address + i * (ulong)size, phase, out ReadOnlySpan<byte> bytes) && bytes.Length >= size; i++)
        {
            long length = (long)Read(bytes[(7 * word)..], 4);
            _w.Element();
            _w.Open((byte)'{');
            _w.Field("msg_hdr"u8);
            if (!Message(address + i * (ulong)size, node.Way, length))
                _w.Address(address + i * (ulong)size);
            if (receives)
            {
                _w.Field("msg_len"u8);
                _w.Number(length);
            }
            _w.Close((byte)'{', false);
        }
        _w.Close((byte)'[', i < count);
        return true;
    }
}
