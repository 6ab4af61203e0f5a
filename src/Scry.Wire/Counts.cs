using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Scry.Wire;

/// <summary>What makes a group of calls (<c>SCRY_BY_*</c>); several at once.</summary>
[Flags]
public enum CountBy : uint
{
    /// <summary>All calls are one group.</summary>
    None = 0,
    /// <summary>Each thread.</summary>
    Thread = 0x01,
    /// <summary>Each process.</summary>
    Process = 0x02,
    /// <summary>Each name of threads.</summary>
    Comm = 0x04,
    /// <summary>Each cgroup of the v2 hierarchy.</summary>
    Cgroup = 0x08,
    /// <summary>Each effective user.</summary>
    User = 0x10,
    /// <summary>What the call's descriptor stands for.</summary>
    File = 0x20,
    /// <summary>The mapped file whose code made the call.</summary>
    Object = 0x40,
}

/// <summary>What tells groups apart (<c>struct scry_count_key</c>); what is not asked for is 0.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CountKey
{
    /// <summary>Nanoseconds of CLOCK_MONOTONIC at which the thread or process began.</summary>
    public ulong Start;
    /// <summary>Id of the cgroup.</summary>
    public ulong CgroupId;
    /// <summary>Inode of the descriptor's file.</summary>
    public ulong FileInode;
    /// <summary>Inode of the mapped file; 0: memory without a file.</summary>
    public ulong ObjectInode;
    /// <summary>Thread group id.</summary>
    public uint Tgid;
    /// <summary>Thread id.</summary>
    public uint Tid;
    /// <summary>Effective user id.</summary>
    public uint Uid;
    /// <summary>Device of the descriptor's file: major &lt;&lt; 20 | minor.</summary>
    public uint FileDevice;
    /// <summary>Mode of the descriptor's file as stat(2) has it; 0: there is none.</summary>
    public uint FileMode;
    /// <summary>Device of the mapped file.</summary>
    public uint ObjectDevice;
    /// <summary>Name of the thread.</summary>
    public CommBytes Comm;
}

/// <summary>A group of calls (<c>struct scry_count_group</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CountGroup
{
    /// <summary>What it is.</summary>
    public CountKey Key;
    /// <summary>The last name of the process or thread.</summary>
    public CommBytes Comm;
    /// <summary>Cgroup of the thread that made it.</summary>
    public ulong CgroupId;
    /// <summary>Nanoseconds of CLOCK_MONOTONIC at which it was made.</summary>
    public ulong First;
    /// <summary>Nanoseconds at which the process or thread ended; 0: it lives, or the group is none.</summary>
    public ulong Ended;
    /// <summary>Thread group of the thread that made it.</summary>
    public uint Tgid;
    /// <summary>Effective user of the thread that made it.</summary>
    public uint Uid;
    /// <summary>Threads whose calls it gets now.</summary>
    public uint Refs;
    /// <summary>Padding.</summary>
    public uint Pad;
}

/// <summary>Paths of a group (<c>struct scry_count_text</c>): components, the last one first, each with its NUL. The last byte: 1 when it is not whole.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CountText
{
    /// <summary>Of the descriptor's file.</summary>
    public PathBytes File;
    /// <summary>Of the mapped file.</summary>
    public PathBytes Object;
    /// <summary>Of the cgroup; of the root empty.</summary>
    public PathBytes Cgroup;

    /// <summary>A path's bytes.</summary>
    [InlineArray(Layout.CountText)]
    public struct PathBytes
    {
        private byte _first;
    }
}

/// <summary>The calls of a group by one number on one CPU (<c>struct scry_count_row</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CountRow
{
    /// <summary>group | nr &lt;&lt; 32 | abi &lt;&lt; 45 | (cpu + 1) &lt;&lt; 48; 0: free.</summary>
    public ulong Key;
    /// <summary>Odd while it is written.</summary>
    public uint Seq;
    /// <summary>Octave of the last duration.</summary>
    public uint Octave;
    /// <summary>Calls.</summary>
    public ulong Calls;
    /// <summary>Those that failed.</summary>
    public ulong Errors;
    /// <summary>Nanoseconds of all.</summary>
    public ulong Total;
    /// <summary>Sum of squared nanoseconds, the low half first.</summary>
    public SquareWords Squares;
    /// <summary>Nanoseconds of the shortest; all bits set: none.</summary>
    public ulong Min;
    /// <summary>Nanoseconds of the longest.</summary>
    public ulong Max;
    /// <summary>Calls without a duration.</summary>
    public ulong Untimed;
    /// <summary>Calls with a duration that is in no bucket.</summary>
    public ulong Unbucketed;
    /// <summary>Chunk of errnos; 0: none.</summary>
    public uint Errnos;
    /// <summary>Chunks of buckets, by octave; 0: none.</summary>
    public ChunkIndexes Chunks;

    /// <summary>128 bits.</summary>
    [InlineArray(2)]
    public struct SquareWords
    {
        private ulong _first;
    }

    /// <summary>One for each octave.</summary>
    [InlineArray(Layout.CountOctaves)]
    public struct ChunkIndexes
    {
        private uint _first;
    }
}

/// <summary>The buckets of an octave (<c>struct scry_count_chunk</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CountChunk
{
    /// <summary>Calls by bucket, modulo 2^32.</summary>
    public BucketCounts Buckets;

    /// <summary>One for each bucket.</summary>
    [InlineArray(Layout.CountBuckets)]
    public struct BucketCounts
    {
        private uint _first;
    }
}

/// <summary>Errors by errno (<c>struct scry_count_errnos</c>), in a chunk's place.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CountErrnos
{
    /// <summary>Calls of each.</summary>
    public CallCounts Calls;
    /// <summary>The errnos; 0: free.</summary>
    public ErrnoNumbers Errnos;
    /// <summary>Chunk of more of them; 0: none.</summary>
    public uint Next;
    /// <summary>Padding.</summary>
    public PadWords Pad;

    /// <summary>A count for each.</summary>
    [InlineArray(Layout.CountErrnos)]
    public struct CallCounts
    {
        private ulong _first;
    }

    /// <summary>Numbers.</summary>
    [InlineArray(Layout.CountErrnos)]
    public struct ErrnoNumbers
    {
        private ushort _first;
    }

    /// <summary>24 bytes.</summary>
    [InlineArray(3)]
    public struct PadWords
    {
        private ulong _first;
    }
}

/// <summary>A bucket that came round past 2^32 (<c>struct scry_count_wrap</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct CountWrap(uint Chunk, uint Bucket);

/// <summary>What is used of the pools, and what they had no room for (<c>struct scry_counts</c>).</summary>
[StructLayout(LayoutKind.Explicit, Size = 4096)]
public struct CountState
{
    /// <summary>Groups ever used, group 0 included.</summary>
    [FieldOffset(0)] public uint GroupsUsed;
    /// <summary>Rows ever used, those for others included.</summary>
    [FieldOffset(4)] public uint RowsUsed;
    /// <summary>Chunks ever used.</summary>
    [FieldOffset(8)] public uint ChunksUsed;
    /// <summary>Times that no group was free.</summary>
    [FieldOffset(16)] public ulong GroupsFull;
    /// <summary>Calls that found no row.</summary>
    [FieldOffset(24)] public ulong RowsFull;
    /// <summary>Errors whose errno was not kept.</summary>
    [FieldOffset(32)] public ulong ErrnosFull;
    /// <summary>Calls that came upon another's update of their row: not counted.</summary>
    [FieldOffset(40)] public ulong GivenUp;
    /// <summary>Bytes of a thread's registers from its kernel stack.</summary>
    [FieldOffset(48)] public ulong StackOffset;
    /// <summary>Moves of tasks between cgroups.</summary>
    [FieldOffset(56)] public ulong Moves;
    /// <summary>Calls whose thread found no slot: they have no duration.</summary>
    [FieldOffset(64)] public ulong SlotsFull;
}
