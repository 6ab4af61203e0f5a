using System.Text;
using Scry.Syscalls;

namespace Scry.Cli;

/// <summary>Text that others chose, made fit for a message on a terminal.</summary>
internal static class Printable
{
    /// <summary>
    /// The text with characters that steer a terminal or the direction of text, or are not seen, as <c>\xNN</c> or
    /// <c>\uNNNN</c>, and at most <paramref name="limit"/> characters of it.
    /// </summary>
    public static string Escape(string text, int limit = 200)
    {
        var result = new StringBuilder();
        foreach (Rune rune in (text.Length > limit ? text[..limit] + "…" : text).EnumerateRunes())
        {
            if (!Quote.Unseen(rune.Value))
                result.Append(rune);
            else if (rune.Value < 0x100)
                result.Append($"\\x{rune.Value:x2}");
            else
                result.Append(rune.IsBmp ? $"\\u{rune.Value:x4}" : $"\\U{rune.Value:x8}");
        }
        return result.ToString();
    }
}
