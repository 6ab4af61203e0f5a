using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>Where calls are seen: the kernel of this machine may let programs be attached to functions, or not.</summary>
public sealed class AttachTests
{
    [Fact]
    public void WhatDoctorSaysOfFunctionsIsWhatIsDone()
    {
        bool can = Child.Run(ScryBinary.Path, ["doctor"]).Output.Contains("and the functions of chosen calls", StringComparison.Ordinal);
        Finished run = Child.Run(ScryBinary.Path, ["trace", "--attach", "function", "-e", "getpgid", "--", "true"]);
        if (can)
            Assert.Contains("complete: 0 calls", run.Expect().Error);
        else
            Assert.Matches("^scry: calls cannot be seen at the kernel's functions: .*; leave out --attach, or give --attach tracepoint\n$", run.Expect(1).Error);
    }

    [Fact]
    public void AllCallsHaveNoFunctions()
    {
        Finished run = Child.Run(ScryBinary.Path, ["trace", "--attach", "function", "--", "true"]).Expect(1);
        Assert.Matches("^scry: calls cannot be seen at the kernel's functions: all calls .*: name some with -e; leave out .*\n$", run.Error);
    }

    [Fact]
    public void TracepointsAndAutoShowTheSame()
    {
        string[] lines = [.. ((string[])["auto", "tracepoint"]).Select(mode =>
            Child.Run(ScryBinary.Path, ["trace", "--attach", mode, "-q", "-e", "chdir", "--", "sh", "-c", "cd /proc"]).Expect().Error)];
        Assert.Contains("chdir(\"/proc\")", lines[0]);
        Assert.Equal(lines[0], lines[1]);
    }

    [Fact]
    public void OtherWordsAreRefused() =>
        Assert.Contains("--attach", Child.Run(ScryBinary.Path, ["trace", "--attach", "kprobe", "--", "true"]).Expect(2).Error);
}
