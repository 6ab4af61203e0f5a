using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Scry.Wire;

/// <summary>What is special about a file (<c>SCRY_FILE_*</c>).</summary>
[Flags]
public enum FileFlags : byte
{
    /// <summary>It lies at its path.</summary>
    None = 0,
    /// <summary>It lies in no directory: its text is a name.</summary>
    Named = 0x01,
    /// <summary>It has no name any more.</summary>
    Deleted = 0x02,
    /// <summary>The path is longer: its first components are missing.</summary>
    Cut = 0x04,
}

/// <summary>What a descriptor stood for at a call (<c>struct scry_file</c>); its text follows in the capture.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FileFacts
{
    /// <summary>Its inode number.</summary>
    public ulong Inode;
    /// <summary>Of a unix socket: the inode number of its other end; 0: it has none.</summary>
    public ulong Peer;
    /// <summary>What its filesystem is (&lt;linux/magic.h&gt;).</summary>
    public uint Magic;
    /// <summary>Of a device: its numbers, as the kernel keeps them.</summary>
    public uint RawDevice;
    /// <summary>Of a pidfd the process, 0 when that is gone; of a netlink socket its port.</summary>
    public uint Id;
    /// <summary>Type and permissions.</summary>
    public ushort Mode;
    /// <summary>Of a socket: its family; 0: it is none.</summary>
    public ushort Family;
    /// <summary>Of a socket: its protocol.</summary>
    public ushort Protocol;
    /// <summary>Of a socket of the internet: its port.</summary>
    public ushort Port;
    /// <summary>The port of its other end.</summary>
    public ushort RemotePort;
    /// <summary>What is special about it.</summary>
    public FileFlags Flags;
    /// <summary>Of a unix socket: bytes of its address, which ends the text.</summary>
    public byte AddressLength;
    private FilePad _pad;
    /// <summary>Of a socket of the internet: its address.</summary>
    public FileAddress Address;
    /// <summary>The address of its other end.</summary>
    public FileAddress Remote;

    /// <summary>Major number of <see cref="RawDevice"/>.</summary>
    public readonly uint Major => RawDevice >> 20;

    /// <summary>Minor number of <see cref="RawDevice"/>.</summary>
    public readonly uint Minor => RawDevice & 0xfffff;

    [InlineArray(6)]
    private struct FilePad
    {
        private byte _first;
    }

    /// <summary>An address: 4 bytes of it, or 16.</summary>
    [InlineArray(16)]
    public struct FileAddress
    {
        private byte _first;
    }
}

/// <summary>Where a call's descriptors stand (<c>SCRY_FD_*</c>).</summary>
public enum FdOpKind : byte
{
    /// <summary>Nowhere.</summary>
    None = 0,
    /// <summary>In an argument.</summary>
    Arg = 1,
    /// <summary>The result is one.</summary>
    Result = 2,
    /// <summary>In memory, at a distance from one another.</summary>
    Memory = 3,
    /// <summary>The bits of a set.</summary>
    Set = 4,
    /// <summary>In an argument, but of the process of the pidfd in another.</summary>
    Theirs = 5,
    /// <summary>In the control messages of a msghdr.</summary>
    Control = 6,
}

/// <summary>One such place (<c>struct scry_fd_op</c>).</summary>
/// <param name="Kind">Which.</param>
/// <param name="AtExit">1: after the call, when it succeeded; 0: before it.</param>
/// <param name="Arg">The argument.</param>
/// <param name="Other">The argument that has their number; <see cref="Layout.MaxArgs"/>: <paramref name="Count"/> has it.</param>
/// <param name="Offset">From where the argument points to the first.</param>
/// <param name="Stride">From one to the next.</param>
/// <param name="Count">Their number.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct FdOp(FdOpKind Kind, byte AtExit, byte Arg, byte Other, ushort Offset, byte Stride, byte Count);

/// <summary>All of a call's (<c>struct scry_fd_plan</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FdPlan
{
    /// <summary>How many there are.</summary>
    public byte OpCount;
    /// <summary>Number + 1 of the argument whose value chooses another one; 0: none does.</summary>
    public byte VariantArg;
    private FdPad _pad;
    /// <summary>The places.</summary>
    public FdOps Ops;

    /// <summary>As many as there can be.</summary>
    [InlineArray(Layout.FdOps)]
    public struct FdOps
    {
        private FdOp _first;
    }

    [InlineArray(6)]
    private struct FdPad
    {
        private byte _first;
    }

    /// <summary>Adds one, if there is room.</summary>
    public void Add(FdOp op)
    {
        if (OpCount < Layout.FdOps)
            Ops[OpCount++] = op;
    }
}
