using System.Globalization;
using System.Text;
using Scry.Wire;

namespace Scry.Views.Top;

/// <summary>Tables as plain text, for logs and pipes: counts of the interval, not rates.</summary>
/// <param name="settings">What the rows are told apart by, and their order.</param>
/// <param name="output">Where they go.</param>
public sealed class TopText(TopSettings settings, OutputWriter output)
{
    private readonly TopTable _table = new(settings.Dimensions, [], linger: 0);
    private CallSums _total = new();
    private bool _isLater, _isOpen;

    /// <summary>Adds calls of the interval that <see cref="EndTick"/> ends.</summary>
    public void Add(TopEntry entry, in CallSums sums)
    {
        Open();
        _table.Add(entry, in sums);
        _total.Add(in sums);
    }

    /// <summary>Writes the table of an interval.</summary>
    /// <exception cref="OutputException">It cannot be written.</exception>
    public void EndTick(in TopTick tick)
    {
        Open();
        _table.End();
        _isOpen = false;
        List<TopRow> rows = [.. _table.Rows];
        _table.Sort(rows, settings.Order, reverse: false);
        if (_isLater)
            Line("");
        _isLater = true;
        Line(string.Create(CultureInfo.InvariantCulture,
            $"{tick.Time:HH:mm:ss} {tick.Seconds:F3} s: {_total.Calls} calls, {_total.Errors} errors, {_total.Total / 1e9:F6} s in calls")
            + (tick.CpuShare is { } share ? string.Create(CultureInfo.InvariantCulture, $"; counting takes {100 * share:F2} % of the machine's CPU time") : "")
            + (tick.Note is { } note ? $"; {note}" : ""));
        WriteRows(rows);
        output.Flush();
    }

    private void Open()
    {
        if (_isOpen)
            return;
        _isOpen = true;
        _table.Begin();
        _total = new();
    }

    private void WriteRows(List<TopRow> rows)
    {
        int last = settings.Dimensions.Count - 1;
        int[] widths = [.. settings.Dimensions.Select((dimension, i) => i == last ? 0 : rows.Aggregate(dimension.Name().Length, (most, row) => Math.Max(most, row.Cells[i].Length)))];
        WriteLine("CALLS", "ERRORS", "TIME(s)", "AVG(us)", [.. settings.Dimensions.Select(dimension => dimension.Name().ToUpperInvariant())], widths);
        foreach (TopRow row in rows)
        {
            WriteLine(
                row.Calls.ToString(CultureInfo.InvariantCulture), row.Errors.ToString(CultureInfo.InvariantCulture),
                (row.Time / 1e9).ToString("F6", CultureInfo.InvariantCulture), (row.Average / 1e3).ToString("F3", CultureInfo.InvariantCulture),
                row.Cells, widths);
        }
    }

    private void WriteLine(string calls, string errors, string time, string average, string[] cells, int[] widths) =>
        Line($"{calls,12} {errors,10} {time,12} {average,12}  " + string.Join("  ", cells.Select((cell, i) => cell.PadRight(widths[i]))));

    private void Line(string text)
    {
        output.Buffer.Append(Encoding.UTF8.GetBytes(text));
        output.EndLine();
    }
}
