using System.Globalization;
using System.Text.RegularExpressions;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>The flight recorder, on the machine's own kernel: every recorder has a name of its own and is stopped.</summary>
public sealed partial class LoopTests
{
    private const int SigKill = 9, SigTerm = 15;

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
    public void IsWhatStraceSaw()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using var workspace = new Workspace();
        using var loop = new Loop("-G", cgroup.Path, "--payload", "32");
        Child.Shell($"{cgroup.Enter}; exec strace -f -o {workspace["strace"]} sh -c 'ls -l / | wc -l; cat /etc/passwd'").Expect();
        loop.Dump("-o", workspace["scry"]);
        Dictionary<int, List<TraceLine>> expected = TraceLog.Read(workspace["strace"], out int first);
        Dictionary<int, List<TraceLine>> actual = TraceLog.Read(workspace["scry"], out _);
        Assert.True(expected.Count >= 4);
        foreach ((int tid, List<TraceLine> lines) in expected)
        {
            List<TraceLine> seen = actual[tid];
            int start = tid == first ? seen.FindIndex(line => line.Name == "execve" && line.Result == "0") : 0;
            Assert.Equal(lines.Select(line => $"{line.Name} = {line.Result}"), seen[start..].Select(line => $"{line.Name} = {line.Result}"));
            // What is opened is shown whole.
            Assert.Equal(lines.Where(line => line.Name == "openat").Select(line => line.Arguments), seen[start..].Where(line => line.Name == "openat").Select(line => line.Arguments));
        }
    }

    [Fact]
    public void StopLeavesNothingBehind()
    {
        int links = Links();
        var loop = new Loop("-a");
        Assert.True(Links() > links);
        loop.Dispose();
        Assert.Equal(links, Links());
        Assert.DoesNotContain(loop.Name, Child.Run(ScryBinary.Path, "loop", "list").Output);
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
        Assert.Contains("write(1, \"a-secret-word", with.Dump("-e", "write").Output);
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
            AssertCounts(loop.Dump().Output);
    }

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
        Child.Run(ScryBinary.Path, "loop", "trigger", loop.Name).Expect();
        Assert.Contains("/mark/asked", loop.Dump("--incident", "last").Output);
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
        string past = loop.Dump("-y").Output;
        Assert.Contains("read(3</etc/passwd>, ", past);
        Assert.Contains("close(3</etc/passwd>)", past);
        Assert.DoesNotContain("</etc/passwd>", loop.Dump().Output);
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
    [InlineData(1, "there is no recorder 'none-of-this-name'", "stop", "none-of-this-name")]
    [InlineData(2, "'scry loop' has no 'begin'", "begin")]
    public void WhatMakesNoSenseIsSaidInOneLine(int status, string message, params string[] words)
    {
        Finished run = Child.Run(ScryBinary.Path, ["loop", .. words]).Expect(status);
        Assert.Contains(message, run.Error);
        Assert.Single(run.Error.TrimEnd().Split('\n'));
        Assert.DoesNotContain("x: ", Child.Run(ScryBinary.Path, "loop", "list").Output);
    }

    // Within a thread the calls' numbers go up by one, unless a line says that some are missing.
    private static void AssertCounts(string past)
    {
        var next = new Dictionary<string, long?>();
        foreach (Match line in CountLine().Matches(past))
        {
            string thread = line.Groups[1].Value;
            if (!line.Groups[2].Success)
            {
                next[thread] = null;
                continue;
            }
            long number = long.Parse(line.Groups[2].Value, CultureInfo.InvariantCulture);
            if (next.GetValueOrDefault(thread) is { } expected)
                Assert.Equal(expected, number);
            next[thread] = number + 1;
        }
        Assert.NotEmpty(next);
    }

    private static string[] Files(string directory) => Directory.Exists(directory) ? Directory.GetFiles(directory, "*.scry") : [];

    private static int Links() => Child.Run("bpftool", "link", "show").Lines.Count(line => char.IsAsciiDigit(line[0]));

    [GeneratedRegex(@"clock_nanosleep\(.*<unfinished \.\.\.>\) = \? <~?\d+\.\d+ so far>")]
    private static partial Regex InFlight();

    [GeneratedRegex(@"^\[pid +(\d+)\] (?:lseek\(-1, (\d+), SEEK_SET\)|\.\.\. \d+ records? overwritten)", RegexOptions.Multiline)]
    private static partial Regex CountLine();

    /// <summary>A recorder with a name of its own.</summary>
    private sealed class Loop : IDisposable
    {
        private static int s_count;

        public Loop(params string[] words)
        {
            Name = $"test-{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}";
            Child.Run(ScryBinary.Path, ["loop", "start", Name, .. words]).Expect();
        }

        public string Name { get; }

        public Finished Dump(params string[] words) => Child.Run(ScryBinary.Path, ["loop", "dump", Name, .. words]).Expect();

        public Finished List() => Child.Run(ScryBinary.Path, "loop", "list", Name).Expect();

        public Child Watch(string directory, params string[] words) => Child.Start(ScryBinary.Path, ["loop", "watch", Name, "--dir", directory, .. words]);

        public void Dispose() => Child.Run(ScryBinary.Path, "loop", "stop", Name).Expect();
    }
}
