using System.Globalization;
using System.Text;

namespace Scry.Views.Slow;

/// <summary>Draws a flame graph: a picture that stands without its script, and the tree that the script draws anew.</summary>
internal sealed class FlameSvg(FlameGraph graph, FlameOptions options, TextWriter to)
{
    private const int Width = 1200, RowHeight = 17, Top = 96, Margin = 10, Bottom = 30;
    private const double CharWidth = 7.2;
    /// <summary>Where there is room for all, those that are narrower are still not drawn, and of such a share of the whole not drawn anew either.</summary>
    private const double LeastWidth = 0.4, LeastShare = 1.0 / 200_000;
    /// <summary>Frames that are drawn, and that the script knows: of more, the smallest are left out.</summary>
    private const int MostDrawn = 5000, MostKept = 60_000;

    private readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);
    private readonly StringBuilder _data = new();
    private readonly StringBuilder _drawn = new();
    private int _small, _depth;
    private double _leastWidth = LeastWidth, _leastShare = LeastShare;

    public void Write()
    {
        double total = graph.OnCpu.Value(options.ByCount) + (double)graph.Blocked.Value(options.ByCount);
        double x = 0;
        while (Roots().Sum(root => CountKept(root.Root)) > MostKept)
            _leastShare *= 2;
        while (Roots().Sum(root => CountDrawn(root.Root, _leastWidth / (Width - 2 * Margin) * total)) > MostDrawn)
            _leastWidth *= 1.5;
        _depth = Math.Max(Depth(graph.OnCpu), Depth(graph.Blocked)) + 1;
        int height = Top + _depth * RowHeight + Bottom;
        Draw("all", 0, Width - 2 * Margin, 0, height, total, total, "#b9b9b9");
        foreach ((FlameNode root, int part) in Roots())
        {
            double width = total > 0 ? root.Value(options.ByCount) / total * (Width - 2 * Margin) : 0;
            Visit(root, part, 1, x, width, height, total);
            x += width;
        }
        WriteHead(height);
        to.Write(_drawn.ToString());
        to.Write("</g>\n");
        WriteData();
        to.Write("<script><![CDATA[\n");
        to.Write(Page.Read("flame.js"));
        to.Write("]]></script>\n</svg>\n");
    }

    private IEnumerable<(FlameNode Root, int Part)> Roots() => [(graph.OnCpu, 0), (graph.Blocked, 1)];

    private static int Depth(FlameNode node) => 1 + node.Children.Select(Depth).DefaultIfEmpty(0).Max();

    // Before its children: each with its depth, so that the tree is a list.
    private void Visit(FlameNode node, int part, int depth, double x, double width, int height, double total)
    {
        Keep(node, part, depth);
        if (width >= _leastWidth)
            Draw(node.Name, x, width, depth, height, node.Value(options.ByCount), total, Color(node.Name, part));
        double at = x, value = node.Value(options.ByCount);
        foreach (FlameNode child in node.Children)
        {
            double wide = value > 0 ? child.Value(options.ByCount) / value * width : 0;
            if (IsKept(child))
                Visit(child, part, depth + 1, at, wide, height, total);
            else
                _small += Size(child);
            at += wide;
        }
    }

    private bool IsKept(FlameNode node) =>
        node.Nanoseconds >= _leastShare * graph.Nanoseconds || node.Count >= _leastShare * (graph.OnCpu.Count + graph.Blocked.Count);

    private int CountKept(FlameNode node) => 1 + node.Children.Where(IsKept).Sum(CountKept);

    private int CountDrawn(FlameNode node, double least) => node.Value(options.ByCount) < least ? 0 : 1 + node.Children.Sum(child => CountDrawn(child, least));

    private static int Size(FlameNode node) => 1 + node.Children.Sum(Size);

    private void Keep(FlameNode node, int part, int depth)
    {
        if (!_names.TryGetValue(node.Name, out int name))
            _names[node.Name] = name = _names.Count;
        _data.Append(_data.Length > 0 ? "," : "").Append(CultureInfo.InvariantCulture, $"{name},{depth},{part},{node.Nanoseconds},{node.Count}");
    }

    private void Draw(string name, double x, double width, int depth, int height, double value, double total, string color)
    {
        int y = height - Bottom - (depth + 1) * RowHeight;
        string label = Fit(name, width);
        string text = $"{Page.Xml(name)} ({Amount(value)}, {(total > 0 ? 100 * value / total : 0).ToString("F2", CultureInfo.InvariantCulture)} %)";
        _drawn.Append(CultureInfo.InvariantCulture,
            $"<g><title>{text}</title><rect x=\"{Margin + x:F1}\" y=\"{y}\" width=\"{Math.Max(width, LeastWidth):F1}\" height=\"{RowHeight - 1}\" rx=\"1\" fill=\"{color}\"/>");
        if (label.Length > 0)
            _drawn.Append(CultureInfo.InvariantCulture, $"<text x=\"{Margin + x + 3:F1}\" y=\"{y + 12}\" class=\"f\">{Page.Xml(label)}</text>");
        _drawn.Append("</g>\n");
    }

    private string Amount(double value) => options.ByCount ? $"{value.ToString("F0", CultureInfo.InvariantCulture)} times" : DurationText.Of(value);

    private static string Fit(string name, double width)
    {
        int room = (int)((width - 6) / CharWidth);
        return room < 3 ? "" : name.Length <= room ? name : name[..(room - 1)] + "…";
    }

    /// <summary>Warm on a CPU, cold where it waits; the same name has the same colour in each picture.</summary>
    internal static string Color(string name, int part)
    {
        uint hash = 2166136261;
        foreach (char c in name)
            hash = (hash ^ c) * 16777619;
        hash ^= hash >> 15;
        uint hue = part == 0 ? 18 + hash % 34 : 198 + hash % 34;
        return $"hsl({hue},{(part == 0 ? 85 : 62)}%,{66 + hash / 64 % 12}%)";
    }

    private void WriteHead(int height)
    {
        string what = options.ByCount ? "by count" : "by time";
        string small = _small > 0 ? $"; {_small} frames that are too small to be seen are left out" : "";
        to.Write(string.Create(CultureInfo.InvariantCulture, $"""
            <?xml version="1.0" encoding="UTF-8"?>
            <svg xmlns="http://www.w3.org/2000/svg" width="{Width}" height="{height}" viewBox="0 0 {Width} {height}" role="group" aria-label="{Page.Xml(options.Title)}">
            <style>
            {Page.Read("flame.css")}</style>
            <rect class="page" width="100%" height="100%"/>
            <text class="title" x="{Margin}" y="24">{Page.Xml(options.Title)}</text>
            <text class="soft" id="about" x="{Margin}" y="43">Width: {what}. The order from left to right is that of names. Warm: on a CPU; cold: blocked or waiting{small}.</text>
            <g id="controls"></g>
            <text class="soft" id="details" x="{Margin}" y="{height - 10}"></text>
            <g id="frames">

            """));
    }

    private void WriteData()
    {
        to.Write("<script type=\"application/json\" id=\"data\">{\"byCount\":");
        to.Write(options.ByCount ? "true" : "false");
        to.Write(",\"names\":[");
        to.Write(string.Join(',', _names.Keys.Select(Page.Json)));
        to.Write("],\"nodes\":[");
        to.Write(_data.ToString());
        to.Write("]}</script>\n");
    }
}
