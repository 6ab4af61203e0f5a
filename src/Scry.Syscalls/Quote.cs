using System.Buffers;
using System.Buffers.Text;
using Scry.Wire;

namespace Scry.Syscalls;

/// <summary>Quoting of bytes that a traced process chose.</summary>
public static class Quote
{
    private const ulong MaxExact = 1UL << 53;

    // What a JSON string takes as it is, of ASCII.
    private static readonly SearchValues<byte> s_plain = SearchValues.Create([.. Enumerable.Range(0x20, 0x5f).Where(value => value is not ('"' or '\\')).Select(value => (byte)value)]);

    // What strace -x leaves as it is: printable ASCII, and the blanks of isspace(3).
    private static readonly SearchValues<byte> s_ascii = SearchValues.Create([.. Enumerable.Range(0x20, 0x5f).Concat([9, 10, 11, 12, 13]).Select(value => (byte)value)]);

    /// <summary>As strace: C escapes, octal for what is not printable ASCII; or in hexadecimal.</summary>
    public static void Text(Utf8Buffer to, ReadOnlySpan<byte> bytes, HexStrings hex = HexStrings.None)
    {
        if (hex == HexStrings.All || hex == HexStrings.NotAscii && bytes.ContainsAnyExcept(s_ascii))
        {
            Hex(to, bytes, cut: false);
            return;
        }
        Span<byte> room = to.Room(bytes.Length * 4 + 2);
        int at = 0;
        room[at++] = (byte)'"';
        for (int i = 0; i < bytes.Length; i++)
        {
            byte b = bytes[i];
            if (b is >= 0x20 and < 0x7f and not ((byte)'"' or (byte)'\\'))
            {
                room[at++] = b;
                continue;
            }
            room[at++] = (byte)'\\';
            byte letter = b switch
            {
                (byte)'"' or (byte)'\\' => b,
                (byte)'\n' => (byte)'n',
                (byte)'\t' => (byte)'t',
                (byte)'\r' => (byte)'r',
                (byte)'\v' => (byte)'v',
                (byte)'\f' => (byte)'f',
                _ => 0,
            };
            if (letter != 0)
            {
                room[at++] = letter;
                continue;
            }
            if (hex == HexStrings.NotAsciiCharacters)
            {
                room[at++] = (byte)'x';
                Utf8Formatter.TryFormat(b, room[at..], out int digits, new StandardFormat('x', 2));
                at += digits;
                continue;
            }
            // Three digits where an octal digit follows, else as few as do.
            bool full = i + 1 < bytes.Length && bytes[i + 1] is >= (byte)'0' and <= (byte)'7';
            if (full || b >= 0x40)
                room[at++] = (byte)('0' + (b >> 6));
            if (full || b >= 8)
                room[at++] = (byte)('0' + (b >> 3 & 7));
            room[at++] = (byte)('0' + (b & 7));
        }
        room[at++] = (byte)'"';
        to.Length += at;
    }

    /// <summary>
    /// A name between brackets, so that it can neither end them nor steer a terminal: control bytes, bytes beyond ASCII and
    /// the brackets are octal.
    /// </summary>
    /// <param name="to">It is appended here.</param>
    /// <param name="name">The name.</param>
    /// <param name="path">Whether it is a path that the kernel told, and is quoted as strace does it.</param>
    public static void Name(Utf8Buffer to, ReadOnlySpan<byte> name, bool path = false)
    {
        for (int i = 0; i < name.Length; i++)
        {
            byte value = name[i];
            switch (value)
            {
                case (byte)'\n':
                    to.Append("\\n"u8);
                    break;
                case (byte)'\t':
                    to.Append("\\t"u8);
                    break;
                case (byte)'\r' when path:
                    to.Append("\\r"u8);
                    break;
                case (byte)'\v' when path:
                    to.Append("\\v"u8);
                    break;
                case (byte)'\f' when path:
                    to.Append("\\f"u8);
                    break;
                case (byte)'\\':
                    to.Append("\\\\"u8);
                    break;
                case (byte)'"' when path:
                    to.Append("\\\""u8);
                    break;
                case < 0x20 or >= 0x7f or (byte)'<' or (byte)'>':
                    bool digitFollows = i + 1 < name.Length && name[i + 1] is >= (byte)'0' and <= (byte)'7';
                    Octal(to, value, digitFollows ? 3 : 1);
                    break;
                default:
                    to.Append(value);
                    break;
            }
        }
    }

    private static void Octal(Utf8Buffer to, byte value, int digits)
    {
        to.Append((byte)'\\');
        if (value >= 64 || digits == 3)
            to.Append((byte)('0' + (value >> 6)));
        if (value >= 8 || digits == 3)
            to.Append((byte)('0' + (value >> 3 & 7)));
        to.Append((byte)('0' + (value & 7)));
    }

    /// <summary>Every byte as \xNN: what is no text by its nature.</summary>
    public static void Hex(Utf8Buffer to, ReadOnlySpan<byte> bytes, bool cut)
    {
        to.Append((byte)'"');
        foreach (byte b in bytes)
        {
            to.Append("\\x"u8);
            Utf8Formatter.TryFormat(b, to.Room(2), out int written, new StandardFormat('x', 2));
            to.Length += written;
        }
        to.Append(cut ? "\"..."u8 : "\""u8);
    }

    /// <summary>A JSON string.</summary>
    public static void Json(Utf8Buffer to, ReadOnlySpan<byte> bytes)
    {
        to.Append((byte)'"');
        JsonInside(to, bytes);
        to.Append((byte)'"');
    }

    /// <summary>A JSON string of bytes that are UTF-8, each character of which stands for itself.</summary>
    internal static void JsonText(Utf8Buffer to, ReadOnlySpan<byte> text)
    {
        to.Append((byte)'"');
        JsonInside(to, text, bytesStandFor: false);
        to.Append((byte)'"');
    }

    /// <summary>A JSON string of any bytes in base64.</summary>
    internal static void Base64(Utf8Buffer to, ReadOnlySpan<byte> bytes)
    {
        to.Append((byte)'"');
        System.Buffers.Text.Base64.EncodeToUtf8(bytes, to.Room(System.Buffers.Text.Base64.GetMaxEncodedToUtf8Length(bytes.Length)), out _, out int written);
        to.Length += written;
        to.Append((byte)'"');
    }

    /// <summary>Bytes without a last character that they have only a part of.</summary>
    internal static ReadOnlySpan<byte> WholeCharacters(ReadOnlySpan<byte> bytes)
    {
        for (int back = 1; back <= Math.Min(3, bytes.Length); back++)
        {
            byte lead = bytes[^back];
            if ((lead & 0xc0) == 0x80)
                continue;
            int length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
            return length > back ? bytes[..^back] : bytes;
        }
        return bytes;
    }

    /// <summary>A JSON string of a text that <see cref="ByteText"/> made.</summary>
    public static void Json(Utf8Buffer to, string text) => Json(to, ByteText.Bytes(text));

    /// <summary>A number in JSON: in quotes where readers that have floating-point numbers alone would change it.</summary>
    public static void JsonNumber(Utf8Buffer to, ulong value)
    {
        bool exact = value <= MaxExact;
        if (!exact)
            to.Append((byte)'"');
        to.AppendDecimal(value);
        if (!exact)
            to.Append((byte)'"');
    }

    /// <summary>As of <see cref="JsonNumber(Utf8Buffer, ulong)"/>.</summary>
    public static void JsonNumber(Utf8Buffer to, long value)
    {
        bool exact = value is <= (long)MaxExact and >= -(long)MaxExact;
        if (!exact)
            to.Append((byte)'"');
        to.AppendDecimal(value);
        if (!exact)
            to.Append((byte)'"');
    }

    /// <summary>What a descriptor stands for, as a JSON string.</summary>
    internal static void JsonPath(Utf8Buffer to, DescriptorName name)
    {
        to.Append((byte)'"');
        JsonInside(to, name.Path);
        to.Append(name.Deleted ? " (deleted)\""u8 : "\""u8);
    }

    /// <summary>
    /// The inside of a JSON string: UTF-8 as it is, but for what controls a terminal or the direction of text, or is not seen; a
    /// byte that is no UTF-8 as <see cref="ByteText"/> has it.
    /// </summary>
    public static void JsonInside(Utf8Buffer to, ReadOnlySpan<byte> bytes) => JsonInside(to, bytes, bytesStandFor: true);

    // Whether bytes that are no UTF-8 are written as characters of private use, and those as their bytes.
    private static void JsonInside(Utf8Buffer to, ReadOnlySpan<byte> bytes, bool bytesStandFor)
    {
        while (!bytes.IsEmpty)
        {
            // Most text is plain, and goes in pieces.
            int plain = bytes.IndexOfAnyExcept(s_plain);
            if (plain != 0)
            {
                to.Append(plain < 0 ? bytes : bytes[..plain]);
                bytes = plain < 0 ? default : bytes[plain..];
                continue;
            }
            if (!ByteText.TryNext(bytes, out System.Text.Rune rune, out int used) && bytesStandFor)
            {
                foreach (byte b in bytes[..used])
                    Escape(to, ByteText.CodePoint(b));
                bytes = bytes[used..];
                continue;
            }
            bytes = bytes[used..];
            int value = rune.Value;
            if (value is '"' or '\\')
            {
                to.Append((byte)'\\');
                to.Append((byte)value);
            }
            else
            {
                Rune(to, rune);
            }
        }
    }

    /// <summary>Text that others chose, as it is but for what controls a terminal or the direction of text.</summary>
    public static void Plain(Utf8Buffer to, string text)
    {
        foreach (System.Text.Rune rune in text.EnumerateRunes())
            Rune(to, rune);
    }

    private static void Rune(Utf8Buffer to, System.Text.Rune rune)
    {
        if (!Unseen(rune.Value))
        {
            to.Length += rune.EncodeToUtf8(to.Room(4));
            return;
        }
        Span<char> units = stackalloc char[2];
        foreach (char unit in units[..rune.EncodeToUtf16(units)])
            Escape(to, unit);
    }

    /// <summary>Whether a character steers a terminal or the direction of text, or cannot be seen: controls, formats, tags.</summary>
    public static bool Unseen(int character) => character is < 0x20 or >= 0x7f and < 0xa0 or 0xad or 0x61c or 0x180e or >= 0x200b and <= 0x200f
        or >= 0x2028 and <= 0x202e or >= 0x2060 and <= 0x206f or 0xfeff or >= 0xfff9 and <= 0xfffb or >= 0xe0000 and <= 0xe007f;

    private static void Escape(Utf8Buffer to, int value)
    {
        to.Append("\\u"u8);
        Utf8Formatter.TryFormat(value, to.Room(4), out int written, new StandardFormat('x', 4));
        to.Length += written;
    }
}
