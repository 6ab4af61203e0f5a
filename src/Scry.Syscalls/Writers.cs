using System.Text.Unicode;

namespace Scry.Syscalls;

/// <summary>Where decoded values go. A writer has no state of its own: what it needs stands in the buffer.</summary>
internal interface IValueWriter
{
    /// <summary>Whether strace's text is wanted; otherwise JSON.</summary>
    static abstract bool IsText { get; }
    Utf8Buffer To { get; }
    void Number(long value);
    void Number(ulong value);
    void Hex(ulong value);
    void Octal(ulong value);
    void Name(ReadOnlySpan<byte> name);
    void Address(ulong value);
    void String(ReadOnlySpan<byte> bytes, bool cut);
    void Open(byte bracket);
    void Close(byte bracket, bool more);
    void Field(ReadOnlySpan<byte> name);
    void Element();
    void BeginFlags();
    void Flag(ReadOnlySpan<byte> name);
    void EndFlags(ulong value);
}

/// <summary>strace's text.</summary>
internal readonly struct TextWriter(Utf8Buffer to, HexStrings hex = HexStrings.None) : IValueWriter
{
    public static bool IsText => true;
    public Utf8Buffer To => to;
    public void Number(long value) => to.AppendDecimal(value);
    public void Number(ulong value) => to.AppendDecimal(value);

    public void Hex(ulong value)
    {
        if (value == 0)
            to.Append((byte)'0');
        else
            to.AppendHex(value);
    }

    public void Octal(ulong value)
    {
        if (value == 0)
        {
            to.Append((byte)'0');
            return;
        }
        Span<byte> digits = stackalloc byte[24];
        int at = digits.Length;
        for (; value != 0; value >>= 3)
            digits[--at] = (byte)('0' + (value & 7));
        digits[--at] = (byte)'0';
        to.Append(digits[at..]);
    }

    public void Name(ReadOnlySpan<byte> name) => to.Append(name);

    public void Address(ulong value)
    {
        if (value == 0)
            to.Append("NULL"u8);
        else
            to.AppendHex(value);
    }

    public void String(ReadOnlySpan<byte> bytes, bool cut)
    {
        Quote.Text(to, bytes, hex);
        if (cut)
            to.Append("..."u8);
    }

    public void Open(byte bracket) => to.Append(bracket);

    public void Close(byte bracket, bool more)
    {
        if (more)
        {
            Comma();
            to.Append("..."u8);
        }
        to.Append((byte)(bracket + 2)); // [ ] and { }
    }

    public void Field(ReadOnlySpan<byte> name)
    {
        Comma();
        to.Append(name);
        to.Append((byte)'=');
    }

    public void Element() => Comma();

    public void BeginFlags()
    {
    }

    public void Flag(ReadOnlySpan<byte> name)
    {
        to.Append(name);
        to.Append((byte)'|');
    }

    public void EndFlags(ulong value)
    {
        if (to.Length > 0 && to.Written[^1] == (byte)'|')
            to.Length--;
    }

    private void Comma()
    {
        if (to.Written[^1] is not ((byte)'[' or (byte)'{' or (byte)'('))
            to.Append(", "u8);
    }
}

/// <summary>JSON: numbers, strings, arrays and objects; see docs/JSON.md.</summary>
internal readonly struct JsonWriter(Utf8Buffer to) : IValueWriter
{
    public static bool IsText => false;
    public Utf8Buffer To => to;
    public void Number(long value) => Quote.JsonNumber(to, value);
    public void Number(ulong value) => Quote.JsonNumber(to, value);

    public void Hex(ulong value) => Quote.JsonNumber(to, value);

    public void Octal(ulong value) => Quote.JsonNumber(to, value);

    public void Name(ReadOnlySpan<byte> name)
    {
        to.Append((byte)'"');
        to.Append(name);
        to.Append((byte)'"');
    }

    public void Address(ulong value)
    {
        if (value == 0)
        {
            to.Append("null"u8);
            return;
        }
        to.Append((byte)'"');
        to.AppendHex(value);
        to.Append((byte)'"');
    }

    public void String(ReadOnlySpan<byte> bytes, bool cut)
    {
        // A character that the limit of strings divides is left out.
        ReadOnlySpan<byte> text = cut ? Quote.WholeCharacters(bytes) : bytes;
        bool isText = Utf8.IsValid(text);
        if (isText && !cut)
        {
            Quote.JsonText(to, text);
            return;
        }
        to.Append(isText ? "{\"text\":"u8 : "{\"base64\":"u8);
        if (isText)
            Quote.JsonText(to, text);
        else
            Quote.Base64(to, bytes);
        to.Append(cut ? ",\"cut\":true}"u8 : "}"u8);
    }

    public void Open(byte bracket) => to.Append(bracket);

    public void Close(byte bracket, bool more) => to.Append((byte)(bracket + 2));

    public void Field(ReadOnlySpan<byte> name)
    {
        Element();
        to.Append((byte)'"');
        to.Append(name);
        to.Append("\":"u8);
    }

    public void Element()
    {
        if (to.Written[^1] is not ((byte)'[' or (byte)'{'))
            to.Append((byte)',');
    }

    public void BeginFlags() => to.Append("{\"flags\":["u8);

    public void Flag(ReadOnlySpan<byte> name)
    {
        Element();
        Name(name);
    }

    public void EndFlags(ulong value)
    {
        to.Append("],\"value\":"u8);
        Quote.JsonNumber(to, value);
        to.Append((byte)'}');
    }
}
