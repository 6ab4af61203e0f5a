using Scry.Wire;

namespace Scry.Syscalls;

internal readonly ref partial struct CallDecoding<TWriter>
{
    /// <summary>What an argument points to; the address where that was not to be had.</summary>
    /// <param name="node">Its type.</param>
    /// <param name="address">Where.</param>
    /// <param name="within">The structure that the pointer stands in, if it stands in one.</param>
    private void Pointer(TypeNode node, ulong address, ReadOnlySpan<byte> within = default)
    {
        bool shown = address != 0 && (!_addresses || node.Kind is TypeKind.Path or TypeKind.Str or TypeKind.Buf) && node.Kind switch
        {
            TypeKind.Path or TypeKind.Str => CString(node, address),
            TypeKind.Buf => Buffer(node, address, within),
            TypeKind.Ptr => Pointed(node, address, within),
            TypeKind.StrV => Strings(address),
            TypeKind.EnvP => Environment(address),
            TypeKind.Iovec => Iovecs(address, Length(node, within), node.Way),
            TypeKind.Msghdr => Message(address, node.Way, _call.Result),
            TypeKind.Mmsghdr => Messages(node, address),
            TypeKind.SockAddr => SocketAddress(node, address),
            TypeKind.SigSet => SignalSetAt(node, address),
            TypeKind.FdSet => ExchangedSet(node, address),
            TypeKind.Custom => Custom((CustomKind)node.A, address),
            _ => false,
        };
        if (!shown)
            _w.Address(address);
    }

    // The phase in which memory of a direction is worth showing; false when the call did not fill it.
    private bool Phase(Direction way, out CapturePhase phase)
    {
        const int restartBlock = -516; // ERESTART_RESTARTBLOCK
        phase = way is Direction.Out or Direction.OutRestart ? CapturePhase.Exit : CapturePhase.Entry;
        // What is left of a wait is written when a signal ends it.
        return way == Direction.OutRestart ? _call.Result == restartBlock : way != Direction.Out || !Failed;
    }

    private bool Read(ulong address, Direction way, out ReadOnlySpan<byte> bytes)
    {
        bytes = default;
        return Phase(way, out CapturePhase phase) && _call.TryRead(address, phase, out bytes);
    }

    // A length or count: of bytes, elements or descriptors.
    private ulong Length(TypeNode node, ReadOnlySpan<byte> within = default) => node.Count switch
    {
        CountKind.One => 1,
        CountKind.Constant => (ulong)node.C,
        CountKind.Register => _narrow ? (uint)Register(node.C) : Register(node.C),
        CountKind.Result => _call.Result > 0 ? (ulong)_call.Result : 0,
        CountKind.Pointer => ValueResult(Register(node.C)),
        CountKind.Member => (node.C & 0xffff) + (node.C >> 16) <= within.Length ? Read(within[(node.C & 0xffff)..], node.C >> 16) : 0,
        _ => 0,
    };

    // The length of a value-result pair: what there is, of which as much was written as there was room for.
    private ulong ValueResult(ulong address)
    {
        if (!_call.TryRead(address, CapturePhase.Exit, out ReadOnlySpan<byte> after) || after.Length < 4)
            return 0;
        bool known = _call.TryRead(address, CapturePhase.Entry, out ReadOnlySpan<byte> before) && before.Length >= 4;
        return known ? Math.Min(Read(before, 4), Read(after, 4)) : Read(after, 4);
    }

    private bool CString(TypeNode node, ulong address)
    {
        if (!Read(address, node.Way, out ReadOnlySpan<byte> bytes))
            return false;
        int end = bytes.IndexOf((byte)0);
        bool cut = end < 0;
        ReadOnlySpan<byte> text = cut ? bytes : bytes[..end];
        int limit = node.Kind == TypeKind.Str ? _decoder.Options.StringLimit : int.MaxValue;
        if (text.Length > limit)
        {
            text = text[..limit];
            cut = true;
        }
        _w.String(text, cut);
        return true;
    }

    private bool Buffer(TypeNode node, ulong address, ReadOnlySpan<byte> within)
    {
        ulong length = Length(node, within);
        if (!Phase(node.Way, out CapturePhase phase))
            return false;
        return Payload(address, length, phase, node.A == 1);
    }

    // As many bytes as the limit allows of `length` at an address.
    private bool Payload(ulong address, ulong length, CapturePhase phase, bool hex = false)
    {
        if (length == 0)
        {
            _w.String([], false);
            return true;
        }
        if (!_call.TryRead(address, phase, out ReadOnlySpan<byte> bytes))
            return false;
        int shown = (int)Math.Min((ulong)Math.Min(bytes.Length, _decoder.Options.StringLimit), length);
        if (hex && TWriter.IsText)
            Quote.Hex(_w.To, bytes[..shown], (ulong)shown < length);
        else
            _w.String(bytes[..shown], (ulong)shown < length);
        return true;
    }

    private bool Pointed(TypeNode node, ulong address, ReadOnlySpan<byte> within)
    {
        if (node.Way is Direction.InOut or Direction.InOutAlways)
            return Exchanged(node, address, within);
        if (!Read(address, node.Way, out ReadOnlySpan<byte> bytes) && !(node.Count == CountKind.Result && !Failed && _call.Result == 0))
            return false;
        // A status that no child left.
        if (new TypeNode(node.A).Kind == TypeKind.WaitStatus && _call.Result <= 0)
            return false;
        return Elements(node, bytes, default, within);
    }

    // The elements that were captured; `after`: the same memory when the call was over, where it may have changed it.
    private bool Elements(TypeNode node, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> after, ReadOnlySpan<byte> within = default)
    {
        var element = new TypeNode(node.A);
        int size = SizeOf(element);
        if (node.Count == CountKind.Bytes)
            return Sized(element, node, bytes, after);
        if (node.Count == CountKind.One)
        {
            if (bytes.Length < size)
                return false;
            // A structure is its own bracket, a lone value gets one.
            bool bracket = element.Kind != TypeKind.Struct;
            if (bracket)
                _w.Open((byte)'[');
            Element(element, node, bytes, after);
            if (bracket)
                _w.Close((byte)'[', false);
            return true;
        }
        ulong count = Length(node, within);
        _w.Open((byte)'[');
        ulong most = _abbreviate ? (ulong)_decoder.Options.StringLimit : ulong.MaxValue, i = 0;
        for (; i < count && i < most && bytes.Length >= size; i++, bytes = bytes[size..], after = after.Length >= size ? after[size..] : default)
        {
            _w.Element();
            Element(element, node, bytes, after);
        }
        _w.Close((byte)'[', i < count);
        return true;
    }

    private bool IsPollfd(int type)
    {
        var node = new TypeNode(type);
        return node.Kind == TypeKind.Struct && node.A == StructTable.Pollfd;
    }

    private int SizeOf(TypeNode node) => TypeSizes.Of(node, _table);

    private void Element(TypeNode element, TypeNode pointer, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> after)
    {
        if (element.Kind == TypeKind.Struct)
            Struct(element.A, bytes, after, pointer.Way is Direction.InOut or Direction.InOutAlways);
        else if (element.Kind == TypeKind.Fd)
            Descriptor((int)Read(bytes, 4), pointer.Way == Direction.Out);
        else if (element.Kind == TypeKind.SigSetWord)
            SignalSet(bytes[..8]);
        else
            Value(element, pointer.A, Read(bytes, SizeOf(element)), -1);
    }

    /// <summary>A structure; fields that lie beyond the captured bytes are left out.</summary>
    /// <param name="id">Which one.</param>
    /// <param name="bytes">It, as the call found it, or left it where it only writes it.</param>
    /// <param name="after">It, as the call left it; empty when that is not known or is no other.</param>
    /// <param name="exchanged">Whether the call both reads and writes it.</param>
    /// <param name="size">Bytes that are said to be there; null: as many as it has.</param>
    private void Struct(int id, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> after = default, bool exchanged = false, ulong? size = null)
    {
        var layout = new StructRow(id, _table);
        bool lone = layout.FieldCount == 1 && layout.Field(0).Bare, left = false;
        if (!lone)
            _w.Open((byte)'{');
        for (int i = 0; i < layout.FieldCount; i++)
        {
            FieldRow field = layout.Field(i);
            if (field.ConditionOp != 0 && !Holds(field, bytes))
                continue;
            // Of a structure that is said to end before it.
            if (size is { } ends && (ulong)(field.Offset + field.Size * Math.Max(1, field.Array)) > ends)
                continue;
            if (TWriter.IsText && field.Abbreviated && _abbreviate)
            {
                left = true;
                continue;
            }
            if (id == StructTable.Pollfd && field.Name.SequenceEqual("revents"u8) && TWriter.IsText)
                continue;
            if (exchanged && field.Written && (after.IsEmpty || Failed))
                continue;
            if (!field.Bare)
                _w.Field(field.Name);
            if (exchanged)
                ExchangedField(field, bytes, after);
            else
                FieldValue(field, bytes);
        }
        if (size is { } whole)
            left |= Trailing(layout, bytes, whole);
        if (!lone)
            _w.Close((byte)'{', left);
        if (TWriter.IsText && layout.Dated && bytes.Length >= layout.Size)
            Date(layout, bytes);
    }

    private static bool Holds(FieldRow field, ReadOnlySpan<byte> bytes)
    {
        if (field.ConditionOffset + field.ConditionSize > bytes.Length)
            return false;
        ulong value = Read(bytes[field.ConditionOffset..], field.ConditionSize) & field.ConditionMask;
        return field.ConditionOp switch
        {
            1 => value != 0,
            2 => value == field.ConditionValue,
            _ => value != field.ConditionValue,
        };
    }

    private void FieldValue(FieldRow field, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> after = default)
    {
        var node = new TypeNode(field.Type);
        int count = Math.Max(1, field.Array), total = field.Size * count;
        if (field.Offset + total > bytes.Length)
        {
            _w.Name("???"u8);
            return;
        }
        ReadOnlySpan<byte> at = bytes.Slice(field.Offset, total);
        switch (node.Kind)
        {
            case TypeKind.Struct when field.Array == 0:
                Struct(node.A, at, after.Length >= field.Offset + total ? after.Slice(field.Offset, total) : default, !after.IsEmpty);
                return;
            case TypeKind.CharArray:
                int end = at.IndexOf((byte)0);
                // Without a NUL its last byte is not shown: where the NUL should be.
                _w.String(end < 0 ? at[..^1] : at[..end], end < 0);
                return;
            case TypeKind.HexBytes:
                _w.String(at[..Math.Min(at.Length, _decoder.Options.StringLimit)], at.Length > _decoder.Options.StringLimit);
                return;
            case TypeKind.Inet6:
                Inet6Address(at);
                return;
            case TypeKind.SigSetWord:
                SignalSet(at);
                return;
        }
        if (field.Array == 0 && node.Kind is not (TypeKind.HexArray or TypeKind.DecArray))
        {
            Member(node, field, Read(at, field.Size), bytes);
            return;
        }
        _w.Open((byte)'[');
        for (int i = 0; i < count; i++)
        {
            _w.Element();
            ulong value = Read(at[(i * field.Size)..], field.Size);
            if (node.Kind == TypeKind.Struct)
                Struct(node.A, at.Slice(i * field.Size, field.Size));
            else if (node.Kind == TypeKind.HexArray)
                _w.Hex(value);
            else if (node.Kind == TypeKind.DecArray)
                _w.Number(value);
            else
                Member(node, field, value, bytes);
        }
        _w.Close((byte)'[', false);
    }

    // A member's value; of a pointer what it points to, of which the structure tells how much there is.
    private void Member(TypeNode node, FieldRow field, ulong value, ReadOnlySpan<byte> within)
    {
        if (node.Kind is TypeKind.Path or TypeKind.Str or TypeKind.Buf or TypeKind.Ptr or TypeKind.Iovec or TypeKind.SockAddr)
            Pointer(node, value, within);
        else
            Value(node, field.Type, Extend(value, field.Size, field.Signed), -1);
    }

    // The date of a timestamp, as a comment: strace gives it for times of files.
    private void Date(StructRow layout, ReadOnlySpan<byte> bytes)
    {
        FieldRow seconds = layout.Field(0), nanoseconds = layout.Field(1);
        long s = (long)Extend(Read(bytes[seconds.Offset..], seconds.Size), seconds.Size, seconds.Signed);
        ulong ns = Read(bytes[nanoseconds.Offset..], nanoseconds.Size);
        if (ns > 999_999_999 || s is < -62_135_596_800 or > 253_402_300_799)
            return;
        DateTime date = DateTime.UnixEpoch.AddSeconds(s);
        Utf8Buffer to = _w.To;
        to.Append(" /* "u8);
        date.TryFormat(to.Room(32), out int written, "yyyy-MM-ddTHH:mm:ss");
        to.Length += written;
        if (ns != 0)
        {
            to.Append((byte)'.');
            Span<byte> digits = to.Room(9)[..9];
            for (int i = 8; i >= 0; i--, ns /= 10)
                digits[i] = (byte)('0' + ns % 10);
            to.Length += 9;
        }
        to.Append("+0000 */"u8);
    }

    private bool Strings(ulong address)
    {
        if (!_call.TryRead(address, CapturePhase.Entry, out ReadOnlySpan<byte> pointers))
            return false;
        int word = WordSize, limit = _decoder.Options.StringLimit, i = 0;
        bool more = true;
        _w.Open((byte)'[');
        for (; pointers.Length >= word; pointers = pointers[word..], i++)
        {
            ulong pointer = Read(pointers, word);
            if (pointer == 0)
            {
                more = false;
                break;
            }
            if (_abbreviate && i >= limit)
                break;
            _w.Element();
            if (!_call.TryRead(pointer, CapturePhase.Entry, out ReadOnlySpan<byte> text))
            {
                _w.Address(pointer);
                continue;
            }
            int end = text.IndexOf((byte)0);
            text = end < 0 ? text : text[..end];
            bool cut = end < 0 || text.Length > limit;
            _w.String(text[..Math.Min(text.Length, limit)], cut);
        }
        _w.Close((byte)'[', more);
        return true;
    }

    private bool Environment(ulong address)
    {
        if (!_call.TryCount(address, out ulong count))
            return false;
        if (TWriter.IsText)
        {
            _w.Address(address);
            _w.To.Append(" /* "u8);
            _w.Number(count);
            _w.To.Append(count == 1 ? " var */"u8 : " vars */"u8);
        }
        else
        {
            _w.Open((byte)'{');
            _w.Field("address"u8);
            _w.Address(address);
            _w.Field("count"u8);
            _w.Number(count);
            _w.Close((byte)'{', false);
        }
        return true;
    }
}
