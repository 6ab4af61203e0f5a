using Scry.Cli;
using Scry.Cli.CommandLine;
using Scry.Syscalls;
using Scry.Wire;
using Xunit;

namespace Scry.Tests.Unit.Cli;

public sealed class ThresholdsTests
{
    private const ulong Millisecond = 1_000_000;

    private static ulong Of(IReadOnlyList<ulong> overs, string call) => overs[PlaceOf(call)];

    private static int PlaceOf(string call) => Array.FindIndex(CapturePlans.Of(SyscallSelector.Parse([call]), payload: true), plan => (plan.Flags & PlanFlags.Selected) != 0);

    [Fact]
    public void WithoutWordsItIsATenthOfASecond()
    {
        var over = Thresholds.Parse(null);
        Assert.Equal((100 * Millisecond, 100 * Millisecond, true), (over.ForAll, over.Shortest, over.IsUniform));
        Assert.Null(over.ByPlace());
    }

    [Theory]
    [InlineData("200ms", 200_000_000)]
    [InlineData("1s", 1_000_000_000)]
    [InlineData("250us", 250_000)]
    [InlineData("7", 7_000_000)]
    public void OneDurationIsForAll(string text, ulong nanoseconds) => Assert.Equal(nanoseconds, Thresholds.Parse(text).ForAll);

    [Fact]
    public void EachCallHasItsOwn()
    {
        var over = Thresholds.Parse("futex=5s,openat=10ms,1s");
        IReadOnlyList<ulong> places = over.ByPlace()!;
        Assert.Equal(5000 * Millisecond, Of(places, "futex"));
        Assert.Equal(10 * Millisecond, Of(places, "openat"));
        Assert.Equal(1000 * Millisecond, Of(places, "read"));
        Assert.Equal(10 * Millisecond, over.Shortest);
    }

    [Fact]
    public void OfNamedCallsAloneTheOthersAreNotShown()
    {
        IReadOnlyList<ulong> places = Thresholds.Parse("futex=5s").ByPlace()!;
        Assert.Equal(5000 * Millisecond, Of(places, "futex"));
        Assert.Equal(ulong.MaxValue, Of(places, "read"));
    }

    [Fact]
    public void TheLastOneThatNamesACallCounts()
    {
        IReadOnlyList<ulong> places = Thresholds.Parse("%file=5s,openat=10ms").ByPlace()!;
        Assert.Equal(10 * Millisecond, Of(places, "openat"));
        Assert.Equal(5000 * Millisecond, Of(places, "unlinkat"));
        Assert.Equal(5000 * Millisecond, Of(Thresholds.Parse("openat=10ms,%file=5s").ByPlace()!, "openat"));
    }

    [Theory]
    [InlineData("p99.9", 0.999)]
    [InlineData("p50", 0.5)]
    public void Percentiles(string text, double share) => Assert.Equal(share, Thresholds.Parse(text).Percentile!.Value, 9);

    [Theory]
    [InlineData("")]
    [InlineData("p49")]
    [InlineData("p100")]
    [InlineData("p99,9")]
    [InlineData("p1e1")]
    [InlineData("1s,2s")]
    [InlineData("1s,")]
    [InlineData("=1s")]
    [InlineData("openat=")]
    [InlineData("openat")]
    [InlineData("nosuchcall=1s")]
    [InlineData("openat=1s=2s")]
    [InlineData("openat=-1s")]
    [InlineData("99999999999999999999s")]
    [InlineData("openat=p99")]
    [InlineData("1s\e[2J")]
    public void WhatIsNoneIsRefused(string text)
    {
        Exception refused = Assert.ThrowsAny<Exception>(() => Thresholds.Parse(text));
        Assert.True(refused is ToolException or SelectionException, refused.ToString());
        Assert.DoesNotContain(refused.Message, letter => letter < ' ');
    }
}
