using Scry.Wire;

namespace Scry.Views.Top;

/// <summary>A row: calls of the last tick.</summary>
public sealed class TopRow
{
    internal TopRow(string key, TopEntry first)
    {
        Key = key;
        Entry = first;
    }

    /// <summary>What tells it apart.</summary>
    public string Key { get; }

    /// <summary>What is shown of each dimension.</summary>
    public string[] Cells { get; internal set; } = [];

    /// <summary>Calls.</summary>
    public ulong Calls { get; private set; }

    /// <summary>Those that failed.</summary>
    public ulong Errors { get; private set; }

    /// <summary>Nanoseconds in calls.</summary>
    public ulong Time { get; private set; }

    /// <summary>Mean nanoseconds of a call.</summary>
    public double Average => _timed > 0 ? (double)Time / _timed : 0;

    // Any of its entries: they agree in the table's dimensions.
    internal TopEntry Entry { get; set; }
    internal long LastTick { get; set; }
    internal bool IsDropped { get; set; }

    private ulong _timed;

    internal void Clear() => (Calls, Errors, Time, _timed) = (0, 0, 0, 0);

    internal void Add(in CallSums sums)
    {
        Calls += sums.Calls;
        Errors += sums.Errors;
        Time += sums.Total;
        _timed += sums.Timed;
    }
}

/// <summary>Adds what was counted up by some dimensions, tick by tick.</summary>
/// <param name="dimensions">What tells rows apart.</param>
/// <param name="within">Only calls that have these values.</param>
/// <param name="linger">Ticks that a row stays without calls: rows of what calls now and then do not come and go.</param>
public sealed class TopTable(IReadOnlyList<TopDimension> dimensions, IReadOnlyList<(TopDimension Dimension, TopName Name)> within, int linger)
{
    private readonly Dictionary<string, TopRow> _rows = [];
    private long _tick;

    /// <summary>What tells rows apart.</summary>
    public IReadOnlyList<TopDimension> Dimensions => dimensions;

    /// <summary>What all rows have in common.</summary>
    public IReadOnlyList<(TopDimension Dimension, TopName Name)> Within => within;

    /// <summary>The rows, in no order.</summary>
    public IReadOnlyCollection<TopRow> Rows => _rows.Values;

    /// <summary>Begins a tick.</summary>
    public void Begin()
    {
        _tick++;
        foreach (TopRow row in _rows.Values)
            row.Clear();
    }

    /// <summary>Adds calls of the tick.</summary>
    public void Add(TopEntry entry, in CallSums sums)
    {
        if (entry.Table != this || entry.Row is { IsDropped: true })
            Place(entry);
        if (entry.Row is not { } row)
            return;
        row.Add(in sums);
        row.LastTick = _tick;
        row.Entry = entry;
    }

    /// <summary>Ends a tick: rows without calls for too long go.</summary>
    public void End()
    {
        List<TopRow>? gone = null;
        foreach (TopRow row in _rows.Values)
        {
            if (row.LastTick + linger < _tick)
                (gone ??= []).Add(row);
        }
        foreach (TopRow row in gone ?? [])
        {
            row.IsDropped = true;
            _rows.Remove(row.Key);
        }
    }

    /// <summary>Whether calls belong here.</summary>
    public bool Has(TopEntry entry)
    {
        foreach ((TopDimension dimension, TopName name) in within)
        {
            if (entry[dimension].Key != name.Key)
                return false;
        }
        return true;
    }

    /// <summary>The rows in order; those that are equal by name, so that they keep their places.</summary>
    public void Sort(List<TopRow> rows, TopOrder order, bool reverse)
    {
        int sign = reverse ? -1 : 1;
        rows.Sort((a, b) =>
        {
            int difference = order switch
            {
                TopOrder.Calls => b.Calls.CompareTo(a.Calls),
                TopOrder.Errors => b.Errors.CompareTo(a.Errors),
                TopOrder.Time => b.Time.CompareTo(a.Time),
                TopOrder.Average => b.Average.CompareTo(a.Average),
                _ => 0,
            };
            if (difference == 0 && order is not (TopOrder.Calls or TopOrder.Name))
                difference = b.Calls.CompareTo(a.Calls);
            return sign * (difference != 0 ? difference : CompareCells(a, b));
        });
    }

    private static int CompareCells(TopRow a, TopRow b)
    {
        for (int i = 0; i < a.Cells.Length; i++)
        {
            // Numbers as numbers: a pid comes first in its cell.
            int difference = NumberOf(a.Cells[i]).CompareTo(NumberOf(b.Cells[i]));
            if (difference == 0)
                difference = string.CompareOrdinal(a.Cells[i], b.Cells[i]);
            if (difference != 0)
                return difference;
        }
        return string.CompareOrdinal(a.Key, b.Key);
    }

    private static long NumberOf(string cell)
    {
        int end = 0;
        while (end < cell.Length && end < 10 && char.IsAsciiDigit(cell[end]))
            end++;
        return end > 0 && (end == cell.Length || cell[end] == ' ') ? long.Parse(cell.AsSpan(0, end), System.Globalization.CultureInfo.InvariantCulture) : long.MaxValue;
    }

    private void Place(TopEntry entry)
    {
        entry.Table = this;
        entry.Row = null;
        if (!Has(entry))
            return;
        string key = string.Join('\0', dimensions.Select(dimension => entry[dimension].Key));
        if (!_rows.TryGetValue(key, out TopRow? row))
            _rows[key] = row = new TopRow(key, entry);
        row.Cells = [.. dimensions.Select(dimension => Cell(entry, dimension))];
        entry.Row = row;
    }

    private static string Cell(TopEntry entry, TopDimension dimension) =>
        dimension is TopDimension.Process or TopDimension.Thread && entry.ProcessName.Length > 0
            ? $"{entry[dimension].Text} {entry.ProcessName}"
            : entry[dimension].Text;
}
