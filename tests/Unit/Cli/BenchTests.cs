using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using Scry.Cli;
using Scry.Cli.Bench;
using Xunit;

namespace Scry.Tests.Unit.Cli;

/// <summary>What scry bench makes of figures and of what tools print.</summary>
public sealed class BenchTests
{
    [Theory]
    [InlineData(2, 1, new double[] { 1, 2, 3 })]
    [InlineData(2.5, 1, new double[] { 1, 2, 3, 4 })]
    [InlineData(5, 0, new double[] { 5 })]
    [InlineData(3, 1, new double[] { 1, 2, 3, 1000, 3, 4 })]
    public void AMiddleIsTheMedianAndTheMedianDistance(double median, double spread, double[] values) =>
        Assert.Equal(new Middle(median, spread), Statistics.Of(values));

    [Fact]
    public void NothingHasNoMiddle() => Assert.True(double.IsNaN(Statistics.Of([]).Median));

    [Fact]
    public void WhatIsAddedIsTakenWithinATurn()
    {
        WorkloadResult workload = Calls();
        // Untraced 100, 200, 300: the machine got slower; each turn adds 10 and 30.
        Assert.Equal(10, workload.Added(workload.Find("floor")!).Median);
        Assert.Equal(30, workload.Added(workload.Find("scry-trace")!).Median);
        Assert.Equal(3.0, workload.TimesFloor(workload.Find("scry-trace")!));
        Assert.Null(workload.TimesFloor(workload.Find("none")!));
    }

    [Fact]
    public void WhatIsKeptIsAShareOfTheTurn()
    {
        WorkloadResult rate = new("fileio-sync", "", new Metric("MiB/s", IsRate: true)) { };
        rate.Tools.Add(Tool("none", 1000, 2000));
        rate.Tools.Add(Tool("scry-loop", 900, 1800));
        Assert.Equal(0.9, rate.Kept(rate.Find("scry-loop")!).Median, 6);
    }

    [Theory]
    [InlineData("0-3,8", new[] { 0, 1, 2, 3, 8 })]
    [InlineData("5", new[] { 5 })]
    [InlineData("", new[] { 0 })]
    [InlineData("junk,3-1,2", new[] { 2 })]
    public void CpusAreAList(string list, int[] expected) => Assert.Equal(expected, Machine.ParseCpus(list));

    [Fact]
    public void CallsAreCountedByTheirWholeName()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "write(1)\n12 write(2) = 1\n 0.1 ( 0.2 ms): dd/7 write(fd: 1) = 1\npwrite(3)\n_write(4)\nwrite 5\nwritev(6)\n");
            Assert.Equal(3, ToolOutput.CallLines(path, "write"));
            // Longer than a buffer, with a match across its end.
            File.WriteAllText(path, string.Concat(Enumerable.Repeat("123 getppid() = 1\n", 200_000)));
            Assert.Equal(200_000, ToolOutput.CallLines(path, "getppid"));
            Assert.Equal(0, ToolOutput.CallLines(path, "ppid"));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void TablesOfCountersAreRead()
    {
        Assert.Equal(22000, ToolOutput.StraceCount("% time  seconds  usecs/call  calls errors syscall\n 99.81  0.376723  17  22000   getppid\n", "getppid"));
        Assert.Equal(21999, ToolOutput.TableCount("   getppid            21999      0   281.133     0.010\n", "getppid"));
        Assert.Equal(1100, ToolOutput.TableCount("pid   comm  syscall calls errors\n18500 calls getppid 1100 341us\n", "getppid"));
        // Another thread's row is another row; none is none counted.
        Assert.Equal(7, ToolOutput.TableCount("7 a getppid 3 0\n8 a getppid 4 0\n", "getppid"));
        Assert.Equal(0, ToolOutput.TableCount("SYSCALL  COUNT\nread  12\n", "getppid"));
        Assert.Equal(0, ToolOutput.StraceCount("strace: Process 7 attached\n", "getppid"));
        Assert.Equal(12345, ToolOutput.BpftraceCount("@[1]: 2\n@[110]: 12345\n", 110));
        Assert.Equal(0, ToolOutput.BpftraceCount("@[1101]: 5\n", 110));
    }

    [Fact]
    public void LossesAreReadInEachToolsWords()
    {
        Assert.Equal(15, ToolOutput.PerfLost("LOST 5 events!\nx\nLOST 10 events!\n"));
        Assert.Equal(0, ToolOutput.ScryLost("scry: complete: 12 calls\n"));
        Assert.Equal(12, ToolOutput.ScryLost("scry: lost 12 of 345 records (12: no room in the ring)\n"));
        Assert.Null(ToolOutput.ScryLost("scry: a fault\n"));
        Assert.Equal(7, ToolOutput.KeyNumber("entries: 3\noverrun: 7\n", "overrun"));
        Assert.Equal(9, ToolOutput.KeyNumber("prog_type:\t2\nrun_cnt:\t9\n", "run_cnt"));
        Assert.Equal(0, ToolOutput.KeyNumber("entries: 3\n", "overrun"));
    }

    [Fact]
    public void NamesOfListsAreKnownOrRefused()
    {
        Assert.Equal(["getppid", "fileio-sync", "fileio-async"], WorkloadList.Parse(["fileio", "getppid"]).Select(workload => workload.Name));
        Assert.True(WorkloadList.Parse(["all"]).Count >= 11);
        Assert.Equal(["none", "strace"], ToolList.Parse(["strace"]).Select(tool => tool.Name));
        Assert.Equal(2, Assert.Throws<ToolException>(() => WorkloadList.Parse(["x"])).ExitCode);
        Assert.Equal(2, Assert.Throws<ToolException>(() => ToolList.Parse(["x"])).ExitCode);
        Assert.Equal(ToolList.All.Count, ToolList.All.Select(tool => tool.Name).Distinct().Count());
    }

    [Fact]
    public void ThePageIsWellFormedNeedsNothingElseAndEscapesWhatToolsSay()
    {
        string page = BenchHtml.Write(Result());
        XDocument document = XDocument.Parse(page);
        Assert.Contains(document.Descendants(), element => element.Name.LocalName == "svg");
        Assert.Contains(document.Descendants(), element => element.Name.LocalName == "polyline");
        Assert.Contains("&lt;script&gt;", page);
        Assert.Contains("strace 6 &lt;b&gt;", page);
        Assert.DoesNotContain("<script", page);
        Assert.All(document.Descendants().Attributes(), attribute => Assert.False(attribute.Name.LocalName is "src" or "href"));
        Assert.DoesNotContain("url(", page);
        Assert.DoesNotContain("NaN", page);
    }

    [Fact]
    public void TheJsonHasEveryFigureAndItsRuns()
    {
        using var stream = new MemoryStream();
        BenchJson.Write(Result(), stream);
        using JsonDocument json = JsonDocument.Parse(stream.ToArray());
        JsonElement tool = json.RootElement.GetProperty("workloads")[0].GetProperty("tools")[2];
        Assert.Equal(30, tool.GetProperty("added").GetProperty("median").GetDouble());
        Assert.Equal(3, tool.GetProperty("times_floor").GetDouble());
        Assert.Equal(3, tool.GetProperty("samples").GetArrayLength());
        Assert.Equal(1000, json.RootElement.GetProperty("scales")[0].GetProperty("lines")[0].GetProperty("points")[1].GetProperty("x").GetDouble());
        Assert.Equal("sysdig", json.RootElement.GetProperty("left_out")[0].GetProperty("name").GetString());
    }

    [Fact]
    public void TablesSayWhatFailedAndWhatIsLeftOut()
    {
        string text = BenchText.Write(Result(), markdown: false);
        Assert.Contains("failed: <script>it broke", text);
        Assert.Contains("sysdig: it is not there", text);
        string markdown = BenchText.Write(Result(), markdown: true);
        Assert.Contains("| strace -f | failed: <script>it broke |", markdown);
        Assert.Contains("## Method and limits", markdown);
        Assert.Contains("retbleed: Vulnerable", markdown);
        Assert.Contains("strace 6 <b>", text);
    }

    [Fact]
    public void ACountThatIsTooHighIsNotExact()
    {
        BenchResult result = Result();
        ToolResult tool = result.Workloads[0].Tools[2];
        tool.Samples[1] = tool.Samples[1] with { Missing = -4 };
        tool.Samples[2] = tool.Samples[2] with { Missing = 6 };
        Assert.Contains("6, 4 too many", BenchText.Write(result, markdown: false));
        Assert.Equal(10, Budget.Value(result, new BudgetLine("getppid", "scry-trace", "missing", null, 0, null)));
    }

    [Theory]
    [InlineData(10, 90, 0, false)]
    [InlineData(0, 103, 3, false)]
    [InlineData(-4, 104, 3, false)]
    [InlineData(0, 104, 3, true)]
    [InlineData(100, 0, 3, false)]
    public void CallsBesideTheCountedOnesAreNotHeldAgainstATool(long missing, long delivered, int beside, bool hasOthers) =>
        Assert.Equal(missing, new Measurement(1, 100, beside).Missing(new ToolAccount(delivered, 0, null, null) { HasOthers = hasOthers }));

    [Fact]
    public void EachTurnHasItsBaselinesAndEachRoundEveryToolOnce()
    {
        IReadOnlyList<Tool> tools = ToolList.All;
        (int Round, int Turn, int Tool)[] runs = [.. Turns.Of(tools, 5)];
        foreach (var turn in runs.GroupBy(run => run.Turn))
        {
            Assert.Equal(["none", "floor"], turn.Take(2).Select(run => tools[run.Tool].Name));
            Assert.InRange(turn.Count(), 3, 2 + Turns.Size);
            Assert.Single(turn.Select(run => run.Round).Distinct());
        }
        foreach (var round in runs.GroupBy(run => run.Round))
        {
            int[] others = [.. round.Select(run => run.Tool).Where(tool => tools[tool].Kind != ToolKind.Baseline)];
            Assert.Equal(tools.Count - 2, others.Length);
            Assert.Equal(others.Length, others.Distinct().Count());
        }
        Assert.Equal(5, runs.GroupBy(run => run.Round).Select(round => round.ElementAt(2).Tool).Distinct().Count());
        // Baselines alone are a turn as well.
        Assert.Equal([(0, 0, 0), (1, 1, 0)], Turns.Of([tools[0]], 2));
    }

    [Fact]
    public void TheTimeThatIsLeftComesFromTheRunsSoFar()
    {
        var said = new List<string>();
        var progress = new BenchProgress(said.Add);
        progress.Expect("getppid", "none", 3);
        progress.Expect("getppid", "strace", 2);
        progress.Expect("dd", "strace", 4);
        progress.Expect("dd", "perf-trace", 1);
        Assert.Null(progress.Left);
        progress.Add("getppid", "none", 1);
        Assert.Equal(2 + 2 + 4 + 1, progress.Left);
        progress.Add("getppid", "strace", 11);
        // strace as long elsewhere; perf trace as long as any run.
        Assert.Equal(2 + 11 + 44 + 6, progress.Left);
        progress.Say("x");
        Assert.Equal("x; about 70 s left", said[^1]);
        progress.Drop("getppid", "strace");
        progress.Drop("dd");
        Assert.Equal(2, progress.Left);
    }

    [Fact]
    public void AToolOfTheBudgetThatFailedIsWorse()
    {
        Budget budget = Budget.Parse(Encoding.UTF8.GetBytes("""
            { "budget": [ { "workload": "getppid", "tool": "strace", "figure": "added", "at_most": 1000000 } ] }
            """));
        Assert.StartsWith("WORSE", Assert.Single(budget.Check(Result(), out int worse)));
        Assert.Equal(1, worse);
    }

    [Fact]
    public void ABudgetIsHeldAgainstAResult()
    {
        Budget budget = Budget.Parse(Encoding.UTF8.GetBytes("""
            { "budget": [
              { "workload": "getppid", "tool": "scry-trace", "figure": "added", "over": "floor", "at_most": 3.1, "goal": 2 },
              { "workload": "getppid", "tool": "scry-trace", "figure": "added", "at_most": 29 },
              { "workload": "getppid", "tool": "none", "figure": "kept", "at_least": 0.9 },
              { "workload": "dd", "tool": "none", "figure": "added", "at_most": 1 } ] }
            """));
        IReadOnlyList<string> said = budget.Check(Result(), out int worse);
        Assert.Equal(1, worse);
        Assert.StartsWith("ok, below its goal", said[0]);
        Assert.StartsWith("WORSE", said[1]);
        Assert.StartsWith("ok ", said[2]);
        Assert.StartsWith("not measured", said[3]);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("{ \"budget\": [ { \"workload\": \"x\" } ] }")]
    [InlineData("{ \"budget\": [ { \"workload\": \"x\", \"tool\": \"y\", \"figure\": \"speed\", \"at_most\": 1 } ] }")]
    [InlineData("[]")]
    [InlineData("not json")]
    public void WhatIsNoBudgetIsRefused(string text)
    {
        string path = Path.GetTempFileName();
        File.WriteAllText(path, text);
        Assert.Equal(2, Assert.Throws<ToolException>(() => Budget.Read(path)).ExitCode);
        File.Delete(path);
    }

    [Fact]
    public void TheCommittedBudgetNamesWhatThereIs()
    {
        string path = Path.Combine(Path.GetDirectoryName(Here())!, "../../../bench/budget.json");
        IReadOnlyList<BudgetLine> lines = Budget.Read(path).Lines;
        Assert.NotEmpty(lines);
        foreach (BudgetLine line in lines)
        {
            Assert.Single(WorkloadList.Parse([line.Workload]));
            Assert.Contains(ToolList.All, tool => tool.Name == line.Tool);
            Assert.True(line.Over is null || ToolList.All.Any(tool => tool.Name == line.Over));
            Assert.True(line.Goal is not { } goal || line.Allows(goal, line.Limit), $"the goal of '{line}' is looser than its limit");
        }
    }

    [Theory]
    [InlineData("pgbench", "perf-trace", "it does not follow children that come later")]
    [InlineData("nginx", "syscount", "it traces one process")]
    [InlineData("nginx", "strace", null)]
    [InlineData("build", "perf-trace", null)]
    public void AToolThatCannotTraceAWorkloadSaysWhy(string workload, string tool, string? reason) =>
        Assert.Equal(reason, ToolList.All.Single(one => one.Name == tool).Unfit(Assert.Single(WorkloadList.Parse([workload]))));

    [Fact]
    public void ABenchThatNobodyWaitedForIsDead()
    {
        // A shell that becomes sleep never waits for its child, which ends after that.
        using Process parent = Process.Start(new ProcessStartInfo("sh", ["-c", "sleep 0.3 & echo $!; exec sleep 60"]) { RedirectStandardOutput = true })!;
        try
        {
            string zombie = "scry-bench-" + parent.StandardOutput.ReadLine();
            for (int i = 0; i < 1000 && !Leftovers.IsOfTheDead(zombie + "-x"); i++)
                Thread.Sleep(10);
            Assert.True(Directory.Exists($"/proc/{zombie["scry-bench-".Length..]}"));
            Assert.True(Leftovers.IsOfTheDead(zombie));
            Assert.False(Leftovers.IsOfTheDead($"scry-bench-{parent.Id}"));
            Assert.False(Leftovers.IsOfTheDead("other-1"));
        }
        finally
        {
            parent.Kill();
            parent.WaitForExit();
        }
    }

    [Fact]
    public void WhatSpreadsMoreThanItIsIsNoResult()
    {
        BenchResult result = Result();
        WorkloadResult workload = new("openat", "openat in a loop", Metric.Call) { Rounds = 3 };
        workload.Tools.Add(Tool("none", 100, 5000, 9000));
        workload.Tools.Add(Tool("floor", 110, 8690, 5321));
        workload.Tools.Add(Tool("scry-trace", 300, 5207, 9204));
        result.Workloads.Clear();
        result.Workloads.Add(workload);
        Assert.Null(workload.TimesFloor(workload.Find("scry-trace")!));
        string text = BenchText.Write(result, markdown: true);
        Assert.Contains("| floor | 5,321 ± 3,369 | ? ± 3,680 |  |", text);
        Assert.Contains("| 204 ± 3.00 |  |", text);
        Assert.DoesNotContain("floor</text>", BenchHtml.Write(result));
        using var json = new MemoryStream();
        BenchJson.Write(result, json);
        using JsonDocument document = JsonDocument.Parse(json.ToArray());
        JsonElement added = document.RootElement.GetProperty("workloads")[0].GetProperty("tools")[1].GetProperty("added");
        Assert.False(added.TryGetProperty("median", out _));
        Assert.Equal(3680, added.GetProperty("spread").GetDouble());
    }

    [Theory]
    [InlineData(3, 0.5, "no measurement: 3 rounds of getppid where it takes 15")]
    [InlineData(15, 0.1, "no measurement: runs of 0.1 s where it takes 0.5 s")]
    [InlineData(15, 0.5, null)]
    public void WhatIsBelowItsOwnRulesSaysSo(int rounds, double seconds, string? expected)
    {
        BenchResult result = Result() with { Seconds = seconds };
        result.Workloads.Clear();
        result.Workloads.Add(new("getppid", "", Metric.Call) { Rounds = rounds, Enough = 15 });
        Assert.Equal(expected, result.NoMeasurement);
        using var json = new MemoryStream();
        BenchJson.Write(result, json);
        foreach (string text in (string[])[BenchText.Write(result, false), BenchText.Write(result, true), BenchHtml.Write(result), System.Text.Encoding.UTF8.GetString(json.ToArray())])
            Assert.Equal(expected is not null, text.Contains(expected?[1..] ?? "o measurement", StringComparison.Ordinal));
    }

    private static string Here([System.Runtime.CompilerServices.CallerFilePath] string file = "") => file;

    private static ToolResult Tool(string name, params double[] values)
    {
        var result = new ToolResult(name, name == "scry-trace" ? "scry trace -G" : name, name is "none" or "floor" ? ToolKind.Baseline : ToolKind.Records);
        result.Samples.AddRange(values.Select((value, turn) => new Sample(turn, value) { Calls = 1000, Missing = 0, Reported = 0 }));
        return result;
    }

    private static WorkloadResult Calls()
    {
        var workload = new WorkloadResult("getppid", "getppid in a loop", Metric.Call);
        workload.Tools.Add(Tool("none", 100, 200, 300));
        workload.Tools.Add(Tool("floor", 110, 210, 310));
        workload.Tools.Add(Tool("scry-trace", 130, 230, 330));
        workload.Tools.Add(new ToolResult("strace", "strace -f", ToolKind.Records) { Failure = "<script>it broke" });
        return workload;
    }

    private static BenchResult Result()
    {
        var result = new BenchResult(new Machine("6.1", "a <CPU>", [0, 1], 8L << 30, true, "tsc", ["retbleed: Vulnerable"]), DateTime.UnixEpoch, 0.5)
        {
            Wake = new WakePrice(200, 1000, 8000),
        };
        result.Workloads.Add(Calls());
        result.Scales.Add(new ScaleResult("cgroups", "many cgroups", "cgroups", "ns", [new ScaleLine("scry-loop", [(1, 240, 3), (1000, 250, 5)]), new ScaleLine("scry-trace", [])]));
        result.LeftOut.Add(("sysdig", "it is not there"));
        result.Versions.Add("strace 6 <b>");
        return result;
    }
}
