using System.CommandLine;
using Scry.Cli;
using Scry.Cli.CommandLine;
using Scry.Cli.Commands;
using Scry.Views.Sched;
using Xunit;

namespace Scry.Tests.Unit.Cli;

/// <summary>What is asked of <c>scry timeline</c> and <c>scry sched</c>.</summary>
public sealed class TimelineArgumentsTests
{
    [Theory]
    [InlineData("-a", "no file is named to write to")]
    [InlineData("-a -o x.html --perfetto y", "-o and --perfetto are two kinds of file")]
    [InlineData("-o x.html", "no target is named")]
    [InlineData("-o x.html a.scry b.scry", "several recordings are named")]
    [InlineData("-o x.html a.scry --for 5s", "--for is for a run, and 'a.scry' is a recording")]
    [InlineData("-o x.html -a a.scry", "-a is for a run, and 'a.scry' is a recording")]
    [InlineData("-o x.html -a --last 5s", "--last is for recordings")]
    [InlineData("-o x.html -a -- make", "-a and the command 'make' are two targets, and a run has one")]
    [InlineData("-o x.html -a --max-size 1K", "--max-size: there is no room for anything in so little")]
    [InlineData("-o x.html -a --max-size much", "--max-size: 'much' is not a size")]
    public void What_makes_no_sense_is_wrong_usage(string words, string message)
    {
        ToolException error = Assert.Throws<ToolException>(() => Timeline(words));
        Assert.Equal(message, error.Message);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
    }

    [Fact]
    public void A_live_run_follows_the_scheduler()
    {
        TimelineArguments read = Timeline("-p 12 -e %file --over 1ms --for 5s -o x.html");
        Assert.Null(read.Recording);
        Assert.Equal(("x.html", false, 64L << 20), (read.File, read.Perfetto, read.MaxSize));
        Assert.True(read.Trace.Why is { Spans: true, Split: true });
        Assert.Equal((TargetChoice.Processes, "x.html", 1_000_000ul), (read.Trace.Target, read.Trace.OutputFile, read.Trace.MinDuration));
        Assert.Equal((true, 512L << 20), (Timeline("-a --perfetto x").Perfetto, Timeline("-a --perfetto x").MaxSize));
    }

    [Fact]
    public void What_stands_behind_dashes_is_a_command_and_what_stands_alone_a_recording()
    {
        TimelineArguments run = Timeline("-o x.html -- a.scry -a");
        Assert.Equal((TargetChoice.Command, "a.scry -a"), (run.Trace.Target, string.Join(' ', run.Trace.Names)));
        TimelineArguments past = Timeline("a.scry -o x.html -p 12 --comm nginx --last 5s -e read");
        Assert.Equal(("a.scry", "nginx", 5_000_000_000ul), (past.Recording?.File, past.Recording?.Comm, past.Recording?.Last));
        Assert.Equal(["12"], past.Recording!.Pids);
        Assert.Equal(["read"], past.Recording!.Shown.Expressions);
        Assert.Equal("x.html", past.Recording.Shown.OutputFile);
    }

    [Theory]
    [InlineData("--by user", "--by: 'user' is not one of thread, process, comm")]
    [InlineData("--sort x", "--sort: 'x' is not one of worst, avg, delay, run, switches, preempted, migrations, blocked, name")]
    [InlineData("--top 0", "--top: '0' is not a number")]
    [InlineData("-a -p 1", "-p and -a are two targets, and a run has one")]
    public void What_makes_no_sense_of_the_scheduler_is_wrong_usage(string words, string message) =>
        Assert.Equal(message, Assert.Throws<ToolException>(() => Sched(words)).Message);

    [Fact]
    public void All_that_was_asked_of_the_scheduler_arrives()
    {
        SchedArguments read = Sched("--by comm --sort run --top 3 --json --for 2s -q");
        Assert.Equal((SchedBy.Comm, SchedSort.Run, 3, true, true), (read.Shown.By, read.Shown.Sort, read.Shown.Top, read.Shown.Json, read.Quiet));
        Assert.Equal((TargetChoice.All, 2_000_000_000ul), (read.Trace.Target, read.Trace.For));
        Assert.True(read.Trace.Why.Sums);
    }

    private static TimelineArguments Timeline(string words) => TimelineArguments.Read(Parse(TimelineCommand.Create(), words));

    private static SchedArguments Sched(string words) => SchedArguments.Read(Parse(SchedCommand.Create(), words));

    private static ParseResult Parse(Command command, string words) => command.Parse(
        Words.Normalize(command, words.Split(' ', StringSplitOptions.RemoveEmptyEntries)), new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
}
