using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>What is blocked is shown with its call, its object and its holder, and goes on as if nobody had looked.</summary>
public sealed partial class StuckTests : IDisposable
{
    private const int SigStop = 19, SigContinue = 18;

    private readonly Workspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public void PipeHeldFullByAStoppedReader()
    {
        using Child writer = Start("full-pipe");
        Shows(writer.Id, "write(4<pipe:[", "full; read end open in ", $"holder[{Told(writer)}] fd 3, which is stopped", "in ", "pipe_write");
    }

    [Fact]
    public void EmptyPipeWithASleepingWriter()
    {
        using Child reader = Start("empty-pipe");
        Shows(reader.Id, "read(3<pipe:[", $"write end open in holder[{Told(reader)}] fd 4", "pipe_read");
    }

    [Theory]
    [InlineData("mutex", "futex(0x", "mutex owned by owner[{0}], which is in pause (likely: glibc's owner field)")]
    [InlineData("pi-mutex", "FUTEX_LOCK_PI", "futex owned by owner[{0}], which is in pause")]
    public void MutexHeldByAnotherThread(string how, string call, string owner)
    {
        using Child process = Start(how);
        Eventually.HasThreads(process.Id, 2);
        Shows(Other(process), call, string.Format(CultureInfo.InvariantCulture, owner, process.Id), "waiter[", "futex");
    }

    [Fact]
    public void WhoWaitsForALockDoesNotHoldItByADescriptorThatItWasLeft()
    {
        using var workspace = new Workspace();
        using Child shell = Child.Start("sh", ["-c", $"exec 9> {workspace["lock"]}; flock 9; sh -c 'exec 8> {workspace["lock"]}; exec flock 8'; :"]);
        int waiter = 0;
        Eventually.True(() => int.TryParse(Child.Run("pgrep", "-x", "flock", "-P", $"{shell.Id}").Output, out waiter), "it waits");
        string block = Shows(waiter, "flock(8<", $"write flock held by sh[{shell.Id}] fd 9");
        Assert.DoesNotContain($"flock[{waiter}] fd", block);
    }

    [Fact]
    public void JoinWaitsForTheOtherThread()
    {
        using Child process = Start("join");
        Eventually.HasThreads(process.Id, 2);
        Shows(process.Id, "futex(0x", $"waits for the end of stuck:joined[{process.Id}/{Other(process)}], which is in pause (likely: the word is its tid)");
    }

    [Fact]
    public void ConditionVariableHasNoOwnerAndNoneIsMadeUp()
    {
        using Child process = Start("threads", "1");
        Eventually.HasThreads(process.Id, 2);
        Assert.DoesNotContain("own", Shows(Other(process), "futex(0x"));
    }

    [Theory]
    [InlineData("flock", "flock(3<{0}>, LOCK_EX)", "write flock held by holder[{1}] fd ")]
    [InlineData("fcntl", "fcntl(3<{0}>, F_SETLKW, {{l_type=F_WRLCK", "write lock (fcntl) held by holder[{1}]")]
    [InlineData("ofd", "fcntl(3<{0}>, F_OFD_SETLKW, {{l_type=F_WRLCK", "write lock of an open file (OFD) held by holder[{1}] fd ")]
    public void LockOfAFileHeldByAnotherProcess(string how, string call, string holder)
    {
        using Child process = Start(how, _workspace["file"]);
        object[] values = [_workspace["file"], Told(process)];
        Shows(process.Id, string.Format(CultureInfo.InvariantCulture, call, values), string.Format(CultureInfo.InvariantCulture, holder, values));
    }

    [Theory]
    [InlineData("fifo-read", "O_RDONLY", "nobody has the FIFO open for writing")]
    [InlineData("fifo-write", "O_WRONLY", "nobody has the FIFO open for reading")]
    public void FifoWithoutPeer(string how, string flags, string peer)
    {
        using Child process = Start(how, _workspace["fifo"]);
        Shows(process.Id, $"\"{_workspace["fifo"]}\", {flags})", peer);
    }

    [Fact]
    public void ConnectToASilentPortNamesIt()
    {
        using Child process = Start("connect");
        int port = Told(process);
        Shows(process.Id, "connect(", $"sin_port=htons({port})", $" SYN_SENT: no answer from 127.0.0.1:{port}");
    }

    [Fact]
    public void UnixSocketHasItsPeer()
    {
        using Child process = Start("unix");
        Shows(process.Id, "recvfrom(3<UNIX-STREAM:[", $"other end open in holder[{Told(process)}] fd 4");
    }

    [Fact]
    public void UnixListenerThatDoesNotAccept()
    {
        using Child process = Start("backlog", _workspace["socket"]);
        Shows(process.Id, "connect(", $"sun_path=\"{_workspace["socket"]}\"", $"{_workspace["socket"]} listens in holder[{Told(process)}] fd 3");
    }

    [Fact]
    public void SocketOfAnotherNetworkNamespace()
    {
        using Child process = Child.Start("unshare", ["--net", Programs.Path("stuck"), "unix"]);
        Shows(process.Id, "recvfrom(3<UNIX-STREAM:[", $"other end open in holder[{Told(process)}] fd 4");
    }

    [Fact]
    public void MutexOfAnotherPidNamespace()
    {
        using Child outer = Child.Start("unshare", ["--pid", "--fork", "--kill-child", Programs.Path("stuck"), "mutex"]);
        int pid = 0;
        Eventually.True(() => int.TryParse(Child.Run("pgrep", "-P", $"{outer.Id}", "-x", "owner").Output, out pid), "the owner runs");
        Eventually.HasThreads(pid, 2);
        int waiter = Threads(pid).Single(tid => tid != pid);
        Shows(waiter, pid, "futex(0x", $"mutex owned by owner[{pid}]");
    }

    [Fact]
    public void ChildThatIsWaitedFor()
    {
        using Child process = Start("wait");
        int child = Told(process);
        Shows(process.Id, $"wait4({child}, NULL, 0, NULL)", $"waits for holder[{child}]");
    }

    [Fact]
    public void SleepTellsWhatIsLeftOfIt()
    {
        using Child process = Start("sleep");
        Shows(process.Id, "nanosleep(", "tv_sec=987", "wakes in 98");
    }

    [Fact]
    public void FileOfAServerThatIsGone()
    {
        Directory.CreateDirectory(_workspace["mount"]);
        try
        {
            using Child process = Child.Start(Programs.Path("silentfs"), ["read", _workspace["mount"]]);
            Shows(process.Id, $"read(3<{_workspace["mount"]}/file>, 0x", "in request_wait_answer");
        }
        finally
        {
            Child.Run("umount", "-l", _workspace["mount"]).Expect();
        }
    }

    [Fact]
    public void MemoryThatDoesNotAnswerIsAnAddressAndHoldsNobody()
    {
        Directory.CreateDirectory(_workspace["mount"]);
        try
        {
            using Child process = Child.Start(Programs.Path("silentfs"), ["memory", _workspace["mount"]]);
            Assert.Matches(@"write\(5<pipe:\[\d+\]>, 0x[0-9a-f]+, 16\)", Shows(process.Id, "write(5<"));
        }
        finally
        {
            Child.Run("umount", "-l", _workspace["mount"]).Expect();
        }
    }

    [Fact]
    public void StoppedProcessesAreMarked()
    {
        using Child busy = Child.Start("/bin/sh", ["-c", "while :; do :; done"]);
        // In its loop, and no more in a call of its start; the 14th field of proc_pid_stat(5), in ticks.
        Eventually.True(() => int.Parse(File.ReadAllText($"/proc/{busy.Id}/stat").Split(") ")[^1].Split(' ')[11], CultureInfo.InvariantCulture) > 2, "it has run for some ticks");
        busy.Signal(SigStop);
        string block = Shows(busy.Id, "(in no system call)", "stopped by a signal");
        Assert.Matches(@"^ *≥ \S+( \S+)?  T  sh\[", block);
        busy.Signal(SigContinue);
        Eventually.True(() => !Stuck("-p", $"{busy.Id}", "--over", "0").Output.Contains("stopped", StringComparison.Ordinal), "it is not stopped any more");
    }

    [Fact]
    public void FrozenProcessesAreMarked()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using Child process = Child.Start("/bin/sh", ["-c", $"{cgroup.Enter}; exec sleep 1000"]);
        Eventually.True(() => Stuck("-p", $"{process.Id}", "--over", "0").Output.Contains("clock_nanosleep", StringComparison.Ordinal), "it sleeps");
        File.WriteAllText(Path.Combine(cgroup.Path, "cgroup.freeze"), "1");
        Eventually.True(() => File.ReadAllText(Path.Combine(cgroup.Path, "cgroup.events")).Contains("frozen 1", StringComparison.Ordinal), "it is frozen");
        Assert.DoesNotContain("wakes in", Shows(process.Id, "clock_nanosleep", "frozen, with its cgroup"));
        File.WriteAllText(Path.Combine(cgroup.Path, "cgroup.freeze"), "0");
        Eventually.True(() => !Stuck("-p", $"{process.Id}", "--over", "0").Output.Contains("frozen", StringComparison.Ordinal), "it is frozen no more");
    }

    [Fact]
    public void TracerThatStopsItIsNamed()
    {
        using Child strace = Child.Start("strace", ["-o", "/dev/null", "-e", "inject=lseek:delay_enter=100000000", Programs.Path("count"), "1"]);
        string block = "";
        Eventually.True(() => (block = Stuck("--comm", "count", "--over", "0").Output).Contains("stopped by its tracer", StringComparison.Ordinal), "it is stopped");
        Assert.Contains($"stopped by its tracer strace[{strace.Id}]", block);
        Assert.Matches(@"  t  count\[\d+\]  lseek\(-1, 0, SEEK_SET\)", block);
    }

    [Fact]
    public void NobodyRunsBecauseOfIt()
    {
        using Child process = Start("threads", "8");
        Eventually.HasThreads(process.Id, 9);
        string before = Switches(process.Id);
        Finished run = Stuck("-p", $"{process.Id}", "--over", "0", "--all-threads");
        Assert.Equal(9, run.Lines.Count(line => Header().IsMatch(line)));
        Assert.Equal(before, Switches(process.Id));
    }

    [Fact]
    public void ThreadsInTheSamePlaceAreOne()
    {
        using Child process = Start("threads", "8");
        Eventually.HasThreads(process.Id, 9);
        Finished folded = Stuck("-p", $"{process.Id}", "--over", "0");
        Assert.Equal(2, folded.Lines.Count(line => Header().IsMatch(line)));
        Assert.Contains("and 7 more threads of it in futex", folded.Output);
        Assert.Equal("scry: 9 of 9 blocked threads\n", folded.Error);
        Assert.Equal(8, Stuck("-p", $"{process.Id}", "--over", "0", "--all-threads", "-e", "futex").Lines.Count(line => Header().IsMatch(line)));
        Assert.Empty(Stuck("-p", $"{process.Id}", "--over", "1h").Output);
        Assert.Single(Stuck("-t", $"{process.Id}", "--over", "0").Lines, line => Header().IsMatch(line));
    }

    [Fact]
    public void TimeIsThatSinceItLastRan()
    {
        long started = Stopwatch.GetTimestamp();
        using Child process = Start("sleep");
        Shows(process.Id, "nanosleep(");
        long asleep = Stopwatch.GetTimestamp();
        Thread.Sleep(300);
        double least = Stopwatch.GetElapsedTime(asleep).TotalNanoseconds;
        using JsonDocument one = JsonDocument.Parse(Stuck("-p", $"{process.Id}", "--over", "0", "--json").Lines[0]);
        double idle = one.RootElement.GetProperty("idle").GetDouble();
        // The scheduler's clock is not quite that of Stopwatch.
        const double drift = 20e6;
        Assert.InRange(idle, least - drift, Stopwatch.GetElapsedTime(started).TotalNanoseconds + drift);
        Assert.False(one.RootElement.TryGetProperty("elapsed", out _));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ARecorderThatSawItBeginTellsHowLongItTakes(bool exact)
    {
        using Cgroup cgroup = Cgroup.Unified();
        string name = $"stuck{Environment.ProcessId}";
        Child.Run(ScryBinary.Path, "loop", "start", name, "-G", cgroup.Path, exact ? "-T" : "--no-signals", "--memory", "8M").Expect();
        try
        {
            using Child process = Child.Start("/bin/sh", ["-c", $"{cgroup.Enter}; exec {Programs.Path("stuck")} sleep"]);
            string block = Shows(process.Id, "nanosleep(");
            Assert.DoesNotContain("≥", block);
            using JsonDocument one = JsonDocument.Parse(Stuck("-p", $"{process.Id}", "--over", "0", "--json").Lines[0]);
            Assert.True(one.RootElement.GetProperty(exact ? "elapsed" : "elapsed_about").GetUInt64() + (exact ? 0UL : 10_000_000) >= one.RootElement.GetProperty("idle").GetUInt64());
        }
        finally
        {
            Child.Run(ScryBinary.Path, "loop", "stop", name).Expect();
        }
    }

    [Fact]
    public void JsonHasAnObjectForEachThread()
    {
        using Child process = Start("full-pipe");
        Shows(process.Id, "write(4<pipe:[");
        Finished run = Stuck("-p", $"{process.Id}", "--over", "0", "--json", "--show-cgroup");
        JsonElement[] lines = [.. run.Lines.Select(line => JsonDocument.Parse(line).RootElement)];
        Assert.Equal(["stuck", "summary"], lines.Select(line => line.GetProperty("type").GetString()!));
        JsonElement one = lines[0], holder = one.GetProperty("holders")[0];
        Assert.Equal(process.Id, one.GetProperty("pid").GetInt32());
        Assert.Equal("write", one.GetProperty("name").GetString());
        Assert.StartsWith("pipe:[", one.GetProperty("fds").GetProperty("4").GetString());
        Assert.Contains("pipe_write", one.GetProperty("wchan").GetString());
        Assert.Equal(one.GetProperty("wchan").GetString(), one.GetProperty("stack")[0].GetString());
        Assert.StartsWith("/", one.GetProperty("cgroup").GetString());
        Assert.Equal("pipe_reader", holder.GetProperty("kind").GetString());
        Assert.Equal(Told(process), holder.GetProperty("tasks")[0].GetProperty("pid").GetInt32());
        Assert.Equal("T", holder.GetProperty("tasks")[0].GetProperty("state").GetString());
        Assert.Equal(1, lines[1].GetProperty("stuck").GetInt32());
    }

    [Fact]
    public void TargetsThatEndMeanwhileBreakNothing()
    {
        Child[] children = [.. Enumerable.Range(0, 4).Select(_ => Start("short-lives"))];
        try
        {
            for (int i = 0; i < 20; i++)
            {
                Finished run = Child.Run(ScryBinary.Path, "stuck", "--comm", "stuck", "--over", "0", "--all-threads", "--json").Expect();
                Assert.All(run.Lines, line => JsonDocument.Parse(line).Dispose());
                Assert.Matches(@"^scry: \d+ of \d+ blocked threads\n$", run.Error);
            }
        }
        finally
        {
            foreach (Child child in children)
                child.Dispose();
        }
    }

    [Fact]
    public void ArgumentsAreThoseOfTheCallThatIsShown()
    {
        Child[] children = [.. Enumerable.Range(0, 4).Select(_ => Start("changing"))];
        try
        {
            int whole = 0;
            for (int i = 0; i < 40; i++)
            {
                foreach (Match call in PollCall().Matches(Stuck("--comm", "stuck", "-e", "poll", "--over", "0", "--all-threads").Output))
                {
                    Assert.Equal(call.Groups[1].Value, call.Groups[2].Value);
                    whole++;
                }
            }
            Assert.NotEqual(0, whole);
        }
        finally
        {
            foreach (Child child in children)
                child.Dispose();
        }
    }

    [Fact]
    public void WholeMachineIsTheDefault()
    {
        using Child process = Start("sleep");
        Shows(process.Id, "nanosleep(");
        Assert.Contains($"stuck[{process.Id}]", Stuck("--over", "0").Output);
        Assert.Equal(1, Child.Run(ScryBinary.Path, "stuck", "-p", "4194305").Status);
        Assert.Equal(2, Child.Run(ScryBinary.Path, "stuck", "--over", "soon").Status);
    }

    [Fact]
    public void WithoutRootItSaysSoInOneLine()
    {
        File.Copy(ScryBinary.Path, _workspace["scry"]);
        File.SetUnixFileMode(Path.GetDirectoryName(_workspace["scry"])!, (UnixFileMode)0b111_101_101);
        Finished run = Child.Run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", _workspace["scry"], "stuck").Expect(1);
        Assert.Contains("tracing needs CAP_BPF and CAP_PERFMON", run.Error);
        Assert.Equal(1, run.Error.Count(c => c == '\n'));
    }

    [Fact]
    public void NamesWithStepsForATerminalAreEscaped()
    {
        using Child process = Child.Start("/bin/sh", ["-c", $"exec {Programs.Path("stuck")} fifo-read \"$(printf '{_workspace["fifo"]}\\033[2J')\""]);
        string block = Shows(process.Id, "nobody has the FIFO open for writing");
        Assert.DoesNotContain('\u001b', block);
        Assert.Contains("fifo\\33[2J\"", block);
    }

    [Fact]
    public void OnATerminalItIsColouredAndEnds()
    {
        using Child process = Start("sleep");
        Shows(process.Id, "nanosleep(");
        string server = $"scry-stuck-{Environment.ProcessId}", screen = "";
        Child.Run("tmux", "-L", server, "-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40",
            $"env -u NO_COLOR {ScryBinary.Path} stuck -p {process.Id} --over 0; echo ended: $?; exec sleep 60").Expect();
        try
        {
            Eventually.True(() => (screen = Child.Run("tmux", "-L", server, "capture-pane", "-p", "-e").Output).Contains("ended: 0", StringComparison.Ordinal), "it ended");
            Assert.Contains("\u001b[36m", screen);
            Assert.Contains("nanosleep", screen);
            Assert.Contains("1 of 1 blocked threads", screen);
        }
        finally
        {
            Child.Run("tmux", "-L", server, "kill-server");
        }
    }

    private static Child Start(params string[] words) => Child.Start(Programs.Path("stuck"), words);

    private static Finished Stuck(params string[] words)
    {
        Finished run = Child.Run(ScryBinary.Path, ["stuck", .. words]).Expect();
        // Standard output is read byte by byte.
        return run with { Output = System.Text.Encoding.UTF8.GetString(System.Text.Encoding.Latin1.GetBytes(run.Output)) };
    }

    // The number that the program tells.
    private static int Told(Child child)
    {
        int number = 0;
        Eventually.True(() => int.TryParse(child.Error.Split('\n')[0], out number), "it tells a number");
        return number;
    }

    private static int[] Threads(int pid) => [.. Directory.GetDirectories($"/proc/{pid}/task").Select(path => int.Parse(Path.GetFileName(path), CultureInfo.InvariantCulture))];

    private static int Other(Child process) => Threads(process.Id).Single(tid => tid != process.Id);

    private static string Shows(int tid, params string[] parts) => Shows(tid, int.Parse(File.ReadLines($"/proc/{tid}/status")
        .First(line => line.StartsWith("Tgid:", StringComparison.Ordinal))[5..], CultureInfo.InvariantCulture), parts);

    // The lines about a thread, once all of the parts are in them.
    private static string Shows(int tid, int pid, params string[] parts)
    {
        string block = "";
        Eventually.True(() => parts.All((block = Block(tid, pid)).Contains), $"stuck shows {string.Join(" … ", parts)}");
        return block;
    }

    private static string Block(int tid, int pid)
    {
        string[] lines = Stuck("-p", $"{pid}", "--over", "0", "--all-threads").Lines;
        string name = tid == pid ? $"[{pid}]  " : $"[{pid}/{tid}]  ";
        int first = Array.FindIndex(lines, line => Header().IsMatch(line) && line.Contains(name, StringComparison.Ordinal));
        return first < 0 ? "" : string.Join('\n', lines.Skip(first).TakeWhile((line, i) => i == 0 || !Header().IsMatch(line)));
    }

    private static string Switches(int pid) => string.Join('\n', Threads(pid).Order()
        .SelectMany(tid => File.ReadLines($"/proc/{pid}/task/{tid}/status").Where(line => line.Contains("ctxt_switches", StringComparison.Ordinal))));

    [GeneratedRegex(@"poll\(\[\{fd=-(\d)[^]]*\], 1, (\d)\)")]
    private static partial Regex PollCall();

    // "  ≥ 2.1 s  S  sleep[12]  nanosleep(…": what is said of a thread stands further right.
    [GeneratedRegex(@"^ {0,9}\S.{0,9}  [SDTtI]  ")]
    private static partial Regex Header();
}
