using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Scry.Wire;

namespace Scry.Targets;

/// <summary>
/// The few calls of the C library that .NET does not offer: who this process is; a directory's inode number, owner and lock, what kind of
/// file a path leads to, a link's text at once, memory of another process, and the kernel's socket diagnosis (sock_diag(7)) of a network namespace.
/// </summary>
internal static partial class Native
{
    private const int AtFdCwd = -100;
    private const uint StatxType = 0x1;
    private const uint StatxIno = 0x100;
    private const uint StatxUid = 0x8;
    private const int StatxSize = 256;
    private const int UidOffset = 20;
    private const int ModeOffset = 28;
    private const int InoOffset = 32;
    private const int DeviceOffset = 136; // major and minor
    private const int AtSymlinkNoFollow = 0x100;
    private const int FormatMask = 0xf000;
    private const int FormatRegular = 0x8000;
    private const int AfNetlink = 16, SockRaw = 3, SockCloseOnExec = 0x80000, NetlinkSockDiag = 4;
    private const int CloneNewNet = 0x40000000;

    [LibraryImport("libc", EntryPoint = "statx")]
    private static partial int Statx(int directory, ReadOnlySpan<byte> path, int flags, uint mask, Span<byte> result);

    /// <summary>The inode number of <paramref name="path"/>; false when it cannot be had. statx(2): the layout is the same on every ABI.</summary>
    public static bool TryInode(string path, out ulong inode)
    {
        Span<byte> result = stackalloc byte[StatxSize];
        bool found = Ask(path, 0, StatxIno, result);
        inode = found ? MemoryMarshal.Read<ulong>(result[InoOffset..]) : 0;
        return found;
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    [LibraryImport("libc", EntryPoint = "open")]
    private static partial int Open(ReadOnlySpan<byte> path, int flags);

    [LibraryImport("libc", EntryPoint = "flock")]
    private static partial int Flock(SafeFileHandle file, int operation);

    /// <summary>Opens a directory, which .NET does not; null when it is not there or may not be read.</summary>
    public static SafeFileHandle? OpenDirectory(string path)
    {
        const int closeOnExec = 0x80000;
        int fd = Open(Encoding.UTF8.GetBytes(path + '\0'), closeOnExec);
        return fd < 0 ? null : new SafeFileHandle(fd, ownsHandle: true);
    }

    /// <summary>Takes flock(2)'s exclusive lock unless someone has it.</summary>
    public static bool TryLock(SafeFileHandle file)
    {
        const int exclusive = 2, atOnce = 4;
        return Flock(file, exclusive | atOnce) == 0;
    }

    /// <summary>Whether a path leads to what is open.</summary>
    public static bool IsAt(SafeFileHandle file, string path)
    {
        const int emptyPath = 0x1000;
        Span<byte> open = stackalloc byte[StatxSize], there = stackalloc byte[StatxSize];
        return Statx((int)file.DangerousGetHandle(), "\0"u8, emptyPath, StatxIno, open) == 0 && Ask(path, 0, StatxIno, there)
            && open.Slice(InoOffset, sizeof(ulong)).SequenceEqual(there.Slice(InoOffset, sizeof(ulong)))
            && open.Slice(DeviceOffset, sizeof(ulong)).SequenceEqual(there.Slice(DeviceOffset, sizeof(ulong)));
    }

    /// <summary>The owner of <paramref name="path"/>, of a link the link's own; false when it cannot be had.</summary>
    public static bool TryOwner(string path, out uint owner)
    {
        Span<byte> result = stackalloc byte[StatxSize];
        bool found = Ask(path, AtSymlinkNoFollow, StatxUid, result);
        owner = found ? MemoryMarshal.Read<uint>(result[UidOffset..]) : 0;
        return found;
    }

    /// <summary>Whether a regular file is there; a link is followed.</summary>
    public static bool IsFile(string path)
    {
        Span<byte> result = stackalloc byte[StatxSize];
        return Ask(path, 0, StatxType, result) && (MemoryMarshal.Read<ushort>(result[ModeOffset..]) & FormatMask) == FormatRegular;
    }

    private static bool Ask(string path, int flags, uint mask, Span<byte> result)
    {
        result.Clear();
        return Statx(AtFdCwd, ByteText.Bytes(path + '\0'), flags, mask, result) == 0;
    }

    [LibraryImport("libc", EntryPoint = "readlink")]
    private static partial nint Readlink(ReadOnlySpan<byte> path, Span<byte> buffer, nint size);

    [LibraryImport("libc", EntryPoint = "socket")]
    private static partial int Socket(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "send")]
    private static partial nint Send(SafeFileHandle socket, ReadOnlySpan<byte> bytes, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv")]
    private static partial nint Receive(SafeFileHandle socket, Span<byte> bytes, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "setns")]
    private static partial int SetNamespace(SafeFileHandle file, int kind);

    [LibraryImport("libc", EntryPoint = "process_vm_readv")]
    private static partial nint ReadMemory(int pid, in IoVector to, nuint toCount, in IoVector from, nuint fromCount, nuint flags);

    /// <summary>struct iovec.</summary>
    private readonly struct IoVector(nuint address, nuint length)
    {
        public readonly nuint Address = address;
        public readonly nuint Length = length;
    }

    /// <summary>Copies memory of a process: at most <paramref name="length"/> bytes.</summary>
    /// <returns>Bytes copied: fewer where the memory ends, 0 when it cannot be read.</returns>
    public static int ReadProcess(int pid, ulong address, byte[] to, int length)
    {
        GCHandle pinned = GCHandle.Alloc(to, GCHandleType.Pinned);
        try
        {
            var here = new IoVector((nuint)pinned.AddrOfPinnedObject(), (nuint)length);
            var there = new IoVector((nuint)address, (nuint)length);
            return (int)Math.Max(0, ReadMemory(pid, in here, 1, in there, 1, 0));
        }
        finally
        {
            pinned.Free();
        }
    }

    /// <summary>What a symbolic link says; null when there is none.</summary>
    public static string? ReadLink(string path)
    {
        const int pathMax = 4096;
        Span<byte> buffer = stackalloc byte[pathMax];
        nint length = Readlink(ByteText.Bytes(path + '\0'), buffer, buffer.Length);
        return length > 0 ? ByteText.Of(buffer[..(int)length]) : null;
    }

    /// <summary>A socket that asks for sockets: of the network namespace that a process is in. Null when it cannot be had.</summary>
    public static SafeFileHandle? OpenSocketDiagnosis(int pid)
    {
        SafeFileHandle? result = null;
        string name = $"/proc/{pid}/ns/net";
        if (ReadLink(name) is { } theirs && theirs == ReadLink("/proc/self/ns/net"))
            return OpenNetlink();
        // A thread that goes to another namespace stays there: it ends with the socket that it made.
        var visitor = new Thread(() =>
        {
            try
            {
                using SafeFileHandle there = File.OpenHandle(name, share: FileShare.ReadWrite | FileShare.Delete);
                if (SetNamespace(there, CloneNewNet) == 0)
                    result = OpenNetlink();
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException)
            {
                // It ended, or may not be looked at.
            }
        });
        visitor.Start();
        visitor.Join();
        return result;
    }

    /// <summary>Sends a request and reads the first datagram of the answer.</summary>
    /// <returns>Bytes of it; 0 when there is none.</returns>
    public static int AskNetlink(SafeFileHandle socket, ReadOnlySpan<byte> request, Span<byte> answer)
    {
        if (Send(socket, request, request.Length, 0) != request.Length)
            return 0;
        return (int)Math.Max(0, Receive(socket, answer, answer.Length, 0));
    }

    private static SafeFileHandle? OpenNetlink()
    {
        int fd = Socket(AfNetlink, SockRaw | SockCloseOnExec, NetlinkSockDiag);
        return fd < 0 ? null : new SafeFileHandle(fd, ownsHandle: true);
    }
}
