using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>Each kind of target of the flight recorder: what belongs to it is in its past, its neighbours are not.</summary>
public sealed class LoopTargetTests
{
    [Fact]
    public void ATreeOfProcesses()
    {
        using Child target = Child.Start("/bin/sh", ["-c", "read go; cat /mark/child; sh -c '(cat /mark/grandchild; :); read go < /mark/later; cat /mark/more' & wait; read go; sh -c 'cat /mark/last; :'; :"]);
        using Child other = Child.Start("/bin/sh", ["-c", "read go; cat /mark/other; :"]);
        using var loop = new Loop("-p", $"{target.Id}");
        foreach (Child child in (Child[])[other, target])
        {
            child.Input.WriteLine();
            child.Input.Flush();
        }
        other.Wait();
        Eventually.True(() => loop.Dump().Output.Contains("/mark/more", StringComparison.Ordinal), "the tree is recorded");
        target.Input.WriteLine();
        target.Input.Close();
        target.Wait().Expect();
        string past = loop.Dump().Output;
        foreach (string name in (string[])["child", "grandchild", "later", "more", "last"])
            Assert.Contains($"/mark/{name}\"", past);
        Assert.DoesNotContain("/mark/other", past);
        Assert.Contains($"[pid {target.Id,5}] +++ exited with 0 +++", past);
        Assert.Contains(", 0 lost,", loop.List().Output);
    }

    [Fact]
    public void OneProcessWithoutItsChildren()
    {
        using Child target = Child.Start("/bin/sh", ["-c", "read go; cat /mark/child; read go < /mark/itself; :"]);
        using var loop = new Loop("-p", $"{target.Id}", "--no-follow");
        target.Input.WriteLine();
        target.Input.Close();
        target.Wait().Expect();
        string past = loop.Dump().Output;
        Assert.Contains("/mark/itself", past);
        Assert.DoesNotContain("/mark/child", past);
    }

    [Fact]
    public void ThreadsThatAreThereAndThoseThatCome()
    {
        using Child target = Child.Start(Programs.Path("blocked"), ["1"]);
        Eventually.HasThreads(target.Id, 2);
        using var loop = new Loop("-p", $"{target.Id}");
        target.Input.Write("abcdef");
        target.Input.Close();
        target.Wait().Expect(5);
        string[] past = loop.Dump().Lines;
        Assert.Equal(6, past.Count(line => line.Contains("getppid()", StringComparison.Ordinal)));
        Assert.Equal(2, past.Count(line => line.Contains("+++ exited with ", StringComparison.Ordinal)));
    }

    [Fact]
    public void CgroupsOfThePerfEventHierarchyEachHaveTheirPast()
    {
        using Cgroup? parent = Cgroup.PerfEvent();
        Assert.SkipWhen(parent is null, "this kernel has no perf_event hierarchy of version 1");
        using Cgroup one = parent.Below("one"), two = parent.Below("two");
        using var loop = new Loop("-G", parent.Path, "--memory", "4M", "--on", "exit=7", "--on", "removal");
        Child.Shell($"cat /mark/none; ({one.Enter}; cat /mark/one); ({two.Enter}; {Programs.Path("count")} 100000)");
        // The noisy one went round and has pushed nobody out.
        string past = loop.Dump().Output;
        Assert.Contains("\"/mark/one\"", past);
        Assert.Contains("records overwritten", past);
        Assert.DoesNotContain("/mark/none", past);
        string name = Path.GetFileName(parent.Path);
        string list = loop.List().Output;
        Assert.Contains($"/{name}/one: ", list);
        Assert.Contains($"/{name}/two: ", list);
        Child.Shell($"{one.Enter}; sh -c 'exit 7'; :");
        Assert.Contains($", /{name}/one, ", loop.List().Output);
        Assert.Contains("\"/mark/one\"", loop.Dump("--incident", "last").Output);
        Assert.DoesNotContain("\"/mark/one\"", loop.Dump().Output);
        using (Cgroup three = parent.Below("three"))
            Child.Shell($"{three.Enter}; cat /mark/three");
        Assert.Contains($"the cgroup was removed, /{name}/three, ", loop.List().Output);
    }

    [Theory]
    [InlineData("--unit", "scry-loop-unit", "scry-loop-unit.service")]
    [InlineData("--unit", "scry-loop.scope", "scry-loop.scope")]
    [InlineData("--container", "9c27f0", "docker-9c27f0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.scope")]
    public void UnitsAndContainersAreCgroups(string option, string name, string directory)
    {
        using Cgroup cgroup = Cgroup.Unified();
        using Cgroup below = cgroup.Below(directory), beside = cgroup.Below("beside");
        using var loop = new Loop(option, name);
        using var all = new Loop("-G", cgroup.Path);
        Child.Shell($"cat /mark/none; ({beside.Enter}; cat /mark/two); {below.Enter}; cat /mark/one");
        Assert.Contains("\"/mark/one\"", loop.Dump().Output);
        Assert.DoesNotContain("/mark/none", loop.Dump().Output);
        Assert.DoesNotContain("/mark/two", loop.Dump().Output);
        // The same name picks it out of more.
        Assert.Contains("/mark/two", all.Dump().Output);
        Assert.Contains("\"/mark/one\"", all.Dump(option, name).Output);
        Assert.DoesNotContain("/mark/two", all.Dump(option, name).Output);
    }

    [Fact]
    public void Comm()
    {
        string name = $"scry{Environment.ProcessId}";
        using var workspace = new Workspace();
        File.Copy("/bin/cat", workspace[name]);
        File.SetUnixFileMode(workspace[name], (UnixFileMode)0b111_101_101);
        using var loop = new Loop("--comm", name);
        Child.Shell($"{workspace[name]} /mark/one; cat /mark/two");
        Assert.Contains("\"/mark/one\"", loop.Dump().Output);
        Assert.DoesNotContain("/mark/two", loop.Dump().Output);
    }

    [Fact]
    public void User()
    {
        using var loop = new Loop("-u", "nobody");
        Child.Shell("setpriv --reuid=65534 --clear-groups cat /mark/one; cat /mark/two");
        Assert.Contains("\"/mark/one\"", loop.Dump().Output);
        Assert.DoesNotContain("/mark/two", loop.Dump().Output);
    }
}
