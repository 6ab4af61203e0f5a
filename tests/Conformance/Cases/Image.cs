using System.Buffers.Binary;
using System.Text;

namespace Scry.Tests.Conformance.Cases;

/// <summary>A piece of the program's memory at a fixed address; behind it nothing is mapped.</summary>
internal sealed record Region(ulong Address, byte[] Bytes, bool ReadOnly = false)
{
    public ulong End => Address + (ulong)Bytes.Length;
}

/// <summary>The memory of the program that makes the calls: what its pointers can point to.</summary>
internal sealed class Image
{
    public const int Page = 4096;
    private const ulong First = 0x20000000, Apart = 0x10000;
    private const int Slot = 64;

    private readonly List<Region> _regions = [];
    private readonly int _word;

    public Image(int word)
    {
        _word = word;
        // Pointers to itself and lengths of 8: a vector, a message, whatever has pointers in it.
        ulong pairs = First;
        Pairs = Add(Words(i => i % 2 == 0 ? pairs : 8));
        Zeros = Add(new byte[Page]);
        Ones = Add([.. Enumerable.Repeat((byte)0xff, Page)]);
        Small = Add(Ints(i => (uint)(i + 1)));
        byte[] random = new byte[Page];
        new Random(1).NextBytes(random);
        Random = Add(random);
        Text = Add(Texts());
        ulong text = Text.Address;
        Strings = Add(Words(i => i switch { 0 => text, 1 => text + Slot, 2 => 0, 4 => text, 5 => 1, 6 => text, 7 => 0, _ => text }));
        Lengths = Add(Ints(i => i switch { 0 => 16, 1 => 128, 2 => 0, 3 => uint.MaxValue, 4 => 2, 5 => 1, 6 => 4096, _ => 8 }));
        ReadOnly = Add(Ints(i => (uint)i), true);
        Unended = Add([.. Enumerable.Repeat((byte)'x', Page)]);
        Long = Add([.. Enumerable.Repeat((byte)'y', 5000), .. new byte[2 * Page - 5000]]);
        Poke = Add(new byte[Page]);
    }

    public IReadOnlyList<Region> Regions => _regions;
    public Region Pairs { get; }
    public Region Zeros { get; }
    public Region Ones { get; }
    public Region Small { get; }
    public Region Random { get; }
    /// <summary>Strings, by <see cref="String"/>.</summary>
    public Region Text { get; }
    /// <summary>Pointers to strings: two and a null; at the fifth word one that points nowhere in between; the last run into nothing.</summary>
    public Region Strings { get; }
    public Region Lengths { get; }
    public Region ReadOnly { get; }
    public Region Unended { get; }
    /// <summary>A string that is too long for a path.</summary>
    public Region Long { get; }
    /// <summary>What a case puts there.</summary>
    public Region Poke { get; }

    public ulong String(int slot) => Text.Address + (ulong)(slot * Slot);
    public const int AFile = 0, NoFile = 1, Empty = 2, Hostile = 3, Relative = 4, Directory = 5, AtTheLimit = 8, Longer = 10;

    private Region Add(byte[] bytes, bool readOnly = false)
    {
        var region = new Region(First + Apart * (ulong)_regions.Count, bytes, readOnly);
        _regions.Add(region);
        return region;
    }

    private byte[] Words(Func<int, ulong> value)
    {
        byte[] bytes = new byte[Page];
        for (int i = 0; i < Page / _word; i++)
        {
            if (_word == 8)
                BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(8 * i), value(i));
            else
                BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4 * i), (uint)value(i));
        }
        return bytes;
    }

    private static byte[] Ints(Func<int, uint> value)
    {
        byte[] bytes = new byte[Page];
        for (int i = 0; i < Page / 4; i++)
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(4 * i), value(i));
        return bytes;
    }

    private static byte[] Texts()
    {
        byte[] bytes = new byte[Page];
        void Put(int slot, string text) => Encoding.Latin1.GetBytes(text).CopyTo(bytes, slot * Slot);
        Put(AFile, "/f");
        Put(NoFile, "/none");
        Put(Hostile, "a\n\e[1m\"\\\xff\x01\x7f7\x007");
        Put(Relative, "d/../f");
        Put(Directory, "/d");
        Put(AtTheLimit, new string('n', 32));
        Put(Longer, new string('m', 300));
        return bytes;
    }
}
