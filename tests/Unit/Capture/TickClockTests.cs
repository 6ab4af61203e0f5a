using Scry.Capture;
using Scry.Wire;
using Xunit;

namespace Scry.Tests.Unit.Capture;

public sealed class TickClockTests
{
    private const ulong Start = 4_294_892_296; // INITIAL_JIFFIES of <linux/jiffies.h>, where a tick is 4 ms

    /// <summary>Edges are seen late on a busy machine; the clock is that of the one that was seen in time.</summary>
    [Fact]
    public void The_clock_is_that_of_the_edge_that_was_seen_in_time()
    {
        const ulong tick = 4_000_000;
        var random = new Random(1);
        for (int round = 0; round < 1000; round++)
        {
            int inTime = random.Next(9);
            ClockPair[] edges = [.. Enumerable.Range(0, 9).Select(i => new ClockPair
            {
                Jiffies = Start + 1000 + (ulong)i,
                Time = 5_000_000 + (1000 + (ulong)i) * tick + (i == inTime ? 0 : (ulong)random.Next(3_900_000)),
            })];
            Assert.Equal(unchecked(5_000_000 - Start * tick), TickClock.Base(edges, tick));
        }
    }

    /// <summary>A machine that stood still for a while has skipped edges.</summary>
    [Fact]
    public void Skipped_edges_do_no_harm()
    {
        ulong[] ticks = [0, 1, 30, 31, 32];
        Assert.Equal(7UL, TickClock.Base([.. ticks.Select(i => new ClockPair { Jiffies = i, Time = 7 + i * 4_000_000 })], 4_000_000));
    }
}
