using System.Buffers;
using System.Text;

namespace Scry.Wire;

/// <summary>
/// Bytes that others chose (names, paths) as text and back, without loss. UTF-8 is itself; a byte that is none is the code
/// point U+EF00 + byte, of a range for private use (U+EF80 to U+EFFF); where those code points stand in UTF-8, their bytes
/// are written so too, and what such a code point means is certain.
/// </summary>
public static class ByteText
{
    private const int First = 0xef80, Last = 0xefff;

    /// <summary>The code point of a byte that is no UTF-8.</summary>
    public static int CodePoint(byte value) => First - 0x80 + value;

    /// <summary>Takes the next character of bytes that are not empty.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="rune">The character, when it stands for itself.</param>
    /// <param name="used">How many bytes it has.</param>
    /// <returns>False when these bytes are to be written each by itself.</returns>
    public static bool TryNext(ReadOnlySpan<byte> bytes, out Rune rune, out int used)
    {
        if (Rune.DecodeFromUtf8(bytes, out rune, out used) != OperationStatus.Done)
        {
            used = 1;
            return false;
        }
        return rune.Value is < First or > Last;
    }

    /// <summary>The text of bytes.</summary>
    public static string Of(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            if (TryNext(bytes, out Rune rune, out int used))
                text.Append(rune);
            else
                foreach (byte value in bytes[..used])
                    text.Append((char)CodePoint(value));
            bytes = bytes[used..];
        }
        return text.ToString();
    }

    /// <summary>The bytes of a text.</summary>
    public static byte[] Bytes(string text)
    {
        var bytes = new ArrayBufferWriter<byte>(text.Length + 4);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune.Value is >= First and <= Last)
                bytes.Write([(byte)rune.Value]);
            else
                bytes.Advance(rune.EncodeToUtf8(bytes.GetSpan(4)));
        }
        return bytes.WrittenSpan.ToArray();
    }
}
