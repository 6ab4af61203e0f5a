using System.Globalization;
using System.Text.RegularExpressions;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>The flight recorder, on the machine's own kernel: every recorder has a name of its own and is stopped.</summary>
public sealed partial class LoopTests
{
    [Fact]
    public void RecordsInTheKernelAndShowsItsTargetAlone()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using var loop = new Loop("-G", cgroup.Path);
        Child.Shell($"cat /mark/out; {cgroup.Enter}; cat /mark/in");
        Finished dump = loop.Dump();
        Assert.Contains("openat(AT_FDCWD, \"/mark/in\", O_RDONLY) = -1 ENOENT", dump.Output);
        Assert.DoesNotContain("/mark/out", dump.Output);
        Assert.Contains("complete: ", dump.Error);
    }

    [Fact]
    public void StopLeavesNothingBehind()
    {
        using var loop = new Loop("-a");
        string[] links = [.. Directory.GetFiles(loop.Directory, "link_*").Select(Id)];
        Assert.NotEmpty(links);
        Assert.Subset(Attached.Now(), links.ToHashSet());
        loop.Stop();
        Assert.DoesNotContain(links, Attached.Now().Contains);
        Assert.False(Directory.Exists(loop.Directory));
        Assert.DoesNotContain(loop.Name, Loop.Names());
    }

    [Fact]
    public void ASecondOfTheSameNameIsRefusedAndTheFirstGoesOn()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using var loop = new Loop("-G", cgroup.Path);
        Finished second = Child.Run(ScryBinary.Path, "loop", "start", loop.Name, "-a").Expect(1);
        Assert.Contains($"there is a recorder '{loop.Name}' already", second.Error);
        Child.Shell($"{cgroup.Enter}; cat /mark/still");
        Assert.Contains("/mark/still", loop.Dump().Output);
    }

    [Fact]
    public void TwoRecordersDoNotMindEachOther()
    {
        using Cgroup parent = Cgroup.Unified(), one = parent.Below("one"), two = parent.Below("two");
        using var first = new Loop("-G", one.Path);
        using var second = new Loop("-G", two.Path);
        Child.Shell($"({one.Enter}; cat /mark/one); {two.Enter}; cat /mark/two");
        Assert.Contains("/mark/one", first.Dump().Output);
        Assert.DoesNotContain("/mark/two", first.Dump().Output);
        Assert.Contains("/mark/two", second.Dump().Output);
    }

    [Fact]
    public void CallsInFlightAreShownWithTheirTime()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using var loop = new Loop("-G", cgroup.Path);
        using Child sleeper = Child.Start("/bin/sh", ["-c", $"{cgroup.Enter}; exec sleep 987"]);
        Eventually.True(() => InFlight().IsMatch(loop.Dump().Output), "the sleep is in flight");
    }

    [Fact]
    public void PayloadIsPrivateUnlessAskedFor()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using var without = new Loop("-G", cgroup.Path);
        using var with = new Loop("-G", cgroup.Path, "--payload", "64");
        Child.Shell($"{cgroup.Enter}; echo a-secret-word > /dev/null");
        Assert.DoesNotContain("a-secret-word", without.Dump("-e", "write").Output);
        Assert.Contains("write(1</dev/null>, \"a-secret-word", with.Dump("-e", "write").Output);
    }

    [Fact]
    public void ANoisyCgroupDoesNotPushAQuietOneOut()
    {
        using Cgroup parent = Cgroup.Unified(), quiet = parent.Below("quiet"), noisy = parent.Below("noisy");
        using var loop = new Loop("-a", "--memory", "4M");
        Child.Shell($"{quiet.Enter}; cat /mark/quiet");
        Child.Shell($"{noisy.Enter}; {Programs.Path("count")} 200000 2").Expect();
        string past = loop.Dump().Output;
        Assert.Contains("/mark/quiet", past);
        Assert.Contains("lseek(-1, 199999, SEEK_SET)", past);
        Assert.DoesNotContain("lseek(-1, 0, SEEK_SET)", past);
        Assert.Contains("records overwritten ...", past);
    }

    [Fact]
    public void HundredsOfShortLivedCgroupsEachHaveTheirPast()
    {
        const int many = 150;
        using Cgroup parent = Cgroup.Unified();
        using var loop = new Loop("-G", parent.Path, "--memory", "16M");
        Child.Shell($"for i in $(seq {many}); do mkdir {parent.Path}/$i; (sh -c 'echo $PPID' > {parent.Path}/$i/cgroup.procs; cat /mark/$i); rmdir {parent.Path}/$i; done");
        string past = loop.Dump("-e", "openat").Output;
        for (int i = 1; i <= many; i++)
            Assert.Contains($"\"/mark/{i}\"", past);
        Assert.Contains($"{parent.Path[parent.Path.LastIndexOf('/')..]}/7 ", loop.Dump("--show-cgroup").Output);
    }

    [Fact]
    public void UnderLoadNoRecordIsTornAndNoHoleIsUndeclared()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using var loop = new Loop("-G", cgroup.Path, "--memory", "4M");
        using Child load = Child.Start("/bin/sh", ["-c", $"{cgroup.Enter}; exec {Programs.Path("count")} 0 4"]);
        Eventually.True(() => loop.Dump().Output.Contains("overwritten", StringComparison.Ordinal), "the memory has gone round");
        for (int i = 0; i < 10; i++)
            Counts.Check(loop.Dump().Output);
    }

    [Fact]
    public void RunPrintsThePastAtTheCgroupsEnd()
    {
        Child run;
        using (Cgroup cgroup = Cgroup.Unified())
        {
            run = Child.Start(ScryBinary.Path, ["loop", "run", "-G", cgroup.Path, "--dump-on-exit"]);
            Eventually.True(() => run.Error.Contains("recording", StringComparison.Ordinal), "the recorder runs");
            Child.Shell($"{cgroup.Enter}; cat /mark/run");
        }
        using (run)
            Assert.Contains("/mark/run", run.Wait().Expect().Output);
    }

    [Fact]
    public void DescriptorsAreShownAsWhatTheyStoodFor()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using var loop = new Loop("-G", cgroup.Path);
        Child.Shell($"{cgroup.Enter}; cat /etc/passwd > /dev/null");
        foreach (string past in (string[])[loop.Dump().Output, loop.Dump("-y").Output])
        {
            Assert.Contains("read(3</etc/passwd>, ", past);
            Assert.Contains("close(3</etc/passwd>)", past);
        }
        Assert.DoesNotContain("</etc/passwd>", loop.Dump("--decode-fds=none").Output);
    }

    [Fact]
    public void DescriptorsOfAParentAreKnownInItsChildAsTheyWereAtTheFork()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using var loop = new Loop("-G", cgroup.Path);
        // What the shell opens after the fork is not its child's, which reads on when told to.
        Child.Shell($"{cgroup.Enter}; exec 5</etc/passwd; (read go; read line <&5; read line </etc/hosts) <&0 & exec 6</etc/group; exec 5</etc/fstab; wait");
        string past = loop.Dump("-e", "dup2,close").Output;
        Assert.Contains("dup2(5</etc/passwd>, 0", past);
        Assert.DoesNotContain("dup2(5</etc/fstab>, 0", past);
    }

    // What is known of a thread by its stack must not outlive it: the stack is soon another's. Links are numbered as they are made.
    [Fact]
    public void TheEndsOfThreadsAreSeenBeforeTheirCalls()
    {
        using var loop = new Loop("-a", "--memory", "4M");
        int Number(string program) => int.Parse(Id($"{loop.Directory}/link_{program}").Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(Number("trace_end") < Number("trace_enter"));
        Assert.True(Number("trace_end") < Number("trace_exit"));
    }

    [Fact]
    public void ARecordingOfThePastCanBeReported()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using var workspace = new Workspace();
        using var loop = new Loop("-G", cgroup.Path);
        Child.Shell($"{cgroup.Enter}; cat /mark/file; exec ls /mark/other");
        loop.Dump("-o", workspace["past.scry"]);
        string text = Child.Run(ScryBinary.Path, "report", workspace["past.scry"], "-e", "openat", "--comm", "cat").Expect().Output;
        Assert.Contains("/mark/file", text);
        Assert.DoesNotContain("/mark/other", text);
    }

    [Theory]
    [InlineData(2, "there is no trigger 'nonsense'", "start", "x", "-a", "--on", "nonsense")]
    [InlineData(2, "a recorder takes from 4M to 448M", "start", "x", "-a", "--memory", "1M")]
    [InlineData(2, "cannot be a recorder's name", "start", "../x", "-a")]
    [InlineData(2, "no target is named", "start", "x")]
    [InlineData(1, "there is no recorder 'none-of-this-name'", "dump", "none-of-this-name")]
    [InlineData(2, "--decode-fds: 'names' is not one of all, path, ", "run", "-a", "--decode-fds=names")]
    [InlineData(1, "there is no recorder 'none-of-this-name'", "stop", "none-of-this-name")]
    [InlineData(2, "'scry loop' has no 'begin'", "begin")]
    public void WhatMakesNoSenseIsSaidInOneLine(int status, string message, params string[] words)
    {
        Finished run = Child.Run(ScryBinary.Path, ["loop", .. words]).Expect(status);
        Assert.Contains(message, run.Error);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
        Assert.DoesNotContain("x: ", Child.Run(ScryBinary.Path, "loop", "list").Output);
    }

    // As bpftool numbers a pinned link.
    private static string Id(string pin) => "link " + Child.Run("bpftool", "link", "show", "pinned", pin).Expect().Output.Split(':')[0];

    [GeneratedRegex(@"clock_nanosleep\(.*<unfinished \.\.\.>\) = \? <~?\d+\.\d+ so far>")]
    private static partial Regex InFlight();
}
