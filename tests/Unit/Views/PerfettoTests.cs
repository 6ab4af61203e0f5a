using System.Text;
using System.Text.Json;
using Scry.Syscalls;
using Scry.Views;
using Scry.Views.Timeline;
using Scry.Wire;
using Xunit;
using static Scry.Tests.Unit.Views.RecordMaker;
using Decoder = Scry.Syscalls.Decoder;

namespace Scry.Tests.Unit.Views;

public sealed class PerfettoTests
{
    private const ulong At = 1_000_000_000;
    private const long States = 1L << 30, Cpus = (1L << 30) - 1;

    private static readonly byte[][] s_run =
    [
        Of(7, Task(7, 0, At, "main")),
        Of(7, Task(8, 0, At, "w\"\n")),
        Of(7, Span(8, 1, At + 1000, At + 4000, At + 5001, cpu: 2, waker: 7)),
        Of(7, Call(Getppid, 8, 2, At + 6000, 5500, -4)),
        Of(7, Span(8, 3, At + 7000, 0, At + 7500, cpu: 3, flags: SpanFlags.Preempted)),
        Of(7, Exit(8, 4, At + 9000, 9)),
    ];

    [Fact]
    public void ThreadsAndTheirStatesHaveTracksWithNames()
    {
        string[] names = [.. Events(s_run).Where(e => Is(e, "M") && e.GetProperty("name").GetString() == "thread_name")
            .Select(e => $"{e.GetProperty("pid")}/{e.GetProperty("tid")} {e.GetProperty("args").GetProperty("name")}")];
        Assert.Equal(["7/7 main", $"7/{States + 7} main (state)", "7/8 w\"\n", $"7/{States + 8} w\"\n (state)", $"{Cpus}/2 CPU 2", $"{Cpus}/3 CPU 3"], names);
    }

    [Fact]
    public void StatesAreSlicesInMicroseconds()
    {
        string[] slices = [.. Events(s_run).Where(e => Is(e, "X") && e.GetProperty("tid").GetInt64() == States + 8)
            .Select(e => $"{e.GetProperty("name")} {e.GetProperty("ts").GetRawText()} {e.GetProperty("dur").GetRawText()}")];
        Assert.Equal(
            ["blocked 1000001 3", "waiting for a CPU 1000004 1.001", "running 1000005.001 1.999", "preempted 1000007 0.500", "running 1000007.500 1.500"], slices);
        string[] cpus = [.. Events(s_run).Where(e => Is(e, "X") && e.GetProperty("pid").GetInt64() == Cpus).Select(e => $"{e.GetProperty("tid")} {e.GetProperty("name")}")];
        Assert.Equal(["2 w\"\n 8", "3 w\"\n 8"], cpus);
    }

    [Fact]
    public void CallsErrorsAndEndsAreThere()
    {
        JsonElement call = Events(s_run).Single(e => Is(e, "X") && e.GetProperty("cat").GetString() == "call");
        Assert.Equal("getppid 1000000.500 5.500", $"{call.GetProperty("name")} {call.GetProperty("ts").GetRawText()} {call.GetProperty("dur").GetRawText()}");
        Assert.Equal("getppid() = -1 EINTR (Interrupted system call)", call.GetProperty("args").GetProperty("call").GetString());
        Assert.Equal(["EINTR", "killed by SIGKILL"], Events(s_run).Where(e => Is(e, "i")).Select(e => e.GetProperty("name").GetString()!));
    }

    [Fact]
    public void ArrowsLeadFromTheWakerToWhereItRanOn()
    {
        JsonElement[] ends = [.. Events(s_run).Where(e => e.GetProperty("name").GetString() == "wakes")];
        Assert.Equal([$"s {States + 7} 1000004", $"f {States + 8} 1000005.001"], ends.Select(e => $"{e.GetProperty("ph")} {e.GetProperty("tid")} {e.GetProperty("ts").GetRawText()}"));
        Assert.Equal(ends[0].GetProperty("id").GetInt64(), ends[1].GetProperty("id").GetInt64());
    }

    [Fact]
    public void WhatIsLostEndsARunThatIsNotKnown()
    {
        JsonElement[] events = Events(Span(7, 0, At + 1, At + 2, At + 3), Span(7, 4, At + 7, At + 8, At + 9));
        Assert.Contains(events, e => Is(e, "i") && e.GetProperty("name").GetString() == "3 records lost");
        Assert.DoesNotContain(events, e => Is(e, "X") && e.GetProperty("name").GetString() == "running" && e.GetProperty("dur").GetDouble() > 0);
    }

    [Fact]
    public void ARunThatFailsLeavesJson()
    {
        var to = new MemoryStream();
        PerfettoView view = View(to, new TimelineOptions { Title = "x" });
        foreach (byte[] record in s_run)
            view.Write(record);
        view.Dispose();
        view.Dispose();
        JsonElement.Parse(to.ToArray());
        JsonElement empty = JsonElement.Parse(Trace(new TimelineOptions { Title = "x" }));
        Assert.Equal(0, empty.GetProperty("traceEvents").GetArrayLength());
    }

    [Fact]
    public void SizeIsBoundedAndWhatIsCutIsCounted()
    {
        byte[] trace = Trace(new TimelineOptions { Title = "x", MostBytes = 50_000 }, [.. Enumerable.Range(0, 5000).Select(i => Call(Getppid, 7, (uint)i, At + (ulong)i, 1))]);
        Assert.InRange(trace.Length, 50_000, 51_000);
        Assert.True(JsonElement.Parse(trace).GetProperty("otherData").GetProperty("events_cut").GetInt64() > 4000);
    }

    internal static byte[] Trace(TimelineOptions options, params byte[][] records)
    {
        var to = new MemoryStream();
        PerfettoView view = View(to, options);
        foreach (byte[] record in records)
            view.Write(record);
        view.Finish(new RunSummary(0, []));
        return to.ToArray();
    }

    private static PerfettoView View(Stream to, TimelineOptions options) =>
        new(new Decoder(new DecoderOptions { ResultColumn = 0 }), OutputWriter.To(to, lineBuffered: false), options);

    private static JsonElement[] Events(params byte[][] records) =>
        [.. JsonElement.Parse(Trace(new TimelineOptions { Title = "x" }, records)).GetProperty("traceEvents").EnumerateArray()];

    private static bool Is(JsonElement e, string phase) => e.GetProperty("ph").GetString() == phase;
}
