using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>A recorder with a budget gives up detail in a stated order, says so, and takes it back.</summary>
public sealed partial class LoopBudgetTests
{
    private const int Many = 3_000_000;

    // A thread that does nothing but calls costs several times as much, one whose calls are given up more than half as much.
    private static readonly string s_budget = string.Create(CultureInfo.InvariantCulture, $"{10.0 / Environment.ProcessorCount:F2}%");

    [Fact]
    public void DetailIsGivenUpInOrderIsToldAndComesBack()
    {
        using Cgroup parent = Cgroup.Unified(), busy = parent.Below("busy"), quiet = parent.Below("quiet");
        using var loop = new Loop("-G", parent.Path, "-T", "--cpu-budget", s_budget, "--memory", "256M");
        using Child load = Child.Start("/bin/sh", ["-c", $"{busy.Enter}; exec {Programs.Path("count")} {Many} 1"]);
        Eventually.True(() => MutedNow().IsMatch(loop.List().Output), "the busy cgroup's calls are given up");
        Child.Shell($"{quiet.Enter}; exec 3< /etc/passwd");
        load.Wait();
        Eventually.True(() => loop.List().Output.Contains("given up now: nothing; ", StringComparison.Ordinal), "all is back");

        Finished dump = loop.Dump("--json");
        JsonElement[] given = [.. JsonDocument.Parse(dump.Lines[^1]).RootElement.GetProperty("given_up").EnumerateArray()];
        Assert.Equal(["durations", "memory", "calls"], given.Select(entry => Text(entry, "what")).Take(3));
        Assert.Equal(given.Select(entry => Text(entry, "from")).Order(StringComparer.Ordinal), given.Select(entry => Text(entry, "from")));
        Assert.All(given, entry => Assert.True(string.CompareOrdinal(Text(entry, "from"), Text(entry, "to")) < 0));
        Assert.All(given, entry => Assert.True(entry.GetProperty("cpu_percent").GetDouble() > 10.0 / Environment.ProcessorCount));
        // On a busy machine some of it may come and go.
        Assert.Equal(Math.Min(given.Length, 10), dump.Error.Split('\n').Count(line => Told().IsMatch(line)));
        Assert.Contains("; before that, calls were given up for the budget", dump.Error);
        Assert.DoesNotContain("complete: ", dump.Error);
        Assert.Equal(given.Select(entry => Text(entry, "what")), Listed(loop).Select(entry => Text(entry, "what")));

        // Every call of the busy one is there, or counted; a quiet one's are there.
        string[] calls = [.. dump.Lines.Where(line => line.Contains("\"name\":\"lseek\"", StringComparison.Ordinal))];
        JsonElement[] muted = [.. given.Where(entry => Text(entry, "what") == "calls")];
        Assert.EndsWith("/busy", Text(muted[0], "cgroup"), StringComparison.Ordinal);
        Assert.InRange(calls.Length + muted.Sum(entry => entry.GetProperty("calls").GetInt64()), Many, Many + 200);
        Assert.Contains(calls, line => line.Contains("\"duration\":", StringComparison.Ordinal));
        Assert.Contains(calls, line => line.Contains("\"coarse\":true", StringComparison.Ordinal));
        Assert.Contains(loop.Dump("--show-cgroup", "-e", "openat").Lines, line => line.Contains("/quiet ", StringComparison.Ordinal) && !line.Contains('"', StringComparison.Ordinal));
    }

    [Fact]
    public void UnderTheBudgetNothingIsGivenUp()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using var loop = new Loop("-G", cgroup.Path, "-T", "--cpu-budget", "100%", "--memory", "8M");
        Child.Shell($"{cgroup.Enter}; {Programs.Path("count")} 1000000 1; cat /mark/here").Expect(1);
        Assert.Contains("cpu budget 100 % of the machine; given up now: nothing\n", loop.List().Output);
        Assert.Empty(Listed(loop));
        Finished dump = loop.Dump("--json");
        Assert.Contains("/mark/here", dump.Output);
        Assert.DoesNotContain("given", dump.Error);
        Assert.DoesNotContain("given_up", dump.Lines[^1]);
    }

    [Theory]
    [InlineData("1")]
    [InlineData("0%")]
    [InlineData("101%")]
    [InlineData("much")]
    public void ABadBudgetIsOneLine(string budget)
    {
        string name = Loop.FreshName();
        Finished start = Child.Run(ScryBinary.Path, "loop", "start", name, "-a", "--cpu-budget", budget).Expect(2);
        Assert.Equal($"scry: --cpu-budget: '{budget}' is not a share; write 1%, 0.5%: from 0.01% to 100%\n", start.Error);
        Assert.DoesNotContain(name, Loop.Names());
    }

    private static string Text(JsonElement entry, string member) => entry.GetProperty(member).GetString()!;

    private static JsonElement[] Listed(Loop loop) =>
        [.. JsonDocument.Parse(loop.List("--json").Lines[0]).RootElement.GetProperty("given_up").EnumerateArray()];

    [GeneratedRegex(@"given up now: exact durations, the memory of calls \(.*\), \d+ calls of the cgroup /\S+/busy")]
    private static partial Regex MutedNow();

    [GeneratedRegex(@"^scry: given up from \d\d:\d\d:\d\d to \d\d:\d\d:\d\d: .*; the recorder took [\d.]+ % of the machine's CPU time, its budget is [\d.]+ %$")]
    private static partial Regex Told();
}
