using Scry.Capture;
using Scry.Wire;
using Xunit;

namespace Scry.Tests.Unit.Capture;

public sealed class TickClockTests
{
    /// <summary>Edges are seen late on a busy machine; the clock is that of the one that was seen in time.</summary>
    [Theory]
    [InlineData(100)]
    [InlineData(250)]
    [InlineData(300)]
    [InlineData(1000)]
    public void The_clock_is_that_of_the_edge_that_was_seen_in_time(int rate)
    {
        ulong tick = 1_000_000_000 / (ulong)rate, start = 4_294_892_296; // INITIAL_JIFFIES of <linux/jiffies.h>
        var random = new Random(1);
        for (int round = 0; round < 1000; round++)
        {
            int inTime = random.Next(9);
            ClockPair[] edges = [.. Enumerable.Range(0, 9).Select(i => new ClockPair
            {
                Jiffies = start + 1000 + (ulong)i,
                Time = 5_000_000 + (1000 + (ulong)i) * tick + (i == inTime ? 0 : (ulong)random.Next(random.Next(4) == 0 ? (int)tick * 3 / 4 : 20_000)),
            })];
            Assert.Equal((tick, unchecked(5_000_000 - start * tick)), TickClock.Of(edges));
        }
    }

    /// <summary>A machine that stood still for a while has skipped edges.</summary>
    [Fact]
    public void Skipped_edges_do_no_harm()
    {
        ulong[] ticks = [0, 1, 30, 31, 32];
        Assert.Equal((4_000_000UL, 7UL), TickClock.Of([.. ticks.Select(i => new ClockPair { Jiffies = i, Time = 7 + i * 4_000_000 })]));
    }
}
