using System.Globalization;
using System.Net;
using System.Text;

namespace Scry.Cli.Bench;

/// <summary>A bar: a tool's figure.</summary>
/// <param name="Label">The tool.</param>
/// <param name="Value">In the chart's unit.</param>
/// <param name="Spread">Half of its runs lie so near.</param>
/// <param name="Style">The class that colours it: <c>ours</c>, <c>base</c> or <c>peer</c>.</param>
internal readonly record struct Bar(string Label, double Value, double Spread, string Style);

/// <summary>Charts as SVG, coloured by the page's style.</summary>
internal static class BenchCharts
{
    private const int Width = 860, LabelWidth = 250, ValueWidth = 140, RowHeight = 26, BarHeight = 16, Top = 8, AxisHeight = 26;
    private const int LineHeight = 300, LineLeft = 70, LineRight = 130, LineBottom = 48;

    /// <summary>Bars beside each other, in the order given; logarithmic when they differ much.</summary>
    /// <param name="title">For those who cannot see it.</param>
    /// <param name="caption">What the values are.</param>
    /// <param name="unit">Of the values, for their labels.</param>
    /// <param name="bars">One or more.</param>
    public static string Bars(string title, string caption, string unit, IReadOnlyList<Bar> bars)
    {
        Bar[] positive = [.. bars.Where(bar => bar.Value > 0)];
        if (positive.Length == 0)
            return "";
        double most = positive.Max(bar => bar.Value + bar.Spread), least = positive.Min(bar => bar.Value);
        bool log = most / least > 30;
        Axis axis = log ? Axis.Log(least / 2, most) : Axis.Linear(0, most);
        int width = Width - LabelWidth - ValueWidth, height = Top + bars.Count * RowHeight + AxisHeight;
        var svg = Begin(title, Width, height);
        foreach (double tick in axis.Ticks)
        {
            double x = LabelWidth + axis.Place(tick) * width;
            Line(svg, "grid", x, Top, x, height - AxisHeight);
            Text(svg, "tick", x, height - AxisHeight + 16, "middle", Short(tick));
        }
        for (int i = 0; i < bars.Count; i++)
        {
            Bar bar = bars[i];
            double y = Top + i * RowHeight, middle = y + RowHeight / 2.0, end = LabelWidth + axis.Place(bar.Value) * width;
            Text(svg, "label", LabelWidth - 8, middle + 4, "end", bar.Label);
            svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"{bar.Style}\" x=\"{LabelWidth}\" y=\"{middle - BarHeight / 2.0:F1}\" width=\"{Math.Max(0.5, end - LabelWidth):F1}\" height=\"{BarHeight}\" rx=\"2\"/>");
            double low = LabelWidth + axis.Place(bar.Value - bar.Spread) * width, high = LabelWidth + axis.Place(bar.Value + bar.Spread) * width;
            if (high - low > 1)
            {
                Line(svg, "spread", low, middle, high, middle);
                Line(svg, "spread", low, middle - 4, low, middle + 4);
                Line(svg, "spread", high, middle - 4, high, middle + 4);
            }
            Text(svg, "value", Math.Max(end, high) + 6, middle + 4, "start", $"{BenchText.Number(bar.Value)} {unit}");
        }
        return Caption(log ? $"{caption}, logarithmic" : caption) + svg.Append("</svg>");
    }

    /// <summary>Curves against one size.</summary>
    public static string Lines(ScaleResult scale)
    {
        // What is no result is no point.
        scale = scale with { Lines = [.. scale.Lines.Select(line => line with { Points = [.. line.Points.Where(point => new Middle(point.Y, point.Spread).IsResult)] })] };
        (double X, double Y, double Spread)[] points = [.. scale.Lines.SelectMany(line => line.Points)];
        if (points.Length == 0)
            return "";
        double least = points.Min(point => point.X), most = points.Max(point => point.X);
        Axis x = most / Math.Max(least, 1e-9) > 30 ? Axis.Log(least, most) : Axis.Linear(Math.Min(least, 0), most);
        Axis y = Axis.Linear(Math.Min(0, points.Min(point => point.Y)), Math.Max(1, points.Max(point => point.Y + point.Spread)));
        double width = Width - LineLeft - LineRight, height = LineHeight - LineBottom - Top;
        double X(double value) => LineLeft + x.Place(value) * width;
        double Y(double value) => Top + (1 - y.Place(value)) * height;
        var svg = Begin(scale.Title, Width, LineHeight);
        foreach (double tick in y.Ticks)
        {
            Line(svg, "grid", LineLeft, Y(tick), LineLeft + width, Y(tick));
            Text(svg, "tick", LineLeft - 8, Y(tick) + 4, "end", Short(tick));
        }
        foreach (double tick in x.Ticks)
            Text(svg, "tick", X(tick), Top + height + 18, "middle", Short(tick));
        Text(svg, "label", LineLeft + width / 2, LineHeight - 8, "middle", scale.XLabel);
        double taken = double.NegativeInfinity;
        foreach ((ScaleLine line, int i) in scale.Lines.Select((line, i) => (line, i)).OrderBy(entry => entry.line.Points.Count > 0 ? Y(entry.line.Points[^1].Y) : 0))
        {
            svg.Append(CultureInfo.InvariantCulture, $"<polyline class=\"line s{i}\" points=\"").AppendJoin(' ', line.Points.Select(point => At(X(point.X), Y(point.Y)))).Append("\"/>");
            foreach ((double px, double py, double spread) in line.Points)
            {
                Line(svg, $"spread s{i}", X(px), Y(py - spread), X(px), Y(py + spread));
                svg.Append(CultureInfo.InvariantCulture, $"<circle class=\"dot s{i}\" cx=\"{X(px):F1}\" cy=\"{Y(py):F1}\" r=\"4\"/>");
            }
            if (line.Points.Count == 0)
                continue;
            taken = Math.Max(Y(line.Points[^1].Y) + 4, taken + 15);
            Text(svg, $"label s{i}", X(line.Points[^1].X) + 10, taken, "start", line.Tool);
        }
        return Caption(scale.YLabel) + svg.Append("</svg>");
    }

    /// <summary>Text for a page.</summary>
    public static string Escape(string text) => WebUtility.HtmlEncode(text);

    private static string Caption(string text) => $"<p class=\"axis\">{Escape(text)}</p>";

    private static string At(double x, double y) => string.Create(CultureInfo.InvariantCulture, $"{x:F1},{y:F1}");

    private static StringBuilder Begin(string title, int width, int height) => new StringBuilder().Append(CultureInfo.InvariantCulture,
        $"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{Escape(title)}\">");

    private static void Line(StringBuilder svg, string style, double x1, double y1, double x2, double y2) => svg.Append(CultureInfo.InvariantCulture,
        $"<line class=\"{style}\" x1=\"{x1:F1}\" y1=\"{y1:F1}\" x2=\"{x2:F1}\" y2=\"{y2:F1}\"/>");

    private static void Text(StringBuilder svg, string style, double x, double y, string anchor, string text) => svg.Append(CultureInfo.InvariantCulture,
        $"<text class=\"{style}\" x=\"{x:F1}\" y=\"{y:F1}\" text-anchor=\"{anchor}\">{Escape(text)}</text>");

    private static string Short(double value) => Math.Abs(value) switch
    {
        >= 1e6 => $"{(value / 1e6).ToString("0.##", CultureInfo.InvariantCulture)} M",
        >= 1e3 => $"{(value / 1e3).ToString("0.##", CultureInfo.InvariantCulture)} k",
        _ => value.ToString("0.##", CultureInfo.InvariantCulture),
    };

    /// <summary>Places values between 0 and 1.</summary>
    private sealed record Axis(double Least, double Most, bool IsLog, double[] Ticks)
    {
        private const int Steps = 5;

        public static Axis Linear(double least, double most)
        {
            double raw = (most - least) / Steps, power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
            double step = new[] { 1, 2, 5, 10 }.First(factor => factor * power >= raw * 0.999) * power;
            double first = Math.Floor(least / step) * step, last = Math.Ceiling(most / step) * step;
            return new Axis(first, last, false, [.. Enumerable.Range(0, (int)Math.Round((last - first) / step) + 1).Select(i => first + i * step)]);
        }

        public static Axis Log(double least, double most)
        {
            int first = (int)Math.Floor(Math.Log10(least)), last = (int)Math.Ceiling(Math.Log10(most));
            return new Axis(Math.Pow(10, first), Math.Pow(10, Math.Max(last, first + 1)), true,
                [.. Enumerable.Range(first, Math.Max(last, first + 1) - first + 1).Select(power => Math.Pow(10, power))]);
        }

        public double Place(double value) => Math.Clamp(
            IsLog ? value <= 0 ? 0 : Math.Log10(value / Least) / Math.Log10(Most / Least) : (value - Least) / (Most - Least), 0, 1);
    }
}
