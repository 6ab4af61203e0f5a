using Scry.Cli.Recordings;
using Scry.Recording;
using Scry.Views;
using Xunit;

namespace Scry.Tests.Unit.Cli;

/// <summary>The last line of a dump says what it covers.</summary>
public sealed class PastTextTests
{
    private const ulong Second = 1_000_000_000;

    [Theory]
    [InlineData(null, " in the last 100 s, since recording began")]
    [InlineData(30, " in the last 30 s")]
    [InlineData(100, " in the last 100 s")]
    [InlineData(200, " in the last 100 s, since recording began")]
    public void All_there_was(int? asked, string expected) => Assert.Equal(expected, Text(asked));

    [Theory]
    [InlineData(null, " in the last 2 s; 12 records before that are overwritten")]
    [InlineData(2, " in the last 2 s")]
    [InlineData(10, ": remembers 2 s of the 10 s asked for; --memory 22M would hold them")]
    [InlineData(90, ": remembers 2 s of the 90 s asked for; --memory 198M would hold them")]
    [InlineData(900, ": remembers 2 s of the 900 s asked for; no --memory would hold them (at most 448M): record fewer calls, or fewer cgroups")]
    public void What_was_overwritten(int? asked, string expected) => Assert.Equal(expected, Text(asked, null, new CgroupPast(7, 198 * Second, 12, 0)));

    [Fact]
    public void What_is_in_an_incident() => Assert.Equal(" in the last 5 s; what was before is in incident 3", Text(null, null, new CgroupPast(7, 195 * Second, 0, 3)));

    [Fact]
    public void What_others_lost_is_not_counted() => Assert.Equal(" in the last 30 s", Text(30, [8], new CgroupPast(7, 198 * Second, 12, 0)));

    [Theory]
    [InlineData(null, 150, " in the last 50 s; before that, calls were given up for the budget")]
    [InlineData(30, 150, " in the last 30 s")]
    [InlineData(80, 150, ": remembers 50 s of the 80 s asked for; before that, calls were given up for the budget")]
    [InlineData(null, 0, "; others were given up for the budget")]
    public void What_was_given_up(int? asked, int to, string expected)
    {
        PastText text = Past(asked, new PastGivenUp("memory", 110 * Second, 0, 0, 0, 0.02), new PastGivenUp("calls", 120 * Second, (ulong)to * Second, 7, 55, 0.02));
        Assert.Equal(expected, text.ToString());
        Assert.Equal(asked is not 30, text.LacksCalls);
        Assert.Equal(asked is 30 ? ["memory"] : ["memory", "calls"], text.GivenUp.Select(given => given.What));
        Assert.Equal(asked is 80, text.IsShort);
    }

    [Fact]
    public void What_others_gave_up_is_not_told() =>
        Assert.Empty(new PastText(All() with { GivenUp = [new PastGivenUp("calls", 1, 0, 7, 55, 0.02)] }, new HashSet<ulong> { 8 }, null).GivenUp);

    [Fact]
    public void What_was_given_up_in_words()
    {
        Assert.Matches(@"^given up from \d\d:\d\d:01 to \d\d:\d\d:09: exact durations; the recorder took 1.75 % of the machine's CPU time, its budget is 1 %$",
            GivenUpText.Of(new GivenUpSpan("durations", Second, 9 * Second, null, null, 0.0175), time => time, 0.01));
        Assert.Matches(@"^given up since \d\d:\d\d:02: 1 call of the cgroup /a\\\S+; the recorder took",
            GivenUpText.Of(new GivenUpSpan("calls", 2 * Second, null, "/a\n", 1, 0.5), time => time, 0.01));
    }

    private static RecordedPast All() => new() { Since = 100 * Second, Until = 200 * Second, FromStart = true, Memory = 4 << 20, Cgroups = [], CpuBudget = 0.01 };

    private static PastText Past(int? asked, params PastGivenUp[] given) =>
        new(All() with { GivenUp = given }, null, asked is { } seconds ? (ulong)seconds * Second : null);

    private static string Text(int? asked, HashSet<ulong>? shown = null, params CgroupPast[] cgroups)
    {
        var past = new RecordedPast { Since = 100 * Second, Until = 200 * Second, FromStart = true, Memory = 4 << 20, Cgroups = cgroups };
        return new PastText(past, shown, asked is { } seconds ? (ulong)seconds * Second : null).ToString();
    }
}
