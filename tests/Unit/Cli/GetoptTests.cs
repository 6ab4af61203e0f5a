using Scry.Cli;
using Scry.Cli.Strace;
using Xunit;

namespace Scry.Tests.Unit.Cli;

public sealed class GetoptTests
{
    private static readonly OptionName s_flag = new('f', ["follow-forks"]), s_value = new('s', ["string-limit"], OptionValue.Required),
        s_optional = new('r', ["relative-timestamps"], OptionValue.Optional), s_long = new('\0', ["strings-in-hex", "hex"], OptionValue.Optional);

    private static (string[] Given, int Words) Read(params string[] words)
    {
        (IReadOnlyList<GivenOption> given, int used) = Getopt.Read(words, [s_flag, s_value, s_optional, s_long]);
        return ([.. given.Select(one => one.Typed + (one.Value is null ? "" : $"={one.Value}"))], used);
    }

    [Fact]
    public void LettersStandInOneWord() => Assert.Equal(["-f", "-f", "-r", "-s=12"], Read("-ffrs12").Given);

    [Fact]
    public void AValueIsTheRestOfTheWordOrTheNext()
    {
        Assert.Equal(["-s=3", "-s=-f", "--string-limit=4", "--string-limit=5"], Read("-s3", "-s", "-f", "--string-limit", "4", "--string-limit=5").Given);
        Assert.Equal(["--string-limit="], Read("--string-limit=").Given);
    }

    [Fact]
    public void AnOptionalValueStandsBehindTheSignOfALongNameAlone()
    {
        Assert.Equal(["-r", "--relative-timestamps", "--relative-timestamps=ns"], Read("-r", "--relative-timestamps", "--relative-timestamps=ns").Given);
        Assert.Equal((1, 1), (Read("-r", "ns").Given.Length, Read("-r", "ns").Words));
    }

    [Fact]
    public void LongNamesMayBeCutShort()
    {
        Assert.Equal(["--follow-forks", "--relative-timestamps=us"], Read("--fol", "--rel=us").Given);
        Assert.Equal(["--strings-in-hex"], Read("--hex").Given);
        Assert.Throws<ToolException>(() => Read("--str"));
    }

    [Fact]
    public void TheFirstOperandEndsThem()
    {
        Assert.Equal(1, Read("-f", "ls", "-f").Words);
        Assert.Equal(2, Read("-f", "--", "-f").Words);
        Assert.Equal(0, Read("-", "-f").Words);
    }

    [Theory]
    [InlineData("-x")]
    [InlineData("--none")]
    [InlineData("-s")]
    [InlineData("--string-limit")]
    [InlineData("--follow-forks=1")]
    public void WhatIsNoOptionIsTold(string word) => Assert.Throws<ToolException>(() => Read(word));

    [Theory]
    [InlineData("a,b", 3)]
    [InlineData(",a,,", 1)]
    [InlineData("!a", 6)]
    [InlineData("!!a", 1)]
    [InlineData("all", 7)]
    [InlineData("!all", 0)]
    [InlineData("none", 0)]
    [InlineData("!none", 7)]
    public void SetsAreStraces(string text, int bits) => Assert.Equal(bits, StraceSet.Bits("-e", text, [("a", 1), ("b", 2), ("c", 4)]));

    [Theory]
    [InlineData("")]
    [InlineData("!")]
    [InlineData(",")]
    [InlineData("d")]
    public void ASetThatNamesNothingIsTold(string text) => Assert.Throws<ToolException>(() => StraceSet.Bits("-e", text, [("a", 1)]));

    [Fact]
    public void NumbersAndSignals()
    {
        Assert.True(StraceSet.Numbers("-e", "3,5")(5));
        Assert.False(StraceSet.Numbers("-e", "!3,5")(5));
        Func<uint, bool> signals = StraceSet.Signals("-e", "sigchld,INT,10,rt_3");
        Assert.Equal([2u, 10, 17, 35], Enumerable.Range(1, 64).Select(one => (uint)one).Where(signals));
        Assert.Throws<ToolException>(() => StraceSet.Signals("-e", "65"));
    }
}
