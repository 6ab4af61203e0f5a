using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>What freezes the past, and what becomes of it.</summary>
public sealed class LoopTriggerTests
{
    private const int SigKill = 9, SigTerm = 15;

    [Theory]
    [InlineData("fatal", "kill -SEGV $$", "SIGSEGV")]
    [InlineData("SIGABRT", "kill -ABRT $$", "SIGABRT")]
    [InlineData("exit", "exit 4", "exit code 4")]
    [InlineData("exit=3", "exit 3", "exit code 3")]
    [InlineData("errno=ENOTDIR", "cat /etc/passwd/x", "ENOTDIR")]
    [InlineData("slow=300ms", "sleep 0.4", "a call of 0.4")]
    [InlineData("path=/mark/sec*t", "cat /mark/secret", "a path")]
    public void ATriggerFreezesThePastAndRecordingGoesOn(string trigger, string script, string why)
    {
        using Cgroup cgroup = Cgroup.Unified();
        using var loop = new Loop("-G", cgroup.Path, "--on", trigger);
        Child.Shell($"{cgroup.Enter}; test -e /mark/before; sh -c '{script}'; :");
        Child.Shell($"{cgroup.Enter}; test -e /mark/after");
        Assert.Contains(why, loop.List().Output);
        string incident = loop.Dump("--incident", "last").Output;
        Assert.Contains("/mark/before", incident);
        Assert.DoesNotContain("/mark/after", incident);
        string past = loop.Dump().Output;
        Assert.Contains("/mark/after", past);
        Assert.DoesNotContain("/mark/before", past);
    }

    [Fact]
    public void WhatDoesNotFitATriggerFreezesNothing()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using var loop = new Loop("-G", cgroup.Path, "--on", "exit=3", "--on", "errno=EIO", "--on", "path=/mark/secret", "--on", "SIGABRT");
        Child.Shell($"{cgroup.Enter}; cat /mark/secrets; cat /mark/sec; sh -c 'kill -TERM $$'; sh -c 'exit 4'; :");
        Assert.DoesNotContain("incident", loop.List().Output);
    }

    [Fact]
    public void TheRemovalOfACgroupIsATrigger()
    {
        using var loop = new Loop("-a", "--on", "removal");
        using (Cgroup cgroup = Cgroup.Unified())
            Child.Shell($"{cgroup.Enter}; cat /mark/removed");
        Assert.Contains("the cgroup was removed", loop.List().Output);
        Assert.Contains("/mark/removed", loop.Dump("--incident", "last").Output);
    }

    [Fact]
    public void AStormIsLimitedAndCounted()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using var loop = new Loop("-G", cgroup.Path, "--on", "exit", "--cooldown", "10m");
        Child.Shell($"{cgroup.Enter}; for i in 1 2 3 4 5; do sh -c 'exit 1'; done; :");
        Assert.Contains("1 incidents; not kept: 4 too soon after another", loop.List().Output);
    }

    [Fact]
    public void AskingFreezesToo()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using var loop = new Loop("-G", cgroup.Path);
        Child.Shell($"{cgroup.Enter}; cat /mark/asked");
        Child.Run(ScryBinary.Path, "loop", "trigger", loop.Name, "-G", cgroup.Path + "-other").Expect(1);
        Child.Run(ScryBinary.Path, "loop", "trigger", loop.Name, "-G", cgroup.Path).Expect();
        Assert.Contains("/mark/asked", loop.Dump("--incident", "last").Output);
        Child.Shell($"{cgroup.Enter}; cat /mark/again");
        Child.Run(ScryBinary.Path, "loop", "trigger", loop.Name).Expect();
        Assert.Contains("/mark/again", loop.Dump("--incident", "last").Output);
    }

    [Fact]
    public void AWatchWritesIncidentsAlsoThoseOfATimeWhenItWasDead()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using var workspace = new Workspace();
        using var loop = new Loop("-G", cgroup.Path, "--on", "exit=7", "--cooldown", "1ms");
        string directory = workspace["incidents"];
        using (Child watch = loop.Watch(directory))
        {
            Child.Shell($"{cgroup.Enter}; cat /mark/first; sh -c 'exit 7'; :");
            Eventually.True(() => Files(directory).Length == 1, "the first incident is written");
            watch.Signal(SigKill);
        }
        Child.Shell($"{cgroup.Enter}; cat /mark/second; sh -c 'exit 7'; :");
        using (Child watch = loop.Watch(directory, "--exec", $"echo $SCRY_WHY >> {workspace["said"]}"))
        {
            Eventually.True(() => Files(directory).Length == 2 && File.Exists(workspace["said"]), "the second incident is written");
            watch.Signal(SigTerm);
            Assert.Contains("exit code 7", watch.Wait().Expect().Output);
        }
        Assert.All(Files(directory), file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
        string[] texts = [.. Files(directory).Select(file => Child.Run(ScryBinary.Path, "report", file).Expect().Output)];
        Assert.Contains(texts, text => text.Contains("/mark/first", StringComparison.Ordinal));
        Assert.Contains(texts, text => text.Contains("/mark/second", StringComparison.Ordinal) && text.TrimEnd().Split('\n').Any(line => line.EndsWith("+++ exited with 7 +++", StringComparison.Ordinal)));
        Assert.Contains("exit code 7", File.ReadAllText(workspace["said"]));
    }

    private static string[] Files(string directory) => Directory.Exists(directory) ? Directory.GetFiles(directory, "*.scry") : [];
}
