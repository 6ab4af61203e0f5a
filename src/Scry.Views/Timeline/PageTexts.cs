using Scry.Syscalls;

namespace Scry.Views.Timeline;

/// <summary>Texts, each once, as far as there is room.</summary>
internal sealed class PageTexts
{
    private readonly Dictionary<byte[], int> _numbers;
    private readonly Dictionary<byte[], int>.AlternateLookup<ReadOnlySpan<byte>> _lookup;
    private readonly List<byte[]> _texts = [];

    public PageTexts()
    {
        _numbers = new(new ByteComparer());
        _lookup = _numbers.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    /// <summary>Bytes that they have, with what each costs beside.</summary>
    public long Bytes { get; private set; }

    public IReadOnlyList<byte[]> All => _texts;

    /// <summary>The number of a text; -1: it is new, and there is no room.</summary>
    public int Of(ReadOnlySpan<byte> text, bool hasRoom = true)
    {
        if (_lookup.TryGetValue(text, out int number))
            return number;
        if (!hasRoom)
            return -1;
        byte[] kept = text.ToArray();
        _texts.Add(kept);
        Bytes += text.Length + 4;
        return _numbers[kept] = _texts.Count - 1;
    }

    private sealed class ByteComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] text) => GetHashCode(text.AsSpan());

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate)
        {
            var hash = new HashCode();
            hash.AddBytes(alternate);
            return hash.ToHashCode();
        }
    }
}
