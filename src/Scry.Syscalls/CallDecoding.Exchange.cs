using Scry.Wire;

namespace Scry.Syscalls;

// What a call reads and writes: what it was given is the argument, what it left there stands beside it.
internal readonly ref partial struct CallDecoding<TWriter>
{
    private bool Exchanged(TypeNode node, ulong address, ReadOnlySpan<byte> within)
    {
        ReadOnlySpan<byte> after = default;
        if (!Failed || node.Way == Direction.InOutAlways)
            _call.TryRead(address, CapturePhase.Exit, out after);
        if (!Given(node, address, out ReadOnlySpan<byte> before))
        {
            if (after.IsEmpty || !IsKept(node))
                return !after.IsEmpty && LeftAlone(node, address, after, within);
            before = after;
        }
        var element = new TypeNode(node.A);
        if (element.Kind == TypeKind.Int && Number(element, before, after))
            return true;
        return Elements(node, before, TWriter.IsText && ResultTells(node) ? default : after, within);
    }

    // What the call found. What was read late may be what it left instead: unless it leaves nothing when it fails.
    private bool Given(TypeNode node, ulong address, out ReadOnlySpan<byte> before) =>
        _call.TryRead(address, CapturePhase.Entry, out before, late: IsKept(node) || Failed && node.Way == Direction.InOut && !ResultTells(node));

    // Whether what was given can be told from what was left: of a struct pollfd the kernel writes revents alone.
    private bool IsKept(TypeNode node) => node.Count == CountKind.Register && ResultType() is >= 0 and var result && new TypeNode(result).Kind == TypeKind.Poll;

    // Whether what was left is text of the result: of a poll what came, of a timeout what is left.
    private bool ResultTells(TypeNode node) => ResultType() is >= 0 and var result
        && new TypeNode(result).Kind is TypeKind.Poll or TypeKind.Select or TypeKind.Left && new TypeNode(node.A).Kind == TypeKind.Struct;

    // Of a call whose begin was not seen, or whose memory was not there then: 0x7f0000001000 => [16].
    private bool LeftAlone(TypeNode node, ulong address, ReadOnlySpan<byte> after, ReadOnlySpan<byte> within)
    {
        if (TWriter.IsText)
        {
            _w.Address(address);
            if (!ResultTells(node))
            {
                _w.To.Append(" => "u8);
                // Not as a change: there is nothing that it changed from.
                if (!Elements(node, after, after, within))
                    _w.Address(address);
            }
            return true;
        }
        _w.Open((byte)'{');
        _w.Field("before"u8);
        _w.Address(address);
        _w.Field("after"u8);
        if (!Elements(node, after, after, within))
            _w.Address(address);
        _w.Close((byte)'{', false);
        return true;
    }

    // A number that the call replaced: a length [128 => 16], an offset [10] => [60].
    private bool Number(TypeNode element, ReadOnlySpan<byte> before, ReadOnlySpan<byte> after)
    {
        int size = SizeOf(element);
        if (before.Length < size || after.Length < size || before[..size].SequenceEqual(after[..size]))
            return false;
        if (TWriter.IsText)
        {
            _w.To.Append((byte)'[');
            Integer(element, Read(before, size));
            _w.To.Append(size == 4 ? " => "u8 : "] => ["u8);
            Integer(element, Read(after, size));
            _w.To.Append((byte)']');
            return true;
        }
        _w.Open((byte)'{');
        _w.Field("before"u8);
        Integer(element, Read(before, size));
        _w.Field("after"u8);
        Integer(element, Read(after, size));
        _w.Close((byte)'{', false);
        return true;
    }

    private void ExchangedField(FieldRow field, ReadOnlySpan<byte> before, ReadOnlySpan<byte> after)
    {
        int end = field.Offset + field.Size * Math.Max(1, field.Array);
        bool known = after.Length >= end && before.Length >= end;
        if (field.Written || known && field.Replaced && TWriter.IsText)
            FieldValue(field, after);
        else if (new TypeNode(field.Type).Kind == TypeKind.Struct && field.Array == 0)
            FieldValue(field, before, after);
        else if (!known || before[field.Offset..end].SequenceEqual(after[field.Offset..end]))
            FieldValue(field, before);
        else if (TWriter.IsText)
        {
            FieldValue(field, before);
            _w.To.Append(" => "u8);
            FieldValue(field, after);
        }
        else
        {
            _w.Open((byte)'{');
            _w.Field("before"u8);
            FieldValue(field, before);
            _w.Field("after"u8);
            FieldValue(field, after);
            _w.Close((byte)'{', false);
        }
    }

    // A set of descriptors: text has the one after behind the result.
    private bool ExchangedSet(TypeNode node, ulong address)
    {
        ulong limit = Register(node.C);
        ReadOnlySpan<byte> after = default;
        bool left = !TWriter.IsText && !Failed && _call.TryRead(address, CapturePhase.Exit, out after);
        if (!_call.TryRead(address, CapturePhase.Entry, out ReadOnlySpan<byte> before, late: Failed))
        {
            if (!left)
                return false;
            before = default;
        }
        if (!left || before.SequenceEqual(after))
            return DescriptorSet(address, limit, CapturePhase.Entry, true);
        _w.Open((byte)'{');
        _w.Field("before"u8);
        if (before.IsEmpty)
            _w.Address(address);
        else
            DescriptorSet(address, limit, CapturePhase.Entry, true);
        _w.Field("after"u8);
        DescriptorSet(address, limit, CapturePhase.Exit, true);
        _w.Close((byte)'{', false);
        return true;
    }

    // A length of a message: of one that is received, what was there before too.
    private void MessageLength(ReadOnlySpan<byte> given, int offset, ulong length, bool text)
    {
        ulong before = given.Length >= offset + 4 ? Read(given[offset..], 4) : length;
        if (before == length || TWriter.IsText && !text)
        {
            _w.Number((long)(int)length);
        }
        else if (TWriter.IsText)
        {
            _w.Number((long)(int)before);
            _w.To.Append(" => "u8);
            _w.Number((long)(int)length);
        }
        else
        {
            _w.Open((byte)'{');
            _w.Field("before"u8);
            _w.Number(before);
            _w.Field("after"u8);
            _w.Number(length);
            _w.Close((byte)'{', false);
        }
    }

    // A message that did not come: {msg_namelen=128}, what there was room for.
    private bool NoMessage(ulong address)
    {
        int word = WordSize;
        if (!_call.TryRead(address, CapturePhase.Entry, out ReadOnlySpan<byte> given) || given.Length < 6 * word)
            return false;
        _w.Open((byte)'{');
        _w.Field("msg_namelen"u8);
        _w.Number((long)(int)Read(given[word..], 4));
        if (!TWriter.IsText)
        {
            _w.Field("msg_controllen"u8);
            _w.Number(Read(given[(5 * word)..], word));
        }
        _w.Close((byte)'{', false);
        return true;
    }
}
