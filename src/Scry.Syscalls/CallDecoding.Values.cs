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
            case TypeKind.Pid:
                Pid((int)raw, node.A);
                break;
            case TypeKind.Fd:
                Descriptor((int)raw, register: register);
                break;
            case TypeKind.DirFd:
                DirectoryDescriptor((int)raw, register);
                break;
            case TypeKind.Mode:
                // umode_t is 16 bits wide.
                ModeBits((ushort)raw);
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
            case TypeKind.Variant when !new SyscallRow(_row).Is("socketcall"u8):
                // Of no command that is known: strace's form of such arguments.
                _w.Hex(_narrow ? (uint)raw : raw);
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

    // <linux/ioprio.h>
    private void IoPriority(uint value)
    {
        if (!TWriter.IsText)
        {
            _w.Hex(value);
            return;
        }
        if (!BeginNames(value, out ConstantStyle style))
            return;
        _w.To.Append("IOPRIO_PRIO_VALUE("u8);
        Enum(XlatTable.IoprioClass, value >> 13);
        _w.To.Append(", "u8);
        _w.Number(value & 0x1fff);
        _w.To.Append((byte)')');
        EndNames(style);
    }

    private void ModeBits(uint mode)
    {
        if (!TWriter.IsText)
        {
            _w.Octal(mode);
            return;
        }
        // As %#03o: three digits at least, the 0 with them.
        Span<byte> digits = stackalloc byte[16];
        int at = digits.Length;
        do
        {
            digits[--at] = (byte)('0' + (mode & 7));
            mode >>= 3;
        } while (mode != 0 || at > digits.Length - 2);
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
        if (type.IsEmpty)
        {
            ModeBits(mode);
            return;
        }
        if (!BeginNames(mode, out ConstantStyle style, NumberBase.Mode))
            return;
        _w.To.Append(type);
        _w.To.Append((byte)'|');
        mode &= ~0xf000u;
        if ((mode & 0x800) != 0)
            _w.To.Append("S_ISUID|"u8);
        if ((mode & 0x400) != 0)
            _w.To.Append("S_ISGID|"u8);
        if ((mode & 0x200) != 0)
            _w.To.Append("S_ISVTX|"u8);
        ModeBits(mode & ~0xe00u);
        EndNames(style);
    }

    private void Device(ulong device)
    {
        // <linux/kdev_t.h>: new_decode_dev, as stat(2) gives it.
        ulong major = device >> 8 & 0xfff | device >> 32 & ~0xffful, minor = device & 0xff | device >> 12 & 0xffffff00;
        if (TWriter.IsText)
        {
            if (!BeginNames(device, out ConstantStyle style))
                return;
            _w.To.Append("makedev("u8);
            _w.Hex(major);
            _w.To.Append(", "u8);
            _w.Hex(minor);
            _w.To.Append((byte)')');
            EndNames(style);
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
            Kibibytes(value);
        else
            _w.Number(value);
    }

    private void Kibibytes(ulong value)
    {
        if (!BeginNames(value, out ConstantStyle style, NumberBase.Unsigned))
            return;
        _w.Number(value / 1024);
        _w.To.Append("*1024"u8);
        EndNames(style);
    }

    private void CloneFlags(ulong flags)
    {
        ulong signal = flags & 0xff;
        if (TWriter.IsText && _decoder.Style == ConstantStyle.Numbers)
        {
            _w.Hex(flags);
            return;
        }
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
            Constant(names.Name(at), request);
            return;
        }
        if (!TWriter.IsText)
        {
            _w.Hex(request);
            return;
        }
        if (!BeginNames(request, out ConstantStyle style))
            return;
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
        EndNames(style);
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
