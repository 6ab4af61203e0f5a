using System.Text;

namespace Scry.Views;

/// <summary>A column of a table.</summary>
/// <param name="Title">Its head.</param>
/// <param name="Rank">How soon it is left out for want of room: the highest first; 0: never.</param>
/// <param name="Left">Whether it begins at the left: text.</param>
/// <param name="Text">What is in it.</param>
internal sealed record TextColumn<T>(string Title, int Rank, bool Left, Func<T, string> Text);

/// <summary>Rows as text: as many columns as there is room for.</summary>
/// <param name="output">Where it goes.</param>
/// <param name="width">Columns of the terminal; <see cref="int.MaxValue"/>: nothing is left out.</param>
internal sealed class TextTable<T>(OutputWriter output, int width)
{
    private const int NarrowLabel = 12;
    private const int LastLabelLeast = 8;

    /// <summary>Writes the head and the rows.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="columns">The columns.</param>
    /// <param name="labels">How many of them, the first ones, say whose a row is: these may be made narrower.</param>
    /// <exception cref="OutputException">It cannot be written.</exception>
    public void Write(IReadOnlyList<T> rows, IReadOnlyList<TextColumn<T>> columns, int labels)
    {
        // Twice, so that not all of a long table is in memory at once.
        int[] widths = [.. columns.Select(column => rows.Aggregate(column.Title.Length, (most, row) => Math.Max(most, column.Text(row).Length)))];
        List<int> shown = Fit(columns, widths, labels);
        WriteLine(shown, columns, widths, [.. columns.Select(column => column.Title)]);
        foreach (T row in rows)
            WriteLine(shown, columns, widths, [.. columns.Select(column => column.Text(row))]);
    }

    /// <summary>The columns that fit; when even those that are never left out do not, labels are made narrower.</summary>
    private List<int> Fit(IReadOnlyList<TextColumn<T>> columns, int[] widths, int labels)
    {
        List<int> shown = [.. Enumerable.Range(0, columns.Count)];
        // A last column of text may be cut.
        if (columns[^1].Left && widths[^1] > LastLabelLeast && width != int.MaxValue && Sum(shown, widths) > width)
            widths[^1] = Math.Max(LastLabelLeast, widths[^1] - (Sum(shown, widths) - width));
        while (Sum(shown, widths) > width && shown.Max(i => columns[i].Rank) is > 0 and var rank)
            shown.RemoveAll(i => columns[i].Rank == rank);
        for (int i = labels - 1; i >= 0 && Sum(shown, widths) > width; i--)
            widths[i] = Math.Max(Math.Min(widths[i], NarrowLabel), widths[i] - (Sum(shown, widths) - width));
        return shown;
    }

    private static int Sum(List<int> shown, int[] widths) => shown.Sum(i => widths[i] + 1) - 1;

    private void WriteLine(List<int> shown, IReadOnlyList<TextColumn<T>> columns, int[] widths, string[] cells)
    {
        var line = new StringBuilder();
        foreach (int i in shown)
        {
            if (line.Length > 0)
                line.Append(' ');
            // Of a path, the end tells more.
            string text = cells[i].Length <= widths[i] ? cells[i]
                : cells[i].StartsWith('/') ? "…" + cells[i][^(widths[i] - 1)..] : cells[i][..(widths[i] - 1)] + "…";
            line.Append(columns[i].Left ? text.PadRight(widths[i]) : text.PadLeft(widths[i]));
        }
        output.Buffer.Append(Encoding.UTF8.GetBytes(line.ToString().TrimEnd()));
        output.EndLine();
    }
}
