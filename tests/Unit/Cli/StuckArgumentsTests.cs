using Scry.Cli;
using Scry.Cli.CommandLine;
using Scry.Cli.Commands;
using Scry.Cli.Stuck;
using Xunit;

namespace Scry.Tests.Unit.Cli;

public sealed class StuckArgumentsTests
{
    [Theory]
    [InlineData("", "All", 1_000_000_000)]
    [InlineData("-a --over 0", "All", 0)]
    [InlineData("-p 7 --over 250", "Processes", 250_000_000)]
    [InlineData("-t 7 --over 2m", "Threads", 120_000_000_000)]
    public void Without_a_target_all_the_machine_is(string words, string target, ulong over)
    {
        StuckArguments arguments = Read(words);
        Assert.Equal((target, over), (arguments.Shown.Target.ToString(), arguments.Over));
    }

    [Theory]
    [InlineData("--over soon", "--over: 'soon' is not a duration")]
    [InlineData("-a -p 7", "-p and -a are two targets, and a run has one")]
    [InlineData("--failed", "'scry stuck' has no option --failed")]
    public void What_makes_no_sense_is_wrong_usage(string words, string message)
    {
        ToolException error = Assert.Throws<ToolException>(() => Read(words));
        Assert.Equal(message, error.Message);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
    }

    private static StuckArguments Read(string words)
    {
        var command = StuckCommand.Create();
        return StuckArguments.Read(command.Parse(Words.Normalize(command, words.Split(' ', StringSplitOptions.RemoveEmptyEntries))));
    }
}
