using Scry.Syscalls;
using Scry.Views;
using Scry.Wire;
using Xunit;
using static Scry.Tests.Unit.Views.RecordMaker;

namespace Scry.Tests.Unit.Views;

public sealed class LineViewTests
{
    private const ulong Second = 1_000_000_000;

    [Fact]
    public void CallHasNameAndAlignedResult() =>
        Assert.Equal(["getppid()                               = 42"], Lines(new(), Call(Getppid, 9, 0, 5, result: 42)));

    [Fact]
    public void AlignmentCountsTheColumnsBeforeTheCall() =>
        Assert.Equal(
            ["1234  getppid()                         = 42"],
            Lines(new() { Thread = ThreadColumn.Plain }, Call(Getppid, 1234, 0, 5, result: 42)));

    [Fact]
    public void ThreadIsBracketedWhileThereAreSeveral()
    {
        string[] lines = Lines(
            new() { Thread = ThreadColumn.WhenSeveral },
            Call(Getppid, 1, 0, 1), Call(Getppid, 123456, 0, 2), Call(Getppid, 1, 1, 3), Exit(123456, 1, 4, 0), Call(Getppid, 1, 2, 5));
        Assert.StartsWith("getppid", lines[0]);
        Assert.StartsWith("[pid 123456] getppid", lines[1]);
        Assert.StartsWith("[pid     1] getppid", lines[2]);
        Assert.Equal("[pid 123456] +++ exited with 0 +++", lines[3]);
        Assert.StartsWith("getppid", lines[4]);
    }

    [Theory]
    [InlineData(TimeStyle.Unix, "1700000000.000002 ")]
    [InlineData(TimeStyle.Relative, "     0.000000 ")]
    public void TimeIsThatOfTheEntry(TimeStyle style, string expected)
    {
        var options = new LineOptions { Time = style, Clock = 1_699_999_990L * (long)Second };
        Assert.StartsWith(expected, Lines(options, Call(Getppid, 1, 0, 12 * Second + 2345, duration: 2 * Second))[0]);
    }

    [Fact]
    public void LocalTimeFollowsTheZone()
    {
        var moment = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);
        string local = (moment + TimeZoneInfo.Local.GetUtcOffset(moment)).ToString("HH:mm:ss");
        var options = new LineOptions { Time = TimeStyle.Seconds, Clock = 1_700_000_000L * (long)Second };
        Assert.StartsWith(local + " getppid", Lines(options, Call(Getppid, 1, 0, 345_678))[0]);
        Assert.StartsWith(
            local + ".000345 getppid", Lines(options with { Time = TimeStyle.Microseconds }, Call(Getppid, 1, 0, 345_678))[0]);
    }

    [Fact]
    public void RelativeTimeMayBeNegative()
    {
        string[] lines = Lines(
            new() { Time = TimeStyle.Relative },
            Call(Getppid, 1, 0, 10 * Second), Call(Getppid, 2, 0, 25 * Second), Call(Getppid, 1, 1, 26 * Second, duration: 2 * Second));
        Assert.StartsWith("    15.000000 ", lines[1]);
        Assert.StartsWith("    -1.000000 ", lines[2]);
    }

    [Fact]
    public void DurationComesLast() =>
        Assert.EndsWith(" = 0 <1.000023>", Lines(new() { Duration = true }, Call(Getppid, 1, 0, 5 * Second, 1_000_023_900))[0]);

    [Fact]
    public void CallWithoutEntryHasNoDuration() =>
        Assert.DoesNotContain("<", Lines(new() { Duration = true }, Call(Getppid, 1, 0, 5, flags: CallFlags.NoEntry))[0]);

    [Fact]
    public void GapIsShownWhereItHappened()
    {
        string[] lines = Lines(
            new() { Thread = ThreadColumn.Plain },
            Call(Getppid, 7, 0, 1), Call(Getppid, 8, 0, 2), Call(Getppid, 7, 18, 3), Call(Getppid, 8, 2, 4));
        Assert.Equal(6, lines.Length);
        Assert.Equal("7     ... 17 records lost ...", lines[2]);
        Assert.Equal("8     ... 1 record lost ...", lines[4]);
    }

    [Fact]
    public void FirstRecordsOfAThreadCanBeMissing() =>
        Assert.Equal("... 3 records lost ...", Lines(new(), Call(Getppid, 7, 3, 1))[0]);

    [Fact]
    public void ExecByAThreadTakesTheLeadersTidWithoutAGap()
    {
        string[] lines = Lines(
            new(), Call(Getppid, 7, 0, 1), Exit(7, 1, 2, 0), Task(7, 30, 3, "new", TaskFlags.Exec), Call(Getppid, 7, 31, 4));
        Assert.DoesNotContain(lines, line => line.Contains("lost"));
    }

    [Fact]
    public void TidIsUsedAgainWithoutAGap() =>
        Assert.Equal(3, Lines(new(), Call(Getppid, 7, 0, 1), Call(Getppid, 7, 1, 2), Call(Getppid, 7, 0, 3)).Length);

    [Fact]
    public void CommIsEscaped()
    {
        var options = new LineOptions { Thread = ThreadColumn.Plain, Comm = true };
        string line = Lines(options, Task(7, 0, 1, "a\e[31m\n<é>\\1"), Call(Getppid, 7, 1, 2))[0];
        Assert.StartsWith(@"7<a\33[31m\n\74\303\251\76\\1>     getppid()", line);
    }

    [Fact]
    public void CgroupIsAskedForOnce()
    {
        int asked = 0;
        var options = new LineOptions { Cgroup = true, CgroupPath = id => { asked++; return $"/system.slice/{id}\n"; } };
        string[] lines = Lines(options, Task(7, 0, 1, "sh"), Call(Getppid, 7, 1, 2), Call(Getppid, 7, 2, 2));
        Assert.StartsWith(@"/system.slice/7\n getppid()", lines[1]);
        Assert.Equal(1, asked);
    }

    [Theory]
    [InlineData(0u, "+++ exited with 0 +++")]
    [InlineData(3u << 8, "+++ exited with 3 +++")]
    [InlineData(9u, "+++ killed by SIGKILL +++")]
    [InlineData(11u | 0x80, "+++ killed by SIGSEGV (core dumped) +++")]
    [InlineData(35u, "+++ killed by SIGRT_3 +++")]
    public void Exits(uint status, string expected) => Assert.Equal([expected], Lines(new(), Exit(7, 0, 1, status)));

    [Theory]
    [InlineData(17, 1, "SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=12, si_uid=1000, si_status=3, si_utime=130 /* 1.30 s */, si_stime=0}")]
    [InlineData(17, 2, "SIGCHLD {si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=12, si_uid=1000, si_status=SIGQUIT, si_utime=130 /* 1.30 s */, si_stime=0}")]
    [InlineData(15, 0, "SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=12, si_uid=1000}")]
    [InlineData(6, -6, "SIGABRT {si_signo=SIGABRT, si_code=SI_TKILL, si_pid=12, si_uid=1000}")]
    [InlineData(36, -1, "SIGRT_4 {si_signo=SIGRT_4, si_code=SI_QUEUE, si_pid=12, si_uid=1000, si_int=3, si_ptr=0x3}")]
    [InlineData(32, -2, "SIGRTMIN {si_signo=SIGRTMIN, si_code=SI_TIMER, si_timerid=0xc, si_overrun=1000, si_int=3, si_ptr=0x3}")]
    [InlineData(11, 1, "SIGSEGV {si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x3e80000000c}")]
    [InlineData(29, 1, "SIGIO {si_signo=SIGIO, si_code=POLL_IN, si_band=4294967296012, si_fd=3}")]
    [InlineData(10, -109, "SIGUSR1 {si_signo=SIGUSR1, si_code=0xffffff93, si_pid=12, si_uid=1000, si_int=3, si_ptr=0x3}")]
    public void Signals(uint signal, int code, string expected) => Assert.Equal(
        [$"--- {expected} ---"], Lines(new(), Signal(7, 0, 1, signal, code, 0, 12 | 1000UL << 32, 3, 130)));

    [Fact]
    public void SignalFromTheKernelIsBare() => Assert.Equal(
        ["--- SIGALRM {si_signo=SIGALRM, si_code=SI_KERNEL} ---"], Lines(new(), Signal(7, 0, 1, 14, 0x80)));

    [Fact]
    public void KillIsToldByTheExitAlone() =>
        Assert.Equal(["+++ killed by SIGKILL +++"], Lines(new(), Signal(7, 0, 1, 9, 0), Exit(7, 1, 2, 9)));

    [Fact]
    public void ColorMarksNameAndError()
    {
        string line = Lines(new() { Color = true }, Call(Getppid, 7, 0, 1, result: -2))[0];
        Assert.StartsWith("\e[36mgetppid\e[m()   ", line);
        Assert.Contains(" = \e[31m-1 ENOENT (", line);
        Assert.EndsWith("\e[m", line);
    }

    [Fact]
    public void MalformedRecordsAreSkipped()
    {
        byte[][] records = [[], new byte[31], Call(Getppid, 1, 0, 1)[..40], Signal(1, 1, 1, 15, 0)[..48], Task(1, 2, 1, "x")[..40]];
        Assert.Empty(Lines(new(), records));
    }

    private static string[] Lines(LineOptions options, params byte[][] records)
    {
        var stream = new MemoryStream();
        var view = new LineView(new Decoder(), OutputWriter.To(stream, lineBuffered: false), options);
        foreach (byte[] record in records)
            view.Write(record);
        view.Finish(new RunSummary(0, []));
        return System.Text.Encoding.UTF8.GetString(stream.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
