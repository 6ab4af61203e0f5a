using System.Text;

namespace Scry.Cli;

/// <summary>Text that others chose, made fit for a message on a terminal.</summary>
internal static class Printable
{
    /// <summary>The text with control characters as <c>\xNN</c> and at most <paramref name="limit"/> characters of it.</summary>
    public static string Escape(string text, int limit = 200)
    {
        var result = new StringBuilder();
        foreach (char c in text.Length > limit ? text[..limit] + "…" : text)
        {
            if (char.IsControl(c))
                result.Append($"\\x{(int)c:x2}");
            else
                result.Append(c);
        }
        return result.ToString();
    }
}
