using System.Buffers.Text;

namespace Scry.Syscalls;

/// <summary>A growing buffer of UTF-8, reused from line to line.</summary>
public sealed class Utf8Buffer(int capacity = 4096)
{
    private byte[] _bytes = new byte[capacity];

    /// <summary>Bytes written.</summary>
    public int Length { get; set; }

    /// <summary>What was written.</summary>
    public Span<byte> Written => _bytes.AsSpan(0, Length);

    /// <summary>Forgets everything.</summary>
    public void Clear() => Length = 0;

    /// <summary>Room for at least <paramref name="size"/> bytes after what was written.</summary>
    public Span<byte> Room(int size)
    {
        if (_bytes.Length - Length < size)
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, Length + size));
        return _bytes.AsSpan(Length);
    }

    /// <summary>Appends one byte.</summary>
    public void Append(byte value)
    {
        Room(1)[0] = value;
        Length++;
    }

    /// <summary>Appends bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Room(bytes.Length));
        Length += bytes.Length;
    }

    /// <summary>Appends a decimal number.</summary>
    public void AppendDecimal(long value)
    {
        Utf8Formatter.TryFormat(value, Room(20), out int written);
        Length += written;
    }

    /// <summary>Appends a decimal number.</summary>
    public void AppendDecimal(ulong value)
    {
        Utf8Formatter.TryFormat(value, Room(20), out int written);
        Length += written;
    }

    /// <summary>Appends 0x and lower-case hexadecimal digits.</summary>
    public void AppendHex(ulong value)
    {
        Append("0x"u8);
        Utf8Formatter.TryFormat(value, Room(16), out int written, new System.Buffers.StandardFormat('x'));
        Length += written;
    }
}
