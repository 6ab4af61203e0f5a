using System.CommandLine;
using Scry.Cli;
using Scry.Cli.CommandLine;
using Scry.Cli.Commands;
using Scry.Cli.Recordings;
using Scry.Recording;
using Xunit;

namespace Scry.Tests.Unit.Cli;

public sealed class RecordArgumentsTests
{
    [Theory]
    [InlineData("f.scry --json -p 1", "f.scry --json -p=1")]
    [InlineData("-s f.scry -tt", "-s f.scry --time=us")]
    [InlineData("f.scry -t 12 -T", "f.scry --tid=12 -T")]
    [InlineData("-- -f", "-- -f")]
    public void A_file_may_stand_anywhere(string words, string normal) =>
        Assert.Equal(normal, string.Join(' ', Words.Normalize(ReportCommand.Create(), words.Split(' '))));

    [Theory]
    [InlineData("-- ls", "no file is named to record into")]
    [InlineData("-o f", "no target is named")]
    [InlineData("-o f -a --payload x", "--payload: 'x' is not a number")]
    [InlineData("-o f -a --payload 65537", "--payload: '65537' is not a number")]
    [InlineData("-o f -o g -a", "--output is given more than once")]
    [InlineData("-o f -t ls", "-t needs the number of a thread")]
    [InlineData("-o f -a --json", "'scry record' has no option --json")]
    [InlineData("-o f -a --split --no-durations", "--split and calls that are seen at their exit alone: when they began is not known")]
    [InlineData("-o f -a --chain 2", "--chain asks who woke a thread, which is a part of where the time went: the split is not asked for")]
    [InlineData("-o f -a --call-graph lbr", "--call-graph: 'lbr' is not one of dwarf, fp")]
    public void What_cannot_be_recorded_is_wrong_usage(string words, string message)
    {
        ToolException error = Assert.Throws<ToolException>(() => Record(words));
        Assert.Equal(message, error.Message);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
    }

    [Theory]
    [InlineData("", "no recording is named")]
    [InlineData("a b", "several recordings are named")]
    [InlineData("a -s --json", "a summary is no JSON")]
    [InlineData("a --last 30", "--last: '30' is not a duration")]
    [InlineData("a --string-limit x", "--string-limit: 'x' is not a number")]
    [InlineData("a --for 3s", "'scry report' has no option --for")]
    [InlineData("a -u x -u y", "--user is given more than once")]
    public void What_cannot_be_shown_is_wrong_usage(string words, string message)
    {
        ToolException error = Assert.Throws<ToolException>(() => Report(words));
        Assert.Equal(message, error.Message);
        Assert.Equal(ExitCode.Usage, error.ExitCode);
    }

    [Fact]
    public void Buffers_are_recorded_only_when_asked_for()
    {
        RecordArguments read = Record("-o f -a");
        Assert.Equal((0, 32, 0, false), (read.Payload, read.Trace.StringLimit, read.Trace.PayloadLimit, read.Overwrite));
        read = Record("-o f -a --payload 16 --overwrite");
        Assert.Equal((16, 32, 16, true), (read.Payload, read.Trace.StringLimit, read.Trace.PayloadLimit, read.Overwrite));
        read = Record("-o f -a --payload 0");
        Assert.Equal((0, 32, 0), (read.Payload, read.Trace.StringLimit, read.Trace.PayloadLimit));
    }

    [Fact]
    public void Durations_are_always_recorded() => Assert.True(Record("-o f -- ls -l").Trace.Durations);

    [Fact]
    public void All_that_was_asked_of_a_report_arrives()
    {
        ReportArguments read = Report("-p 1,2 x.scry -t 3 --comm c -u me -G /g --unit n --container web --path /etc --last 2m "
            + "--string-limit 7 -e read --over 5 --failed --errno ENOENT -q -T --json -o out --max-events 4 --no-signals");
        Assert.Equal(("x.scry", "c", "me", "/g", "n", "web", "/etc"),
            (read.File, read.Comm, read.User, read.Cgroup, read.Unit, read.Container, read.Path));
        Assert.Equal(["1,2"], read.Pids);
        Assert.Equal(["3"], read.Tids);
        Assert.Equal(120_000_000_000ul, read.Last);
        Assert.True(read.Shown is
        {
            StringLimit: 7, MinDuration: 5_000_000, FailedOnly: true, Quiet: true, Durations: true, Json: true, OutputFile: "out",
            MaxEvents: 4, Signals: false,
        });
        Assert.Equal(["read"], read.Shown.Expressions);
        Assert.Equal(["ENOENT"], read.Shown.Errnos);
    }

    [Fact]
    public void A_broken_recording_is_one_line()
    {
        (string message, string? hint, int code) = Runner.Describe(new RecordingException("cannot read \n", "do this"));
        Assert.Equal(("cannot read \\x0a", "do this", ExitCode.Failed), (message, hint, code));
    }

    [Fact]
    public void The_helps_name_every_option_and_fit_a_terminal()
    {
        foreach ((HelpPage page, IReadOnlyList<HelpGroup> groups) in
            new[] { (RecordCommand.Help, RecordOptions.Groups), (ReportCommand.Help, ReportOptions.Groups) })
        {
            string help = page.ToString();
            Assert.All(groups.SelectMany(group => group.Options), option => Assert.Contains(option.Name, help));
            Assert.All(help.Split('\n'), line => Assert.True(line.Length <= 120, line));
        }
    }

    [Theory]
    [InlineData("/a", "1 2")]
    [InlineData("a/", "1 2")]
    [InlineData("/sys/fs/cgroup/a/b", "2")]
    [InlineData("/", "1 2 3 4")]
    public void A_cgroup_is_found_with_all_below_it(string path, string ids) =>
        Assert.Equal(ids, string.Join(' ', Cgroups().Below(path).Order()));

    [Theory]
    [InlineData("web", "3")]
    [InlineData("abcdef1", "3")]
    [InlineData("abcdef22", "4")]
    public void A_container_is_found_by_name_or_id(string name, string ids) =>
        Assert.Equal(ids, string.Join(' ', Cgroups().OfContainer(name).Order()));

    [Theory]
    [InlineData("n")]
    [InlineData("n.service")]
    public void A_unit_is_found_with_and_without_its_ending(string name) => Assert.Equal([2ul], Cgroups("/a/n.service").OfUnit(name));

    [Fact]
    public void What_the_recording_does_not_have_is_said()
    {
        Assert.Contains("no cgroup 'b'", Assert.Throws<ToolException>(() => Cgroups().Below("b")).Message);
        Assert.Contains("no unit 'b'", Assert.Throws<ToolException>(() => Cgroups().OfUnit("b")).Message);
        Assert.Contains("no container 'abc'", Assert.Throws<ToolException>(() => Cgroups().OfContainer("abc")).Message);
        Assert.Contains("2 containers", Assert.Throws<ToolException>(() => Cgroups().OfContainer("abcdef")).Message);
    }

    private static RecordedCgroups Cgroups(string second = "/a/b")
    {
        var cgroups = new RecordedCgroups();
        cgroups.Add(new CgroupName { Time = 0, Id = 1, Path = "/a" });
        cgroups.Add(new CgroupName { Time = 0, Id = 2, Path = second });
        cgroups.Add(new CgroupName { Time = 0, Id = 3, Path = "/ab", ContainerId = "abcdef1", ContainerName = "web" });
        cgroups.Add(new CgroupName { Time = 0, Id = 4, Path = "/c", ContainerId = "abcdef22" });
        return cgroups;
    }

    private static RecordArguments Record(string words) => RecordArguments.Read(Parse(RecordCommand.Create(), words));

    private static ReportArguments Report(string words) => ReportArguments.Read(Parse(ReportCommand.Create(), words));

    private static ParseResult Parse(Command command, string words) =>
        command.Parse(Words.Normalize(command, words.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
}
