using System.Globalization;
using Scry.Wire;

namespace Scry.Views.Top;

/// <summary>Draws durations: percentiles, errors by errno, a distribution.</summary>
internal static class TopLatencyScreen
{
    private const int CallsEnd = 16, ErrorsEnd = 25, Column = 9;
    private const int BarAt = 22, CountColumns = 18;
    private static readonly (string Title, double Share)[] s_quantiles = [("P50", 0.5), ("P90", 0.9), ("P99", 0.99), ("P99.9", 0.999), ("MAX", 1)];

    public static void Draw(TopModel model, Frame frame, int y)
    {
        TopLatency latency = model.Latency;
        frame.Fill(y, Ink.Head);
        frame.PutRight(CallsEnd, y, "CALLS", Ink.Head);
        frame.PutRight(ErrorsEnd, y, "ERRORS", Ink.Head);
        frame.PutRight(ErrorsEnd + Column, y, "AVG", Ink.Head);
        for (int i = 0; i < s_quantiles.Length; i++)
            frame.PutRight(ErrorsEnd + (i + 2) * Column, y, s_quantiles[i].Title, Ink.Head);
        if (latency.AllSums.Calls == 0)
        {
            frame.Put(0, y + 1, "counting...", Ink.Dim);
            return;
        }
        DrawLine(frame, y + 1, "last", latency.LastSums, latency.Last, latency.Last.Quantile(1));
        DrawLine(frame, y + 2, "all", latency.AllSums, latency.All, latency.AllSums.Timed > 0 ? latency.AllSums.Max : 0);
        if (latency.Errnos.Count > 0)
        {
            string errors = string.Join("  ", latency.Errnos.OrderByDescending(one => one.Value).ThenBy(one => one.Key)
                .Select(one => string.Create(CultureInfo.InvariantCulture, $"{StatRow.NameOf(one.Key)} {one.Value}")));
            frame.Put(0, y + 3, model.Settings.Glyphs.Fit(errors, frame.Width), Ink.Alarm);
        }
        DrawBars(model, frame, y + 5);
    }

    private static void DrawLine(Frame frame, int y, string label, in CallSums sums, DurationHistogram histogram, ulong max)
    {
        frame.Put(0, y, label);
        frame.PutRight(CallsEnd, y, sums.Calls.ToString(CultureInfo.InvariantCulture), Ink.Bold);
        frame.PutRight(ErrorsEnd, y, sums.Errors.ToString(CultureInfo.InvariantCulture), sums.Errors > 0 ? Ink.Alarm : Ink.Plain);
        if (sums.Timed == 0)
            return;
        frame.PutRight(ErrorsEnd + Column, y, DurationText.Of(sums.Mean));
        for (int i = 0; i < s_quantiles.Length; i++)
        {
            ulong value = s_quantiles[i].Share == 1 ? max : histogram.Quantile(s_quantiles[i].Share, sums.Min, sums.Max);
            frame.PutRight(ErrorsEnd + (i + 2) * Column, y, DurationText.Of(value));
        }
    }

    private static void DrawBars(TopModel model, Frame frame, int y)
    {
        DurationHistogram all = model.Latency.All;
        IReadOnlyList<DurationBar> bars = DurationBar.Of(all, frame.Height - 1 - y);
        ulong most = bars.Aggregate(0UL, (largest, bar) => Math.Max(largest, bar.Count));
        int columns = frame.Width - BarAt - CountColumns;
        for (int i = 0; i < bars.Count; i++)
        {
            DurationBar bar = bars[i];
            frame.PutRight(9, y + i, DurationText.Of(bar.Low));
            frame.Put(10, y + i, "-");
            frame.PutRight(20, y + i, DurationText.Of(bar.High));
            frame.Put(BarAt, y + i, model.Settings.Glyphs.Bar((double)bar.Count / most, columns), Ink.Graph);
            frame.PutRight(frame.Width - 7, y + i, bar.Count.ToString(CultureInfo.InvariantCulture));
            frame.PutRight(frame.Width, y + i, (100.0 * bar.Count / all.Count).ToString("F1", CultureInfo.InvariantCulture) + "%", Ink.Dim);
        }
    }
}
