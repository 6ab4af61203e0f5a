using System.Runtime.InteropServices;
using System.Text;
using Scry.Capture;
using Scry.Wire;
using Xunit;

namespace Scry.Tests.Kernel;

/// <summary>The programs and sessions, on real processes. Needs root.</summary>
public sealed class CaptureTests
{
    private const int Getppid = 110, Openat = 257, Exit = 231, Execve = 59, Read = 0, Pause = 34;

    private sealed record Seen(RecordKind Kind, int Tid, int Tgid, uint Seq, int Nr, Abi Abi, long Result, byte Flags, ulong Time, ulong Duration, string Text, CapturePhase Phase);

    private static Seen Copy(ReadOnlySpan<byte> record)
    {
        RecordHeader h = MemoryMarshal.Read<RecordHeader>(record);
        string text = "";
        CapturePhase phase = CapturePhase.Entry;
        long result = 0;
        ulong duration = 0;
        if (h.Kind == RecordKind.Call)
        {
            var call = new CallRecord(record);
            result = call.Result;
            duration = call.Fixed.Duration;
            foreach (Wire.Capture capture in call)
            {
                text += Encoding.Latin1.GetString(capture.Data).TrimEnd('\0');
                phase = capture.Header.Phase;
            }
        }
        return new Seen(h.Kind, (int)h.Tid, (int)h.Tgid, h.Seq, (int)h.Detail, h.Abi, result, h.Flags, h.Time, duration, text, phase);
    }

    private static SessionOptions Options(TargetKind target, params int[] selected)
    {
        var plans = new CapturePlan[Layout.AbiCount * Layout.MaxNr];
        for (int i = 0; i < plans.Length; i++)
        {
            plans[i].ArgCount = 6;
            if (selected.Length == 0 || selected.Contains(i))
                plans[i].Flags = PlanFlags.Selected;
        }
        var path = new CaptureOp(OpKind.String, OpFlags.AtEntry, 1, 0, 0);
        plans[Openat].Add(path);
        plans[Layout.MaxNr + 5].Add(path with { Arg = 0 });
        plans[Execve].Flags |= PlanFlags.Execs;
        foreach (int forks in (int[])[56, 57, 58, 435])
            plans[forks].Flags |= PlanFlags.Forks;
        return new SessionOptions { Target = target, Plans = plans };
    }

    // Runs a scene with its process as target, to its end, and gives all records.
    private static List<Seen> Trace(string scene, SessionOptions options, out Session session, int status = 7)
    {
        var seen = new List<Seen>();
        using var victim = new Victim(scene);
        session = Session.Open(options);
        Assert.True(session.AddTask(victim.Pid, victim.Pid));
        session.Attach();
        victim.Go();
        Session running = session;
        Wait.Until(() =>
        {
            running.Drain(r => seen.Add(Copy(r)));
            return running.TaskCount == 0;
        }, "the end of " + scene);
        running.Drain(r => seen.Add(Copy(r)));
        Assert.Equal(status, victim.Join());
        return seen;
    }

    private static void AssertComplete(IEnumerable<Seen> seen)
    {
        foreach (IGrouping<int, Seen> thread in seen.GroupBy(s => s.Tid))
        {
            uint next = 0;
            foreach (Seen record in thread)
            {
                Assert.Equal(next, record.Seq);
                // A tid may serve another thread after its exit.
                next = record.Kind == RecordKind.Exit ? 0 : next + 1;
            }
        }
    }

    [Fact]
    public void Paths_are_read_wherever_they_can_be()
    {
        List<Seen> seen = Trace("paths", Options(TargetKind.Tasks, Openat), out Session session);
        using (session)
        {
            string[] paths = [.. seen.Where(s => s.Kind == RecordKind.Call).Select(s => s.Text)];
            Assert.Equal("/proc/self/exe", paths[0]);
            Assert.Equal("/edge", paths[1]);
            Assert.Equal("", paths[2]);
            Assert.Equal(new string('b', 4095), paths[3]);
            Assert.Equal("/two\nlines\u001b[31m", paths[4]);
            Assert.StartsWith("\u007fELF", paths[5], StringComparison.Ordinal);
            Assert.Equal(CapturePhase.Retry, seen.Last(s => s.Nr == Openat && s.Kind == RecordKind.Call).Phase);
        }
    }

    [Fact]
    public void Threads_lose_nothing_and_keep_their_order()
    {
        List<Seen> seen = Trace("threads", Options(TargetKind.Tasks), out Session session);
        using (session)
        {
            Assert.Equal(16000, seen.Count(s => s.Kind == RecordKind.Call && s.Nr == Getppid));
            AssertComplete(seen);
            Assert.Equal(9, seen.Count(s => s.Kind == RecordKind.Exit));
            Assert.True(seen.Zip(seen.Skip(1)).All(p => p.First.Time <= p.Second.Time));
        }
    }

    [Fact]
    public void A_childs_first_call_is_seen()
    {
        List<Seen> seen = Trace("forks", Options(TargetKind.Tasks), out Session session);
        using (session)
        {
            Assert.Equal(100, seen.Count(s => s.Kind == RecordKind.Call && s.Nr == Getppid));
            Assert.Equal(101, seen.Count(s => s.Kind == RecordKind.Exit));
            AssertComplete(seen);
            // The child's return from its parent's call is none of its own.
            Assert.DoesNotContain(seen, s => s.Kind == RecordKind.Call && s.Nr is 56 or 57 or 58 && s.Result == 0);
        }
    }

    [Fact]
    public void An_exec_of_another_thread_goes_on_under_the_leaders_tid()
    {
        List<Seen> seen = Trace("exec", Options(TargetKind.Tasks), out Session session, status: 0);
        using (session)
        {
            Seen exec = Assert.Single(seen, s => s.Kind == RecordKind.Call && s.Nr == Execve);
            Assert.Equal(exec.Tgid, exec.Tid);
            Assert.Equal(0, exec.Result);
            Assert.Contains(seen, s => s.Kind == RecordKind.Call && s.Nr == Exit && s.Tid == exec.Tid);
        }
    }

    [Fact]
    public void A_32_bit_call_is_told_apart()
    {
        List<Seen> seen = Trace("ia32", Options(TargetKind.Tasks), out Session session);
        using (session)
        {
            Seen open = Assert.Single(seen, s => s.Kind == RecordKind.Call && s.Abi == Abi.Ia32);
            Assert.Equal(5, open.Nr);
            Assert.Equal("/ia32", open.Text);
        }
    }

    [Fact]
    public void A_call_that_began_before_is_shown_without_a_duration()
    {
        List<Seen> seen = Trace("forks", Options(TargetKind.Tasks), out Session session);
        using (session)
        {
            Seen read = seen.First(s => s.Kind == RecordKind.Call);
            Assert.Equal(Read, read.Nr);
            Assert.Equal((byte)CallFlags.NoEntry, read.Flags);
            Assert.Equal(0UL, read.Duration);
        }
    }

    [Fact]
    public void Losses_are_counted_and_leave_gaps_of_their_size()
    {
        using var victim = new Victim("flood");
        using Session session = Session.Open(Options(TargetKind.Tasks) with { BufferPerCpu = 1 });
        Assert.True(session.AddTask(victim.Pid, victim.Pid));
        session.Attach();
        victim.Go();
        Assert.Equal(7, victim.Join());
        var seen = new List<Seen>();
        session.Drain(r => seen.Add(Copy(r)));
        ulong lost = session.Lost(LossReason.Ring);
        Assert.True(lost > 100_000);
        Assert.Equal(session.Written, (ulong)seen.Count);
        Assert.True(session.Written + lost > 200_000);
    }

    [Fact]
    public void A_call_that_a_signal_breaks_has_the_kernels_own_errno()
    {
        using var victim = new Victim("block");
        using Session session = Session.Open(Options(TargetKind.Tasks));
        Assert.True(session.AddTask(victim.Pid, victim.Pid));
        session.Attach();
        victim.Go();
        Wait.Until(() => File.ReadAllText($"/proc/{victim.Pid}/syscall").StartsWith($"{Pause} ", StringComparison.Ordinal), "pause");
        victim.Kill();
        victim.Join();
        var seen = new List<Seen>();
        session.Drain(r => seen.Add(Copy(r)));
        Seen pause = Assert.Single(seen, s => s.Kind == RecordKind.Call && s.Nr == Pause);
        Assert.Equal(-514, pause.Result); // ERESTARTNOHAND
        Assert.Equal(9, Assert.Single(seen, s => s.Kind == RecordKind.Exit).Nr & 0x7f);
    }

    [Fact]
    public void A_call_in_flight_at_the_end_is_shown()
    {
        using var victim = new Victim("block");
        using Session session = Session.Open(Options(TargetKind.Tasks));
        Assert.True(session.AddTask(victim.Pid, victim.Pid));
        session.Attach();
        victim.Go();
        Wait.Until(() => File.ReadAllText($"/proc/{victim.Pid}/syscall").StartsWith($"{Pause} ", StringComparison.Ordinal), "pause");
        var seen = new List<Seen>();
        session.DrainFinal(r => seen.Add(Copy(r)));
        Seen pause = Assert.Single(seen, s => s.Kind == RecordKind.Call && s.Nr == Pause);
        Assert.Equal((byte)(CallFlags.Unfinished | CallFlags.InFlight), pause.Flags);
    }

    [Fact]
    public void Signals_and_the_exit_they_cause_are_recorded()
    {
        List<Seen> seen = Trace("signal", Options(TargetKind.Tasks), out Session session, status: 128 + 15);
        using (session)
        {
            Assert.Equal([10, 15], seen.Where(s => s.Kind == RecordKind.Signal).Select(s => s.Nr));
            Assert.Equal(15, Assert.Single(seen, s => s.Kind == RecordKind.Exit).Nr & 0x7f);
        }
    }

    [Fact]
    public void Only_failures_with_the_wanted_errno_pass()
    {
        SessionOptions options = Options(TargetKind.Tasks) with { Errnos = [14] };
        List<Seen> seen = Trace("paths", options, out Session session);
        using (session)
            Assert.Equal(-14, Assert.Single(seen, s => s.Kind == RecordKind.Call).Result);
    }

    [Fact]
    public void Only_slow_calls_pass()
    {
        List<Seen> seen = Trace("threads", Options(TargetKind.Tasks) with { MinDurationNs = 3_600_000_000_000 }, out Session session);
        using (session)
            Assert.DoesNotContain(seen, s => s.Kind == RecordKind.Call);
    }

    [Fact]
    public void Comm_and_user_choose_their_tasks()
    {
        using var mine = new Victim("forks");
        using var other = new Victim("forks", "setpriv", "--reuid=65534", "--clear-groups", "--");
        using Session byComm = Session.Open(Options(TargetKind.Comm) with { Comm = "victim"u8.ToArray() });
        using Session byUser = Session.Open(Options(TargetKind.Uid) with { Uid = 65534 });
        using Session byNothing = Session.Open(Options(TargetKind.Comm) with { Comm = "victi"u8.ToArray() });
        byComm.Attach();
        byUser.Attach();
        byNothing.Attach();
        mine.Go();
        other.Go();
        mine.Join();
        other.Join();
        Assert.Equal([mine.Pid, other.Pid], Processes(byComm).Where(p => p == mine.Pid || p == other.Pid).Order());
        Assert.Contains(other.Pid, Processes(byUser));
        Assert.DoesNotContain(mine.Pid, Processes(byUser));
        Assert.Empty(Processes(byNothing));
    }

    private static HashSet<int> Processes(Session session)
    {
        var tgids = new HashSet<int>();
        session.Drain(r => tgids.Add(Copy(r).Tgid));
        return tgids;
    }

    [Fact]
    public void The_kernel_names_its_own_syscalls()
    {
        using var kernel = new KernelSyscalls();
        Assert.Equal("openat", kernel.Describe(Abi.X86_64, Openat)?.Name);
        Assert.Equal("getppid", kernel.Describe(Abi.X86_64, Getppid)?.Name);
        Assert.Equal("open", kernel.Describe(Abi.Ia32, 5)?.Name);
        Assert.Null(kernel.Describe(Abi.X86_64, 100_000));
    }
}
