using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary><c>scry slow</c>: which calls are shown, where they come from, and what recordings have of it.</summary>
public sealed class SlowRunTests : IDisposable
{
    private readonly Workspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public void The_longest_come_first_and_no_others()
    {
        Slow(0, "--over", "40ms", "--top", "3", "-o", _workspace["top"], "--", "sh", "-c", "sleep 0.05; sleep 0.3; sleep 0.1");
        string[] calls = Calls(_workspace["top"]);
        Assert.Equal(3, calls.Length);
        Assert.Matches(@"wait4\(.* <0\.3", calls[0]);
        Assert.Matches(@"clock_nanosleep\(.* <0\.3", calls[1]);
        Assert.Matches(@"wait4\(.* <0\.1", calls[2]);
    }

    [Fact]
    public void Each_call_is_measured_by_its_own_threshold()
    {
        Slow(0, "--over", "wait4=1h,clock_nanosleep=150ms", "-o", _workspace["own"], "--", "sh", "-c", "sleep 0.05; sleep 0.2");
        Assert.Matches(@"clock_nanosleep\(.* <0\.2", Assert.Single(Calls(_workspace["own"])));
    }

    [Fact]
    public void What_is_rare_is_learned_first()
    {
        using Child busy = Child.Start("/bin/sh", ["-c", "while :; do i=0; while [ $i -lt 150 ]; do sleep 0.005; i=$((i+1)); done; sleep 0.4; done"]);
        Finished slow = Slow(0, "--over", "p90", "--learn", "500ms", "--for", "1500ms", "-e", "clock_nanosleep", "--top", "1", "-p", $"{busy.Id}", "-o", _workspace["rare"]);
        Assert.Matches(@"looking for 0\.5 s at what is usual\nscry: of \d+ calls by 1 names: unusual from clock_nanosleep [5-9]\.\d+ms on\n", slow.Error);
        Assert.Matches(@"clock_nanosleep\(.* <0\.4", Calls(_workspace["rare"])[0]);
        busy.Kill();
    }

    [Fact]
    public void Of_a_command_nothing_is_usual_yet()
    {
        Finished slow = Child.Run(ScryBinary.Path, "slow", "--over", "p99", "--", "true").Expect(2);
        Assert.Equal("scry: --over with a percentile needs a target that runs: of a command that is about to begin nothing is usual; give durations, or -p PID\n", slow.Error);
    }

    [Fact]
    public void A_call_that_goes_on_is_shown_with_its_wait_so_far()
    {
        using Child sleeper = Child.Start("/bin/sh", ["-c", "sleep 0.6; exec sleep 100"]);
        Slow(0, "--over", "200ms", "--for", "1300ms", "-p", $"{sleeper.Id}", "-o", _workspace["on"]);
        Assert.Matches(@"nanosleep\(.*<unfinished \.\.\.>\) = \? <\d\.\d+ so far> \{blocked [\d.]+m?s \(timer\), cpu ", Calls(_workspace["on"])[^1]);
        sleeper.Kill();
    }

    [Fact]
    public void A_caller_is_told_by_its_functions_now_and_from_a_recording_that_is_read_elsewhere()
    {
        string source = _workspace["sleeper.c"], program = _workspace["sleeper"];
        File.WriteAllText(source, """
            #include <unistd.h>
            static int __attribute__((noinline)) rests(void) { return usleep(150000) + 1; }
            static int __attribute__((noinline)) works(void) { return rests() + 1; }
            int main(void) { return works() != 2; }
            """);
        Child.Run("gcc", "-O2", "-g", "-fomit-frame-pointer", "-o", program, source).Expect();
        Slow(0, "--stacks", "-o", _workspace["lines"], "--", program);
        Assert.Matches(@"(?s)rests\+0x\w+ at sleeper\.c:2 .*works\+0x\w+ at sleeper\.c:3 .*main\+0x\w+ at sleeper\.c:4 ", File.ReadAllText(_workspace["lines"]));

        Child.Run(ScryBinary.Path, "record", "-q", "--split", "--call-graph", "dwarf", "-o", _workspace["calls"], "--", program).Expect();
        // Nothing is read but the recording.
        File.Delete(program);
        Finished report = Child.Run(ScryBinary.Path, "report", _workspace["calls"], "--over", "100ms", "--json",
            "--flamegraph", _workspace["flame.svg"], "--folded", _workspace["folded"], "--perfetto", _workspace["trace.json"]).Expect();
        using JsonDocument call = JsonDocument.Parse(report.Lines.Single(line => line.Contains("\"type\":\"call\"", StringComparison.Ordinal)));
        Assert.Equal(["rests", "works", "main"], call.RootElement.GetProperty("stack").EnumerateArray().Select(place => place.GetProperty("function").GetString()).Where(name => name is "rests" or "works" or "main"));
        Assert.Equal("timer", call.RootElement.GetProperty("split").GetProperty("blocked")[0].GetProperty("on").GetString());
        Assert.Equal("a timer", call.RootElement.GetProperty("split").GetProperty("longest").GetProperty("woken_by")[0].GetProperty("interrupt").GetString());
        Assert.Matches(@"main;works;rests;.*nanosleep;.*_\[b\] 1[5-9]\d{4}", File.ReadAllText(_workspace["folded"]));
        Assert.Equal("svg", XDocument.Load(_workspace["flame.svg"]).Root!.Name.LocalName);
        using JsonDocument trace = JsonDocument.Parse(File.ReadAllText(_workspace["trace.json"]));
        Assert.Contains(trace.RootElement.GetProperty("traceEvents").EnumerateArray(), shown => shown.GetProperty("name").GetString() == "clock_nanosleep");
    }

    [Theory]
    [InlineData("--over", "1s,2s", "has two durations")]
    [InlineData("--over", "p12", "is not a percentile")]
    [InlineData("--over", "nosuchcall=1s", "nosuchcall")]
    [InlineData("--learn", "5s", "--learn is for --over p99.9")]
    [InlineData("--chain", "9", "write one from 1 to 8")]
    [InlineData("--call-graph", "lbr", "is not one of dwarf, fp")]
    [InlineData("--top", "0", "write one from 1 to 10000")]
    public void Words_that_make_no_sense_are_told(string option, string value, string says)
    {
        Finished slow = Child.Run(ScryBinary.Path, "slow", "-a", option, value).Expect(2);
        Assert.Contains(says, slow.Error);
        Assert.Single(slow.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void A_picture_of_a_recording_without_splits_is_refused()
    {
        Child.Run(ScryBinary.Path, "record", "-q", "-o", _workspace["plain"], "--", "true").Expect();
        Finished report = Child.Run(ScryBinary.Path, "report", _workspace["plain"], "--flamegraph", _workspace["flame.svg"]).Expect(1);
        Assert.Equal("scry: the recording does not have where calls' time went; record with --split, and --call-graph dwarf for stacks\n", report.Error);
        Assert.False(File.Exists(_workspace["flame.svg"]));
    }

    private static Finished Slow(int status, params string[] words) => Child.Run(ScryBinary.Path, ["slow", .. words]).Expect(status);

    private static string[] Calls(string file) => [.. File.ReadLines(file).Where(line => Regex.IsMatch(line, @"^\d+ "))];
}
