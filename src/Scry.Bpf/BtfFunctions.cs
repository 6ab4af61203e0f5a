using System.Buffers.Binary;
using System.Text;

namespace Scry.Bpf;

/// <summary>
/// A few functions of the running kernel's types, found in one pass over them: libbpf takes several times longer to make its index
/// (<see cref="KernelBtf"/>).
/// </summary>
public static class BtfFunctions
{
    private const string File = "/sys/kernel/btf/vmlinux";
    private const int HeaderSize = 24, TypeSize = 12, KindFunction = 12;

    // Bytes that follow a type, <linux/btf.h>: of its kind alone, and for each of its parts.
    private static ReadOnlySpan<byte> Fixed => [0, 4, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 4, 0, 0];
    private static ReadOnlySpan<byte> Each => [0, 0, 0, 0, 12, 12, 8, 0, 0, 0, 0, 0, 0, 8, 0, 12, 0, 0, 0, 12];

    /// <summary>The ids of functions, and of their prototypes, names of parameters included.</summary>
    /// <param name="names">Those that the kernel does not have are left out.</param>
    public static Dictionary<string, (uint Id, uint Prototype)> Find(IReadOnlyCollection<string> names)
    {
        try
        {
            return Find(System.IO.File.ReadAllBytes(File), names);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>The same in types that were read.</summary>
    internal static Dictionary<string, (uint Id, uint Prototype)> Find(ReadOnlySpan<byte> btf, IReadOnlyCollection<string> names)
    {
        var found = new Dictionary<string, (uint, uint)>();
        HashSet<string>.AlternateLookup<ReadOnlySpan<char>> wanted = names.ToHashSet().GetAlternateLookup<ReadOnlySpan<char>>();
        int longest = names.Select(name => name.Length).DefaultIfEmpty(0).Max();
        Span<char> text = stackalloc char[longest];
        if (btf.Length < HeaderSize)
            return found;
        int start = HeaderSize + Word(btf, 8), end = start + Word(btf, 12), strings = HeaderSize + Word(btf, 16);
        uint id = 1;
        for (int at = start; at + TypeSize <= end && end <= btf.Length; id++)
        {
            int info = Word(btf, at + 4), kind = info >> 24 & 0x1f;
            if (kind >= Fixed.Length)
                break;
            if (kind == KindFunction)
            {
                ReadOnlySpan<byte> name = btf[(strings + Word(btf, at))..];
                int length = name[..Math.Min(name.Length, longest + 1)].IndexOf((byte)0);
                if (length > 0 && Encoding.ASCII.GetChars(name[..length], text) == length && wanted.TryGetValue(text[..length], out string? actual))
                    found.TryAdd(actual, (id, (uint)Word(btf, at + 8)));
            }
            at += TypeSize + Fixed[kind] + Each[kind] * (info & 0xffff);
        }
        return found;
    }

    private static int Word(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt32LittleEndian(bytes[at..]);
}
