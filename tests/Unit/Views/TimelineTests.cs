using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Scry.Syscalls;
using Scry.Views;
using Scry.Views.Timeline;
using Scry.Wire;
using Xunit;
using static Scry.Tests.Unit.Views.RecordMaker;
using Decoder = Scry.Syscalls.Decoder;

namespace Scry.Tests.Unit.Views;

public sealed partial class TimelineTests
{
    private const ulong At = 1_000_000_000;
    private const int Gap = 0x10, LeftSeen = 0x20, WokenSeen = 0x40;

    [Fact]
    public void SpansAreDifferencesOfTimes()
    {
        JsonElement data = Data(
            Task(7, 0, At, "worker"), Span(7, 1, At + 1000, At + 5000, At + 5300, cpu: 3, state: 2), Span(7, 2, At + 9000, 0, At + 9500, cpu: 1, flags: SpanFlags.Preempted));
        JsonElement thread = data.GetProperty("threads")[0];
        Assert.Equal((7, 7, "worker"), (thread[0].GetInt32(), thread[1].GetInt32(), Text(data, thread[2].GetInt32())));
        Assert.Equal((2, 0), (thread[4].GetInt32(), thread[5].GetInt32()));
        Assert.Equal([LeftSeen | WokenSeen, 0, 4000, 300, 3, 2, 0, LeftSeen | (int)SpanFlags.Preempted, 3700, 500, 1, 1, 0], Numbers(thread[6]));
        Assert.Equal(8500, data.GetProperty("end").GetInt64());
        Assert.True(data.GetProperty("spans").GetBoolean());
    }

    [Fact]
    public void CallsHaveTextErrorSplitAndWaker()
    {
        var split = new CallSplit { Queued = 30, Blocked = 900, Io = 100, Waits = 2 };
        var waits = new CallWaits { Longest = 800, Links = 1 };
        waits.Chain[0].Tid = 99;
        "waker"u8.CopyTo(waits.Chain[0].Comm);
        byte[] call = Call(Getppid, 7, 1, At + 2000, 1000, -11);
        call = With(call, 0, MemoryMarshal.AsBytes(new ReadOnlySpan<CallSplit>(in split)), CapturePhase.Exit, CaptureFlags.Split);
        call = With(call, 0, MemoryMarshal.AsBytes(new ReadOnlySpan<CallWaits>(in waits)), CapturePhase.Exit, CaptureFlags.Waits);
        JsonElement data = Data(Task(7, 0, At, "x"), call);
        JsonElement thread = data.GetProperty("threads")[0];
        Assert.Equal(1, thread[7].GetInt32());
        int[] numbers = Numbers(thread[9]);
        Assert.Equal([7, 0, 1000], numbers[..3]);
        Assert.Equal("getppid", Text(data, numbers[3]));
        Assert.Equal("getppid() = -1 EAGAIN (Resource temporarily unavailable)", Text(data, numbers[4] - 1));
        Assert.Equal([11, 30, 0, 900, 100, 0, 0, 0, 0, 2, 0, 0, 0], numbers[5..18]);
        Assert.Equal("waker", Text(data, numbers[18]));
        Assert.Equal([99, 800], numbers[19..]);
        Assert.Equal("EAGAIN", data.GetProperty("errors").GetProperty("11").GetString());
    }

    [Fact]
    public void BeginIsThatOfTheEarliestCallAndTheWallClockWithIt()
    {
        JsonElement data = Data(Call(Getppid, 7, 0, At + 5000, 4000), Call(Getppid, 8, 0, At + 6000, 5900));
        Assert.Equal((At + 100 + 1_700_000_000_000_000_000).ToString(), data.GetProperty("wall").GetString());
        Assert.Equal(900, data.GetProperty("threads")[0][8].GetInt64());
        Assert.Equal(0, data.GetProperty("threads")[1][8].GetInt64());
    }

    [Fact]
    public void LostRecordsAreMarkedAndTheSpanAfterThemIsUnsure()
    {
        JsonElement data = Data(Task(7, 0, At, "x"), Span(7, 1, At + 1, At + 2, At + 3), Span(7, 5, At + 7, At + 8, At + 9));
        Assert.Equal([2, 0, 8, Text(data, "3 records lost")], Numbers(data, "marks"));
        Assert.Equal(LeftSeen | WokenSeen | Gap, Numbers(data.GetProperty("threads")[0][6])[7]);
    }

    [Fact]
    public void SignalsAndEndsAreMarksAndATidMayComeAgain()
    {
        JsonElement data = Data(
            Task(7, 0, At, "first"), Call(Getppid, 7, 1, At), Signal(7, 2, At + 10, 14, 0x80), Exit(7, 3, At + 20, 3 << 8), Task(7, 0, At + 30, "second"), Exit(7, 1, At + 40, 9));
        Assert.Equal(
            [0, 0, 10, Text(data, "SIGALRM {si_signo=SIGALRM, si_code=SI_KERNEL}"), 1, 0, 20, Text(data, "exited with 3"), 1, 1, 40, Text(data, "killed by SIGKILL")],
            Numbers(data, "marks"));
        Assert.Equal(["first", "second"], data.GetProperty("threads").EnumerateArray().Select(thread => Text(data, thread[2].GetInt32())));
        Assert.Equal([20L, 40L], data.GetProperty("threads").EnumerateArray().Select(thread => thread[3].GetInt64()));
    }

    [Fact]
    public void HostileTextStaysText()
    {
        const string evil = "</script><!--<b>";
        string page = Page(new TimelineOptions { Title = evil + "\0\u202e" }, Task(7, 0, At, evil[..15]), Call(Getppid, 7, 1, At + 1));
        Assert.Equal(2, Regex.Count(page, "<script"));
        Assert.Equal(2, Regex.Count(page, "</script"));
        Assert.DoesNotContain("<b>", page);
        Assert.Contains("<title>&lt;/script&gt;&lt;!--&lt;b&gt;??</title>", page);
        JsonElement data = Data(page);
        Assert.Equal(evil[..15], Text(data, data.GetProperty("threads")[0][2].GetInt32()));
    }

    [Fact]
    public void PageNeedsNothingElseAndIsSmall()
    {
        string page = Page(new TimelineOptions { Title = "empty" });
        Assert.InRange(page.Length, 1, 60_000);
        Assert.DoesNotMatch("(?i)https?://|src=|@import|url\\(", page);
        Assert.Contains("calls alone", page);
        Assert.DoesNotContain("<!--title-->", page);
    }

    [Fact]
    public void WhatFindsNoRoomIsSaidAndThePageIsBounded()
    {
        const int most = 200_000;
        IEnumerable<byte[]> records = Enumerable.Range(0, 30_000).SelectMany(i => (byte[][])[
            Span(7, (uint)(2 * i), At + (ulong)i * 100_000, At + (ulong)i * 100_000 + 500, At + (ulong)i * 100_000 + 900),
            Call(1, 7, (uint)(2 * i + 1), At + (ulong)i * 100_000 + 1000, 100, i, 0, 3, 0x7f00_0000_0000 + (ulong)i, 4096)]);
        string page = Page(new TimelineOptions { Title = "much", MostBytes = most }, [.. records]);
        Assert.InRange(page.Length, most, most + 100_000);
        JsonElement data = Data(page);
        Assert.InRange(data.GetProperty("cut").GetInt64(), 1, 30_000L * 100_000);
        Assert.Contains(data.GetProperty("notes").EnumerateArray(), note => note.GetString()!.StartsWith("cut: no room for "));
        Assert.Contains(data.GetProperty("notes").EnumerateArray(), note => note.GetString()!.Contains("have their names alone"));
    }

    [Fact]
    public void TimesThatContradictThemselvesOnlyRise()
    {
        var random = new Random(1);
        ulong Any() => random.Next(5) switch { 0 => 0, 1 => ulong.MaxValue, _ => (ulong)random.NextInt64(1 << 40) };
        byte[][] records = [.. Enumerable.Range(0, 20_000).Select(i => random.Next(2) == 0
            ? Span((uint)random.Next(5), (uint)i, Any(), Any(), Any(), (uint)random.Next(), (uint)random.Next(), (uint)random.Next(7), (SpanFlags)random.Next(256))
            : Call(Getppid, (uint)random.Next(5), (uint)i, Any(), Any(), (long)Any(), (CallFlags)random.Next(256)))];
        JsonElement data = Data(records);
        foreach (JsonElement thread in data.GetProperty("threads").EnumerateArray())
            Assert.True(thread[5].GetDecimal() >= 0 && thread[8].GetDecimal() >= 0);
        using var trace = JsonDocument.Parse(PerfettoTests.Trace(new TimelineOptions { Title = "x" }, records));
    }

    private static JsonElement Data(params byte[][] records) => Data(Page(new TimelineOptions { Title = "test", Clock = 1_700_000_000_000_000_000 }, records));

    private static JsonElement Data(string page) => JsonDocument.Parse(DataScript().Match(page).Groups[1].Value).RootElement;

    private static string Page(TimelineOptions options, params byte[][] records)
    {
        var to = new MemoryStream();
        var view = new TimelineView(new Decoder(new DecoderOptions { ResultColumn = 0 }), OutputWriter.To(to, lineBuffered: false), options);
        foreach (byte[] record in records)
            view.Write(record);
        view.Finish(new RunSummary(0, []));
        return Encoding.UTF8.GetString(to.ToArray());
    }

    private static string Text(JsonElement data, int number) => data.GetProperty("texts")[number].GetString()!;

    private static int Text(JsonElement data, string text) => data.GetProperty("texts").EnumerateArray().ToList().FindIndex(one => one.GetString() == text);

    private static int[] Numbers(JsonElement data, string name) => [.. data.GetProperty(name).EnumerateArray().Select(one => one.GetInt32())];

    private static int[] Numbers(JsonElement base64)
    {
        List<int> numbers = [];
        int value = 0, shift = 0;
        foreach (byte one in base64.GetBytesFromBase64())
        {
            value |= (one & 0x7f) << shift;
            shift += 7;
            if (one >= 0x80)
                continue;
            numbers.Add(value);
            (value, shift) = (0, 0);
        }
        return [.. numbers];
    }

    [GeneratedRegex("<script type=\"application/json\" id=\"data\">(.*?)</script>", RegexOptions.Singleline)]
    private static partial Regex DataScript();
}
