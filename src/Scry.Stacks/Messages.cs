using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Wire;

namespace Scry.Stacks;

// The mirror of native/stacks.h. What the worker answers may be anything: the readers here check all lengths and counts.

/// <summary>What the worker is asked for (<c>enum stacks_request</c>).</summary>
internal enum Request : uint
{
    File = 1,
    Debug = 2,
    Alt = 3,
    Forget = 4,
    Unwind = 5,
    Symbol = 6,
}

/// <summary>Before each request and answer (<c>struct stacks_head</c>).</summary>
internal struct MessageHead
{
    public uint Length;
    public uint Kind;
}

/// <summary><c>struct stacks_file</c>.</summary>
internal struct FileRequest
{
    public uint Id;
    public uint CheckCrc;
    public uint Crc;
    public uint Pad;
}

/// <summary><c>struct stacks_mapping</c>.</summary>
internal struct MappingEntry
{
    public ulong Start, End, Offset;
    public uint File;
    public uint IsWanted;
}

/// <summary><c>struct stacks_unwind</c>.</summary>
internal struct UnwindRequest
{
    public ulong Stack;
    public uint Length;
    public uint Mappings;
    public uint Is32Bit;
    public uint Pad;
    public CallerRegisters.RegisterWords Words;
}

/// <summary>Why unwinding went no further (<c>enum stacks_end</c>).</summary>
internal enum UnwindEnd : uint
{
    Complete = 0,
    Short = 1,
    NoRules = 2,
    NoCode = 3,
    Deep = 4,
    Broken = 5,
    Foreign = 6,
    /// <summary>A file is to be handed over first.</summary>
    NeedsFile = 7,
}

/// <summary><c>struct stacks_frame</c>.</summary>
internal struct Frame
{
    public ulong Pc;
    public ulong Exact;

    /// <summary>An address in the instruction that was executed: what will return stands behind its call.</summary>
    public readonly ulong Inside => Exact != 0 ? Pc : Pc - 1;
}

/// <summary><c>struct stacks_address</c>.</summary>
internal struct AddressRequest
{
    public uint File;
    public uint Exact;
    public ulong Offset;
}

/// <summary>What the worker says of a file.</summary>
internal sealed record FileAnswer(bool HasDwarf, uint Crc, string? BuildId, string DebugLink, string AltName, string? AltBuildId)
{
    private const int LongestBuildId = 64;

    /// <summary>Reads it; null when the file cannot be used, or the answer is none.</summary>
    public static FileAnswer? Read(ReadOnlySpan<byte> bytes)
    {
        const int head = 28;
        if (bytes.Length < head || MemoryMarshal.Read<uint>(bytes) != 1)
            return null;
        ReadOnlySpan<byte> rest = bytes[head..];
        Span<Range> parts = stackalloc Range[4];
        int at = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            uint length = MemoryMarshal.Read<uint>(bytes[(12 + i * 4)..]);
            if (length > (uint)(rest.Length - at))
                return null;
            parts[i] = at..(at += (int)length);
        }
        return new FileAnswer(MemoryMarshal.Read<uint>(bytes[4..]) != 0, MemoryMarshal.Read<uint>(bytes[8..]),
            Hex(rest[parts[0]]), ByteText.Of(rest[parts[1]]), ByteText.Of(rest[parts[2]]), Hex(rest[parts[3]]));
    }

    private static string? Hex(ReadOnlySpan<byte> id) => id.Length is > 1 and <= LongestBuildId ? Convert.ToHexStringLower(id) : null;
}

/// <summary>An unwound stack.</summary>
internal readonly ref struct UnwindAnswer
{
    private const int MostFrames = 512;

    private UnwindAnswer(UnwindEnd end, ulong pc, ReadOnlySpan<Frame> frames)
    {
        End = end;
        Pc = pc;
        Frames = frames;
    }

    public UnwindEnd End { get; }

    /// <summary>Where it ended; of <see cref="UnwindEnd.NeedsFile"/> the mapping's number.</summary>
    public ulong Pc { get; }

    public ReadOnlySpan<Frame> Frames { get; }

    /// <summary>Reads it.</summary>
    /// <returns>False: it is no answer.</returns>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out UnwindAnswer answer)
    {
        const int head = 16;
        answer = default;
        if (bytes.Length < head)
            return false;
        var end = MemoryMarshal.Read<UnwindEnd>(bytes);
        uint count = MemoryMarshal.Read<uint>(bytes[4..]);
        ReadOnlySpan<byte> rest = bytes[head..];
        if (end > UnwindEnd.NeedsFile || count > MostFrames || rest.Length != count * Unsafe.SizeOf<Frame>())
            return false;
        answer = new UnwindAnswer(end, MemoryMarshal.Read<ulong>(bytes[8..]), MemoryMarshal.Cast<byte, Frame>(rest));
        return true;
    }
}

/// <summary>A function at an address.</summary>
internal readonly record struct FunctionAnswer(string Name, string? Source, int Line, ulong Offset, bool IsInlined);

/// <summary>What stands at an address.</summary>
internal sealed record SymbolAnswer(ulong Address, IReadOnlyList<FunctionAnswer> Functions)
{
    private const int MostFunctions = 65, LongestText = 4096;

    /// <summary>Reads it; null: it is no answer.</summary>
    public static SymbolAnswer? Read(ReadOnlySpan<byte> bytes)
    {
        const int head = 16, each = 24;
        if (bytes.Length < head || MemoryMarshal.Read<uint>(bytes[8..]) is var count && count > MostFunctions)
            return null;
        var functions = new FunctionAnswer[count];
        ReadOnlySpan<byte> rest = bytes[head..];
        for (int i = 0; i < functions.Length; i++)
        {
            if (rest.Length < each)
                return null;
            ulong offset = MemoryMarshal.Read<ulong>(rest);
            uint line = MemoryMarshal.Read<uint>(rest[8..]), name = MemoryMarshal.Read<uint>(rest[16..]), source = MemoryMarshal.Read<uint>(rest[20..]);
            bool inlined = MemoryMarshal.Read<uint>(rest[12..]) != 0;
            rest = rest[each..];
            if (name > LongestText || source > LongestText || name + source > (uint)rest.Length)
                return null;
            functions[i] = new FunctionAnswer(ByteText.Of(rest[..(int)name]), source == 0 ? null : ByteText.Of(rest.Slice((int)name, (int)source)),
                line > int.MaxValue ? 0 : (int)line, offset, inlined);
            rest = rest[(int)(name + source)..];
        }
        return rest.IsEmpty ? new SymbolAnswer(MemoryMarshal.Read<ulong>(bytes), functions) : null;
    }
}
