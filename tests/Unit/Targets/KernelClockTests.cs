using System.Diagnostics;
using Scry.Targets;
using Xunit;

namespace Scry.Tests.Unit.Targets;

/// <summary>The kernel's clock, seen from a time namespace.</summary>
public sealed class KernelClockTests
{
    [Fact]
    public void What_the_namespace_adds_is_read()
    {
        Assert.Equal(1000_000_000_005, KernelClock.Offset(["monotonic           1000         5", "boottime             7         0"]));
        Assert.Equal(-3_000_000_000, KernelClock.Offset(["monotonic  -3 0", "boottime  0 0"]));
        Assert.Equal(0, KernelClock.Offset([]));
    }

    [Fact]
    public void Here_it_is_the_own_one_and_leads_to_the_time_of_day()
    {
        Assert.InRange(KernelClock.Now, (ulong)Stopwatch.GetTimestamp() - 1_000_000_000, (ulong)Stopwatch.GetTimestamp() + 1_000_000_000);
        DateTime now = DateTime.UnixEpoch.AddTicks(((long)KernelClock.Now + KernelClock.RealtimeOffset()) / 100);
        Assert.InRange((DateTime.UtcNow - now).TotalSeconds, -1, 1);
    }
}
