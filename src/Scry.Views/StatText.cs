using System.Globalization;
using System.Text;
using Scry.Wire;

namespace Scry.Views;

/// <summary>A table of counted calls as text: as many columns as the terminal has room for, the least telling ones left out first.</summary>
/// <param name="output">Where it goes.</param>
/// <param name="width">Columns of the terminal; <see cref="int.MaxValue"/>: a file or pipe, where nothing is left out.</param>
public sealed class StatText(OutputWriter output, int width)
{
    private const int BarColumns = 40;

    /// <summary>Writes a table, and a line about it before an interval's.</summary>
    /// <exception cref="OutputException">It cannot be written.</exception>
    public void Write(StatTable table)
    {
        if (table.Interval > 0)
        {
            TimeSpan day = DateTimeOffset.FromUnixTimeMilliseconds(table.Time / 1_000_000).ToLocalTime().TimeOfDay;
            Line(string.Create(CultureInfo.InvariantCulture, $"{day:hh\\:mm\\:ss\\.fff}, {table.Elapsed / 1e9:F1} s"));
        }
        new TextTable<StatRow>(output, width).Write(table.Rows, Columns(table), table.Heads.Count);
        if (table.Hidden.Rows > 0)
            Line(string.Create(CultureInfo.InvariantCulture, $"and {table.Hidden.Rows} more rows with {table.Hidden.Calls} calls"));
        output.Flush();
    }

    /// <summary>Draws how long the calls of each row took, one bar for each doubling of the duration.</summary>
    /// <exception cref="OutputException">It cannot be written.</exception>
    public void WriteHistograms(StatTable table)
    {
        foreach (StatRow row in table.Rows.Where(row => row.Histogram.Count > 0))
        {
            Line("");
            Line(string.Join(' ', row.Labels.Select(label => label.ToString()).Append(row.Syscall ?? "").Where(text => text.Length > 0))
                + string.Create(CultureInfo.InvariantCulture, $": {row.Sums.Calls} calls, p50 {Time(row, 0.5)}, p99 {Time(row, 0.99)}, max {DurationText.Of(row.Sums.Max)}"));
            WriteBars(row.Histogram);
        }
        output.Flush();
    }

    private void WriteBars(DurationHistogram histogram)
    {
        var octaves = new SortedDictionary<int, ulong>();
        foreach (DurationBucket bucket in histogram.Buckets())
        {
            int octave = bucket.Low == 0 ? 0 : System.Numerics.BitOperations.Log2(bucket.Low);
            octaves[octave] = octaves.GetValueOrDefault(octave) + bucket.Count;
        }
        ulong most = octaves.Values.Max();
        int room = Math.Min(BarColumns, Math.Max(4, width - 40));
        for (int octave = octaves.Keys.Min(); octave <= octaves.Keys.Max(); octave++)
        {
            ulong count = octaves.GetValueOrDefault(octave);
            string low = DurationText.Of(octave == 0 ? 0 : 1UL << octave), high = DurationText.Of(2.0 * (1UL << octave));
            Line(string.Create(CultureInfo.InvariantCulture,
                $"{low,7} - {high,-7}{Bar((double)count / most, room)} {count,9} {100.0 * count / histogram.Count,5:F1}%"));
        }
    }

    /// <summary>A bar in eighths of a character, padded.</summary>
    private static string Bar(double share, int room)
    {
        int eighths = (int)Math.Round(share * room * 8);
        if (share > 0 && eighths == 0)
            eighths = 1;
        var bar = new StringBuilder("|");
        bar.Append('█', eighths / 8);
        if (eighths % 8 > 0)
            bar.Append((char)('▉' + (7 - eighths % 8)));
        bar.Append(' ', Math.Max(0, room + 1 - bar.Length));
        return bar.Append('|').ToString();
    }

    private static string Time(StatRow row, double share) => row.Histogram.Count > 0 ? DurationText.Of(row.Quantile(share)) : "";

    private static List<TextColumn<StatRow>> Columns(StatTable table)
    {
        var columns = new List<TextColumn<StatRow>>();
        for (int i = 0; i < table.Heads.Count; i++)
        {
            int at = i;
            columns.Add(new TextColumn<StatRow>(table.Heads[i].Title, 0, true, row => row.Labels[at].ToString()));
        }
        if (table.BySyscall)
            columns.Add(new TextColumn<StatRow>("syscall", 0, true, row => row.Syscall ?? ""));
        if (table.ByErrno)
            columns.Add(new TextColumn<StatRow>("errno", 0, true, row => row.ErrnoName ?? "-"));
        columns.Add(new TextColumn<StatRow>("calls", 0, false, row => Number(row.Sums.Calls)));
        if (table.ByErrno)
            return columns;
        columns.Add(new TextColumn<StatRow>("errors", 0, false, row => row.Sums.Errors > 0 ? Number(row.Sums.Errors) : ""));
        if (!table.CountOnly)
            AddTimes(columns, table);
        columns.Add(new TextColumn<StatRow>("errnos", 10, true, row => row.ErrnoText()));
        return columns;
    }

    private static void AddTimes(List<TextColumn<StatRow>> columns, StatTable table)
    {
        columns.Add(new TextColumn<StatRow>("total", 0, false, row => Timed(row, row.Sums.Total)));
        columns.Add(new TextColumn<StatRow>("wall%", 4, false, row => row.Sums.Timed > 0 && table.Elapsed > 0
            ? (100.0 * row.Sums.Total / table.Elapsed).ToString("F2", CultureInfo.InvariantCulture) : ""));
        columns.Add(new TextColumn<StatRow>("min", 7, false, row => Timed(row, row.Sums.Min)));
        columns.Add(new TextColumn<StatRow>("avg", 1, false, row => Timed(row, row.Sums.Mean)));
        columns.Add(new TextColumn<StatRow>("max", 3, false, row => Timed(row, row.Sums.Max)));
        columns.Add(new TextColumn<StatRow>("stddev%", 9, false, row => row.Sums.Timed > 0 ? row.Sums.RelativeError.ToString("F2", CultureInfo.InvariantCulture) : ""));
        columns.Add(new TextColumn<StatRow>("p50", 5, false, row => Time(row, 0.5)));
        columns.Add(new TextColumn<StatRow>("p90", 8, false, row => Time(row, 0.9)));
        columns.Add(new TextColumn<StatRow>("p99", 2, false, row => Time(row, 0.99)));
        columns.Add(new TextColumn<StatRow>("p99.9", 6, false, row => Time(row, 0.999)));
    }

    private static string Timed(StatRow row, double nanoseconds) => row.Sums.Timed > 0 ? DurationText.Of(nanoseconds) : "";

    private static string Number(ulong value) => value.ToString(CultureInfo.InvariantCulture);

    private void Line(string text)
    {
        output.Buffer.Append(Encoding.UTF8.GetBytes(text));
        output.EndLine();
    }
}
