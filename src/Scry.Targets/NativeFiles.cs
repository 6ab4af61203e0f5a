using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Scry.Targets;

/// <summary>
/// Calls of the C library for files by their directory's descriptor, which .NET does not offer. Each returns the errno's negative when it fails.
/// </summary>
internal static partial class NativeFiles
{
    public const int PathOnly = 0x200000, ReadOnly = 0, WriteOnly = 1, Create = 0x40, Exclusive = 0x80, Truncate = 0x200, Append = 0x400, NonBlocking = 0x800, CloseOnExec = 0x80000;
    // As the processor numbers them.
    public static readonly int Directory = OnArm ? 0x4000 : 0x10000, NoFollow = OnArm ? 0x8000 : 0x20000;
    public const int FormatMask = 0xf000, FormatRegular = 0x8000, FormatLink = 0xa000, FormatDirectory = 0x4000, FormatCharacters = 0x2000;

    private const int AtFdCwd = -100, AtSymlinkNoFollow = 0x100, AtEmptyPath = 0x1000;
    private const uint StatxTypeModeLinksOwner = 0x1 | 0x2 | 0x4 | 0x8;
    private const int StatxSize = 256, LinksOffset = 16, UidOffset = 20, ModeOffset = 28;

    private static bool OnArm => RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true)]
    private static partial int OpenPath(ReadOnlySpan<byte> path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true)]
    private static partial int OpenAt(SafeFileHandle directory, ReadOnlySpan<byte> name, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "renameat", SetLastError = true)]
    private static partial int RenameAt(SafeFileHandle from, ReadOnlySpan<byte> name, SafeFileHandle to, ReadOnlySpan<byte> newName);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true)]
    private static partial int UnlinkAt(SafeFileHandle directory, ReadOnlySpan<byte> name, int flags);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static partial int Statx(SafeFileHandle directory, ReadOnlySpan<byte> path, int flags, uint mask, Span<byte> result);

    // Not .NET's, which would want OpenSSL.
    [LibraryImport("libc", EntryPoint = "getrandom", SetLastError = true)]
    private static partial nint GetRandom(Span<byte> bytes, nint length, uint flags);

    /// <summary>A word that nobody can foresee.</summary>
    public static string Unforeseeable()
    {
        Span<byte> bytes = stackalloc byte[8];
        if (GetRandom(bytes, bytes.Length, 0) != bytes.Length)
            throw Failed(Marshal.GetLastPInvokeError());
        return Convert.ToHexStringLower(bytes);
    }

    /// <summary>What is known of a file.</summary>
    public readonly record struct Status(int Mode, uint Owner, uint Links)
    {
        /// <summary>Regular, link, …: S_IFMT.</summary>
        public int Format => Mode & FormatMask;
    }

    /// <summary>Opens a path.</summary>
    public static SafeFileHandle Open(string path, int flags, uint mode = 0) => Handle(OpenPath(Bytes(path), flags | CloseOnExec, mode));

    /// <summary>Opens a name in a directory.</summary>
    public static SafeFileHandle Open(SafeFileHandle directory, string name, int flags, uint mode = 0) => Handle(OpenAt(directory, Bytes(name), flags | CloseOnExec, mode));

    /// <summary>Gives a file another name in its directory, in place of what has that name.</summary>
    public static void Rename(SafeFileHandle directory, string name, string newName)
    {
        if (RenameAt(directory, Bytes(name), directory, Bytes(newName)) != 0)
            throw Failed(Marshal.GetLastPInvokeError());
    }

    /// <summary>Takes a name away; false when that cannot be.</summary>
    public static bool Unlink(SafeFileHandle directory, string name) => UnlinkAt(directory, Bytes(name), 0) == 0;

    /// <summary>What has a name in a directory, of a link the link itself; with an empty name the directory, or file, itself. Null: nothing.</summary>
    public static Status? Look(SafeFileHandle directory, string name)
    {
        Span<byte> result = stackalloc byte[StatxSize];
        result.Clear();
        if (Statx(directory, Bytes(name), AtSymlinkNoFollow | (name.Length == 0 ? AtEmptyPath : 0), StatxTypeModeLinksOwner, result) != 0)
            return null;
        return new Status(MemoryMarshal.Read<ushort>(result[ModeOffset..]), MemoryMarshal.Read<uint>(result[UidOffset..]), MemoryMarshal.Read<uint>(result[LinksOffset..]));
    }

    private static SafeFileHandle Handle(int descriptor) =>
        descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw Failed(Marshal.GetLastPInvokeError());

    // As .NET tells of it, so that a message is the same whoever opened the file.
    private static Exception Failed(int errno)
    {
        const int notPermitted = 1, notThere = 2, noAccess = 13, isDirectory = 21;
        return errno switch
        {
            notThere => new FileNotFoundException(),
            notPermitted or noAccess or isDirectory => new UnauthorizedAccessException(),
            _ => new IOException(Marshal.GetPInvokeErrorMessage(errno), errno),
        };
    }

    private static byte[] Bytes(string path) => Encoding.UTF8.GetBytes(path + '\0');
}
