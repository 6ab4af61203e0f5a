using System.Text;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>What must not break Scry, nor what it traces.</summary>
public sealed class BadInputTests
{
    [Fact]
    public void TargetThatExitsAtOnce()
    {
        Finished run = ScryBinary.Trace("--", "true").Expect();
        Assert.StartsWith("execve(\"", run.Error);
        Assert.Contains("+++ exited with 0 +++", run.Error);
        Assert.Contains("complete: ", run.Error);
    }

    [Fact]
    public void StatusOfTheCommandIsPassedOn()
    {
        ScryBinary.Trace("--", "sh", "-c", "exit 7").Expect(7);
        ScryBinary.Trace("--", "sh", "-c", "kill -TERM $$").Expect(128 + 15);
    }

    [Theory]
    [InlineData("-p", "999999999")]
    [InlineData("-u", "no-such-user")]
    [InlineData("-G", "/no/such/cgroup")]
    [InlineData("-e", "no_such_call")]
    [InlineData("--errno", "ENOSUCH")]
    public void WhatIsNotThereIsNamed(string option, string value)
    {
        Finished run = option is "-e" or "--errno" ? ScryBinary.Trace(option, value, "--", "true") : ScryBinary.Trace(option, value);
        Assert.InRange(run.Status, 1, 2);
        Assert.Contains(value.TrimStart('/'), run.Error);
        Assert.DoesNotContain("   at ", run.Error);
    }

    [Fact]
    public void WrongOptionIsWrongUsage() => ScryBinary.Trace("--no-such-option", "--", "true").Expect(2);

    [Fact]
    public void CommandThatIsNotThere()
    {
        Finished run = ScryBinary.Trace("--", "/no/such/command");
        Assert.NotEqual(0, run.Status);
        Assert.Contains("/no/such/command", run.Error);
    }

    [Fact]
    public void WithoutRootItSaysSo()
    {
        // A copy, as the repository may stand where nobody can read.
        using var workspace = new Workspace();
        File.Copy(ScryBinary.Path, workspace["scry"]);
        File.SetUnixFileMode(Path.GetDirectoryName(workspace["scry"])!, (UnixFileMode)0b111_101_101);
        Finished run = Child.Run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", workspace["scry"], "trace", "--", "true");
        Assert.Equal(1, run.Status);
        Assert.Contains("tracing needs CAP_BPF and CAP_PERFMON", run.Error);
    }

    [Fact]
    public void TenThousandShortLivesAreAllSeen()
    {
        using var workspace = new Workspace();
        Finished run = ScryBinary.Trace("-o", workspace["out"], "--", Programs.Path("brood"), "10000").Expect();
        Assert.Contains("complete: ", run.Error);
        Dictionary<int, List<TraceLine>> threads = TraceLog.Read(workspace["out"], out _);
        // Tids may come round again: count ends, not tids.
        List<TraceLine> lines = [.. threads.Values.SelectMany(list => list)];
        for (int code = 1; code <= 100; code++)
            Assert.Equal(100, lines.Count(line => line.Text == $"+++ exited with {code} +++"));
        Assert.Equal(5001, lines.Count(line => line.Name == "execve" && line.Result == "0"));
        Assert.Equal(10001, lines.Count(line => line.Name is "exit_group"));
    }

    [Fact]
    public void KilledScryLeavesNothing()
    {
        HashSet<string> before = Attached.Now();
        using Child target = Child.Start(Programs.Path("blocked"), ["3"]);
        using Child scry = ScryBinary.StartTrace("-p", $"{target.Id}", "-o", "/dev/null");
        Eventually.True(() => Attached.Links(before) >= Attached.Programs, "scry is attached");
        target.Input.Write("xx");
        target.Input.Flush();
        HashSet<string> added = Attached.Now();
        added.ExceptWith(before);
        scry.Signal(9);
        scry.Wait();
        Eventually.True(() => !Attached.Now().Overlaps(added), "the kernel has let go");
        target.Input.Write("xx");
        target.Input.Close();
        target.Wait().Expect(5);
    }

    [Fact]
    public void InterruptedScryEndsCleanly()
    {
        HashSet<string> before = Attached.Now();
        using Child target = Child.Start(Programs.Path("blocked"), []);
        using Child scry = ScryBinary.StartTrace("-p", $"{target.Id}");
        Eventually.True(() => Attached.Links(before) >= Attached.Programs, "scry is attached");
        target.Input.Write("xx");
        target.Input.Flush();
        Eventually.Sleeps(target.Id);
        scry.Signal(2);
        Finished run = scry.Wait();
        Assert.Contains("complete: ", run.Error);
        Assert.Contains("read(0, \"x\", 1)", run.Output);
        // The read that it still sleeps in.
        Assert.StartsWith("read(0,", run.Lines[^1]);
        target.Input.Close();
        target.Wait().Expect(5);
    }

    [Fact]
    public void TargetKilledInMidCall()
    {
        using Child scry = ScryBinary.StartTrace("--", Programs.Path("blocked"), "2");
        int target = 0;
        Eventually.True(() => (target = Child.Newest("blocked")) != 0, "the target runs");
        Eventually.HasThreads(target, 3);
        Child.Run("/bin/kill", "-9", $"{target}").Expect();
        Finished run = scry.Wait().Expect(128 + 9);
        string[] lines = run.Error.Split('\n');
        Assert.Equal(3, lines.Count(line => line.Contains("read(0, ", StringComparison.Ordinal) && line.Contains(" = ? ERESTARTSYS (", StringComparison.Ordinal)));
        Assert.Equal(3, lines.Count(line => line.EndsWith("+++ killed by SIGKILL +++", StringComparison.Ordinal)));
    }

    [Fact]
    public void PathsAtTheEdgeOfAPageAndNowhere()
    {
        using var workspace = new Workspace();
        Finished run = ScryBinary.Trace("--", Programs.Path("pointers"), workspace["file"]).Expect();
        Assert.Contains("openat(AT_FDCWD, \"/edge/of/the/page\", O_RDONLY) = -1 ENOENT", run.Error);
        Assert.Contains("openat(AT_FDCWD, 0x1, O_RDONLY)", run.Error);
        Assert.Contains("openat(AT_FDCWD, \"/not/resident/yet\", O_RDONLY) = -1 ENOENT", run.Error);
    }

    [Fact]
    public void RecordLargerThanTheRoom()
    {
        Finished run = ScryBinary.Trace("-s", "65536", "--buffer", "64K", "-e", "write", "--", Programs.Path("large")).Expect();
        Assert.Contains("write(3, \"before\", 6)", run.Error);
        Assert.Contains("write(3, \"after\", 5)", run.Error);
        // Shown as far as it fits, or a gap: never silence.
        Assert.Matches(@"write\(3, ""x+""\.\.\., 1048576\)|records? lost \.\.\.", run.Error);
    }

    [Fact]
    public void HostileTextCannotSteerATerminal()
    {
        foreach (string format in (string[])["--color=always", "--json"])
        {
            Finished run = ScryBinary.Trace("--show-comm", format, "--", Programs.Path("hostile")).Expect();
            string text = Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(run.Error)).Replace("\e[", "", StringComparison.Ordinal);
            Assert.DoesNotContain(text, character => character is < ' ' and not '\n' or >= '\x7f' and <= '\x9f');
            Assert.DoesNotContain(run.Error.Split('\n'), line => line.StartsWith("line", StringComparison.Ordinal));
            if (format == "--json")
                Assert.DoesNotContain('\e', run.Error);
        }
    }

    [Fact]
    public void ThreadThatExecutes()
    {
        using var workspace = new Workspace();
        Finished run = ScryBinary.Trace("-o", workspace["out"], "--", Programs.Path("threadexec"), Programs.Path("unknown")).Expect();
        Assert.Contains("complete: ", run.Error);
        Dictionary<int, List<TraceLine>> threads = TraceLog.Read(workspace["out"], out int leader);
        List<TraceLine> lines = threads[leader];
        Assert.Equal(2, lines.Count(line => line.Name == "execve" && line.Result == "0"));
        Assert.Contains(lines, line => line.Text.StartsWith("syscall_0x3e8(", StringComparison.Ordinal));
        Assert.Equal("+++ exited with 0 +++", lines[^1].Text);
        Assert.DoesNotContain(threads.Values.SelectMany(list => list), line => line.Text.Contains("lost", StringComparison.Ordinal));
    }
}
