using Scry.Cli.Recordings;
using Scry.Recording;
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

    private static string Text(int? asked, HashSet<ulong>? shown = null, params CgroupPast[] cgroups)
    {
        var past = new RecordedPast { Since = 100 * Second, Until = 200 * Second, FromStart = true, Memory = 4 << 20, Cgroups = cgroups };
        return new PastText(past, shown, asked is { } seconds ? (ulong)seconds * Second : null).ToString();
    }
}
