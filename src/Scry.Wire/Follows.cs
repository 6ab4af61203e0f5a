using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Scry.Wire;

/// <summary>Where a count stands (<c>SCRY_AT_*</c>).</summary>
public enum FollowCount : byte
{
    /// <summary>It is the number itself.</summary>
    Constant = 0,
    /// <summary>In an argument.</summary>
    Arg = 1,
    /// <summary>The call's result.</summary>
    Result = 2,
    /// <summary>In a member of the structure that the pointer stands in, at an offset.</summary>
    Member = 3,
}

/// <summary>A count (<c>struct scry_count</c>).</summary>
/// <param name="Kind">Where it stands.</param>
/// <param name="Wide">Bytes of a member.</param>
/// <param name="Count">The number, the argument's number, or the member's offset.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct CaptureCount(FollowCount Kind, byte Wide, ushort Count);

/// <summary>What is copied behind pointers that stand in memory (<c>struct scry_follow</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public record struct CaptureFollow
{
    /// <summary>Pointers on the way, at most.</summary>
    public const int MostHops = 3;

    /// <summary>Elements of an array that are followed.</summary>
    public const int Followed = 32;

    /// <summary>What: Fixed, String, or Iovec.</summary>
    public OpKind Kind;
    /// <summary>When.</summary>
    public OpFlags Flags;
    /// <summary>The argument where the way begins.</summary>
    public byte Arg;
    /// <summary>Pointers on the way.</summary>
    public byte Hops;
    /// <summary>Number + 1 of the hop whose pointer stands in each element of an array; 0: none does.</summary>
    public byte Loop;
    /// <summary>Argument + 1 that says how many bytes the first pointer may stand in; 0: none.</summary>
    public byte Limit;
    /// <summary>Bytes of each pointer.</summary>
    public WideArray Wide;
    /// <summary>When the last pointer is one: 0 always, 1 a bit, 2 equal, 3 not equal.</summary>
    public byte Test;
    /// <summary>Bytes of the word that tells it.</summary>
    public byte TestWide;
    /// <summary>Nothing.</summary>
    public byte Pad;
    /// <summary>Where each pointer stands.</summary>
    public OffsetArray Offset;
    /// <summary>Where the word that tells it stands.</summary>
    public ushort TestOffset;
    /// <summary>Of the array.</summary>
    public CaptureCount Elements;
    /// <summary>Of what is copied, in pieces of <see cref="Size"/> bytes.</summary>
    public CaptureCount Length;
    /// <summary>Bytes of an element of the array.</summary>
    public uint Stride;
    /// <summary>Bytes of a piece.</summary>
    public uint Size;
    /// <summary>Bits that count of the word that tells it.</summary>
    public uint TestMask;
    /// <summary>What it is held against.</summary>
    public uint TestValue;

    /// <summary>A byte for each hop.</summary>
    [InlineArray(MostHops)]
    public struct WideArray
    {
        private byte _first;
    }

    /// <summary>A number for each hop.</summary>
    [InlineArray(MostHops)]
    public struct OffsetArray
    {
        private ushort _first;
    }

    /// <summary>Whether the structure that the last pointer stands in says that it is one.</summary>
    public readonly bool Holds(ulong value) => Test switch
    {
        0 => true,
        1 => (value & TestMask) != 0,
        2 => (value & TestMask) == TestValue,
        _ => (value & TestMask) != TestValue,
    };
}

/// <summary>All that plans follow: what plans name by number, and the programs are given.</summary>
public static class FollowTable
{
    /// <summary>Of one plan.</summary>
    public const int Most = 32;

    private static readonly List<CaptureFollow> s_all = [];
    private static readonly Dictionary<string, ushort> s_known = [];

    /// <summary>The number of the first; the same ones are there once.</summary>
    public static ushort Intern(ReadOnlySpan<CaptureFollow> follows)
    {
        if (follows.Length > Most)
            throw new InvalidOperationException("a capture plan follows too much");
        string key = Convert.ToHexString(MemoryMarshal.AsBytes(follows));
        lock (s_all)
        {
            if (!s_known.TryGetValue(key, out ushort first))
            {
                s_known[key] = first = checked((ushort)s_all.Count);
                s_all.AddRange(follows);
            }
            return first;
        }
    }

    /// <summary>Those of a plan.</summary>
    public static CaptureFollow[] Of(in CapturePlan plan)
    {
        lock (s_all)
            return plan.FollowCount == 0 ? [] : [.. s_all[plan.Follow..(plan.Follow + plan.FollowCount)]];
    }

    /// <summary>All of them, by number.</summary>
    public static CaptureFollow[] All
    {
        get
        {
            lock (s_all)
                return [.. s_all];
        }
    }
}
