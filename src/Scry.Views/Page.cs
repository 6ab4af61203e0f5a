using System.Globalization;
using System.Net;
using System.Text;

namespace Scry.Views;

/// <summary>What pages and pictures are made of: the texts that travel inside the binary, and text fit for a script.</summary>
internal static class Page
{
    /// <summary>A style or a script by its file's name.</summary>
    public static string Read(string name)
    {
        using Stream stream = typeof(Page).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is missing from the binary");
        using var reader = new StreamReader(stream, Encoding.UTF8);
        return reader.ReadToEnd();
    }

    /// <summary>A JSON string of ASCII alone that can stand in a script of HTML or XML, whatever the text.</summary>
    public static string Json(string text)
    {
        var json = new StringBuilder("\"", text.Length + 2);
        Span<char> units = stackalloc char[2];
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (rune.Value is >= ' ' and < 0x7f and not ('"' or '\\' or '<' or '>' or '&'))
                json.Append((char)rune.Value);
            else
                foreach (char unit in units[..rune.EncodeToUtf16(units)])
                    json.Append("\\u").Append(((int)unit).ToString("x4", CultureInfo.InvariantCulture));
        }
        return json.Append('"').ToString();
    }

    /// <summary>Fit for XML and HTML: what they do not allow, or is not seen, is a question mark.</summary>
    public static string Xml(string text)
    {
        var safe = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
            safe.Append(Syscalls.Quote.Unseen(rune.Value) || (rune.Value & 0xfffe) == 0xfffe ? "?" : rune.ToString());
        return WebUtility.HtmlEncode(safe.ToString());
    }
}
