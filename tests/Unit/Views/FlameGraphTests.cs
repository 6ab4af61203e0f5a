using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using Scry.Views.Slow;
using Xunit;

namespace Scry.Tests.Unit.Views;

public sealed class FlameGraphTests
{
    private static readonly XNamespace s_svg = "http://www.w3.org/2000/svg";

    [Fact]
    public void FoldedTextHasEachStackOnceAndTellsTheBlockedOnesApart()
    {
        FlameGraph graph = Sample();
        Assert.Equal(["main;run 1000", "main;run;read 2000", "main;run;read_[b] 50000", "main;wait_[b] 7"], Folded(graph, byCount: false));
        Assert.Equal(["main;run 1", "main;run;read 2", "main;run;read_[b] 2", "main;wait_[b] 1"], Folded(graph, byCount: true));
    }

    [Fact]
    public void NamesCannotEndAFrameOrALine()
    {
        var graph = new FlameGraph();
        graph.Add(["a;b", "c\nd\e[31m", ""], 5000, blocked: false);
        graph.Add([], 3000, blocked: true);
        Assert.Equal(["a:b;c?d?[31m;[unknown] 5", "[unknown]_[b] 3"], Folded(graph, byCount: false));
    }

    [Fact]
    public void PictureIsXmlWithAllTimesInIt()
    {
        XDocument svg = Svg(Sample());
        string[] titles = [.. svg.Descendants(s_svg + "title").Select(title => title.Value)];
        Assert.Equal("all (53.0ms, 100.00 %)", titles[0]);
        Assert.Contains("on CPU (3.00ms, 5.66 %)", titles);
        Assert.Contains("blocked (50.0ms, 94.34 %)", titles);
        Assert.Contains("read (50.0ms, 94.33 %)", titles);
        // main: on CPU, and blocked.
        Assert.Equal(2, titles.Count(title => title.StartsWith("main (")));
    }

    [Fact]
    public void TreeOfTheScriptIsWhole()
    {
        JsonElement data = Data(Svg(Sample()));
        string[] names = [.. data.GetProperty("names").EnumerateArray().Select(name => name.GetString()!)];
        Assert.Equal(["on CPU", "main", "run", "read", "blocked", "wait"], names);
        long[] nodes = [.. data.GetProperty("nodes").EnumerateArray().Select(number => number.GetInt64())];
        // name, depth, part, nanoseconds, count
        Assert.Equal([0, 1, 0, 3_000_000, 3], nodes[..5]);
        Assert.Equal([3, 4, 1, 50_000_000, 2], nodes[^10..^5]);
    }

    [Fact]
    public void HostileNamesAreText()
    {
        const string name = "</script><script>alert(1)//]]>&\"'\0\u0007\ud800\ufffe\u202e😀";
        var graph = new FlameGraph();
        graph.Add([name], 1000, blocked: false);
        XDocument svg = Svg(graph, name);
        Assert.Equal(name.Replace('\ud800', '\ufffd'), Data(svg).GetProperty("names")[1].GetString());
        // Its data, its code, and no others.
        Assert.Equal(2, svg.Descendants(s_svg + "script").Count());
        Assert.Contains("</script><script>alert(1)//]]>&\"'??\ufffd??😀", svg.Root!.Attribute("aria-label")!.Value);
    }

    [Fact]
    public void NothingIsFetchedFromElsewhere()
    {
        string text = Text(Sample());
        Assert.Equal(0, System.Text.RegularExpressions.Regex.Count(text, "https?://(?!www\\.w3\\.org/)"));
        Assert.DoesNotContain("href", text);
    }

    [Fact]
    public void SameStacksGiveTheSamePictureInWhateverOrder()
    {
        var other = new FlameGraph();
        foreach ((string[] frames, ulong time, bool blocked) in Enumerable.Reverse(s_stacks))
            other.Add(frames, time, blocked);
        Assert.Equal(Text(Sample()), Text(other));
    }

    [Fact]
    public void PartsHaveHuesOfTheirOwn()
    {
        foreach (XElement frame in Svg(Sample()).Descendants(s_svg + "g").Where(one => one.Element(s_svg + "rect") is not null).Skip(1))
        {
            string title = frame.Element(s_svg + "title")!.Value;
            bool blocked = title.StartsWith("blocked") || title.StartsWith("wait") || title.Contains("50.0ms") || title.Contains("50.0 ms");
            int hue = Hue(frame.Element(s_svg + "rect")!.Attribute("fill")!.Value);
            Assert.True(blocked ? hue is >= 198 and < 232 : hue is >= 18 and < 52, title);
        }
    }

    [Fact]
    public void DeepStacksLoseTheirMiddle()
    {
        var graph = new FlameGraph();
        graph.Add([.. Enumerable.Range(0, 1000).Select(i => $"f{i}")], 1000, blocked: false);
        string[] frames = Folded(graph, byCount: true).Single()[..^2].Split(';');
        Assert.Equal(FlameGraph.MostDepth, frames.Length);
        Assert.Equal("f0", frames[0]);
        Assert.Equal("f999", frames[^1]);
        Assert.Contains(FlameGraph.LeftOut, frames);
    }

    [Fact]
    public void FramesWithoutRoomAreMergedAndLoseNoTime()
    {
        var graph = new FlameGraph(most: 10);
        for (int i = 0; i < 100; i++)
            graph.Add([$"a{i}", "b", "c"], 1000, blocked: i % 2 == 0);
        Assert.Equal(100_000ul, graph.Nanoseconds);
        string[] lines = Folded(graph, byCount: true);
        Assert.Contains(lines, line => line.StartsWith(FlameGraph.Others));
        Assert.Equal(100, lines.Sum(line => int.Parse(line.Split(' ')[^1])));
        Assert.Equal("all (100us, 100.00 %)", Svg(graph).Descendants(s_svg + "title").First().Value);
    }

    [Fact]
    public void PictureOfManyFramesIsBounded()
    {
        var graph = new FlameGraph();
        for (int i = 0; i < 200_000; i++)
            graph.Add([$"a{i % 1000}", $"b{i}"], 1, blocked: false);
        string text = Text(graph);
        Assert.InRange(text.Length, 1, 8 << 20);
        Assert.Contains("too small to be seen", text);
    }

    private static readonly (string[] Frames, ulong Time, bool Blocked)[] s_stacks =
    [
        (["main", "run", "read"], 1_500_000, false),
        (["main", "run", "read"], 40_000_000, true),
        (["main", "run", "read"], 500_000, false),
        (["main", "run", "read"], 10_000_000, true),
        (["main", "run"], 1_000_000, false),
        (["main", "wait"], 7_000, true),
    ];

    private static FlameGraph Sample()
    {
        var graph = new FlameGraph();
        foreach ((string[] frames, ulong time, bool blocked) in s_stacks)
            graph.Add(frames, time, blocked);
        return graph;
    }

    private static string[] Folded(FlameGraph graph, bool byCount)
    {
        var to = new MemoryStream();
        graph.WriteFolded(to, byCount);
        return Encoding.UTF8.GetString(to.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    private static string Text(FlameGraph graph, string title = "slow calls")
    {
        var to = new MemoryStream();
        graph.WriteSvg(to, new FlameOptions { Title = title });
        return Encoding.UTF8.GetString(to.ToArray());
    }

    private static XDocument Svg(FlameGraph graph, string title = "slow calls") => XDocument.Parse(Text(graph, title));

    private static JsonElement Data(XDocument svg) => JsonDocument.Parse(svg.Descendants(s_svg + "script").First().Value).RootElement;

    private static int Hue(string color) => int.Parse(color[4..color.IndexOf(',')]);
}
