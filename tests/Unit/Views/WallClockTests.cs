using Scry.Views;
using Xunit;

namespace Scry.Tests.Unit.Views;

/// <summary>The clock on the wall is set, and goes on while the machine sleeps.</summary>
public sealed class WallClockTests
{
    private const long Second = 1_000_000_000;

    [Fact]
    public void Each_time_is_as_the_clock_was_then()
    {
        var clock = new WallClock(1000 * Second);
        Assert.True(clock.Step(50 * (ulong)Second, 4600 * Second));
        Assert.True(clock.Step(80 * (ulong)Second, 990 * Second));
        Assert.Equal(1049 * (ulong)Second, clock.Wall(49 * (ulong)Second));
        Assert.Equal(4650 * (ulong)Second, clock.Wall(50 * (ulong)Second));
        Assert.Equal(1080 * (ulong)Second, clock.Wall(90 * (ulong)Second));
    }

    [Fact]
    public void Readings_that_differ_as_readings_do_are_no_step_nor_are_those_of_before()
    {
        var clock = new WallClock(1000);
        Assert.False(clock.Step(5, 400_000));
        Assert.True(clock.Step(7, 2_000_000));
        Assert.False(clock.Step(6, 9 * Second));
        Assert.Equal(1005UL, clock.Wall(5));
    }
}
