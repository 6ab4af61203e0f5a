using System.Globalization;
using System.Text.Json;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>What a dump says of its times, its order and what it covers.</summary>
public sealed class LoopPastTests
{
    [Fact]
    public void ADumpSaysHowMuchItRemembersOfWhatWasAskedFor()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using var loop = new Loop("-G", cgroup.Path, "--memory", "4M");
        Child.Shell($"{cgroup.Enter}; cat /mark/first");
        Assert.Matches(@"complete: \d+ calls in the last [\d.]+ s, since recording began\n", loop.Dump("--last", "1h").Error);
        Child.Shell($"{cgroup.Enter}; {Programs.Path("count")} 200000 1");
        Assert.Matches(@"(?m)^scry: \d+ calls: remembers [\d.]+ s of the 3600 s asked for; (--memory \d+M would hold them|no --memory would hold them .*)$", loop.Dump("--last", "1h").Error);
        Assert.Matches(@"complete: \d+ calls in the last [\d.]+ s; \d+ records before that are overwritten\n", loop.Dump().Error);
        using JsonDocument end = JsonDocument.Parse(loop.Dump("--last", "1h", "--json").Lines[^1]);
        Assert.False(end.RootElement.GetProperty("complete").GetBoolean());
        Assert.InRange(end.RootElement.GetProperty("covers_ns").GetInt64(), 0, 3_000_000_000_000);
    }

    [Fact]
    public void RecordsOfAnIncidentAreNotOverwrittenAndIncidentsAreNumberedAsTheyCome()
    {
        using Cgroup parent = Cgroup.Unified(), one = parent.Below("one"), two = parent.Below("two");
        using var loop = new Loop("-G", parent.Path, "--memory", "8M");
        using Child shell = Child.Start("/bin/sh", ["-c", $"{one.Enter}; cat /mark/one; {two.Enter}; cat /mark/two; echo ready >&2; read go; cat /mark/later"]);
        Eventually.True(() => shell.Error.Contains("ready", StringComparison.Ordinal), "both have a past");
        Child.Run(ScryBinary.Path, "loop", "trigger", loop.Name, "-G", two.Path).Expect();
        Child.Run(ScryBinary.Path, "loop", "trigger", loop.Name, "-G", one.Path).Expect();
        shell.Input.WriteLine("go");
        shell.Wait();
        Assert.Contains("/mark/two", loop.Dump("--incident", "1").Output);
        Assert.Contains("/mark/one", loop.Dump("--incident", "2").Output);
        Finished dump = loop.Dump();
        Assert.Contains("/mark/later", dump.Output);
        Assert.DoesNotContain("overwritten", dump.Output);
        Assert.Matches(@"\.\.\. \d+ records in incident [12] \.\.\.", dump.Output);
        Assert.Matches(@"; what was before is in incident [12]\n", dump.Error);
    }

    [Fact]
    public void LinesStandInTheOrderOfEndsInTraceReportAndDump()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using var workspace = new Workspace();
        using var loop = new Loop("-G", cgroup.Path, "-T", "--memory", "8M");
        string command = "sleep 0.05 & sleep 0.02 & ls / > /dev/null & wait";
        Child.Shell($"{cgroup.Enter}; {ScryBinary.Path} trace --json -o {workspace["trace"]} -- sh -c '{command}'").Expect();
        Child.Run(ScryBinary.Path, "record", "-o", workspace["record.scry"], "--", "sh", "-c", command).Expect();
        Child.Run(ScryBinary.Path, "report", "--json", "-o", workspace["report"], workspace["record.scry"]).Expect();
        loop.Dump("--json", "-o", workspace["dump"]);
        foreach (string file in (string[])["trace", "report", "dump"])
        {
            decimal[] ends = [.. File.ReadLines(workspace[file]).Select(End).OfType<decimal>()];
            Assert.True(ends.Length > 50, file);
            Assert.Equal(ends.Order(), ends);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TicksOfTheKernelAreNotShownAsTimes(bool exact)
    {
        using Cgroup cgroup = Cgroup.Unified();
        string[] words = ["-G", cgroup.Path, "--memory", "4M"];
        using var loop = new Loop(exact ? [.. words, "-T"] : words);
        Child.Shell($"{cgroup.Enter}; cat /mark/one");
        Assert.Equal(exact, loop.Dump("-s").Output.Contains("usecs/call", StringComparison.Ordinal));
        Assert.Equal(exact, loop.Dump("--json").Output.Contains("\"duration\":", StringComparison.Ordinal));
        Finished over = Child.Run(ScryBinary.Path, "loop", "dump", loop.Name, "--over", "1us").Expect(exact ? 0 : 1);
        Assert.Equal(!exact, over.Error.Contains("calls cannot be chosen by how long they took", StringComparison.Ordinal));
        foreach (string style in (string[])["-tt", "-ttt", "-r"])
            Assert.Matches(exact ? @"\.\d{6} openat\(.*/mark/one.*<\d\.\d{6}>" : @"\.\d{2} openat\(.*/mark/one.*<~\d\.\d{2}>", loop.Dump(style, "-T").Output);
    }

    [Theory]
    [InlineData(1000)]
    [InlineData(-1000)]
    public void InATimeNamespaceTimesAreThoseOfTheWall(int seconds)
    {
        double now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1e3;
        Finished trace = Child.Run("unshare", "-T", "--monotonic", $"{seconds}", ScryBinary.Path, "trace", "-ttt", "-e", "execve", "--", "true").Expect();
        Assert.InRange(double.Parse(trace.Error.Split(' ')[0], CultureInfo.InvariantCulture), now - 1, now + 30);
        Assert.Contains("complete: 1 call", trace.Error);
    }

    // Of what did not end before the run there is none.
    private static decimal? End(string line)
    {
        using JsonDocument record = JsonDocument.Parse(line);
        if (!record.RootElement.TryGetProperty("time", out JsonElement time) || record.RootElement.TryGetProperty("in_flight", out _))
            return null;
        decimal begin = decimal.Parse(time.GetRawText().Trim('"'), CultureInfo.InvariantCulture);
        return begin + (record.RootElement.TryGetProperty("duration", out JsonElement duration) ? duration.GetInt64() / 1e9m
            : record.RootElement.TryGetProperty("elapsed", out JsonElement elapsed) ? elapsed.GetInt64() / 1e9m : 0);
    }
}
