using System.Text.RegularExpressions;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>In a pid namespace of its own, as in a container without the host's: ids are those that are seen there.</summary>
public sealed partial class PidNamespaceTests
{
    // How long a shell waits for a Scry that it has started to have attached all of its programs.
    private static string Attached(int programs) =>
        $"until [ $(ls -l /proc/$S/fd 2>/dev/null | grep -c bpf_link) -ge {programs} ] || [ ! -d /proc/$S ]; do sleep 0.05; done; ";

    [Fact]
    public void ACommandHasTheIdsThatItSees()
    {
        using var workspace = new Workspace();
        Finished run = Inside($"$SCRY trace -o {workspace["out"]} -e execve,getppid,vfork,exit_group,wait4 -- sh -c 'echo $$ $PPID; sh -c \"echo \\$\\$ \\$PPID\"; true'").Expect();
        int[] ids = [.. run.Output.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Select(int.Parse)];
        Assert.Equal(4, ids.Length);
        Assert.All(ids, id => Assert.InRange(id, 1, 1000));
        string[] lines = File.ReadAllLines(workspace["out"]);
        Assert.Equal([ids[0], ids[2]], [.. lines.Select(Id).Distinct().Order()]);
        Assert.Contains(lines, line => Id(line) == ids[0] && line.Contains("execve(", StringComparison.Ordinal));
        Assert.Contains(lines, line => Id(line) == ids[2] && line.EndsWith("+++ exited with 0 +++", StringComparison.Ordinal));
        Assert.Contains(lines, line => Id(line) == ids[0] && line.Contains($" = {ids[2]}", StringComparison.Ordinal));
        Assert.Contains("complete: ", run.Error);
    }

    [Fact]
    public void AProcessIsFoundByItsIdThereWithEachCall()
    {
        using var workspace = new Workspace();
        Finished run = Inside($"cd {workspace["."]}; mkfifo go; (read x < go; exec {Programs.Path("count")} 500 3) & P=$!; $SCRY trace -p $P -e lseek -o out & S=$!; {Attached(Harness.Attached.Programs)}"
            + "echo > go; wait $S; echo $P").Expect();
        string text = File.ReadAllText(workspace["out"]);
        string[] calls = [.. text.Split('\n').Where(line => line.Contains("lseek(", StringComparison.Ordinal))];
        Assert.Equal(1500, calls.Length);
        Assert.Equal(3, calls.Select(Id).Distinct().Count());
        Assert.Equal(int.Parse(run.Output), calls.Min(Id));
        Assert.DoesNotContain("lost", run.Error);
    }

    [Fact]
    public void AllIsAllThatLivesThere()
    {
        using Child neighbour = Child.Start(Programs.Path("count"), ["0"]);
        using var workspace = new Workspace();
        Inside($"cd {workspace["."]}; $SCRY trace -a -e lseek -o out & S=$!; {Attached(Harness.Attached.Programs)}{Programs.Path("count")} 700 2; kill -TERM $S; wait $S").Expect();
        Assert.Equal(1400, File.ReadLines(workspace["out"]).Count(line => line.Contains("lseek(-1, ", StringComparison.Ordinal)));
        Assert.False(neighbour.HasExited);
    }

    [Theory]
    [InlineData("--comm count")]
    [InlineData("-u 0")]
    public void CountsOfOtherTargetsAreExactThere(string target)
    {
        using Child neighbour = Child.Start(Programs.Path("count"), ["0"]);
        Finished run = Inside($"$SCRY stat {target} -e lseek --by process --json > /tmp/scry-pidns-$$ & S=$!; {Attached(6)}{Programs.Path("count")} 900; kill -TERM $S; wait $S; cat /tmp/scry-pidns-$$; rm /tmp/scry-pidns-$$").Expect();
        Assert.Matches("\"calls\": ?900\\b", run.Output);
        Assert.DoesNotContain($"{neighbour.Id}", run.Output);
    }

    [Fact]
    public void ShortLivedProcessesHaveTheirIds()
    {
        using var workspace = new Workspace();
        Finished run = Inside($"$SCRY trace -o {workspace["out"]} -e execve -- sh -c 'for i in $(seq 60); do sh -c \"echo \\$\\$\" & done; wait'").Expect();
        string[] printed = [.. run.Lines.Order(StringComparer.Ordinal)];
        Assert.Equal(60, printed.Length);
        string[] seen = [.. File.ReadLines(workspace["out"]).Where(line => line.Contains("\"echo $$\"", StringComparison.Ordinal)).Select(line => $"{Id(line)}").Order(StringComparer.Ordinal)];
        Assert.Equal(printed, seen);
    }

    [Fact]
    public void AnExecveOfAnotherThreadGoesOnUnderTheLeadersId()
    {
        using var workspace = new Workspace();
        string program = Programs.Path("threadexec");
        Inside($"$SCRY trace -o {workspace["out"]} -e execve,exit_group -- {program} /bin/true").Expect();
        string[] lines = File.ReadAllLines(workspace["out"]);
        string[] execs = [.. lines.Where(line => line.Contains("execve(", StringComparison.Ordinal))];
        Assert.Equal(2, execs.Length);
        Assert.All(execs, line => Assert.EndsWith(" = 0", line));
        Assert.Equal(Id(execs[0]), Id(execs[1]));
        Assert.Contains(lines, line => Id(line) == Id(execs[0]) && line.EndsWith("+++ exited with 0 +++", StringComparison.Ordinal));
    }

    [Fact]
    public void StuckAndTopShowIdsOfThere()
    {
        Finished run = Inside($"sleep 987 & echo sleeper $!; {Programs.Path("count")} 0 & echo counter $!; sleep 1.2; $SCRY stuck --comm sleep; $SCRY top -a --sort pid --batch 1").Expect();
        string sleeper = run.Lines.Single(line => line.StartsWith("sleeper ", StringComparison.Ordinal)).Split(' ')[1];
        string counter = run.Lines.Single(line => line.StartsWith("counter ", StringComparison.Ordinal)).Split(' ')[1];
        Assert.Single(run.Lines, line => line.Contains($"sleep[{sleeper}]", StringComparison.Ordinal));
        Assert.Contains(run.Lines, line => line.EndsWith($" {counter} count", StringComparison.Ordinal));
    }

    [Fact]
    public void ARecorderKeepsTheIdsOfWhereItWasStarted()
    {
        // The bpf filesystem is the host's: whoever is in the namespace shares it.
        using var other = new Loop("--comm", "no-such", "--memory", "4M");
        string name = Loop.FreshName();
        try
        {
            Finished run = Inside($"$SCRY loop start {name} -a --memory 8M && {Programs.Path("count")} 100; $SCRY loop dump {name} -e lseek --comm count; $SCRY loop list {name}").Expect();
            int[] ids = [.. Pid().Matches(run.Output).Select(match => int.Parse(match.Groups[1].Value)).Distinct()];
            Assert.InRange(Assert.Single(ids), 2, 1000);
            Assert.Equal(100, run.Lines.Count(line => line.Contains("lseek(", StringComparison.Ordinal)));
            Assert.DoesNotContain("pids are those of", run.Output);
            Assert.Contains("pids are those of the pid namespace that it was started in: pid:[", Child.Run(ScryBinary.Path, "loop", "list", name).Expect().Output);
        }
        finally
        {
            Child.Run(ScryBinary.Path, "loop", "stop", name).Expect();
        }
    }

    [Fact]
    public void ACgroupIsFoundWhereOnlyAPartOfTheHierarchyIsMounted()
    {
        using Cgroup outer = Cgroup.Unified();
        using Cgroup inner = outer.Below("inner");
        using Cgroup other = outer.Below("other");
        using var workspace = new Workspace();
        Finished run = Child.Shell($"{outer.Enter}; exec unshare --cgroup --mount --pid --fork --mount-proc --kill-child sh -c 'umount {Cgroup.UnifiedMount} && mount -t cgroup2 none {Cgroup.UnifiedMount}"
            + $" && cd {workspace["."]} && ls {Cgroup.UnifiedMount} | grep -qx inner || exit 9; {ScryBinary.Path} trace -G /inner -e lseek -o out & S=$!; {Attached(Harness.Attached.Programs)}"
            + $"(echo 0 > {Cgroup.UnifiedMount}/other/cgroup.procs; {Programs.Path("count")} 100); (echo 0 > {Cgroup.UnifiedMount}/inner/cgroup.procs; {Programs.Path("count")} 300); kill -TERM $S; wait $S'").Expect();
        Assert.Equal(300, File.ReadLines(workspace["out"]).Count(line => line.Contains("lseek(-1, ", StringComparison.Ordinal)));
        Assert.Contains("complete: 300 calls", run.Error);
    }

    [Fact]
    public void AProcOfAnotherNamespaceIsRefused()
    {
        Finished run = Child.Run("unshare", "--pid", "--fork", ScryBinary.Path, "trace", "--", "true").Expect(1);
        Assert.Equal("scry: /proc shows another pid namespace than the one that Scry runs in; mount -t proc proc /proc\n", run.Error);
    }

    [Fact]
    public void WithTheHostsPidNamespaceTheOtherNamespacesDoNotMatter()
    {
        Finished run = Child.Run("unshare", "--mount", "--uts", "--ipc", "--net", "--cgroup", ScryBinary.Path, "trace", "-e", "execve", "--", "true").Expect();
        Assert.Contains("execve(", run.Error);
        Assert.Contains("complete: 1 call\n", run.Error);
    }

    private static int Id(string line) => int.Parse(line[..line.IndexOf(' ')]);

    private static Finished Inside(string script) =>
        Child.Run("unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "/bin/sh", "-c", $"SCRY={ScryBinary.Path}; {script}");

    [GeneratedRegex(@"^\[pid +(\d+)\] lseek", RegexOptions.Multiline)]
    private static partial Regex Pid();
}
