using System.Buffers.Text;
using System.Buffers.Binary;
using Scry.Wire;

namespace Scry.Syscalls;

internal readonly ref partial struct CallDecoding<TWriter>
{
    /// <summary>A value of a register, or of memory when <paramref name="register"/> is negative.</summary>
    private void Value(TypeNode node, int type, ulong raw, int register)
    {
        switch (node.Kind)
        {
            case TypeKind.Int:
                Integer(node, raw);
                break;
            case TypeKind.Enum:
                Enum(node.A, node.B == 8 ? raw : (uint)raw);
                break;
            case TypeKind.Flags:
                Flags(node.A, node.B == 8 && !_narrow ? raw : (uint)raw);
                break;
            case TypeKind.Bits:
                Flags(node.A, raw);
                break;
            case TypeKind.IoPriority:
                IoPriority((uint)raw);
                break;
            case TypeKind.Fd:
                Descriptor((int)raw);
                break;
            case TypeKind.DirFd:
                DirectoryDescriptor((int)raw);
                break;
            case TypeKind.Mode:
                ModeBits((uint)raw);
                break;
            case TypeKind.StMode:
                FileMode((uint)raw);
                break;
            case TypeKind.Dev:
                Device(raw);
                break;
            case TypeKind.Time:
                _w.Number(_narrow ? (int)raw : (long)raw);
                break;
            case TypeKind.Uid or TypeKind.Gid:
                _w.Number((uint)raw == uint.MaxValue ? -1 : (long)(uint)raw);
                break;
            case TypeKind.Uid16 or TypeKind.Gid16:
                _w.Number((ushort)raw == ushort.MaxValue ? -1 : (long)(ushort)raw);
                break;
            case TypeKind.Signal:
                Signal((int)raw);
                break;
            case TypeKind.Split64:
                _w.Number((long)(Register(register + 1) << 32 | (uint)raw));
                break;
            case TypeKind.Split64Be:
                _w.Number((long)(raw << 32 | (uint)Register(register + 1)));
                break;
            case TypeKind.PageOffset:
                _w.Hex(raw * 4096);
                break;
            case TypeKind.CloneFlags:
                CloneFlags(raw);
                break;
            case TypeKind.Ioctl:
                IoctlRequest((uint)raw);
                break;
            case TypeKind.Handler:
                Handler(raw);
                break;
            case TypeKind.OldSigSet:
                SignalSet(BitConverter.GetBytes(raw).AsSpan(0, WordSize));
                break;
            case TypeKind.WaitStatus:
                WaitStatus((int)raw);
                break;
            case TypeKind.Rlim:
                ResourceLimit(raw);
                break;
            case TypeKind.NsecUtime:
                if (raw is 0x3fffffff or 0x3ffffffe)
                    Constant(raw == 0x3fffffff ? "UTIME_NOW"u8 : "UTIME_OMIT"u8, raw);
                else
                    _w.Number(raw);
                break;
            case TypeKind.Port:
                Port((ushort)raw);
                break;
            case TypeKind.InetAddr:
                InetAddress((uint)raw);
                break;
            default:
                Pointer(node, raw);
                break;
        }
    }

    private void Integer(TypeNode node, ulong raw)
    {
        int size = node.A == 0 ? WordSize : node.A;
        ulong value = size switch
        {
            1 => (byte)raw,
            2 => (ushort)raw,
            4 => (uint)raw,
            _ => raw,
        };
        if (node.C == 16)
            _w.Hex(value);
        else if (node.C == 8)
            _w.Octal(value);
        else if (node.B == 0)
            _w.Number(value);
        else
            _w.Number(size switch { 1 => (sbyte)raw, 2 => (short)raw, 4 => (int)raw, _ => (long)raw });
    }

    /// <summary>The name of a value, or the number with the family that it should belong to.</summary>
    private void Enum(int xlat, ulong value)
    {
        var names = new XlatRow(xlat, _table);
        int at = names.Find(value);
        if (at < 0 && (long)(int)value < 0)
            at = names.Find((ulong)(int)value);
        if (at >= 0)
        {
            _w.Name(names.Name(at));
            return;
        }
        if (names.Flags)
        {
            Flags(xlat, value);
            return;
        }
        if (names.DecimalMask != 0)
            _w.Number((long)(int)value);
        else
            Unnamed(names.Prefix, value);
    }

    /// <summary>A constant that no table holds, by its name.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value.</param>
    /// <param name="signed">Whether the value is written as a signed decimal where it is written; otherwise in hexadecimal.</param>
    private void Constant(ReadOnlySpan<byte> name, ulong value, bool signed = false) => _w.Name(name);

    // <linux/ioprio.h>
    private void IoPriority(uint value)
    {
        if (!TWriter.IsText)
        {
            _w.Hex(value);
            return;
        }
        _w.To.Append("IOPRIO_PRIO_VALUE("u8);
        Enum(XlatTable.IoprioClass, value >> 13);
        _w.To.Append(", "u8);
        _w.Hex(value & 0x1fff);
        _w.To.Append((byte)')');
    }

    private void Unnamed(ReadOnlySpan<byte> prefix, ulong value)
    {
        _w.Hex(value);
        if (!TWriter.IsText || prefix.IsEmpty)
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
        int start = _w.To.Length;
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
    }

    // A family's prefix as its first name shows it: "CLONE_" of CLONE_VM.
    private static ReadOnlySpan<byte> First(XlatRow names)
    {
        if (names.Count == 0)
            return default;
        ReadOnlySpan<byte> name = names.Name(0);
        return name[..(name.IndexOf((byte)'_') + 1)];
    }

    private void ModeBits(uint mode)
    {
        if (!TWriter.IsText)
        {
            _w.Octal(mode);
            return;
        }
        // At least three digits behind the 0, as file modes are written.
        Span<byte> digits = stackalloc byte[12];
        int at = digits.Length;
        do
        {
            digits[--at] = (byte)('0' + (mode & 7));
            mode >>= 3;
        } while (mode != 0 || at > digits.Length - 3);
        digits[--at] = (byte)'0';
        _w.To.Append(digits[at..]);
    }

    private void FileMode(uint mode)
    {
        if (!TWriter.IsText)
        {
            _w.Octal(mode);
            return;
        }
        ReadOnlySpan<byte> type = (mode & 0xf000) switch
        {
            0xc000 => "S_IFSOCK"u8,
            0xa000 => "S_IFLNK"u8,
            0x8000 => "S_IFREG"u8,
            0x6000 => "S_IFBLK"u8,
            0x4000 => "S_IFDIR"u8,
            0x2000 => "S_IFCHR"u8,
            0x1000 => "S_IFIFO"u8,
            _ => default,
        };
        if (!type.IsEmpty)
        {
            _w.To.Append(type);
            _w.To.Append((byte)'|');
            mode &= ~0xf000u;
        }
        if ((mode & 0x800) != 0)
            _w.To.Append("S_ISUID|"u8);
        if ((mode & 0x400) != 0)
            _w.To.Append("S_ISGID|"u8);
        if ((mode & 0x200) != 0)
            _w.To.Append("S_ISVTX|"u8);
        ModeBits(mode & ~0xe00u);
    }

    private void Device(ulong device)
    {
        // <linux/kdev_t.h>: new_decode_dev, as stat(2) gives it.
        ulong major = device >> 8 & 0xfff | device >> 32 & ~0xffful, minor = device & 0xff | device >> 12 & 0xffffff00;
        if (TWriter.IsText)
        {
            _w.To.Append("makedev("u8);
            _w.Hex(major);
            _w.To.Append(", "u8);
            _w.Hex(minor);
            _w.To.Append((byte)')');
        }
        else
        {
            _w.Open((byte)'{');
            _w.Field("major"u8);
            _w.Number(major);
            _w.Field("minor"u8);
            _w.Number(minor);
            _w.Close((byte)'{', false);
        }
    }

    private void ResourceLimit(ulong value)
    {
        if (value == ulong.MaxValue || _narrow && value == uint.MaxValue)
            Constant(_narrow && value == uint.MaxValue ? "RLIM_INFINITY"u8 : "RLIM64_INFINITY"u8, value);
        else if (TWriter.IsText && value > 1024 && value % 1024 == 0)
        {
            _w.Number(value / 1024);
            _w.To.Append("*1024"u8);
        }
        else
            _w.Number(value);
    }

    private void CloneFlags(ulong flags)
    {
        ulong signal = flags & 0xff;
        if ((flags & ~0xfful) == 0)
        {
            Signal((int)signal);
            return;
        }
        Flags(XlatTable.CloneFlags, flags & ~0xfful);
        if (signal == 0 || !TWriter.IsText)
            return;
        _w.To.Append((byte)'|');
        Signal((int)signal);
    }

    private void IoctlRequest(uint request)
    {
        var names = new XlatRow(XlatTable.Ioctl, _table);
        int at = names.Find(request);
        if (at >= 0)
        {
            _w.Name(names.Name(at));
            return;
        }
        if (!TWriter.IsText)
        {
            _w.Hex(request);
            return;
        }
        // <asm-generic/ioctl.h>
        Utf8Buffer to = _w.To;
        uint direction = request >> 30;
        to.Append("_IOC("u8);
        to.Append(direction switch { 0 => "_IOC_NONE"u8, 1 => "_IOC_WRITE"u8, 2 => "_IOC_READ"u8, _ => "_IOC_READ|_IOC_WRITE"u8 });
        to.Append(", "u8);
        _w.Hex(request >> 8 & 0xff);
        to.Append(", "u8);
        _w.Hex(request & 0xff);
        to.Append(", "u8);
        _w.Hex(request >> 16 & 0x3fff);
        to.Append((byte)')');
    }

    private static ulong Read(ReadOnlySpan<byte> bytes, int size) => size switch
    {
        1 => bytes[0],
        2 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        4 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        _ => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
    };

    private static ulong Extend(ulong value, int size, bool signed) => !signed ? value : size switch
    {
        1 => (ulong)(sbyte)value,
        2 => (ulong)(short)value,
        4 => (ulong)(int)value,
        _ => value,
    };
}
