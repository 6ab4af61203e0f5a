using System.CommandLine;
using Scry.Cli;
using Scry.Cli.CommandLine;
using Scry.Cli.Commands;
using Scry.Views.Top;
using Xunit;

namespace Scry.Tests.Unit.Cli;

public sealed class TopArgumentsTests
{
    [Fact]
    public void Without_words_the_whole_machine_by_comm_once_a_second()
    {
        TopArguments read = Read("");
        Assert.Equal((TargetChoice.All, TopOrder.Calls, 1.0, (long?)null), (read.Trace.Target, read.Order, read.Period.TotalSeconds, read.Batch));
        Assert.Equal([TopDimension.Comm], read.Sort);
    }

    [Fact]
    public void Dimensions_are_taken_in_their_order_and_once()
    {
        Assert.Equal([TopDimension.Object, TopDimension.Comm, TopDimension.Process], Read("--sort dso,comm -s comm,pid").Sort);
        Assert.Equal(TopDimensions.Count, Read("--sort " + string.Join(',', TopDimensions.Names)).Sort.Count);
    }

    [Fact]
    public void Options_of_perf_top_are_read()
    {
        TopArguments read = Read("-p 12 -s comm,dso -F 4 --order time -b 3 -o out");
        Assert.Equal((TargetChoice.Processes, 0.25, TopOrder.Time, 3L, "out"),
            (read.Trace.Target, read.Period.TotalSeconds, read.Order, read.Batch!.Value, read.Trace.OutputFile));
    }

    [Theory]
    [InlineData("--sort comm,cpu", "--sort: 'cpu' is not one of comm, pid, tid, dso, syscall, cgroup, container, unit, user")]
    [InlineData("--order dso", "--order: 'dso' is not one of calls, errors, time, avg, name")]
    [InlineData("-F 0", "-F: '0' is not a number")]
    [InlineData("-F 21", "-F: '21' is not a number")]
    [InlineData("-F nan", "-F: 'nan' is not a number")]
    [InlineData("--batch 0", "--batch: '0' is not a number")]
    [InlineData("-o x", "--output is for the tables of --batch N")]
    [InlineData("-p 1 -a", "-p and -a are two targets, and a run has one")]
    [InlineData("--json", "'scry top' has no option --json")]
    public void What_makes_no_sense_is_wrong_usage(string words, string message)
    {
        ToolException error = Assert.Throws<ToolException>(() => Read(words));
        Assert.Equal(message, error.Message);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
    }

    private static TopArguments Read(string words)
    {
        Command command = TopCommand.Create();
        return TopArguments.Read(command.Parse(Words.Normalize(command, words.Split(' ', StringSplitOptions.RemoveEmptyEntries)),
            new ParserConfiguration { EnablePosixBundling = false }));
    }
}
