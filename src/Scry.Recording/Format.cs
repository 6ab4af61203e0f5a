using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Scry.Recording;

/// <summary>What a block holds. Numbers are appended, never reused; a reader passes over those that it does not know.</summary>
public enum BlockKind : uint
{
    /// <summary>The first block: <see cref="RecordingAbout"/> as JSON.</summary>
    About = 1,
    /// <summary>Records as wire.h has them, one behind the other.</summary>
    Records = 2,
    /// <summary>A <see cref="RecordedName"/> as JSON on each line.</summary>
    Names = 3,
    /// <summary>The last block: <see cref="RecordingSummary"/> as JSON.</summary>
    End = 4,
    /// <summary>A <see cref="RecordedCode"/> as JSON on each line.</summary>
    Code = 5,
}

/// <summary>A block as its header describes it; the header's hash was right.</summary>
/// <param name="Offset">Where its header stands in the file, bytes.</param>
/// <param name="Kind">What it holds; may be a number that this version does not know.</param>
/// <param name="StoredSize">Bytes of its payload in the file.</param>
/// <param name="PlainSize">Bytes of its payload decompressed.</param>
/// <param name="FirstTime">Of RECORDS: the smallest time in it, nanoseconds of CLOCK_MONOTONIC; else 0.</param>
/// <param name="LastTime">Of RECORDS: the largest time in it; else 0.</param>
public readonly record struct RecordingBlock(
    long Offset, BlockKind Kind, int StoredSize, int PlainSize, ulong FirstTime, ulong LastTime);

/// <summary>Sizes and numbers of docs/RECORDING.md.</summary>
internal static class Format
{
    public const uint Version = 1;
    public const uint FileMagic = 0x59524353; // "SCRY"
    public const uint BlockMagic = 0x4b4c4253; // "SBLK"
    public const int FileHeaderSize = 8;
    /// <summary>RECORDS, NAMES and CODE are written in blocks of up to so many plain bytes.</summary>
    public const int BlockSize = 1 << 20;
    /// <summary>A reader takes no block that is larger than this when decompressed.</summary>
    public const int MaxPlainSize = 4 << 20;
    /// <summary>zstd's worst case adds a 256th and a little.</summary>
    public const int MaxStoredSize = MaxPlainSize + (MaxPlainSize >> 8) + 1024;
}

/// <summary>What stands before a block's payload, little-endian.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct BlockHeader
{
    public uint Magic;
    public uint Kind;
    public uint StoredSize;
    public uint PlainSize;
    public ulong FirstTime;
    public ulong LastTime;
    /// <summary>XXH64 of the payload as stored.</summary>
    public ulong PayloadHash;
    /// <summary>XXH64 of this header up to here, so that a block can be passed over without reading it.</summary>
    public ulong HeaderHash;

    public static int Size => Unsafe.SizeOf<BlockHeader>();

    public static ulong HashOf(ReadOnlySpan<byte> header) => XxHash64.HashToUInt64(header[..(Size - sizeof(ulong))]);
}
