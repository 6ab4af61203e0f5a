using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>Calls that are seen at their exit alone; OracleTests compare each program's lines in both ways besides.</summary>
public sealed class CaptureTimeTests
{
    [Theory]
    [InlineData("--no-durations", "-T", "--no-durations: -T asks for what is then not known")]
    [InlineData("--capture=exit", "-T", "--capture exit: -T asks for what is then not known")]
    [InlineData("--capture=exit", "--over=1ms", "--capture exit: --over asks for what is then not known")]
    [InlineData("--no-durations", "-tt", "a line's time, which is that of the call's begin, asks for what is then not known")]
    [InlineData("--capture=never", "-v", "--capture: 'never' is not one of auto, entry, exit")]
    public void WhatCannotBeKnownThenIsRefused(string one, string other, string message)
    {
        Finished run = ScryBinary.Trace(one, other, "--", "true").Expect(2);
        Assert.Contains(message, run.Error);
        Assert.Equal(1, run.Error.Count(c => c == '\n'));
    }

    /// <summary>Without a program on entries where the calls that are asked for need none.</summary>
    [Theory]
    [InlineData(false, "-e", "openat")]
    [InlineData(true, "-e", "openat,accept4")]
    [InlineData(true, "-e", "openat", "-T")]
    [InlineData(true, "-e", "openat", "--json")]
    [InlineData(false, "-e", "openat", "--json", "--no-durations")]
    [InlineData(true, "-e", "openat", "--capture", "entry")]
    [InlineData(true)]
    [InlineData(false, "--no-durations")]
    public void TheEntryIsLeftOutWhereNothingIsLost(bool entry, params string[] words)
    {
        using Child target = Child.Start(Programs.Path("blocked"), []);
        using Child scry = ScryBinary.StartAttached(["-p", $"{target.Id}", "-o", "/dev/null", .. words]);
        string[] names = [.. Attached.LinksOf(scry.Id).Select(link => Child.Run("bpftool", "link", "show", "id", link["link ".Length..]).Output)];
        string[] programs = [.. names.Select(text => Child.Run("bpftool", "prog", "show", "id", text.Split("prog ")[1].Split(' ', '\n')[0]).Output)];
        target.Input.Close();
        scry.Wait().Expect();
        Assert.Contains(programs, text => text.Contains("name trace_exit ", StringComparison.Ordinal));
        Assert.Equal(entry, programs.Any(text => text.Contains("name trace_enter ", StringComparison.Ordinal)));
    }

    /// <summary>A call that began before the run is none that is left at its end; one that began in it is.</summary>
    [Theory]
    [InlineData("entry")]
    [InlineData("exit")]
    public void CallsThatDoNotComeBackAreShown(string capture)
    {
        using Child target = Child.Start(Programs.Path("blocked"), []);
        Eventually.True(() => File.ReadAllText($"/proc/{target.Id}/syscall").StartsWith("0 ", StringComparison.Ordinal), "it sleeps in read");
        using (Child before = ScryBinary.StartAttached("-p", $"{target.Id}", "--capture", capture, "-o", "/dev/stdout"))
        {
            before.Signal(15);
            Assert.Empty(before.Wait().Output);
        }
        using Child scry = ScryBinary.StartAttached("-p", $"{target.Id}", "--capture", capture, "-o", "/dev/stdout");
        target.Input.Write("x");
        target.Input.Flush();
        Eventually.True(() => File.ReadAllText($"/proc/{target.Id}/syscall").StartsWith("0 ", StringComparison.Ordinal), "it sleeps in read again");
        Thread.Sleep(100);
        scry.Signal(15);
        string[] lines = [.. scry.Wait().Lines];
        Assert.Equal(3, lines.Length);
        Assert.Matches(@"read\(0, ""x"", 1\) += 1$", lines[0]);
        Assert.Matches(@"read\(0, 0x[0-9a-f]+, 1 <unfinished \.\.\.>\)\s+= \?$", lines[2]);
    }

    /// <summary>A program's own end, of a thread that nothing else is told of.</summary>
    [Fact]
    public void AThreadsLastCallIsShownThoughNoOtherIs()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using Child scry = ScryBinary.StartAttached("-G", cgroup.Path, "-e", "exit_group", "-o", "/dev/stdout");
        Child.Shell($"{cgroup.Enter}; exec {Programs.Path("count")} 5 1");
        scry.Signal(15);
        Finished run = scry.Wait();
        Assert.Matches(@"^\d+ +exit_group\(0\) +\= \?\n\d+ +\+\+\+ exited with 0 \+\+\+\n$", run.Output);
    }

    /// <summary>Handlers of signals that came in as a call without a number returned leave registers like such a call's.</summary>
    [Fact]
    public void AHandlersEndIsToldFromACallWithoutANumber()
    {
        using var workspace = new Workspace();
        Finished run = ScryBinary.Trace("--capture", "exit", "-e", "rt_sigreturn", "-o", workspace["lines"], "--", Programs.Path("nosys")).Expect();
        string[] lines = File.ReadAllLines(workspace["lines"]);
        Assert.Equal(int.Parse(run.Output.Split(' ')[0]), lines.Count(line => line.Contains(" rt_sigreturn({mask=[]})", StringComparison.Ordinal)));
        Assert.DoesNotContain(lines, line => line.Contains("syscall_0x", StringComparison.Ordinal));
    }

    /// <summary>What left a target is no target, though it has a slot.</summary>
    [Theory]
    [InlineData("entry")]
    [InlineData("exit")]
    public void WhoLeavesACgroupIsSeenNoMore(string capture)
    {
        using Cgroup cgroup = Cgroup.Unified();
        using Child scry = ScryBinary.StartAttached("-G", cgroup.Path, "-e", "openat,write", "--capture", capture, "-o", "/dev/stdout");
        Child.Shell($"{cgroup.Enter}; read x </mark/inside; echo 0 >{Cgroup.UnifiedMount}/cgroup.procs; read x </mark/outside; read x </mark/outside");
        scry.Signal(15);
        string output = scry.Wait().Output;
        Assert.Contains("/mark/inside", output);
        // What began inside ends as a target's.
        Assert.Contains("write(1, \"0\\n\", 2)", output);
        Assert.DoesNotContain("/mark/outside", output);
    }

    [Fact]
    public void ARecordingWithoutDurationsHasNone()
    {
        using var workspace = new Workspace();
        Child.Run(ScryBinary.Path, "record", "--no-durations", "-o", workspace["calls.scry"], "--", "cat", "/etc/passwd").Expect();
        Finished report = Child.Run(ScryBinary.Path, "report", workspace["calls.scry"], "--json").Expect();
        Assert.Contains("\"name\":\"openat\"", report.Output);
        Assert.DoesNotContain("\"duration\"", report.Output);
        Assert.Contains("no times: calls were seen at their exit alone", Child.Run(ScryBinary.Path, "report", workspace["calls.scry"], "-s").Expect().Output);
        Assert.Contains("calls cannot be chosen by how long they took", Child.Run(ScryBinary.Path, "report", workspace["calls.scry"], "--over", "1ms").Expect(1).Error);
        Assert.DoesNotContain("<0.", Child.Run(ScryBinary.Path, "report", workspace["calls.scry"], "-T").Expect().Output);
    }

    /// <summary>A recorder without durations has each call, and those that go on.</summary>
    [Fact]
    public void ARecorderWithoutDurationsHasCallsInFlight()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using var loop = new Loop("-G", cgroup.Path, "--no-durations");
        using Child target = Child.Start("sh", ["-c", $"{cgroup.Enter}; cat /mark/in; exec {Programs.Path("blocked")}"]);
        Eventually.True(() => File.ReadAllText($"/proc/{target.Id}/comm") == "blocked\n" && File.ReadAllText($"/proc/{target.Id}/syscall").StartsWith("0 ", StringComparison.Ordinal), "it sleeps in read");
        Finished dump = loop.Dump();
        Assert.Contains("\"/mark/in\", O_RDONLY) = -1 ENOENT", dump.Output);
        Assert.Matches(@"execve\(""[^""]*/blocked"", \[""[^""]*""(\.\.\.)?\], 0x[0-9a-f]+ /\* \d+ vars \*/\) += 0", dump.Output);
        Assert.Matches($@"(?m)^(\[pid +)?{target.Id}\]? +read\(0<.*>, 0x[0-9a-f]+, 1 <unfinished \.\.\.>\) += \?$", dump.Output);
        target.Input.Close();
        target.Wait().Expect(5);
        Finished refused = Child.Run(ScryBinary.Path, "loop", "start", "none", "-a", "--no-durations", "--on", "slow=1s").Expect(2);
        Assert.Contains("--on slow asks for durations", refused.Error);
    }
}
