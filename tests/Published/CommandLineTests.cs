using System.Text.Json;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>What a person meets at the command line, the errors first.</summary>
public sealed class CommandLineTests
{
    [Theory]
    [InlineData("foo", "there is no command 'foo'")]
    [InlineData("-p 1", "-p stands where the command is expected")]
    [InlineData("trace", "no target is named")]
    [InlineData("trace --bogus -- true", "no option --bogus")]
    [InlineData("trace -p", "-p needs a value")]
    [InlineData("trace -p 1 -a", "-p and -a are two targets")]
    [InlineData("trace --over 5x -- true", "'5x' is not a duration")]
    [InlineData("trace -e no_such_call -- true", "no_such_call")]
    [InlineData("trace --errno ENOSUCH -- true", "ENOSUCH")]
    [InlineData("doctor --bogus", "no option --bogus")]
    public void WrongUsageIsStatus2AndOneLine(string words, string message) => Refused(2, message, words.Split(' '));

    [Theory]
    [InlineData("trace -p 4194305", "no process has pid 4194305")]
    [InlineData("trace -t 4194305", "no thread has tid 4194305")]
    [InlineData("trace -u no-such-user", "no user is named 'no-such-user'")]
    [InlineData("trace -G no/such/cgroup", "no cgroup 'no/such/cgroup'")]
    [InlineData("trace --unit no-such", "no cgroup is named 'no-such.service'")]
    [InlineData("trace --container no-such", "no container is named 'no-such'")]
    [InlineData("trace --comm 1234567890123456", "is 16 bytes")]
    [InlineData("trace -- no-such-command", "cannot run 'no-such-command': not found in PATH")]
    [InlineData("trace -- /etc/passwd", "cannot run '/etc/passwd': not executable")]
    [InlineData("trace -o /no/such/file -- true", "cannot write '/no/such/file'")]
    public void WhatIsNotThereIsStatus1AndOneLine(string words, string message) => Refused(1, message, words.Split(' '));

    [Fact]
    public void HelpIsOnStandardOutputAndNamesTheCommands()
    {
        foreach (string[] words in (string[][])[[], ["--help"], ["-h"]])
        {
            Finished help = Child.Run(ScryBinary.Path, words).Expect();
            Assert.Contains("trace", help.Output);
            Assert.Contains("doctor", help.Output);
            Assert.Contains("Examples:", help.Output);
        }
        Assert.Contains("SELECT", Child.Run(ScryBinary.Path, "trace", "--help").Expect().Output);
        Assert.Matches(@"^\d+\.\d+\.\d+", Child.Run(ScryBinary.Path, "--version").Expect().Output);
    }

    [Fact]
    public void DoctorFindsThisMachineFit()
    {
        Finished text = Child.Run(ScryBinary.Path, "doctor").Expect();
        Assert.Contains("ok        programs            load and attach", text.Output);
        Assert.All(text.Lines[..^1], line => Assert.Matches("^(ok|optional) +", line));
        using JsonDocument json = JsonDocument.Parse(Child.Run(ScryBinary.Path, "doctor", "--json").Expect().Output);
        Assert.True(json.RootElement.GetProperty("healthy").GetBoolean());
        Assert.Equal(text.Lines.Length - 1, json.RootElement.GetProperty("checks").GetArrayLength());
    }

    [Fact]
    public void DoctorNamesWhatIsMissingWithItsMend()
    {
        Finished run = Child.Run("unshare", "--pid", "--fork", ScryBinary.Path, "doctor").Expect(1);
        Assert.Contains(run.Lines, line => line.StartsWith("MISSING   pid namespace", StringComparison.Ordinal) && line.EndsWith("; mount -t proc proc /proc", StringComparison.Ordinal));
        Assert.Equal("scry cannot trace this machine yet", run.Lines[^1]);
    }

    [Fact]
    public void TheCommandIsNotStartedWhenNothingCanBeAttached()
    {
        // A limit to open files that the programs do not fit in.
        using var workspace = new Workspace();
        Finished run = Child.Shell($"ulimit -n 24; exec {ScryBinary.Path} trace -- touch {workspace["begun"]}").Expect(1);
        Assert.Contains("no more than 24 files may be open, and tracing needs 64; raise the limit: ulimit -n 64", run.Error);
        Assert.False(File.Exists(workspace["begun"]));
    }

    [Fact]
    public void TheFirstLineIsTheExecve()
    {
        using var workspace = new Workspace();
        ScryBinary.Trace("-o", workspace["out"], "--", "true").Expect();
        Assert.Matches(@"^\d+ +execve\(""/[^""]*/true"", \[""true""\]", File.ReadLines(workspace["out"]).First());
    }

    [Fact]
    public void TheCommandSeesWhatItWouldSeeWithoutScry()
    {
        // Signals, limits, open files, standard streams, arguments that are not UTF-8.
        const string look = "grep -E '^(SigBlk|SigIgn|SigCgt|CapEff)' /proc/self/status; cat /proc/self/limits; ls /proc/self/fd; printf %s \"$1\" | od -An -tx1";
        foreach (string trap in (string[])["", "trap '' HUP TERM; "])
        {
            string plain = Child.Shell($"{trap}exec sh -c '{look.Replace("'", "'\\''")}' sh \"$(printf 'a\\377\\001')\"").Expect().Output;
            string traced = Child.Shell($"{trap}exec {ScryBinary.Path} trace -o /dev/null -- sh -c '{look.Replace("'", "'\\''")}' sh \"$(printf 'a\\377\\001')\"").Expect().Output;
            Assert.Contains("61 ff 01", plain);
            Assert.Equal(plain, traced);
        }
    }

    [Fact]
    public void SignalsArePassedOnToTheCommand()
    {
        using Child scry = ScryBinary.StartTrace("-o", "/dev/null", "--",
            "sh", "-c", "trap 'exit 9' TERM; echo ready >&2; while :; do sleep 0.05; done");
        Eventually.True(() => scry.Error.Contains("ready", StringComparison.Ordinal), "the command runs");
        scry.Signal(15);
        scry.Wait().Expect(9);
    }

    [Fact]
    public void ASecondSignalLeavesTheCommandRunning()
    {
        using Child scry = ScryBinary.StartTrace("-o", "/dev/null", "--",
            "sh", "-c", "trap '' TERM; echo pid $$ >&2; exec sleep 60");
        Eventually.True(() => scry.Error.Contains('\n', StringComparison.Ordinal), "the command runs");
        string pid = scry.Error.Split(' ', '\n')[1];
        scry.Signal(15);
        Eventually.True(() => !Pending(scry.Id, 15), "the first signal arrived");
        Thread.Sleep(100); // Signals that come together count as one.
        scry.Signal(15);
        scry.Wait().Expect(128 + 15);
        Assert.True(Directory.Exists($"/proc/{pid}"));
        Child.Run("/bin/kill", "-9", pid).Expect();
    }

    [Fact]
    public void ATerminalIsNotSetUp()
    {
        Finished run = Child.Run("script", "-qec", $"{ScryBinary.Path} trace --color=never -- true; {ScryBinary.Path} doctor", "/dev/null").Expect();
        Assert.Contains("complete: ", run.Output);
        Assert.DoesNotContain('\e', run.Output);
    }

    [Fact]
    public void TheLauncherRunsTheBinary()
    {
        Assert.Contains("Usage: scry", Child.Run(Path.Combine(ScryBinary.Repository, "scry"), "--help").Expect().Output);
    }

    /// <summary>Whatever becomes Scry's child is reaped, as a shell would do it: the traced program may wait for that. The status is the command's own.</summary>
    [Theory]
    [InlineData("trace", "-o", "/dev/null")]
    [InlineData("record", "--overwrite", "-o", "reaped.scry")]
    [InlineData("stat")]
    [InlineData("strace", "-c")]
    [InlineData("top", "--batch", "2")]
    public void ChildrenThatBecomeScrysAreReaped(params string[] command)
    {
        using var workspace = new Workspace();
        string scry = $"cd {Path.GetDirectoryName(workspace["x"])} && {ScryBinary.Path} {string.Join(' ', command)} --";
        Child.Shell($"{scry} {Programs.Path("adopted")}").Expect(7);
        // As the first process of a container it is everybody's.
        const string orphan = "sh -c \"sleep 0.05 & echo \\$! >pid\"; for i in $(seq 200); do kill -0 $(cat pid) 2>/dev/null || exit 7; sleep 0.02; done; exit 1";
        Child.Run("unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", $"exec 3>&1; {scry.Replace("&& ", "&& exec ", StringComparison.Ordinal)} sh -c '{orphan}'").Expect(7);
    }

    private static void Refused(int status, string message, params string[] words)
    {
        Finished run = Child.Run(ScryBinary.Path, words).Expect(status);
        Assert.StartsWith("scry: ", run.Error);
        Assert.Contains(message, run.Error);
        Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
        Assert.Empty(run.Output);
    }

    private static bool Pending(int pid, int signal)
    {
        string bits = File.ReadLines($"/proc/{pid}/status").First(line => line.StartsWith("ShdPnd:", StringComparison.Ordinal)).Split('\t')[1];
        return (Convert.ToUInt64(bits, 16) >> (signal - 1) & 1) != 0;
    }
}
