using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>Each kind of target: what belongs to it is seen, its neighbours are not.</summary>
public sealed class TargetTests
{
    [Fact]
    public void ProcessThatSleepsInACall()
    {
        using Child target = Child.Start(Programs.Path("blocked"), ["1"]);
        Eventually.HasThreads(target.Id, 2);
        using Child scry = ScryBinary.StartAttached("-p", $"{target.Id}");
        target.Input.Write("abcdef");
        target.Input.Close();
        target.Wait().Expect(5);
        // The last of its processes is gone: nothing is left to wait for.
        Finished run = scry.Wait().Expect();
        Assert.Equal(6, run.Lines.Count(line => line.Contains("getppid()", StringComparison.Ordinal)));
        Assert.Equal(2, run.Lines.Count(line => line.Contains("+++ exited with ", StringComparison.Ordinal)));
        Assert.Contains(run.Lines, line => line.EndsWith("+++ exited with 5 +++", StringComparison.Ordinal));
        Assert.DoesNotContain("lost", run.Output);
    }

    [Fact]
    public void SeveralProcesses()
    {
        using Child one = Child.Start(Programs.Path("blocked"), []);
        using Child two = Child.Start(Programs.Path("blocked"), []);
        using Child other = Child.Start(Programs.Path("blocked"), []);
        using Child scry = ScryBinary.StartAttached("-p", $"{one.Id},{two.Id}", "-o", "/dev/stdout");
        foreach (Child child in (Child[])[other, one, two])
        {
            child.Input.Write("x");
            child.Input.Close();
            child.Wait().Expect(5);
        }
        string output = scry.Wait().Expect().Output;
        Assert.Contains($"{one.Id,-5} +++ exited with 5 +++", output);
        Assert.Contains($"{two.Id,-5} +++ exited with 5 +++", output);
        Assert.DoesNotContain(output.Split('\n'), line => line.StartsWith($"{other.Id} ", StringComparison.Ordinal));
    }

    [Fact]
    public void OneThread()
    {
        using Child target = Child.Start(Programs.Path("blocked"), ["1"]);
        Eventually.HasThreads(target.Id, 2);
        using Child scry = ScryBinary.StartAttached("-t", $"{target.Id}", "-o", "/dev/stdout");
        target.Input.Close();
        target.Wait().Expect(5);
        Finished run = scry.Wait().Expect();
        Assert.All(run.Lines, line => Assert.StartsWith($"{target.Id} ", line));
    }

    [Fact]
    public void Comm()
    {
        string name = $"scry{Environment.ProcessId}";
        using var workspace = new Workspace();
        File.Copy("/bin/cat", workspace[name]);
        File.SetUnixFileMode(workspace[name], (UnixFileMode)0b111_101_101);
        Finished run = Watch(["--comm", name], () => Child.Shell($"{workspace[name]} /mark/one; cat /mark/two"));
        Assert.Contains("\"/mark/one\"", run.Output);
        Assert.DoesNotContain("/mark/two", run.Output);
    }

    [Fact]
    public void User()
    {
        Finished run = Watch(
            ["-u", "nobody"],
            () => Child.Shell("setpriv --reuid=65534 --clear-groups cat /mark/one; cat /mark/two"));
        Assert.Contains("\"/mark/one\"", run.Output);
        Assert.DoesNotContain("/mark/two", run.Output);
    }

    [Fact]
    public void WholeMachine()
    {
        Finished run = Watch(["-a", "-e", "openat"], () => Child.Shell("cat /mark/one; sh -c 'cat /mark/two; true'"));
        Assert.Contains("\"/mark/one\"", run.Output);
        Assert.Contains("\"/mark/two\"", run.Output);
    }

    [Fact]
    public void CgroupWithAllBelowIt()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using (Cgroup below = cgroup.Below("deeper"))
        {
            Finished run = Watch(
                ["-G", cgroup.Path, "--show-cgroup"],
                () => Child.Shell($"cat /mark/none; (({below.Enter}; cat /mark/two); {cgroup.Enter}; cat /mark/one)"));
            Assert.Contains("\"/mark/one\"", run.Output);
            Assert.Contains("\"/mark/two\"", run.Output);
            Assert.DoesNotContain("/mark/none", run.Output);
            Assert.Contains($"/{Path.GetFileName(cgroup.Path)}/deeper ", run.Output);
        }
    }

    [Theory]
    [InlineData("--unit", "scry-test-unit", "scry-test-unit.service")]
    [InlineData("--unit", "scry-test.scope", "scry-test.scope")]
    [InlineData("--container", "5c2700", "docker-5c2700aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.scope")]
    public void UnitsAndContainersAreCgroups(string option, string name, string directory)
    {
        using Cgroup cgroup = Cgroup.Unified();
        using Cgroup below = cgroup.Below(directory);
        Finished run = Watch([option, name], () => Child.Shell($"cat /mark/none; {below.Enter}; cat /mark/one"));
        Assert.Contains("\"/mark/one\"", run.Output);
        Assert.DoesNotContain("/mark/none", run.Output);
    }

    [Fact]
    public void CgroupOfThePerfEventHierarchy()
    {
        using Cgroup? cgroup = Cgroup.PerfEvent();
        Assert.SkipWhen(cgroup is null, "this kernel has no perf_event hierarchy of version 1");
        Finished run = Watch(["-G", cgroup.Path], () => Child.Shell($"cat /mark/none; {cgroup.Enter}; cat /mark/one"));
        Assert.Contains("\"/mark/one\"", run.Output);
        Assert.DoesNotContain("/mark/none", run.Output);
    }

    // Traces until the work is done and its records have come, then interrupts Scry as a person does.
    private static Finished Watch(string[] words, Action work)
    {
        using Child scry = ScryBinary.StartAttached(words);
        work();
        scry.Signal(2);
        return scry.Wait().Expect();
    }

    /// <summary>Threads whose ids follow each other, as a process's do, find room beside others that are multiples of the table apart.</summary>
    [Fact]
    public void RunsOfIdsThatFallTogetherAreAllThere()
    {
        const int run = 200, all = 4 * run;
        using var workspace = new Workspace();
        using var loop = new Loop("--comm", "crowd", "-e", "lseek");
        Finished traced = Child.Run(ScryBinary.Path, "trace", "-e", "lseek", "-o", workspace["lines"], "--", Programs.Path("crowd"), $"{run}").Expect();
        Assert.Contains("complete: ", traced.Error);
        Assert.Equal(all, File.ReadLines(workspace["lines"]).Count(line => line.Contains("lseek(-1, ", StringComparison.Ordinal)));
        Finished dumped = loop.Dump();
        Assert.Equal(all, dumped.Lines.Count(line => line.Contains("lseek(-1, ", StringComparison.Ordinal)));
        Assert.Contains(", 0 lost,", loop.List().Output);
    }
}
