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
    public void WhatIsAddedIsTakenWithinARound()
    {
        WorkloadResult workload = Calls();
        // Untraced 100, 200, 300: the machine got slower; each round adds 10 and 30.
        Assert.Equal(10, workload.Added(workload.Find("floor")!).Median);
        Assert.Equal(30, workload.Added(workload.Find("scry-trace")!).Median);
        Assert.Equal(3.0, workload.TimesFloor(workload.Find("scry-trace")!));
        Assert.Null(workload.TimesFloor(workload.Find("none")!));
    }

    [Fact]
    public void WhatIsKeptIsAShareOfTheRound()
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
        Assert.Null(ToolOutput.TableCount("SYSCALL  COUNT\nread  12\n", "getppid"));
        Assert.Equal(12345, ToolOutput.BpftraceCount("@[1]: 2\n@[110]: 12345\n", 110));
        Assert.Null(ToolOutput.BpftraceCount("@[1101]: 5\n", 110));
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
        Assert.Contains("| strace -f | failed: <script>it broke |", BenchText.Write(Result(), markdown: true));
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

    private static string Here([System.Runtime.CompilerServices.CallerFilePath] string file = "") => file;

    private static ToolResult Tool(string name, params double[] values)
    {
        var result = new ToolResult(name, name == "scry-trace" ? "scry trace -G" : name, name is "none" or "floor" ? ToolKind.Baseline : ToolKind.Records);
        result.Samples.AddRange(values.Select((value, round) => new Sample(round, value) { Calls = 1000, Missing = 0, Reported = 0 }));
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
        var result = new BenchResult(new Machine("6.1", "a <CPU>", [0, 1], 8L << 30, true, "tsc", ["retbleed: Vulnerable"]), DateTime.UnixEpoch, 3, 0.5)
        {
            Wake = new WakePrice(200, 1000, 8000),
        };
        result.Workloads.Add(Calls());
        result.Scales.Add(new ScaleResult("cgroups", "many cgroups", "cgroups", "ns", [new ScaleLine("scry-loop", [(1, 240, 3), (1000, 250, 5)]), new ScaleLine("scry-trace", [])]));
        result.LeftOut.Add(("sysdig", "it is not there"));
        return result;
    }
}
