using System.Text;
using Scry.Views;
using Scry.Views.Top;
using Scry.Wire;
using Xunit;

namespace Scry.Tests.Unit.Views;

/// <summary>What the screen of scry top is made of: curves, bars, durations, keys, tables as text.</summary>
public sealed class TopPartsTests
{
    [Theory]
    [InlineData("1 2 4 8", 10, "▂▃▅█")]
    [InlineData("0 8 0", 10, " █ ")]
    [InlineData("5 5 5", 10, "███")]
    [InlineData("100 1 2", 2, "▅█")]
    [InlineData("", 10, "")]
    [InlineData("0 0", 10, "  ")]
    public void A_curve_is_as_high_as_the_largest_value_shown(string values, int columns, string curve) => Assert.Equal(
        curve, Glyphs.Unicode.Curve([.. values.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(double.Parse)], columns));

    [Theory]
    [InlineData(1, 4, "████")]
    [InlineData(0.5, 3, "█▌")]
    [InlineData(0.000001, 8, "▏")]
    [InlineData(0, 8, "")]
    [InlineData(2, 2, "██")]
    public void A_bar_shows_eighths_and_whatever_is_not_nothing(double share, int columns, string bar) =>
        Assert.Equal(bar, Glyphs.Unicode.Bar(share, columns));

    [Fact]
    public void Without_utf8_all_is_ascii()
    {
        string all = Glyphs.Ascii.Curve([0, 1, 5, 9], 9) + Glyphs.Ascii.Bar(0.4, 9) + Glyphs.Ascii.Fit("0123456789", 5);
        Assert.All(all, c => Assert.InRange(c, ' ', '~'));
    }

    [Theory]
    [InlineData("0123456789", 10, false, "0123456789")]
    [InlineData("0123456789", 5, false, "0123…")]
    [InlineData("0123456789", 5, true, "…6789")]
    [InlineData("0123456789", 1, false, "…")]
    [InlineData("0123456789", 0, true, "")]
    [InlineData("0123456789", -3, false, "")]
    public void What_is_cut_is_marked(string text, int columns, bool keepEnd, string expected) =>
        Assert.Equal(expected, Glyphs.Unicode.Fit(text, columns, keepEnd));

    [Theory]
    [InlineData(100)]
    [InlineData(10)]
    [InlineData(3)]
    [InlineData(1)]
    public void Bars_cover_all_durations_without_gaps_in_the_room_there_is(int most)
    {
        var histogram = new DurationHistogram();
        foreach (ulong nanoseconds in (ulong[])[3, 40, 1000, 1500, 70_000, 5_000_000_000])
            histogram.Add(nanoseconds, 2);
        IReadOnlyList<DurationBar> bars = DurationBar.Of(histogram, most);
        Assert.InRange(bars.Count, 1, most);
        Assert.Equal(12UL, bars.Aggregate(0UL, (sum, bar) => sum + bar.Count));
        Assert.All(bars.Zip(bars.Skip(1)), pair => Assert.Equal(pair.First.High, pair.Second.Low));
        Assert.InRange(3UL, bars[0].Low, bars[0].High);
        Assert.InRange(5_000_000_000UL, bars[^1].Low, bars[^1].High);
    }

    [Fact]
    public void A_bar_has_what_its_bounds_say()
    {
        var histogram = new DurationHistogram();
        for (ulong nanoseconds = 64; nanoseconds < 256; nanoseconds += 2)
            histogram.Add(nanoseconds);
        foreach (DurationBar bar in DurationBar.Of(histogram, 20))
            Assert.Equal((bar.High - bar.Low) / 2, bar.Count);
    }

    [Fact]
    public void Durations_are_those_of_the_last_tick_and_of_all()
    {
        var latency = new TopLatency();
        var entry = new TopEntry(new TopName[TopDimensions.Count]);
        latency.Begin();
        latency.Add(entry, Sums(10, 1000), Histogram((100, 10)), new Dictionary<int, ulong> { [2] = 3 });
        // Before it was looked at is not the last tick.
        Assert.Equal((0UL, 10UL), (latency.Last.Count, latency.All.Count));
        latency.Begin();
        latency.Add(entry, Sums(15, 1_001_000), Histogram((100, 10), (200_000, 5)), new Dictionary<int, ulong> { [2] = 4, [11] = 1 });
        Assert.Equal((5UL, 15UL), (latency.Last.Count, latency.All.Count));
        Assert.Equal((5UL, 1_000_000UL), (latency.LastSums.Calls, latency.LastSums.Total));
        Assert.Equal(1_001_000UL, latency.AllSums.Total);
        Assert.Equal([(2, 4UL), (11, 1UL)], latency.Errnos.Select(one => (one.Key, one.Value)).Order());
        Assert.InRange(latency.Last.Quantile(0.5), 196_000UL, 204_000UL);
        latency.Begin();
        Assert.Equal((0UL, 15UL), (latency.LastSums.Calls, latency.AllSums.Calls));
    }

    [Fact]
    public void Durations_of_what_is_gone_are_kept_and_their_kinds_forgotten()
    {
        var latency = new TopLatency();
        for (int tick = 0; tick < 2000; tick++)
        {
            latency.Begin();
            var entry = new TopEntry(new TopName[TopDimensions.Count]);
            CallSums sums = Sums(1, 100);
            Assert.True(latency.HasNews(entry, in sums));
            latency.Add(entry, in sums, Histogram((100, 1)), new Dictionary<int, ulong>());
            Assert.False(latency.HasNews(entry, in sums));
        }
        Assert.Equal(2000UL, latency.All.Count);
        Assert.InRange(latency.Remembered, 1, 500);
    }

    [Theory]
    [InlineData("q", "q")]
    [InlineData("\e", "Escape")]
    [InlineData("\e\e", "Escape Escape")]
    [InlineData("\e[A\e[B\eOC\eOD", "Up Down Right Left")]
    [InlineData("\e[5~\e[6~\e[H\e[F\e[1~\e[4~", "PageUp PageDown Home End Home End")]
    [InlineData("\r\n\x7f\b", "Enter Enter Backspace Backspace")]
    [InlineData("\e[15~\e[1;5Aa", "a")]
    [InlineData("\e[<0;10;20M/", "/")]
    [InlineData("\u00e4\0\x03x", "x")]
    [InlineData("\e[", "Escape [")]
    public void Keys_of_terminals(string bytes, string keys) => Assert.Equal(
        keys, string.Join(' ', TopKeys.Read(Encoding.UTF8.GetBytes(bytes)).Select(key => key.Kind == TopKeyKind.Character ? $"{key.Character}" : $"{key.Kind}")));

    [Fact]
    public void Tables_as_text_have_the_counts_of_each_interval()
    {
        var stream = new MemoryStream();
        var settings = new TopSettings { Dimensions = [TopDimension.Comm, TopDimension.Syscall], Target = "", Order = TopOrder.Time };
        var text = new TopText(settings, OutputWriter.To(stream, lineBuffered: false));
        TopEntry sh = Entry("sh", "read"), sh2 = Entry("sh", "write");
        text.Add(sh, Sums(3, 3000, 1));
        text.Add(sh2, Sums(4, 40_000_000));
        text.EndTick(new TopTick(1.5, new DateTime(2026, 1, 2, 3, 4, 5), CountBy.Comm, null));
        text.EndTick(new TopTick(1, new DateTime(2026, 1, 2, 3, 4, 6), CountBy.Comm, "a note") { CpuShare = 0.0123 });
        Assert.Equal("""
            03:04:05 1.500 s: 7 calls, 1 errors, 0.040003 s in calls
                   CALLS     ERRORS      TIME(s)      AVG(us)  COMM  SYSCALL
                       4          0     0.040000    10000.000  sh    write
                       3          1     0.000003        1.000  sh    read

            03:04:06 1.000 s: 0 calls, 0 errors, 0.000000 s in calls; counting takes 1.23 % of the machine's CPU time; a note
                   CALLS     ERRORS      TIME(s)      AVG(us)  COMM  SYSCALL

            """.ReplaceLineEndings("\n"), Encoding.UTF8.GetString(stream.ToArray()));
    }

    private static TopEntry Entry(string comm, string syscall)
    {
        var names = new TopName[TopDimensions.Count];
        names[(int)TopDimension.Comm] = TopName.Of(comm);
        names[(int)TopDimension.Syscall] = TopName.Of(syscall);
        return new TopEntry(names);
    }

    private static CallSums Sums(ulong calls, ulong time, ulong errors = 0) => new() { Calls = calls, Total = time, Errors = errors };

    private static DurationHistogram Histogram(params (ulong Nanoseconds, ulong Count)[] durations)
    {
        var histogram = new DurationHistogram();
        foreach ((ulong nanoseconds, ulong count) in durations)
            histogram.Add(nanoseconds, count);
        return histogram;
    }
}
