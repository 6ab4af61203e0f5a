namespace Scry.FactsGen;

/// <summary>A mistake in the tables: <c>file:line: what</c>.</summary>
internal sealed class FactException(string message) : Exception(message);

/// <summary>A logical line of a table: comments gone, continuations joined, words apart.</summary>
internal sealed record Line(string File, int Number, bool Indented, string[] Words)
{
    public FactException Error(string what) => new($"{File}:{Number}: {what}");

    public static IEnumerable<Line> Read(string path)
    {
        int number = 0, first = 0;
        string joined = "";
        foreach (string raw in System.IO.File.ReadLines(path))
        {
            number++;
            int comment = raw.IndexOf('#');
            string line = (comment >= 0 && !raw.Contains('"') ? raw[..comment] : raw.StartsWith('#') ? "" : raw).TrimEnd();
            if (joined.Length == 0)
                first = number;
            if (line.EndsWith('\\'))
            {
                joined += line[..^1] + " ";
                continue;
            }
            joined += line;
            if (joined.Trim().Length > 0)
                yield return new Line(Path.GetFileName(path), first, char.IsWhiteSpace(joined[0]), joined.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
            joined = "";
        }
    }

    /// <summary>A C integer: decimal, 0x…, 0…, negative, 1&lt;&lt;n; wraps to 64 bits.</summary>
    public ulong Number64(string word)
    {
        if (word.Contains("<<"))
        {
            string[] sides = word.Split("<<");
            return Number64(sides[0]) << (int)Number64(sides[1]);
        }
        string digits = word.TrimEnd('U', 'L', 'u', 'l');
        try
        {
            if (digits.StartsWith('-'))
                return unchecked((ulong)-(long)Number64(digits[1..]));
            if (digits.StartsWith("0x") || digits.StartsWith("0X"))
                return Convert.ToUInt64(digits[2..], 16);
            return digits.Length > 1 && digits[0] == '0' ? Convert.ToUInt64(digits, 8) : ulong.Parse(digits);
        }
        catch (Exception e) when (e is FormatException or OverflowException or ArgumentException)
        {
            throw Error($"'{word}' is no number");
        }
    }
}
