using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>Where the output goes, and what is said when it cannot go there or is not complete.</summary>
public sealed class OutputTests
{
    [Fact]
    public void FullDiskEndsCleanlyAndSaysSo()
    {
        Finished run = ScryBinary.Trace("-o", "/dev/full", "--", "sh", "-c", "exit 0");
        Assert.Equal(1, run.Status);
        Assert.Contains("space", run.Error);
        Assert.DoesNotContain("   at ", run.Error);
    }

    [Fact]
    public void FullDiskLetsTheCommandGoOn()
    {
        using var workspace = new Workspace();
        ScryBinary.Trace("-o", "/dev/full", "--", "sh", "-c", $"{Programs.Path("load")} 20000; echo done > {workspace["done"]}");
        Assert.True(File.Exists(workspace["done"]));
    }

    [Fact]
    public void ClosedPipeEndsCleanly()
    {
        Finished run = Child.Shell($"{{ {ScryBinary.Path} trace -- {Programs.Path("load")} 50000; echo status $? >&3; }} 3>&1 2>&1 >/dev/null | head -1");
        Assert.StartsWith("execve(", run.Output);
    }

    [Fact]
    public void ClosedPipeLeavesNothingRunning()
    {
        using var workspace = new Workspace();
        Finished run = Child.Shell($"{{ {ScryBinary.Path} trace -a; echo $? > {workspace["status"]}; }} | head -1").Expect();
        Assert.NotEmpty(run.Output);
        Eventually.True(() => File.Exists(workspace["status"]) && new FileInfo(workspace["status"]).Length > 0, "scry ends");
        Assert.Equal("141\n", File.ReadAllText(workspace["status"]));
    }

    [Fact]
    public void LossIsShownWhereItHappenedAndAtTheEnd()
    {
        using var workspace = new Workspace();
        Finished run = ScryBinary.Trace(
            "--strict", "--buffer", "64K", "-o", workspace["out"], "--", Programs.Path("load"), "1000000", "2").Expect(3);
        Assert.Matches(@"lost \d+ of \d+", run.Error);
        Assert.DoesNotContain("complete", run.Error);
        Assert.Contains(File.ReadLines(workspace["out"]), line => line.EndsWith("lost ...", StringComparison.Ordinal));
    }

    [Fact]
    public void WithoutLossStrictIsSilent() => ScryBinary.Trace("--strict", "-o", "/dev/null", "--", "ls", "/").Expect();

    [Theory]
    [InlineData("TERM")]
    [InlineData("SEGV")]
    public void SignalThatEndsAProcessIsShownBeforeItsEnd(string signal)
    {
        using var workspace = new Workspace();
        ScryBinary.Trace("-o", workspace["out"], "--", "sh", "-c", $"kill -{signal} $$");
        string[] last = [.. File.ReadLines(workspace["out"]).TakeLast(2)];
        Assert.Matches($@"^(\d+) +--- SIG{signal} {{si_signo=SIG{signal}, si_code=SI_USER, si_pid=\1, si_uid=0}} ---$", last[0]);
        Assert.EndsWith($"+++ killed by SIG{signal} +++", last[1]);
    }

    [Fact]
    public void BrokenPipeNamesItsSender()
    {
        using var workspace = new Workspace();
        ScryBinary.Trace("-f", "-o", workspace["out"], "--", "sh", "-c", "env --default-signal=PIPE yes | head -1");
        Assert.Contains(File.ReadLines(workspace["out"]), line => System.Text.RegularExpressions.Regex.IsMatch(line, @"^(\d+) +--- SIGPIPE {si_signo=SIGPIPE, si_code=SI_USER, si_pid=\1, si_uid=0} ---$"));
    }

    [Fact]
    public void ResidentMemoryIsBounded()
    {
        using Child target = Child.Start(Programs.Path("blocked"), []);
        using var workspace = new Workspace();
        using Child scry = ScryBinary.StartTrace("-p", $"{target.Id}", "-o", workspace["out"]);
        target.Input.Write("x");
        target.Input.Flush();
        Eventually.True(() => File.Exists(workspace["out"]), "scry runs");
        string peak = File.ReadLines($"/proc/{scry.Id}/status").First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        Assert.InRange(int.Parse(peak.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2]), 1, 60 * 1024);
        scry.Signal(2);
        scry.Wait().Expect();
    }
}
