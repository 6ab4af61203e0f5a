using System.Text.Json;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary><c>scry sched</c> and <c>scry timeline</c>: the scheduler's view of a run.</summary>
public sealed class TimelineTests
{
    private static readonly string[] s_sleeper = ["--", "sh", "-c", "sleep 0.2; true"];

    [Fact]
    public void Sums_of_a_command_are_those_of_its_threads()
    {
        using var workspace = new Workspace();
        Child.Run(ScryBinary.Path, ["sched", "--json", "-o", workspace["json"], .. s_sleeper]).Expect();
        JsonElement[] rows = [.. File.ReadLines(workspace["json"]).Select(line => JsonDocument.Parse(line).RootElement)];
        JsonElement sleep = rows.Single(row => row.TryGetProperty("comm", out JsonElement comm) && comm.GetString() == "sleep");
        Assert.InRange(sleep.GetProperty("blocked_ns").GetInt64(), 195_000_000, 2_000_000_000);
        Assert.InRange(sleep.GetProperty("running_ns").GetInt64(), 1, 195_000_000);
        Assert.Contains(rows, row => row.TryGetProperty("comm", out JsonElement comm) && comm.GetString() == "sh");
        Assert.True(rows[^1].GetProperty("complete").GetBoolean());
        Assert.Equal(rows[..^1].Sum(row => row.GetProperty("switches").GetInt64()), rows[^1].GetProperty("switches").GetInt64());
    }

    [Fact]
    public void A_trace_has_the_states_of_a_command_beside_its_calls()
    {
        using var workspace = new Workspace();
        Child.Run(ScryBinary.Path, ["timeline", "--perfetto", workspace["json"], .. s_sleeper]).Expect();
        JsonElement[] events = [.. JsonDocument.Parse(File.ReadAllText(workspace["json"])).RootElement.GetProperty("traceEvents").EnumerateArray()];
        JsonElement[] slices = [.. events.Where(e => e.GetProperty("ph").GetString() == "X")];
        JsonElement call = slices.Single(e => e.GetProperty("name").GetString() == "clock_nanosleep");
        (double begin, double end) = Times(call);
        // Asleep in it, and nowhere else: the longest wait lies within the call.
        JsonElement wait = slices.Where(e => e.GetProperty("name").GetString() == "blocked" && e.GetProperty("pid").GetInt64() == call.GetProperty("pid").GetInt64())
            .MaxBy(e => e.GetProperty("dur").GetDouble());
        Assert.InRange(Times(wait).Begin, begin, end);
        Assert.InRange(Times(wait).End, begin, end);
        Assert.InRange(wait.GetProperty("dur").GetDouble(), 195_000, 2_000_000);
        Assert.Contains(slices, e => e.GetProperty("name").GetString() == "running");
        // No thread is the idle task.
        Assert.DoesNotContain(events, e => e.GetProperty("pid").GetInt64() == 0);
    }

    [Fact]
    public void A_page_of_a_recording_has_its_calls_and_says_what_it_lacks()
    {
        using var workspace = new Workspace();
        Child.Run(ScryBinary.Path, ["record", "-o", workspace["calls.scry"], .. s_sleeper]).Expect();
        Finished run = Child.Run(ScryBinary.Path, ["timeline", workspace["calls.scry"], "-o", workspace["page.html"]]).Expect();
        Assert.Contains("the recording has nothing of the scheduler: there are calls alone; 'scry record --spans' records it", run.Error);
        string page = File.ReadAllText(workspace["page.html"]);
        Assert.StartsWith("<!DOCTYPE html>", page);
        Assert.Contains("clock_nanosleep(CLOCK_REALTIME, 0, {tv_sec=0, tv_nsec=200000000}", page);
    }

    [Fact]
    public void What_cannot_be_written_is_one_line()
    {
        Finished run = Child.Run(ScryBinary.Path, ["timeline", "-a", "-o", "/nowhere/page.html"]);
        Assert.Equal(1, run.Status);
        Assert.Equal("scry: cannot write '/nowhere/page.html': no such file or directory\n", run.Error);
    }

    private static (double Begin, double End) Times(JsonElement slice) =>
        (slice.GetProperty("ts").GetDouble(), slice.GetProperty("ts").GetDouble() + slice.GetProperty("dur").GetDouble());
}
