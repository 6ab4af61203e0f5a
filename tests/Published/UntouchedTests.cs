using System.Text.RegularExpressions;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>
/// Memory that nobody has touched when a call names it. strace's own reading brings it in, so the two run one after the other.
/// </summary>
public sealed partial class UntouchedTests
{
    /// <summary>It is shown all the same; and where memory ends with its page, no more of it is asked for than the kernel reads.</summary>
    [Theory]
    [InlineData("denied", "/(mkdirat|symlinkat|sendto|writev|utimensat|execve)$")]
    [InlineData("exec", "/execve$")]
    [InlineData("edge", "/(pselect6|mkdirat|nanosleep)$")]
    public void ItIsShownAsStraceShowsIt(string what, string calls)
    {
        using var workspace = new Workspace();
        Child.Run("strace", "-o", workspace["strace"], "-e", calls, Programs.Path("untouched"), what).Expect();
        Child.Run(ScryBinary.Path, "trace", "-o", workspace["scry"], "-e", calls, "--", Programs.Path("untouched"), what).Expect();
        Assert.Equal(Lines(workspace["strace"]), Lines(workspace["scry"]));
    }

    /// <summary>A recording has it too, and JSON says that it came late; what was there in time is not marked.</summary>
    [Fact]
    public void JsonSaysThatItCameLate()
    {
        using var workspace = new Workspace();
        Child.Run(ScryBinary.Path, "record", "-o", workspace["denied.scry"], "--", Programs.Path("untouched"), "denied").Expect();
        string report = Child.Run(ScryBinary.Path, "report", workspace["denied.scry"], "--json").Expect().Output;
        Assert.Matches("\"mkdirat\".*\"pathname\":\"/no/such/place\".*\"late\":true", report);
        Assert.DoesNotMatch("\"clock_nanosleep\".*\"late\"", report);
    }

    /// <summary>What an execve of a script was given is not what its interpreter got: it is not shown as if it were.</summary>
    [Fact]
    public void AScriptIsNotShownWithItsInterpretersArguments()
    {
        using var workspace = new Workspace();
        File.WriteAllText(workspace["script"], "#!/bin/sleep 0.3\n");
        File.SetUnixFileMode(workspace["script"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        string lines = Child.Run(ScryBinary.Path, "trace", "--capture", "entry", "-e", "execve", "--", Programs.Path("untouched"), "exec", workspace["script"]).Expect(1).Error;
        Assert.Matches(@"(?m)^execve\(0x[0-9a-f]+, 0x[0-9a-f]+, 0x[0-9a-f]+\) += 0", lines);
    }

    /// <summary>What begins it in its midst finds all that it was given: the kernel has read it by then.</summary>
    [Fact]
    public void AScriptIsShownWithWhatItWasGivenWhereExitsAloneAreSeen()
    {
        using var workspace = new Workspace();
        File.WriteAllText(workspace["script"], "#!/bin/sleep 0.3\n");
        File.SetUnixFileMode(workspace["script"], UnixFileMode.UserRead | UnixFileMode.UserExecute);
        string lines = Child.Run(ScryBinary.Path, "trace", "--capture", "exit", "-e", "execve", "--", Programs.Path("untouched"), "exec", workspace["script"]).Expect(1).Error;
        Assert.Matches($@"(?m)^execve\(""{Regex.Escape(workspace["script"])}"", \["".*""\], 0x[0-9a-f]+ /\* \d+ vars? \*/\) += 0", lines);
    }

    private static string[] Lines(string file) =>
        [.. File.ReadLines(file).Select(line => Pid().Replace(Spaces().Replace(Address().Replace(line, "ADDRESS"), " "), "")).Where(line => line[0] != '+')];

    [GeneratedRegex(@"^\d+ +")]
    private static partial Regex Pid();

    [GeneratedRegex("0x[0-9a-f]{6,}")]
    private static partial Regex Address();

    [GeneratedRegex(" +")]
    private static partial Regex Spaces();
}
