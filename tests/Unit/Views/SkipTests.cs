using Scry.Syscalls;
using Scry.Views;
using Xunit;
using static Scry.Tests.Unit.Views.RecordMaker;

namespace Scry.Tests.Unit.Views;

/// <summary>What a view is told of records that it does not show.</summary>
public sealed class SkipTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_skipped_record_leaves_no_gap(bool json)
    {
        string[] lines = Lines(json, view =>
        {
            view.Write(Call(Getppid, 7, 0, 1));
            view.Skip(Call(Getppid, 7, 1, 2), gaps: true);
            view.Write(Call(Getppid, 7, 2, 3));
        });
        Assert.Equal(2, lines.Length);
        Assert.All(lines, line => Assert.Contains("getppid", line));
    }

    [Theory]
    [InlineData(false, "4 records lost")]
    [InlineData(true, "\"lost\":4")]
    public void A_gap_before_a_skipped_record_is_shown_when_its_thread_is(bool json, string gap)
    {
        Assert.Contains(gap, Assert.Single(Lines(json, view => view.Skip(Call(Getppid, 7, 4, 2), gaps: true))));
        Assert.Empty(Lines(json, view => view.Skip(Call(Getppid, 7, 4, 2), gaps: false)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_skipped_end_frees_the_tid(bool json)
    {
        string[] lines = Lines(json, view =>
        {
            view.Write(Call(Getppid, 7, 0, 1));
            view.Skip(Exit(7, 1, 2, 0), gaps: true);
            view.Write(Call(Getppid, 7, 3, 3));
        });
        // Had the thread gone on, only one record would be missing.
        Assert.Contains(lines, line => line.Contains("3 records lost") || line.Contains("\"lost\":3"));
    }

    [Fact]
    public void A_skipped_task_names_its_thread()
    {
        string[] lines = Lines(true, view =>
        {
            view.Skip(Task(7, 0, 1, "name"), gaps: false);
            view.Write(Call(Getppid, 7, 1, 2));
        });
        Assert.Contains("\"comm\":\"name\"", Assert.Single(lines));
    }

    [Fact]
    public void Malformed_records_are_skipped_too() => Assert.Empty(Lines(false, view => view.Skip(new byte[31], gaps: true)));

    [Theory]
    [InlineData(true, "\"complete\":true")]
    [InlineData(false, "\"complete\":false")]
    public void A_run_that_was_not_seen_to_its_end_is_not_complete(bool whole, string expected)
    {
        var stream = new MemoryStream();
        new JsonView(new Decoder(), OutputWriter.To(stream, lineBuffered: false), 0, null).Finish(new RunSummary(3, [0, 0], whole));
        Assert.Contains(expected, System.Text.Encoding.UTF8.GetString(stream.ToArray()));
    }

    [Fact]
    public void A_summary_counts_calls_errors_and_times()
    {
        var stream = new MemoryStream();
        var view = new SummaryView(new Decoder(), OutputWriter.To(stream, lineBuffered: false));
        view.Write(Call(0, 7, 0, 1, duration: 3_000_000, result: -9));
        view.Write(Call(0, 7, 1, 2, duration: 1_000_000));
        view.Write(Call(Getppid, 7, 2, 3, duration: 12_000_000));
        view.Write(Exit(7, 3, 4, 0));
        view.Skip(Call(1, 7, 4, 5, duration: 9), gaps: true);
        view.Finish(new RunSummary(3, []));
        Assert.Equal(
            [
                "% time     seconds  usecs/call   max usecs     calls    errors syscall",
                "------ ----------- ----------- ----------- --------- --------- ----------------",
                " 75.00    0.012000       12000       12000         1           getppid",
                " 25.00    0.004000        2000        3000         2         1 read",
                "------ ----------- ----------- ----------- --------- --------- ----------------",
                "100.00    0.016000        5333       12000         3         1 total",
            ],
            System.Text.Encoding.UTF8.GetString(stream.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void Hostile_times_end_no_view()
    {
        var stream = new MemoryStream();
        var options = new LineOptions { Time = TimeStyle.Relative, Clock = long.MinValue };
        var view = new LineView(new Decoder(), OutputWriter.To(stream, lineBuffered: false), options);
        view.Write(Call(Getppid, 7, 0, 1));
        view.Write(Call(Getppid, 7, 1, 1 + (1UL << 63), duration: 0));
        view.Write(Call(Getppid, 7, 2, ulong.MaxValue, duration: ulong.MaxValue));
        view.Finish(new RunSummary(0, []));
        Assert.Equal(3, System.Text.Encoding.UTF8.GetString(stream.ToArray()).Count(c => c == '\n'));
    }

    private static string[] Lines(bool json, Action<IRecordView> feed)
    {
        var stream = new MemoryStream();
        OutputWriter output = OutputWriter.To(stream, lineBuffered: false);
        IRecordView view = json ? new JsonView(new Decoder(), output, 0, null) : new LineView(new Decoder(), output, new());
        feed(view);
        output.Flush();
        return System.Text.Encoding.UTF8.GetString(stream.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
