using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>Standard streams that are full, closed or left by their reader, and limits of the shell.</summary>
public sealed class StreamTests
{
    /// <summary>A command of each kind, as it writes to standard output.</summary>
    public static TheoryData<string> Commands =>
    [
        "--help", "--version", "trace --help", "doctor", "doctor --json", "trace --comm cat --max-events 1", "trace --comm cat --max-events 1 --json", "stat -a --for 50ms",
        "stat -a --for 50ms --json", "top -a --batch 1 -F 10", "stuck", "stuck --json",
    ];

    [Theory]
    [MemberData(nameof(Commands))]
    public void AFullOutputIsAFailureThatIsNamed(string command)
    {
        Finished run = Child.Shell($"{Busy} {ScryBinary.Path} {command} > /dev/full");
        Assert.Equal(1, run.Status);
        Assert.Contains("cannot write the output: No space left on device\n", run.Error);
        Assert.DoesNotContain("fault", run.Error);
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void WhoeverClosesThePipeEndsIt(string command)
    {
        Finished run = Child.Shell($"{Busy} {{ sleep 0.1; {ScryBinary.Path} {command}; echo $? >&2; }} | true");
        Assert.Equal("141\n", run.Error);
    }

    [Theory]
    [MemberData(nameof(Commands))]
    public void AClosedOutputIsAFailureThatIsNamed(string command)
    {
        Finished run = Child.Shell($"{Busy} {ScryBinary.Path} {command} >&-");
        Assert.Equal(1, run.Status);
        Assert.Contains("cannot write the output: Bad file descriptor\n", run.Error);
        Assert.DoesNotContain("fault", run.Error);
    }

    // Something to see for those that trace, ended with the shell.
    private const string Busy = "( while kill -0 $$; do cat /dev/null; sleep 0.02; done ) > /dev/null 2>&1 < /dev/null &";

    [Fact]
    public void ClosedStreamsAreClosedForTheCommandToo()
    {
        using var workspace = new Workspace();
        Child.Shell($"{ScryBinary.Path} trace -e read,write -o {workspace["calls"]} -- {Programs.Path("load")} 1 <&- >&- 2>&-; test $? -lt 126").Expect();
        Assert.Contains("exited with", File.ReadAllText(workspace["calls"]));
        Child.Shell($"{ScryBinary.Path} trace -e write -o {workspace["calls"]} -- /bin/sh -c 'echo seen; true' <&- >&- 2>&-").Expect();
        Assert.Contains("= -1 EBADF", File.ReadLines(workspace["calls"]).Single(line => line.Contains("seen", StringComparison.Ordinal)));
    }

    [Fact]
    public void ClosedErrorsLeaveTheStatus()
    {
        Child.Shell($"{ScryBinary.Path} trace -p 999999999 2>&-").Expect(1);
        Child.Shell($"{ScryBinary.Path} no-such-command 2>&-").Expect(2);
    }

    [Theory]
    [InlineData("trace -o", "cannot write '{0}': File too large")]
    [InlineData("record -o", "cannot write the recording {0}: ")]
    public void AFileThatMayNotGrowIsNamed(string command, string message)
    {
        using var workspace = new Workspace();
        Finished run = Child.Shell($"ulimit -f 0; {ScryBinary.Path} {command} {workspace["file"]} -- /bin/true");
        Assert.Equal(1, run.Status);
        Assert.Contains(string.Format(message, workspace["file"]), run.Error);
    }

    /// <summary>However small a limit is, what ends a command is named, in one line.</summary>
    [Theory]
    [InlineData("-v 30000", "the address space is limited")]
    [InlineData("-v 50000", "the address space is limited")]
    [InlineData("-v 200000", "the address space is limited")]
    [InlineData("-v 500000", "the address space is limited")]
    [InlineData("-v 600000", "")]
    [InlineData("-v 1000000", "")]
    [InlineData("-n 3", "")]
    [InlineData("-n 8", "")]
    [InlineData("-n 20", "ulimit -n")]
    [InlineData("-n 40", "ulimit -n")]
    [InlineData("-l 0", "")]
    [InlineData("-u 0", "")]
    [InlineData("-s 256", "")]
    public void ALimitThatIsTooSmallIsNamed(string limit, string message)
    {
        foreach (string command in new[] { "trace -o /dev/null -- /bin/true", "stat -a --for 50ms", "doctor", "stuck -q", "--help" })
        {
            Finished run = Child.Shell($"ulimit {limit}; exec {ScryBinary.Path} {command} > /dev/null");
            Assert.InRange(run.Status, 0, 2);
            Assert.DoesNotContain("fault of Scry", run.Error);
            if (run.Status != 0 && command != "doctor")
                Assert.Contains(message, Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)));
        }
    }

    [Fact]
    public void TheCommandHasTheFileLimitOfItsOwn()
    {
        Finished run = Child.Shell($"ulimit -f 0; {ScryBinary.Path} trace -e write -- /bin/sh -c 'echo > /tmp/scry-never-$$' | cat; rm -f /tmp/scry-never-*");
        Assert.Contains("+++ killed by SIGXFSZ", run.Error);
    }
}
