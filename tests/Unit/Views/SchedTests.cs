using System.Text;
using System.Text.Json;
using Scry.Views;
using Scry.Views.Sched;
using Scry.Wire;
using Xunit;
using static Scry.Tests.Unit.Views.RecordMaker;

namespace Scry.Tests.Unit.Views;

public sealed class SchedTests
{
    private const ulong At = 1_000_000_000, Ms = 1_000_000;

    private static readonly SchedSums s_quick = new()
    {
        Running = 30 * Ms, Delay = 6 * Ms, Worst = 5 * Ms, WorstEnd = At + 250 * Ms, Blocked = 100 * Ms, Switches = 4, Delays = 3, Preemptions = 1, Migrations = 2,
    };
    private static readonly SchedSums s_late = new()
    {
        Running = 10 * Ms, Delay = 40 * Ms, Worst = 20 * Ms, WorstEnd = At + 500 * Ms, Blocked = 1 * Ms, Switches = 2, Delays = 2,
    };

    private static readonly byte[][] s_run =
    [
        Of(7, Task(7, 0, At, "main")), Of(7, Task(8, 0, At, "worker")), Of(9, Task(9, 0, At, "evil\e[31m\n")),
        Of(7, Sched(7, 1, At + 900 * Ms, s_quick)), Of(7, Sched(8, 1, At + 900 * Ms, s_late)), Of(9, Sched(9, 1, At + 900 * Ms, new SchedSums { Running = 5 * Ms, Switches = 1 })),
    ];

    [Fact]
    public void TheLongestWaitComesFirstWithWhenItEnded()
    {
        string[] lines = Lines(new() { Clock = 1_700_000_000_000_000_000 });
        Assert.Equal(4, lines.Length);
        Assert.Equal("pid tid comm          run switches avg delay worst delay ended at delay preempted migrations blocked", string.Join(' ', lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)).Replace("comm run", "comm          run"));
        Assert.Matches(@"^7 +8 +worker +10\.0ms +2 +20\.0ms +20\.0ms +\d\d:\d\d:\d1\.500000 +40\.0ms +0 +0 +1\.00ms$", lines[1]);
        Assert.Matches(@"^7 +7 +main +30\.0ms +4 +2\.00ms +5\.00ms +\d\d:\d\d:\d1\.250000 +6\.00ms +1 +2 +100ms$", lines[2]);
        // No wait was seen whole: there is no mean. And its name cannot steer a terminal.
        Assert.Matches(@"^9 +9 +evil\\33\[31m\\n +5\.00ms +1 +0ns +0 +0 +0ns$", lines[3]);
    }

    [Theory]
    [InlineData(SchedSort.Run, "main")]
    [InlineData(SchedSort.Delay, "worker")]
    [InlineData(SchedSort.Avg, "worker")]
    [InlineData(SchedSort.Switches, "main")]
    [InlineData(SchedSort.Preempted, "main")]
    [InlineData(SchedSort.Migrations, "main")]
    [InlineData(SchedSort.Blocked, "main")]
    [InlineData(SchedSort.Name, "evil")]
    public void RowsAreSorted(SchedSort sort, string first) => Assert.Contains(first, Lines(new() { Sort = sort, Top = 1 })[1]);

    [Fact]
    public void OfTheRestItIsSaidHowManyTheyAre() => Assert.Equal("and 2 more rows", Lines(new() { Top = 1 })[^1]);

    [Fact]
    public void AProcessIsTheSumOfItsThreadsUnderItsFirstOnesName()
    {
        JsonElement row = Json(new() { Json = true, By = SchedBy.Process })[0];
        Assert.Equal((7, "main", 2), (row.GetProperty("pid").GetInt32(), row.GetProperty("comm").GetString(), row.GetProperty("threads").GetInt32()));
        Assert.False(row.TryGetProperty("tid", out _));
        Assert.Equal((40 * Ms, 46 * Ms, 20 * Ms), (row.GetProperty("running_ns").GetUInt64(), row.GetProperty("delay_ns").GetUInt64(), row.GetProperty("worst_delay_ns").GetUInt64()));
        Assert.Equal(9.2e6, row.GetProperty("avg_delay_ns").GetDouble());
    }

    [Fact]
    public void JsonHasEverythingAndASummary()
    {
        JsonElement[] rows = Json(new() { Json = true, Clock = 1_700_000_000_000_000_000 });
        Assert.Equal(4, rows.Length);
        JsonElement row = rows[0];
        Assert.Equal("1700000001.500000000", row.GetProperty("worst_end").GetString());
        Assert.Equal((8, 2, 0ul), (row.GetProperty("tid").GetInt32(), row.GetProperty("switches").GetInt32(), row.GetProperty("preemptions").GetUInt64()));
        Assert.False(rows[2].TryGetProperty("worst_end", out _));
        Assert.Equal(("summary", 3, 7, true), (rows[3].GetProperty("type").GetString(), rows[3].GetProperty("threads").GetInt32(), rows[3].GetProperty("switches").GetInt32(), rows[3].GetProperty("complete").GetBoolean()));
    }

    [Fact]
    public void ATidThatComesAgainIsAnotherThread()
    {
        string[] lines = Lines(new(), Task(7, 0, At, "a"), Sched(7, 1, At, s_quick), Exit(7, 2, At, 0), Task(7, 0, At, "b"), Sched(7, 1, At, s_late));
        Assert.Equal(3, lines.Length);
    }

    [Fact]
    public void WhatFindsNoRowIsOneOfOthers()
    {
        var table = new SchedTable(SchedBy.Thread, capacity: 2);
        for (uint tid = 1; tid <= 5; tid++)
            table.Add(tid, tid, "x"u8, in s_quick);
        Assert.Equal((3, 5), (table.Others, table.Total.Threads));
        SchedRow other = Assert.Single(table.Rows(SchedSort.Run), row => row.IsOther);
        Assert.Equal(90 * Ms, other.Running);
    }

    [Fact]
    public void ANarrowTerminalKeepsWhatTellsMost()
    {
        string head = Lines(new() { Width = 50 })[0];
        Assert.InRange(head.Length, 1, 50);
        Assert.Contains("worst delay", head);
        Assert.DoesNotContain("migrations", head);
    }

    private static JsonElement[] Json(SchedOptions options) => [.. Lines(options).Select(line => JsonElement.Parse(line))];

    private static string[] Lines(SchedOptions options, params byte[][] records)
    {
        var to = new MemoryStream();
        var view = new SchedView(OutputWriter.To(to, lineBuffered: false), options);
        foreach (byte[] record in records.Length > 0 ? records : s_run)
            view.Write(record);
        view.Finish(new RunSummary(0, []));
        return Encoding.UTF8.GetString(to.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
