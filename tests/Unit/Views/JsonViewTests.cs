using System.Text.Json;
using Scry.Syscalls;
using Scry.Views;
using Scry.Wire;
using Xunit;
using static Scry.Tests.Unit.Views.RecordMaker;

namespace Scry.Tests.Unit.Views;

public sealed class JsonViewTests
{
    private const long Offset = 1_700_000_000_000_000_000;

    [Fact]
    public void CallHasTimeThreadAndNames()
    {
        JsonElement[] lines = Parse(Task(7, 0, 1, "sh"), Call(Getppid, 7, 1, 2_000_000_005, duration: 1_000_000_000, result: 42));
        Assert.Equal("task", lines[0].GetProperty("type").GetString());
        Assert.Equal("first", lines[0].GetProperty("why").GetString());
        JsonElement call = lines[1];
        Assert.Equal("call", call.GetProperty("type").GetString());
        Assert.Equal("1700000001.000000005", call.GetProperty("time").GetString());
        Assert.Equal(7, call.GetProperty("pid").GetInt32());
        Assert.Equal("sh", call.GetProperty("comm").GetString());
        Assert.Equal("/c7", call.GetProperty("cgroup").GetString());
    }

    [Fact]
    public void HostileCommStaysAString()
    {
        byte[] task = Task(7, 0, 1, "a\"\\\e\n\u009b");
        Assert.Equal("a\"\\\e\n\u009b", Parse(task)[0].GetProperty("comm").GetString());
        task[48] = 0xff;
        string text = Text(task);
        Assert.Contains("\"comm\":\"\\uefff\\\"\\\\\\u001b\\u000a\\u009b\"", text);
    }

    [Fact]
    public void EveryKindIsOneObject()
    {
        JsonElement[] lines = Parse(
            Signal(7, 0, 1, 17, 1, 0, 12 | 1000UL << 32, 3, 130),
            Signal(7, 1, 1, 11, 1, 0, 0xdead0000),
            Signal(7, 2, 1, 32, -2, 0, 1, 2, 3),
            Signal(7, 3, 1, 31, 1, 5, 1, 2, 3),
            Signal(7, 4, 1, 29, 1, 5, 1, 2, 3),
            Signal(7, 5, 1, 36, -1, 5, 1, 2, 3),
            Exit(7, 9, 5, 11 | 0x80));
        Assert.Equal("SIGCHLD", lines[0].GetProperty("signal").GetString());
        Assert.Equal("CLD_EXITED", lines[0].GetProperty("code").GetString());
        Assert.Equal("0xdead0000", lines[1].GetProperty("si_addr").GetString());
        Assert.Equal(3, lines[6].GetProperty("lost").GetInt32());
        Assert.Equal("gap", lines[6].GetProperty("type").GetString());
        Assert.Equal("exit", lines[7].GetProperty("type").GetString());
        Assert.True(lines[7].GetProperty("core").GetBoolean());
    }

    [Fact]
    public void SummaryEndsTheStream()
    {
        JsonElement summary = Parse()[^1];
        Assert.Equal("summary", summary.GetProperty("type").GetString());
        Assert.Equal(12, summary.GetProperty("calls").GetInt32());
        Assert.False(summary.GetProperty("complete").GetBoolean());
        Assert.Equal(5, summary.GetProperty("reasons").GetProperty("too_large").GetInt32());
    }

    [Fact]
    public void SummaryTellsWhatWasGivenUp()
    {
        var stream = new MemoryStream();
        new JsonView(new Decoder(), OutputWriter.To(stream, lineBuffered: false), Offset, null).Finish(new RunSummary(1, [0, 0, 0, 0])
        {
            GivenUp = [new GivenUpSpan("durations", 1_000_000_000, null, null, null, 0.0175), new GivenUpSpan("calls", 2_000_000_000, 3_000_000_000, "/a\"\n", 55, 0.02)],
        });
        JsonElement[] given = [.. JsonDocument.Parse(stream.ToArray()).RootElement.GetProperty("given_up").EnumerateArray()];
        Assert.Equal("{\"what\":\"durations\",\"from\":\"1700000001.000000000\",\"cpu_percent\":1.750}", given[0].GetRawText());
        Assert.Equal("1700000003.000000000", given[1].GetProperty("to").GetString());
        Assert.Equal("/a\"\n", given[1].GetProperty("cgroup").GetString());
        Assert.Equal(55, given[1].GetProperty("calls").GetInt32());
    }

    private static JsonElement[] Parse(params byte[][] records) =>
        [.. Text(records).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

    private static string Text(params byte[][] records)
    {
        var stream = new MemoryStream();
        var view = new JsonView(new Decoder(), OutputWriter.To(stream, lineBuffered: false), Offset, id => $"/c{id}");
        foreach (byte[] record in records)
            view.Write(record);
        view.Finish(new RunSummary(12, [0, 5, 0, 0]));
        return System.Text.Encoding.UTF8.GetString(stream.ToArray());
    }
}
