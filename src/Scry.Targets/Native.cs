using System.Runtime.InteropServices;
using System.Text;

namespace Scry.Targets;

/// <summary>The one call of the C library that .NET does not offer: a directory's inode number, and what kind of file a path leads to.</summary>
internal static partial class Native
{
    private const int AtFdCwd = -100;
    private const uint StatxType = 0x1;
    private const uint StatxIno = 0x100;
    private const int StatxSize = 256;
    private const int ModeOffset = 28;
    private const int InoOffset = 32;
    private const int FormatMask = 0xf000;
    private const int FormatRegular = 0x8000;

    [LibraryImport("libc", EntryPoint = "statx")]
    private static partial int Statx(int directory, ReadOnlySpan<byte> path, int flags, uint mask, Span<byte> result);

    /// <summary>The inode number of <paramref name="path"/>; false when it cannot be had. statx(2): the layout is the same on every ABI.</summary>
    public static bool TryInode(string path, out ulong inode)
    {
        Span<byte> result = stackalloc byte[StatxSize];
        result.Clear();
        bool found = Statx(AtFdCwd, Encoding.UTF8.GetBytes(path + '\0'), 0, StatxIno, result) == 0;
        inode = found ? MemoryMarshal.Read<ulong>(result[InoOffset..]) : 0;
        return found;
    }

    /// <summary>Whether a regular file is there; a link is followed.</summary>
    public static bool IsFile(string path)
    {
        Span<byte> result = stackalloc byte[StatxSize];
        result.Clear();
        return Statx(AtFdCwd, Encoding.UTF8.GetBytes(path + '\0'), 0, StatxType, result) == 0
            && (MemoryMarshal.Read<ushort>(result[ModeOffset..]) & FormatMask) == FormatRegular;
    }
}
