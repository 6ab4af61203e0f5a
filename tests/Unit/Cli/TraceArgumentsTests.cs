using System.CommandLine;
using Scry.Cli;
using Scry.Cli.CommandLine;
using Scry.Cli.Commands;
using Scry.Views;
using Xunit;

namespace Scry.Tests.Unit.Cli;

public sealed class TraceArgumentsTests
{
    [Theory]
    [InlineData("-t 1234", "--tid=1234")]
    [InlineData("-t 12,13 ls", "--tid=12,13 -- ls")]
    [InlineData("-t1234", "--tid=1234")]
    [InlineData("-t ls", "--time=time -- ls")]
    [InlineData("-t 7z x", "--time=time -- 7z x")]
    [InlineData("-t -- 7", "--time=time -- 7")]
    [InlineData("-tt 7", "--time=us -- 7")]
    [InlineData("-ttt -p 7", "--time=unix -p=7")]
    [InlineData("-fttTs256 ls -t", "-f --time=us -T -s=256 -- ls -t")]
    [InlineData("-Tt 7", "-T --tid=7")]
    [InlineData("-p 7 -- ls -- -p", "-p=7 -- ls -- -p")]
    [InlineData("-e !futex --over=5 -o -T", "-e=!futex --over=5 -o=-T")]
    [InlineData("-e trace=open ls @x", "-e=trace=open -- ls @x")]
    public void Words_are_made_unambiguous(string words, string normal)
    {
        Assert.Equal(normal, string.Join(' ', Words.Normalize(TraceCommand.Create(), words.Split(' '))));
    }

    [Theory]
    [InlineData("--bogus", "'scry trace' has no option --bogus")]
    [InlineData("-Tx ls", "'scry trace' has no option -x")]
    [InlineData("-\u001b ls", "'scry trace' has no option -\\x1b")]
    [InlineData("-p", "-p needs a value")]
    [InlineData("--pid=", "--pid needs a value")]
    [InlineData("--failed=yes", "--failed takes no value")]
    [InlineData("-tttt ls", "'-tttt' has too many t's")]
    [InlineData("", "no target is named")]
    [InlineData("-p 1 -a", "-p and -a are two targets, and a run has one")]
    [InlineData("-u root ls", "-u and the command 'ls' are two targets, and a run has one")]
    [InlineData("--unit nginx --container web", "--unit and --container are two targets, and a run has one")]
    [InlineData("--container", "--container needs a value")]
    [InlineData("-a --over 5 --duration 5", "--over and --duration say the same thing")]
    [InlineData("-a --over 5x", "--over: '5x' is not a duration")]
    [InlineData("-a --over 0", "--over: '0' is not a duration")]
    [InlineData("-a --for 10", "--for: '10' is not a duration")]
    [InlineData("-a --buffer 257M", "--buffer: '257M' is too large for the ring of a CPU")]
    [InlineData("-a --buffer 100G", "--buffer: '100G' is too large for the ring of a CPU")]
    [InlineData("-a -s -1", "-s: '-1' is not a number")]
    [InlineData("-a --max-events 0", "--max-events: '0' is not a number")]
    [InlineData("-a --buffer 4X", "--buffer: '4X' is not a size")]
    [InlineData("-a -r -t", "a line has one time")]
    [InlineData("-a --color blue", "--color: 'blue' is not one of auto, always, never")]
    [InlineData("-a -o x -o y", "--output is given more than once")]
    public void What_makes_no_sense_is_wrong_usage(string words, string message)
    {
        ToolException error = Assert.Throws<ToolException>(() => Read(words));
        Assert.Equal(message, error.Message);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
    }

    [Fact]
    public void All_that_was_asked_arrives()
    {
        TraceArguments read = Read("-p 1,2 -p 3 -e read -e !write --over 1.5s --failed --errno ENOENT,EACCES --errno 7 "
            + "--no-signals --no-follow --max-events 9 --for 2m -T -r -s 100 --align 60 -v --show-comm --show-cgroup "
            + "--color always -o out --json -q --strict --buffer 4M");
        Assert.Equal(TargetChoice.Processes, read.Target);
        Assert.Equal(["1,2", "3"], read.Names);
        Assert.Equal(["read", "!write"], read.Expressions);
        Assert.Equal(1_500_000_000ul, read.MinDuration);
        Assert.Equal(["ENOENT", "EACCES", "7"], read.Errnos);
        Assert.Equal(9, read.MaxEvents);
        Assert.Equal(120_000_000_000ul, read.For);
        Assert.Equal(TimeStyle.Relative, read.Time);
        Assert.Equal((100, 60), (read.StringLimit, read.Align));
        Assert.True(read is
        {
            FailedOnly: true, Signals: false, Follow: false, Durations: true, NoAbbrev: true, ShowComm: true,
            ShowCgroup: true, Color: true, OutputFile: "out", Json: true, Quiet: true, Strict: true, Buffer: 4 << 20,
        });
    }

    [Fact]
    public void Without_options_the_defaults_are_stracess()
    {
        TraceArguments read = Read("-- ls -l -- -p 1 ");
        Assert.Equal(TargetChoice.Command, read.Target);
        Assert.Equal(["ls", "-l", "--", "-p", "1"], read.Names);
        Assert.Equal((32, 40), (read.StringLimit, read.Align));
        Assert.True(read is
        {
            MinDuration: 0, FailedOnly: false, Signals: true, Follow: true, MaxEvents: long.MaxValue, For: null,
            Time: TimeStyle.None, Durations: false, OutputFile: null, Json: false, Strict: false, Buffer: null,
        });
    }

    [Theory]
    [InlineData("10us", 10_000ul)]
    [InlineData("10µs", 10_000ul)]
    [InlineData("250ns", 250ul)]
    [InlineData("0.5", 500_000ul)]
    [InlineData("1h", 3_600_000_000_000ul)]
    public void Durations_have_units_and_fractions(string text, ulong nanoseconds)
    {
        Assert.Equal(nanoseconds, Quantity.Duration("--over", text, "ms"));
    }

    [Fact]
    public void The_help_names_every_option_and_fits_a_terminal()
    {
        string help = TraceCommand.Help.ToString();
        Assert.All(TraceOptions.Groups.SelectMany(group => group.Options), option => Assert.Contains(option.Name, help));
        Assert.All(help.Split('\n'), line => Assert.True(line.Length <= 120, line));
    }

    private static TraceArguments Read(string words)
    {
        Command command = TraceCommand.Create();
        string[] split = words.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return TraceArguments.Read(command.Parse(Words.Normalize(command, split)));
    }
}
