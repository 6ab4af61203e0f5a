using System.Buffers.Text;
using Scry.Wire;

namespace Scry.Syscalls;

// Values that have names: by name, by number or both (strace -X).
internal readonly ref partial struct CallDecoding<TWriter>
{
    /// <summary>The name of a value, or the number with the family that it should belong to.</summary>
    private void Enum(int xlat, ulong value)
    {
        var names = new XlatRow(xlat, _table);
        int at = names.Find(value);
        if (at < 0 && (long)(int)value < 0)
            at = names.Find((ulong)(int)value);
        bool signed = names.DecimalMask != 0;
        if (at >= 0)
        {
            Constant(names.Name(at), signed ? (ulong)(int)value : value, signed ? NumberBase.Signed : NumberBase.Hex);
            return;
        }
        if (names.Flags)
        {
            Flags(xlat, value);
            return;
        }
        if (signed)
            _w.Number((long)(int)value);
        else
            Unnamed(names.Prefix, value);
    }

    /// <summary>A constant that no table holds, by its name.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value.</param>
    /// <param name="number">How the value is written where it is written.</param>
    private void Constant(ReadOnlySpan<byte> name, ulong value, NumberBase number = NumberBase.Hex)
    {
        if (!BeginNames(value, out ConstantStyle style, number))
            return;
        _w.Name(name);
        EndNames(style);
    }

    /// <summary>
    /// Begins a value that names spell: its number, where numbers are asked for, or the number with the names as a comment.
    /// </summary>
    /// <param name="value">The number.</param>
    /// <param name="style">For <see cref="EndNames"/>, which is to follow when this is true.</param>
    /// <param name="number">As of <see cref="Constant"/>.</param>
    /// <returns>Whether names are to be written.</returns>
    private bool BeginNames(ulong value, out ConstantStyle style, NumberBase number = NumberBase.Hex)
    {
        style = TWriter.IsText ? _decoder.Style : ConstantStyle.Names;
        if (style == ConstantStyle.Names)
            return true;
        switch (number)
        {
            case NumberBase.Signed: _w.Number((long)value); break;
            case NumberBase.Unsigned: _w.Number(value); break;
            case NumberBase.Mode: ModeBits((uint)value); break;
            default: _w.Hex(value); break;
        }
        if (style == ConstantStyle.Numbers)
            return false;
        _w.To.Append(" /* "u8);
        _decoder.Style = ConstantStyle.Names;
        return true;
    }

    /// <summary>Ends what <see cref="BeginNames"/> began.</summary>
    private void EndNames(ConstantStyle style)
    {
        if (style == ConstantStyle.Names)
            return;
        _decoder.Style = style;
        _w.To.Append(" */"u8);
    }

    private void Unnamed(ReadOnlySpan<byte> prefix, ulong value)
    {
        _w.Hex(value);
        if (!TWriter.IsText || prefix.IsEmpty || _decoder.Style == ConstantStyle.Numbers)
            return;
        Comment(prefix);
    }

    // " /* PREFIX_??? */"; a prefix that has its question marks already stands as it is.
    private void Comment(ReadOnlySpan<byte> prefix)
    {
        _w.To.Append(" /* "u8);
        _w.To.Append(prefix);
        _w.To.Append(prefix.Contains((byte)'?') ? " */"u8 : "??? */"u8);
    }

    private void Flags(int xlat, ulong value)
    {
        var names = new XlatRow(xlat, _table);
        if (!names.Flags)
        {
            Enum(xlat, value);
            return;
        }
        ulong left = value;
        bool any = false;
        ConstantStyle style = TWriter.IsText ? _decoder.Style : ConstantStyle.Names;
        bool octalNumber = names.OctalMask != 0 && (value & ~names.OctalMask) == 0;
        if (style != ConstantStyle.Names)
        {
            if (octalNumber)
                _w.Octal(value);
            else
                _w.Hex(value);
            if (style == ConstantStyle.Numbers || octalNumber)
                return;
        }
        int start = _w.To.Length;
        if (style == ConstantStyle.Both)
            _w.To.Append(" /* "u8);
        _w.BeginFlags();
        ulong octal = left & names.OctalMask, shifted = names.ShiftName.IsEmpty ? 0 : left >> names.ShiftBits & names.ShiftMask;
        left &= ~names.OctalMask;
        if (shifted != 0)
            left &= ~(names.ShiftMask << names.ShiftBits);
        for (int i = 0; i < names.Count; i++)
        {
            ulong mask = names.Mask(i), bits = names.Value(i);
            bool field = mask != bits;
            if (field ? (value & mask) == bits : bits != 0 && (left & bits) == bits)
            {
                // The zero of a field is said only where no other of its values is, and once.
                _w.Flag(names.Name(i));
                left &= ~mask;
                any = true;
            }
        }
        if (shifted != 0)
        {
            // The names are the facts' own, all shorter.
            Span<byte> text = stackalloc byte[96];
            Utf8Formatter.TryFormat(shifted, text, out int digits);
            "<<"u8.CopyTo(text[digits..]);
            names.ShiftName.CopyTo(text[(digits + 2)..]);
            _w.Flag(text[..(digits + 2 + names.ShiftName.Length)]);
            any = true;
        }
        if (style == ConstantStyle.Both && !any)
        {
            UnnamedBits(names, left, start);
            return;
        }
        if (TWriter.IsText && (left != 0 || octal != 0 || !any))
        {
            if (!any && left == 0 && octal == 0)
            {
                _w.Name(names.Zero.IsEmpty ? "0"u8 : names.Zero);
            }
            else if (octal != 0 || names.OctalMask != 0 && left == 0)
            {
                _w.Octal(octal);
                if (left != 0)
                    _w.To.Append((byte)'|');
            }
            if (left != 0)
            {
                _w.To.AppendHex(left);
                if (!any)
                    Comment(names.Prefix.IsEmpty ? First(names) : names.Prefix);
            }
        }
        _w.EndFlags(value);
        if (style == ConstantStyle.Both)
            _w.To.Append(" */"u8);
    }

    // Behind a number of which no bit has a name.
    private void UnnamedBits(XlatRow names, ulong left, int start)
    {
        _w.To.Length = start;
        if (left != 0)
        {
            Comment(names.Prefix.IsEmpty ? First(names) : names.Prefix);
        }
        else if (!names.Zero.IsEmpty && names.Zero[0] != (byte)'0')
        {
            _w.To.Append(" /* "u8);
            _w.Name(names.Zero);
            _w.To.Append(" */"u8);
        }
    }

    // A family's prefix as its first name shows it: "CLONE_" of CLONE_VM.
    private static ReadOnlySpan<byte> First(XlatRow names)
    {
        if (names.Count == 0)
            return default;
        ReadOnlySpan<byte> name = names.Name(0);
        return name[..(name.IndexOf((byte)'_') + 1)];
    }
}

/// <summary>How the number of a constant is written.</summary>
internal enum NumberBase
{
    Hex,
    Signed,
    Unsigned,
    /// <summary>As modes are.</summary>
    Mode,
}
