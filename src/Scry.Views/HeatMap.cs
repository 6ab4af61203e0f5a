using System.Globalization;
using System.Net;
using System.Text;
using Scry.Wire;

namespace Scry.Views;

/// <summary>
/// Latency over time as a picture: a column for each interval, a row for a quarter of a doubling of the duration, colour for how many
/// calls. An SVG that needs nothing else, or an HTML page with it.
/// </summary>
/// <param name="title">What was counted; hostile text.</param>
public sealed class HeatMap(string title)
{
    private const int RowsPerOctave = 4;
    /// <summary>When there are more, neighbours are merged: a long run stays a picture.</summary>
    private const int MostColumns = 240;
    private const int Left = 70, Top = 50, Bottom = 50, Right = 110, PlotWidth = 960, RowHeight = 6;
    private const int LegendSteps = 6;

    // From few calls to many: each lighter than the next, told apart without colour vision too.
    private static readonly (int R, int G, int B)[] s_colors = [(255, 243, 191), (253, 190, 110), (236, 112, 73), (176, 42, 91), (74, 12, 107)];

    private readonly List<(double Start, double End, SortedDictionary<int, ulong> Cells)> _columns = [];

    /// <summary>Columns that there are.</summary>
    public int Columns => _columns.Count;

    /// <summary>Adds an interval, later than those before.</summary>
    /// <param name="start">Seconds from the run's start.</param>
    /// <param name="end">Seconds from the run's start.</param>
    /// <param name="durations">Calls that ended in it.</param>
    public void Add(double start, double end, DurationHistogram durations)
    {
        var cells = new SortedDictionary<int, ulong>();
        foreach (DurationBucket bucket in durations.Buckets())
            cells[RowOf(bucket.Middle)] = cells.GetValueOrDefault(RowOf(bucket.Middle)) + bucket.Count;
        _columns.Add((start, end, cells));
        if (_columns.Count > MostColumns)
            MergePairs();
    }

    /// <summary>The picture.</summary>
    public string ToSvg()
    {
        int[] rows = [.. _columns.SelectMany(column => column.Cells.Keys)];
        // Whole octaves, one at least.
        int low = (rows.Length > 0 ? rows.Min() : 0) / RowsPerOctave * RowsPerOctave;
        int high = ((rows.Length > 0 ? rows.Max() : 0) / RowsPerOctave + 1) * RowsPerOctave;
        double end = _columns.Count > 0 ? Math.Max(_columns[^1].End, 1e-3) : 1;
        ulong most = _columns.SelectMany(column => column.Cells.Values).DefaultIfEmpty(1UL).Max();
        int height = (high - low) * RowHeight;
        var svg = new StringBuilder();
        Append(svg, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Left + PlotWidth + Right}\" height=\"{Top + height + Bottom}\" font-family=\"sans-serif\" font-size=\"12\">\n");
        Append(svg, $"<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n<text x=\"{Left}\" y=\"24\" font-size=\"16\" fill=\"#222222\">{Safe(title)}</text>\n");
        Append(svg, $"<rect x=\"{Left}\" y=\"{Top}\" width=\"{PlotWidth}\" height=\"{height}\" fill=\"#f6f6f6\"/>\n");
        foreach ((double start, double stop, SortedDictionary<int, ulong> cells) in _columns)
        {
            foreach ((int row, ulong count) in cells)
                AppendCell(svg, start / end, stop / end, high - 1 - row, row, count, most, (start, stop));
        }
        AppendAxes(svg, low, high, end, height);
        AppendLegend(svg, most);
        return svg.Append("</svg>\n").ToString();
    }

    /// <summary>A page with the picture.</summary>
    public string ToHtml() =>
        $"<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{Safe(title)}</title></head>\n<body style=\"margin:1em;background:#ffffff\">\n{ToSvg()}</body>\n</html>\n";

    private static int RowOf(ulong nanoseconds) => nanoseconds < 1 ? 0 : (int)(Math.Log2(nanoseconds) * RowsPerOctave);

    private static string Duration(int row) => DurationText.Of(Math.Pow(2, (double)row / RowsPerOctave));

    private void MergePairs()
    {
        for (int i = 0; i + 1 < _columns.Count; i++)
        {
            (double start, _, SortedDictionary<int, ulong> cells) = _columns[i];
            foreach ((int row, ulong count) in _columns[i + 1].Cells)
                cells[row] = cells.GetValueOrDefault(row) + count;
            _columns[i] = (start, _columns[i + 1].End, cells);
            _columns.RemoveAt(i + 1);
        }
    }

    private static void AppendCell(StringBuilder svg, double left, double right, int at, int row, ulong count, ulong most, (double Start, double End) time)
    {
        double x = Left + left * PlotWidth, width = Math.Max(0.5, (right - left) * PlotWidth);
        Append(svg, $"<rect x=\"{x:F2}\" y=\"{Top + at * RowHeight}\" width=\"{width:F2}\" height=\"{RowHeight}\" fill=\"{Color(count, most)}\"><title>{time.Start:F1}-{time.End:F1} s, {Duration(row)}-{Duration(row + 1)}: {count}</title></rect>\n");
    }

    private static void AppendAxes(StringBuilder svg, int low, int high, double end, int height)
    {
        int octaves = (high - low) / RowsPerOctave, each = Math.Max(1, octaves / 10);
        for (int octave = 0; octave <= octaves; octave += each)
        {
            int y = Top + height - octave * RowsPerOctave * RowHeight;
            Append(svg, $"<text x=\"{Left - 8}\" y=\"{y + 4}\" text-anchor=\"end\" fill=\"#444444\">{Duration(low + octave * RowsPerOctave)}</text>\n");
            Append(svg, $"<line x1=\"{Left}\" y1=\"{y}\" x2=\"{Left + PlotWidth}\" y2=\"{y}\" stroke=\"#dddddd\" stroke-width=\"0.5\"/>\n");
        }
        for (int i = 0; i <= 10; i++)
            Append(svg, $"<text x=\"{Left + i * PlotWidth / 10}\" y=\"{Top + height + 18}\" text-anchor=\"middle\" fill=\"#444444\">{end * i / 10:0.##}</text>\n");
        Append(svg, $"<text x=\"{Left + PlotWidth / 2}\" y=\"{Top + height + 38}\" text-anchor=\"middle\" fill=\"#444444\">seconds since the start</text>\n");
    }

    private static void AppendLegend(StringBuilder svg, ulong most)
    {
        int x = Left + PlotWidth + 20;
        Append(svg, $"<text x=\"{x}\" y=\"{Top + 4}\" fill=\"#444444\">calls</text>\n");
        for (int i = 0; i < LegendSteps; i++)
        {
            ulong count = (ulong)Math.Max(1, Math.Round(Math.Pow(most, 1 - (double)i / (LegendSteps - 1))));
            Append(svg, $"<rect x=\"{x}\" y=\"{Top + 12 + i * 18}\" width=\"16\" height=\"16\" fill=\"{Color(count, most)}\"/>");
            Append(svg, $"<text x=\"{x + 22}\" y=\"{Top + 25 + i * 18}\" fill=\"#444444\">{count}</text>\n");
        }
    }

    /// <summary>By the logarithm, so that a few slow calls are seen beside many fast ones.</summary>
    private static string Color(ulong count, ulong most)
    {
        double share = most > 1 ? Math.Log(count) / Math.Log(most) : 1;
        double at = Math.Clamp(share, 0, 1) * (s_colors.Length - 1);
        int from = Math.Min((int)at, s_colors.Length - 2);
        int Mix(int a, int b) => (int)Math.Round(a + (b - a) * (at - from));
        return $"#{Mix(s_colors[from].R, s_colors[from + 1].R):x2}{Mix(s_colors[from].G, s_colors[from + 1].G):x2}{Mix(s_colors[from].B, s_colors[from + 1].B):x2}";
    }

    /// <summary>Fit for XML: control characters, which it does not allow, are left out.</summary>
    private static string Safe(string text) => WebUtility.HtmlEncode(string.Concat(text.Where(c => !char.IsControl(c) && !char.IsSurrogate(c) && c < '\ufffe')));

    private static void Append(StringBuilder to, FormattableString text) => to.Append(text.ToString(CultureInfo.InvariantCulture));
}
