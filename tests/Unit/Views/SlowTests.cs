using System.Text;
using System.Text.Json;
using Scry.Views.Slow;
using Scry.Wire;
using Xunit;
using static Scry.Tests.Unit.Views.SlowMaker;

namespace Scry.Tests.Unit.Views;

/// <summary>Where a call's time went: by name, adding up, whatever the kernel side or a recording says.</summary>
public sealed class SlowTests
{
    private const uint Io = Layout.StateIo | Uninterruptible;
    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);

    private readonly SlowMaker _maker = new();

    public static TheoryData<string, uint, string> Causes => new()
    {
        { "futex_do_wait __futex_wait futex_wait do_futex", Interruptible, "futex" },
        { "futex_wait_queue_me futex_wait", Interruptible, "futex" },
        { "rt_mutex_schedule futex_lock_pi", Interruptible, "futex" },
        { "hrtimer_nanosleep common_nsleep", Interruptible, "timer" },
        { "do_wait_intr_irq timerfd_read_iter vfs_read", Interruptible, "timer" },
        { "do_wait_intr eventfd_read vfs_read", Interruptible, "eventfd" },
        { "do_wait kernel_wait4", Interruptible, "child" },
        { "anon_pipe_read vfs_read ksys_read", Interruptible, "pipe" },
        { "anon_pipe_write vfs_write", Uninterruptible, "lock" },
        { "fdget_pos ksys_write", Uninterruptible, "lock" },
        { "vfs_unlink do_unlinkat", Uninterruptible, "lock" },
        // Of a driver that nothing is known of, what calls it tells nothing.
        { "foo_wait foo_read vfs_read ksys_read", Uninterruptible, "kernel" },
        { "foo_wait foo_read vfs_read ksys_read", Interruptible, "event" },
        { "ext4_buffered_write_iter vfs_write", Uninterruptible, "lock" },
        { "ext4_wait_something ext4_sync_file", Io, "disk" },
        { "jbd2_log_wait_commit ext4_sync_file do_fsync", Uninterruptible, "disk" },
        { "folio_wait_bit_common filemap_read_folio filemap_fault __do_fault handle_mm_fault exc_page_fault", Io, "page fault" },
        { "handle_userfault __handle_mm_fault handle_mm_fault", Interruptible, "userfault" },
        { "kernel_clone __do_sys_vfork", Uninterruptible, "vfork" },
        { "wait_for_vfork_done kernel_clone", Uninterruptible, "vfork" },
        { "ptrace_stop ptrace_do_notify ptrace_notify kernel_clone", Traced, "stopped" },
        { "foo", Stopped, "stopped" },
        { "fanotify_handle_event fsnotify do_dentry_open", Uninterruptible | 0x100, "fanotify" },
        { "__rt_mutex_slowlock_locked.constprop.0 do_truncate", Uninterruptible, "lock" },
        { "foo", RealTimeLock, "lock" },
        { "__do_sys_io_uring_enter", Io, "io_uring" },
        { "io_cqring_wait", Io, "io_uring" },
        { "sk_wait_data tcp_recvmsg_locked", Interruptible, "socket" },
        { "__lock_sock lock_sock_nested tcp_recvmsg", Uninterruptible, "lock" },
        { "wait_woken n_tty_read tty_read", Interruptible, "terminal" },
        { "poll_schedule_timeout.constprop.0 do_sys_poll", Interruptible, "poll" },
        { "synchronize_rcu_expedited", Uninterruptible, "rcu" },
        { "", Io, "disk" },
        { "", Uninterruptible, "kernel" },
        { "", Interruptible, "event" },
    };

    [Theory]
    [MemberData(nameof(Causes))]
    public void FunctionsAndStateTellTheCause(string functions, uint state, string cause)
    {
        CallWaits waits = Waits(_maker.Site(70, state, functions.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        Assert.Equal([$"{cause} 70"], _maker.Blocked(Call(100, new CallSplit { Blocked = 70, Waits = 1, Io = state == Io ? 70UL : 0, Uninterruptible = state == Uninterruptible ? 70UL : 0 }, waits)));
    }

    [Fact]
    public void ShortWaitsAreKnownByTheirStateAlone()
    {
        CallWaits waits = Waits(_maker.Site(40, Interruptible, "anon_pipe_read"), _maker.Site(30, Io, "folio_wait_bit_common"));
        var split = new CallSplit { Blocked = 100, Io = 40, Uninterruptible = 5, Waits = 9 };
        Assert.Equal(["disk 40", "kernel 5", "pipe 40", "other waits 15"], _maker.Blocked(Call(200, split, waits)).Order());
        Assert.Equal(["disk 40", "kernel 5", "other waits 55"], _maker.Blocked(Call(200, split)).Order());
    }

    [Fact]
    public void PlacesOfOneCauseAreOnePart()
    {
        CallWaits waits = Waits(_maker.Site(10, Interruptible, "anon_pipe_read", "vfs_read"), _maker.Site(30, Interruptible, "anon_pipe_write", "vfs_write"));
        byte[] call = Call(200, new CallSplit { Blocked = 40, Waits = 2 }, waits);
        Assert.Equal(["pipe 40"], _maker.Blocked(call));
        Assert.Equal("anon_pipe_write", _maker.Split(call).GetProperty("blocked")[0].GetProperty("in")[0].GetString());
    }

    /// <summary>At the end of a run the place is looked at before the sums are made.</summary>
    [Fact]
    public void WaitThatGoesOnIsOne() =>
        Assert.Equal(["futex 75"], _maker.Blocked(Call(80, new CallSplit { Blocked = 75, Waits = 1 }, Waits(_maker.Site(70, Interruptible, "futex_wait")))));

    [Fact]
    public void PartsThatExceedTheWholeLeaveNothingNegative()
    {
        JsonElement split = _maker.Split(Call(10, new CallSplit { Blocked = 70, Queued = ulong.MaxValue, Io = ulong.MaxValue, Waits = 1 }));
        Assert.Equal(0, split.GetProperty("cpu_ns").GetInt64());
        Assert.Equal(["disk 70"], _maker.Blocked(Call(10, new CallSplit { Blocked = 70, Io = ulong.MaxValue, Waits = 1 })));
    }

    [Fact]
    public void ChainIsToldAsFarAsItIsAskedForAndKnown()
    {
        CallWaits waits = Waits(_maker.Site(70, Interruptible, "schedule", "anon_pipe_read", "vfs_read"));
        waits.Links = 3;
        waits.Chain[0] = Link("a\e[2J", LinkFlags.InCall | LinkFlags.WaitCall, RecordMaker.Getppid);
        waits.Chain[0].Waited = 50;
        _maker.Fill(waits.Chain[0].Frames, ["hrtimer_nanosleep"]);
        waits.Chain[1] = Link("ksoftirqd/0", LinkFlags.Kernel);
        waits.Chain[2] = Link("nobody", LinkFlags.Interrupt);
        byte[] call = Call(100, new CallSplit { Blocked = 70, Waits = 1 }, waits);
        string[] lines = _maker.Lines(new SplitLayout { Chain = 8 }, call);
        Assert.Equal(4, lines.Length);
        Assert.EndsWith("{blocked 70ns (pipe), cpu 30ns}", lines[0]);
        Assert.Equal("    waited 70ns in anon_pipe_read < vfs_read", lines[1]);
        Assert.StartsWith("    until a\\33[2J[42/43] in getppid() woke it, after a wait of 50ns in hrtimer_nanosleep of its ", lines[2]);
        // What does the work of interrupts is an interrupt, behind which there is nobody.
        Assert.Equal("      until a timer", lines[3]);
        Assert.Equal(3, _maker.Lines(new SplitLayout(), call).Length);
        Assert.Equal(2, _maker.Split(call).GetProperty("longest").GetProperty("woken_by").GetArrayLength());
        // A program can call itself so, too.
        waits.Chain[1].Flags = LinkFlags.None;
        Assert.Equal(3, _maker.Split(Call(100, new CallSplit { Blocked = 70, Waits = 1 }, waits)).GetProperty("longest").GetProperty("woken_by").GetArrayLength());
    }

    /// <summary>One of another pid namespace is no interrupt.</summary>
    [Fact]
    public void WakerWithoutIdsIsAThread()
    {
        CallWaits waits = Waits(_maker.Site(70, Interruptible, "anon_pipe_read"));
        waits.Links = 1;
        waits.Chain[0] = Link("outside", LinkFlags.None);
        (waits.Chain[0].Tid, waits.Chain[0].Tgid) = (0, 0);
        byte[] call = Call(100, new CallSplit { Blocked = 70, Waits = 1 }, waits);
        Assert.Equal("    until outside[?] woke it", _maker.Lines(new SplitLayout(), call)[2]);
        Assert.Equal("{\"comm\":\"outside\"}", _maker.Split(call).GetProperty("longest").GetProperty("woken_by")[0].GetRawText());
    }

    [Theory]
    [InlineData(9, 0)]
    [InlineData(uint.MaxValue, 3)]
    [InlineData(1, 4)]
    [InlineData(1, uint.MaxValue)]
    public void NumbersBeyondTheirArraysAreNone(uint links, uint site)
    {
        CallWaits waits = Waits(_maker.Site(70, Interruptible, "anon_pipe_read"));
        (waits.Links, waits.Site) = (links, site);
        for (int i = 0; i < Layout.Chain; i++)
            waits.Chain[i] = Link("x", LinkFlags.None);
        byte[] call = Call(100, new CallSplit { Blocked = 70, Waits = 1 }, waits);
        Assert.Equal(site < Layout.Sites, _maker.Split(call).TryGetProperty("longest", out JsonElement longest));
        if (site < Layout.Sites)
            Assert.Equal(Layout.Chain, longest.GetProperty("woken_by").GetArrayLength());
        Assert.NotEmpty(_maker.Lines(new SplitLayout { Chain = 8 }, call));
    }

    [Fact]
    public void HalvesOfCapturesAreNone()
    {
        byte[] bare = RecordMaker.Call(RecordMaker.Getppid, 7, 0, 5, 100, 42);
        byte[] half = RecordMaker.With(bare, 0, Bytes(default(CallSplit))[..^8], CapturePhase.Exit, CaptureFlags.Split);
        Assert.False(JsonDocument.Parse(_maker.Json(half)).RootElement.TryGetProperty("split", out _));
        byte[] waits = RecordMaker.With(Call(100, new CallSplit { Blocked = 70, Waits = 1 }), 0, Bytes(default(CallWaits))[..^8], CapturePhase.Exit, CaptureFlags.Waits);
        Assert.Equal(["other waits 70"], _maker.Blocked(waits));
        Assert.Single(_maker.Lines(new SplitLayout(), waits));
    }

    [Fact]
    public void HostileNamesOfFunctionsSteerNothing()
    {
        _maker.Places.Add(new Place("f\e[2J\n", "/x/\e]0;a\a.c", 3, "/lib/\u202ex", "00", 5, 1, false));
        CallWaits waits = Waits(_maker.Site(70, Interruptible, "evil\e[2J\n\"\\\u009b"));
        byte[] call = Call(100, new CallSplit { Blocked = 70, Waits = 1 }, waits, [0, 0, 0, 0, 9, 0, 0, 0]);
        foreach (string line in _maker.Lines(new SplitLayout { Stacks = true }, call))
            Assert.DoesNotContain(line, letter => letter < ' ' || letter is >= '\x7f' and < '\xa0' or '\u202e');
        byte[] json = _maker.Json(call);
        Assert.DoesNotContain(json[..^1], b => b is < 0x20 or >= 0x7f);
        JsonElement read = JsonDocument.Parse(json).RootElement;
        Assert.Equal("evil\e[2J\n\"\\\u009b", read.GetProperty("split").GetProperty("blocked")[0].GetProperty("in")[0].GetString());
        Assert.Equal("f\e[2J\n", read.GetProperty("stack")[0].GetProperty("function").GetString());
        Assert.Equal(1, read.GetProperty("stack").GetArrayLength());
    }

    /// <summary>Whatever stands in them, the captures are told as lines and as JSON that can be read.</summary>
    [Fact]
    public void RandomCapturesAreTold()
    {
        var random = new Random(14);
        string[] functions = ["anon_pipe_read", "schedule", "handle_mm_fault", "try_to_wake_up", "hrtimer_wakeup", "evil\e\n\"\u009b", ""];
        foreach (string function in functions)
            _maker.Address(function);
        _maker.Places.AddRange([new Place("f\"\n", null, 0, null, null, 0, 0, false), new Place("", "/a\e", -1, "\0", "", ulong.MaxValue, ulong.MaxValue, true), new Place("", null, 0, null, null, 0, 0, false, "end\e\n")]);
        for (int round = 0; round < 500; round++)
        {
            byte[][] records = [.. Enumerable.Range(0, 20).Select(_ => RandomCall(random))];
            string json = s_strict.GetString(_maker.Json(records));
            Assert.DoesNotContain(json, letter => letter is (< ' ' and not '\n') or (>= '\x7f' and < '\xa0'));
            foreach (string line in json.Split('\n', StringSplitOptions.RemoveEmptyEntries))
                JsonDocument.Parse(line).Dispose();
            foreach (string line in _maker.Lines(new SplitLayout { Chain = 8, Stacks = true }, records))
                Assert.DoesNotContain(line, letter => letter < ' ' || letter is >= '\x7f' and < '\xa0');
        }
    }

    // Mostly of the sizes that are right, with numbers that are small, or anything.
    private byte[] RandomCall(Random random)
    {
        byte[] call = RecordMaker.Call((uint)random.Next(0, 500), 7, 0, (ulong)random.NextInt64(), (ulong)random.NextInt64(), random.Next(-5, 5), (CallFlags)random.Next(0, 256));
        foreach (CaptureFlags sort in new[] { CaptureFlags.Split, CaptureFlags.Waits, CaptureFlags.Places })
        {
            byte[] data = sort switch { CaptureFlags.Split => Bytes(default(CallSplit)), CaptureFlags.Waits => Bytes(RandomWaits(random)), _ => new byte[4 * random.Next(0, 9)] };
            if (sort != CaptureFlags.Waits || random.Next(4) == 0)
            {
                random.NextBytes(data);
                for (int i = 0; i + 8 <= data.Length; i += 8)
                {
                    if (random.Next(2) == 0)
                        BitConverter.TryWriteBytes(data.AsSpan(i), (ulong)random.Next(0, 5));
                }
            }
            if (random.Next(20) == 0)
                data = data[..random.Next(0, data.Length + 1)];
            if (random.Next(20) != 0)
                call = RecordMaker.With(call, 0, data, CapturePhase.Exit, random.Next(50) == 0 ? (CaptureFlags)random.Next(0, 256) : sort);
        }
        return call;
    }

    private CallWaits RandomWaits(Random random)
    {
        CallWaits waits = default;
        (waits.Longest, waits.Links, waits.Site) = ((ulong)random.NextInt64(), (uint)random.Next(0, 10), (uint)random.Next(0, 6));
        foreach (ref WaitSite site in (Span<WaitSite>)waits.Sites)
        {
            site = new WaitSite { Hash = (ulong)random.Next(0, 2), Total = (ulong)random.NextInt64(), Waits = (uint)random.Next(), State = (uint)random.Next() };
            for (int i = 0; i < random.Next(0, Layout.SiteFrames); i++)
                site.Frames[i] = (ulong)random.Next(0x1000, 0x100a);
        }
        for (int i = 0; i < Layout.WakerFrames; i++)
            waits.Waker[i] = (ulong)random.Next(0x1000, 0x100a);
        foreach (ref WakerLink link in (Span<WakerLink>)waits.Chain)
        {
            random.NextBytes(System.Runtime.InteropServices.MemoryMarshal.AsBytes(new Span<WakerLink>(ref link)));
            if (random.Next(2) == 0)
                (link.Abi, link.Nr, link.Flags) = (Abi.X86_64, (uint)random.Next(0, 400), (LinkFlags)random.Next(0, 32));
        }
        return waits;
    }
}
