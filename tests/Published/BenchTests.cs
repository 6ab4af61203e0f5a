using System.Text.Json;
using System.Xml.Linq;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>scry bench: that it measures, reports, and leaves nothing behind. What it measured is not asserted.</summary>
public sealed class BenchTests : IDisposable
{
    private const int SigInt = 2, SigKill = 9;

    private readonly Tracefs _tracefs = new();

    public void Dispose() => _tracefs.Dispose();

    [Fact]
    public void MeasuresToolsBesideEachOtherAndReports()
    {
        using var workspace = new Workspace();
        Finished bench = Bench("-w", "getppid", "--tools", "none,floor,scry-trace,scry-loop", "-o", workspace["report"]).Expect();
        foreach (string tool in (string[])["untraced", "two empty programs (the floor)", "scry trace -G", "scry loop -G"])
            Assert.Contains(tool, bench.Output);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(workspace["report/bench.json"]));
        Assert.Equal("scry-bench/1", json.RootElement.GetProperty("schema").GetString());
        JsonElement[] tools = [.. json.RootElement.GetProperty("workloads")[0].GetProperty("tools").EnumerateArray()];
        Assert.Equal(["none", "floor", "scry-trace", "scry-loop"], tools.Select(tool => tool.GetProperty("name").GetString()));
        foreach (JsonElement tool in tools)
        {
            JsonElement sample = tool.GetProperty("samples")[0];
            Assert.True(sample.GetProperty("value").GetDouble() > 0);
            Assert.True(sample.GetProperty("calls").GetInt64() > 1000);
        }
        // The calls were counted in its output: as many as it does not say that it lost.
        JsonElement trace = tools[2].GetProperty("samples")[0];
        Assert.InRange(trace.GetProperty("missing").GetInt64(), 0, trace.GetProperty("reported_lost").GetInt64());
        Assert.Equal("html", XDocument.Parse(File.ReadAllText(workspace["report/bench.html"])).Root!.Name.LocalName);
        Assert.Contains("| scry trace -G |", File.ReadAllText(workspace["report/bench.md"]));
    }

    [Theory]
    [InlineData("there is no workload 'nosuch'", "-w", "getppid,nosuch")]
    [InlineData("there is no tool 'nosuch'", "--tools", "none,nosuch")]
    [InlineData("'0' is not a number", "--runs", "0")]
    [InlineData("no such file", "--budget", "/no/such/budget.json")]
    [InlineData("no option --bogus", "--bogus")]
    public void WrongUsageIsStatus2AndOneLine(string message, params string[] words)
    {
        Finished refused = Child.Run(ScryBinary.Path, ["bench", .. words]).Expect(2);
        Assert.Contains(message, refused.Error);
        Assert.Single(refused.Error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public void WhatIsNotInstalledIsNamedAndAToolThatFailsHasItsLastLine()
    {
        using var workspace = new Workspace();
        File.WriteAllText(workspace["broken"], "#!/bin/sh\necho 'it broke' >&2\nexit 7\n");
        Child.Run("chmod", "+x", workspace["broken"]).Expect();
        Finished bench = Child.Run("env", "TRACELOOP=/no/such/traceloop", $"TRACELOOP_QUIET={workspace["broken"]}", ScryBinary.Path,
            "bench", "--quick", "--runs", "1", "-w", "getppid", "--tools", "traceloop,traceloop-quiet", "--json").Expect();
        using JsonDocument json = JsonDocument.Parse(bench.Output);
        JsonElement left = Assert.Single(json.RootElement.GetProperty("left_out").EnumerateArray());
        Assert.Equal("traceloop", left.GetProperty("name").GetString());
        Assert.Contains("'/no/such/traceloop' is not installed", left.GetProperty("reason").GetString());
        JsonElement broken = json.RootElement.GetProperty("workloads")[0].GetProperty("tools").EnumerateArray().Last();
        Assert.Equal("traceloop-quiet", broken.GetProperty("name").GetString());
        Assert.Contains("it broke", broken.GetProperty("failure").GetString());
    }

    [Fact]
    public void CountsOfScryStatAreThoseThatWereMade()
    {
        Finished bench = Child.Run(ScryBinary.Path, "bench", "--quick", "--runs", "2", "-w", "getppid,dd", "--tools", "scry-stat", "--json").Expect();
        using JsonDocument json = JsonDocument.Parse(bench.Output);
        foreach (JsonElement workload in json.RootElement.GetProperty("workloads").EnumerateArray())
        {
            JsonElement stat = workload.GetProperty("tools").EnumerateArray().Single(tool => tool.GetProperty("name").GetString() == "scry-stat");
            Assert.Equal(2, stat.GetProperty("samples").GetArrayLength());
            foreach (JsonElement sample in stat.GetProperty("samples").EnumerateArray())
            {
                Assert.True(sample.GetProperty("calls").GetInt64() > 1000);
                Assert.Equal(0, sample.GetProperty("missing").GetInt64());
                Assert.Equal(0, sample.GetProperty("reported_lost").GetInt64());
            }
        }
    }

    [Fact]
    public void AToolThatDiesInTheMiddleHasFailedAndIsNotFast()
    {
        using var workspace = new Workspace();
        // It says that it is attached, and is gone before the run is over.
        File.WriteAllText(workspace["dies"], "#!/bin/sh\necho 'Added cgroup'\nsleep 0.1\necho 'out of room' >&2\n");
        Child.Run("chmod", "+x", workspace["dies"]).Expect();
        Finished bench = Child.Run("env", $"TRACELOOP_QUIET={workspace["dies"]}", ScryBinary.Path,
            "bench", "--length", "1s", "--runs", "1", "-w", "getppid", "--tools", "traceloop-quiet", "--json").Expect();
        using JsonDocument json = JsonDocument.Parse(bench.Output);
        JsonElement dead = json.RootElement.GetProperty("workloads")[0].GetProperty("tools").EnumerateArray().Last();
        Assert.Equal("it ended in the middle of the run: exit status 0, out of room", dead.GetProperty("failure").GetString());
        Assert.Equal(0, dead.GetProperty("samples").GetArrayLength());
    }

    [Fact]
    public void AFigureThatIsWorseThanItsBudgetIsStatus1()
    {
        using var workspace = new Workspace();
        File.WriteAllText(workspace["budget.json"], """
            { "budget": [
              { "workload": "getppid", "tool": "none", "figure": "kept", "at_least": 1 },
              { "workload": "getppid", "tool": "floor", "figure": "added", "at_most": -1000000 },
              { "workload": "getppid", "tool": "strace", "figure": "added", "at_most": 1 } ] }
            """);
        Finished bench = Bench("-w", "getppid", "--tools", "floor", "--budget", workspace["budget.json"], "-o", workspace["report"]).Expect(1);
        string[] verdicts = [.. bench.Error.Split('\n').Where(line => line.StartsWith("  ", StringComparison.Ordinal)).Select(line => line.Trim())];
        Assert.Collection(verdicts,
            line => Assert.StartsWith("ok", line),
            line => Assert.StartsWith("WORSE", line),
            line => Assert.StartsWith("not measured", line));
        Assert.Contains("1 figure is worse than the budget allows", bench.Error);
    }

    [Theory]
    [InlineData("scry-loop", "/sys/fs/bpf/scry/NAME")]
    [InlineData("ftrace", "TRACEFS/instances/NAME")]
    [InlineData("strace", "CGROUP/NAME/getppid")]
    public void AnInterruptLeavesNothingBehind(string tool, string sign)
    {
        using var workspace = new Workspace();
        using Child bench = Child.Start(ScryBinary.Path, ["bench", "--runs", "500", "-w", "getppid", "--tools", tool, "-o", workspace["report"]]);
        string name = $"scry-bench-{bench.Id}";
        string path = sign.Replace("NAME", name).Replace("CGROUP", Cgroup.UnifiedMount).Replace("TRACEFS", _tracefs.Path);
        Eventually.True(() => Directory.Exists(path), $"{path} is there");
        bench.Signal(SigInt);
        Finished ended = bench.Wait().Expect(128 + SigInt);
        Assert.Contains("interrupted", ended.Error);
        AssertNothingLeft(name);
        Assert.True(JsonDocument.Parse(File.ReadAllText(workspace["report/bench.json"])).RootElement.GetProperty("interrupted").GetBoolean());
    }

    [Theory]
    [InlineData("scry-loop", "/sys/fs/bpf/scry/NAME")]
    [InlineData("ftrace", "TRACEFS/instances/NAME")]
    public void WhatAKilledBenchLeftIsRemovedByTheNext(string tool, string sign)
    {
        using var workspace = new Workspace();
        using Child bench = Child.Start(ScryBinary.Path, ["bench", "--runs", "500", "-w", "getppid", "--tools", tool, "-o", workspace["report"]]);
        string name = $"scry-bench-{bench.Id}", path = sign.Replace("NAME", name).Replace("TRACEFS", _tracefs.Path);
        Eventually.True(() => Directory.Exists(path), $"{path} is there");
        bench.Signal(SigKill);
        bench.Wait();
        Bench("-w", "getppid", "--tools", "none", "-o", workspace["report"]).Expect();
        AssertNothingLeft(name);
    }

    private static Finished Bench(params string[] words) => Child.Run(ScryBinary.Path, ["bench", "--quick", "--runs", "1", .. words]);

    private void AssertNothingLeft(string name)
    {
        Assert.False(Directory.Exists($"{Cgroup.UnifiedMount}/{name}"), "a cgroup is left");
        Assert.DoesNotContain(name, File.ReadAllText("/proc/mounts"));
        Assert.Empty(Directory.GetDirectories(Path.GetTempPath(), name + "-*"));
        Assert.DoesNotContain(name, Child.Run(ScryBinary.Path, "loop", "list").Output);
        Assert.False(Directory.Exists($"{_tracefs.Path}/instances/{name}"), "an ftrace instance is left");
        Assert.Equal("", Child.Run("pgrep", "-f", name).Output);
    }
}
