namespace Scry.Views.Top;

/// <summary>How a cell of a screen looks.</summary>
public enum Ink : byte
{
    /// <summary>As the terminal has it.</summary>
    Plain,
    /// <summary>What matters most.</summary>
    Bold,
    /// <summary>What matters less.</summary>
    Dim,
    /// <summary>Heads of columns.</summary>
    Head,
    /// <summary>The row of the cursor.</summary>
    Cursor,
    /// <summary>Curves and bars.</summary>
    Graph,
    /// <summary>Errors and losses.</summary>
    Alarm,
}

/// <summary>
/// A screen as cells. Every character takes one column: what comes from others is escaped to ASCII before it gets here, and what is
/// not printable is shown as a question mark.
/// </summary>
/// <param name="width">Columns, at least 1.</param>
/// <param name="height">Rows, at least 1.</param>
public sealed class Frame(int width, int height)
{
    private readonly char[] _chars = NewChars(width * height);
    private readonly Ink[] _inks = new Ink[width * height];

    /// <summary>Columns.</summary>
    public int Width => width;

    /// <summary>Rows.</summary>
    public int Height => height;

    /// <summary>Character of each cell of a row.</summary>
    public ReadOnlySpan<char> Chars(int y) => _chars.AsSpan(y * width, width);

    /// <summary>Look of each cell of a row.</summary>
    public ReadOnlySpan<Ink> Inks(int y) => _inks.AsSpan(y * width, width);

    /// <summary>A row without its trailing blanks.</summary>
    public string Line(int y) => Chars(y).TrimEnd(' ').ToString();

    /// <summary>Empties it.</summary>
    public void Clear()
    {
        _chars.AsSpan().Fill(' ');
        _inks.AsSpan().Clear();
    }

    /// <summary>Writes text; what does not fit is left out.</summary>
    /// <returns>The column after it.</returns>
    public int Put(int x, int y, ReadOnlySpan<char> text, Ink ink = Ink.Plain)
    {
        for (int i = 0; i < text.Length; i++)
        {
            int column = x + i;
            if (column < 0 || column >= width || y < 0 || y >= height)
                continue;
            char c = text[i];
            _chars[y * width + column] = char.IsControl(c) || char.IsSurrogate(c) ? '?' : c;
            _inks[y * width + column] = ink;
        }
        return x + text.Length;
    }

    /// <summary>Writes text that ends before the column <paramref name="end"/>, whole or not at all: a part of a number is another number.</summary>
    public void PutRight(int end, int y, ReadOnlySpan<char> text, Ink ink = Ink.Plain)
    {
        if (end <= width && end >= text.Length)
            Put(end - text.Length, y, text, ink);
    }

    /// <summary>Gives a row, as far as it is plain, a look.</summary>
    public void Fill(int y, Ink ink)
    {
        if (y >= 0 && y < height)
            _inks.AsSpan(y * width, width).Fill(ink);
    }

    private static char[] NewChars(int count)
    {
        char[] chars = new char[count];
        chars.AsSpan().Fill(' ');
        return chars;
    }
}

/// <summary>The characters that curves and bars are drawn with.</summary>
/// <param name="Levels">From the lowest to the highest of a curve.</param>
/// <param name="Parts">From the smallest part of a bar's cell to a full one.</param>
/// <param name="Cut">Stands where text was cut off.</param>
public sealed record Glyphs(string Levels, string Parts, char Cut)
{
    /// <summary>For terminals with UTF-8.</summary>
    public static Glyphs Unicode { get; } = new("▁▂▃▄▅▆▇█", "▏▎▍▌▋▊▉█", '…');

    /// <summary>For all others.</summary>
    public static Glyphs Ascii { get; } = new("_.-=+*%#", "#", '~');

    /// <summary>Text in so many columns; what is left out at its end, or at its beginning, is marked.</summary>
    public string Fit(string text, int columns, bool keepEnd = false)
    {
        if (text.Length <= columns)
            return text;
        if (columns <= 1)
            return columns <= 0 ? "" : Cut.ToString();
        return keepEnd ? Cut + text[^(columns - 1)..] : text[..(columns - 1)] + Cut;
    }

    /// <summary>A curve of the last values, as high as their largest; as many as there are columns.</summary>
    public string Curve(ReadOnlySpan<double> values, int columns)
    {
        ReadOnlySpan<double> shown = values.Length > columns ? values[^columns..] : values;
        double most = 0;
        foreach (double value in shown)
            most = Math.Max(most, value);
        char[] text = new char[shown.Length];
        for (int i = 0; i < shown.Length; i++)
        {
            // Nothing at all is a blank: the lowest level is something.
            text[i] = shown[i] <= 0 ? ' ' : Levels[Math.Min(Levels.Length - 1, (int)(shown[i] / most * Levels.Length))];
        }
        return new string(text);
    }

    /// <summary>A bar for a share of the columns; what is not 0 is seen.</summary>
    public string Bar(double share, int columns)
    {
        if (share <= 0 || columns <= 0)
            return "";
        int parts = Math.Max(1, (int)Math.Round(Math.Min(share, 1) * columns * Parts.Length));
        string full = new(Parts[^1], parts / Parts.Length);
        return parts % Parts.Length == 0 ? full : full + Parts[parts % Parts.Length - 1];
    }
}
