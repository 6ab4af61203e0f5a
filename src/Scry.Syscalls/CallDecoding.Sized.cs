namespace Scry.Syscalls;

// Structures whose size the caller gives: programs know less of them than the kernel, or more.
internal readonly ref partial struct CallDecoding<TWriter>
{
    // A structure of which so many bytes are said to be there. What no member is known for follows when it is not zero.
    private bool Sized(TypeNode element, TypeNode node, ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> after)
    {
        ulong size = Register(node.C);
        if (_narrow)
            size = (uint)size;
        var layout = new StructRow(element.A, _table);
        int first = layout.FieldCount > 0 ? layout.Field(0).Offset + layout.Field(0).Size : 0;
        if (bytes.Length < first || size < (ulong)first)
            return false;
        bytes = bytes[..(int)Math.Min(size, (ulong)bytes.Length)];
        Struct(element.A, bytes, after, node.Way is Direction.InOut or Direction.InOutAlways, size);
        return true;
    }

    // Bytes behind a structure's last member: /* bytes 24..31 */ "\x01\x00…"
    private bool Trailing(StructRow layout, ReadOnlySpan<byte> bytes, ulong size)
    {
        if (size <= (ulong)layout.Size)
            return false;
        if (bytes.Length <= layout.Size)
            return true;
        ReadOnlySpan<byte> rest = bytes[layout.Size..];
        if (!rest.ContainsAnyExcept((byte)0))
            return false;
        if (!TWriter.IsText)
        {
            _w.Field("rest"u8);
            _w.String(rest, (ulong)bytes.Length < size);
            return false;
        }
        Utf8Buffer to = _w.To;
        _w.Element();
        to.Append("/* bytes "u8);
        to.AppendDecimal(layout.Size);
        to.Append(".."u8);
        to.AppendDecimal((long)size - 1);
        to.Append(" */ "u8);
        int shown = Math.Min(rest.Length, _decoder.Options.StringLimit);
        Quote.Hex(to, rest[..shown], (ulong)(layout.Size + shown) < size);
        return false;
    }
}
