using System.Text.Json;
using Scry.Tests.Kernels.Harness;
using Xunit;

namespace Scry.Tests.Kernels;

/// <summary>Counting, and what is blocked.</summary>
public abstract partial class KernelTests
{
    /// <summary>What is counted is what strace counts, of the same process at the same time.</summary>
    [InMachine("""
        scry stat --count-only --json --by comm -o alone -- scry stat --json --by comm -o json -- strace -c -f -U name,calls,errors -o strace threads 50
        """, Shows = "stat")]
    public void CountsAreThoseOfStrace()
    {
        foreach (string file in new[] { "json", "alone" })
            CheckCounts(Ran()[file].TrimEnd('\n').Split('\n'), Ran()["strace"]);
    }

    private static void CheckCounts(string[] json, string strace)
    {
        IEnumerable<JsonElement> rows = json.Select(line => JsonDocument.Parse(line).RootElement).Where(row => row.TryGetProperty("comm", out JsonElement comm) && comm.GetString() == "threads");
        IEnumerable<string> counted = rows.Select(row => $"{row.GetProperty("syscall").GetString()} {row.GetProperty("calls").GetInt64()} {row.GetProperty("errors").GetInt64()}");
        IEnumerable<string> expected = strace.Split('\n').Skip(2).TakeWhile(line => !line.StartsWith('-'))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Select(words => $"{words[0]} {words[1]} {(words.Length > 2 ? words[2] : "0")}");
        Assert.Equal(expected.Order(StringComparer.Ordinal), counted.Order(StringComparer.Ordinal));
        Assert.Contains("\"exact\":true", json[^1]);
    }

    /// <summary>strace's own table.</summary>
    [InMachine("scry strace -c -f -o table count 1000 3", Shows = "strace -c")]
    public void TheTableOfStraceIsExact() => Assert.Matches(@"(?m) 3000 +3000 lseek$", Ran()["table"]);

    /// <summary>Who makes calls is seen, by the code that makes them.</summary>
    [InMachine("""
        count 0 1 &
        scry top --batch 2 -F 1 --sort comm,dso -p $!
        """, Shows = "top")]
    public void TopShowsWhoMakesCalls() => Assert.Matches(@"(?m)^ +\d+ +\d+ +\S+ +\S+ +count +count$", Ran().Output);

    /// <summary>The measurement of tracers runs.</summary>
    [InMachine("scry bench -w getppid --tools none,floor,scry-trace --quick --runs 1 --length 10ms -o report", Shows = "bench")]
    public void BenchRuns() => Assert.Matches(@"(?m)^ +scry trace .* 0 +0 ", Ran().Output);

    /// <summary>A thread in a read of a pipe, in a futex and in a sleep: which call, and whom it waits for.</summary>
    [InMachine("""
        stuck empty-pipe &
        stuck mutex &
        stuck sleep &
        sleep 1
        scry stuck --over 0 --all-threads -s 8
        """, Shows = "stuck")]
    public void WhatIsBlockedIsShown()
    {
        Assert.Matches(@"stuck\[\d+\]  read\(\d+<pipe:\[\d+\]>, ", Ran().Output);
        Assert.Matches(@"waiter\[\d+/\d+\]  futex\(0x", Ran().Output);
        Assert.Matches(@"stuck\[\d+\]  (clock_)?nanosleep\(", Ran().Output);
    }
}
