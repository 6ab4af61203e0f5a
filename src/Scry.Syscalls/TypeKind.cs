namespace Scry.Syscalls;

/// <summary>What a value is: the kinds of the facts' types. The generator writes them, the decoder reads them.</summary>
internal enum TypeKind
{
    None,
    /// <summary>A = bytes (0: a long), B = 1 when signed, C = base: 10, 16 or 8.</summary>
    Int,
    /// <summary>A = xlat, B = bytes of the value (4 or 8).</summary>
    Enum,
    /// <summary>A = xlat, B = bytes.</summary>
    Flags,
    Fd, DirFd, Mode, StMode, Dev, Time, Uid, Gid, Uid16, Gid16, Signal, Addr, Split64, Split64Be, PageOffset, Pad,
    /// <summary>B = direction.</summary>
    Path,
    /// <summary>B = direction; cut at the limit of strings.</summary>
    Str,
    /// <summary>A = 1 for bytes in hexadecimal, B = direction, C = register of the length, D = kind of the length.</summary>
    Buf,
    /// <summary>A = element type, B = direction, C = count or register, D = kind of the count.</summary>
    Ptr,
    /// <summary>A = struct.</summary>
    Struct,
    /// <summary>As Buf, of iovecs.</summary>
    Iovec,
    /// <summary>B = direction.</summary>
    Msghdr,
    /// <summary>B = direction, C = register of the count.</summary>
    Mmsghdr,
    StrV, EnvP,
    /// <summary>As Buf.</summary>
    SockAddr,
    /// <summary>As Buf.</summary>
    SigSet,
    /// <summary>As Buf: the length is a number of descriptors.</summary>
    FdSet,
    Variant, CloneFlags, Ioctl, Handler, OldSigSet, WaitStatus,
    /// <summary>A = <see cref="CustomKind"/>.</summary>
    Custom,
    /// <summary>Results.</summary>
    Poll, Select, NoReturn,
    /// <summary>A = xlat: <c>0x10 (SECBIT_KEEP_CAPS)</c>.</summary>
    Bits,
    IoPriority,
    /// <summary>In structs: a NUL-padded string; A = bytes.</summary>
    CharArray,
    /// <summary>In structs: A = bytes of an element, B = elements.</summary>
    HexArray, DecArray, HexBytes,
    Inet6, NsecUtime, Rlim, Hidden, SigSetWord, InetAddr, Port,
    /// <summary>A result: a count, and what is left of a timeout.</summary>
    Left,
    /// <summary>A = a <see cref="Scry.Wire.PidKind"/>; 4: a process, or a group when it is negative.</summary>
    Pid,
}

/// <summary>Which way memory goes.</summary>
internal enum Direction
{
    In = 1,
    Out = 2,
    InOut = 3,
    /// <summary>Out, of a wait that a signal ended.</summary>
    OutRestart = 4,
    /// <summary>InOut, written also when the call failed.</summary>
    InOutAlways = 5,
}

/// <summary>Where a length or count stands.</summary>
internal enum CountKind
{
    /// <summary>One, without brackets.</summary>
    One,
    Constant,
    Register,
    Result,
    /// <summary>In the u32 that a register points to.</summary>
    Pointer,
}

/// <summary>Values that only code can decode.</summary>
internal enum CustomKind
{
    None,
    CloneArgs,
    CpuSet,
    Dirents,
    Mincore,
    SigsetPair,
}
