using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Bpf;
using Scry.Capture;
using Scry.Wire;
using Xunit;

namespace Scry.Tests.Kernel;

/// <summary>The counting programs, on real processes. Needs root.</summary>
public sealed class CounterTests
{
    private const int Getppid = 110, Openat = 257, Read = 0, Execve = 59, ClockNanosleep = 230, Wait4 = 61;
    private static readonly int[] s_forks = [56, 57, 58, 435];

    private static CapturePlan[] Plans(params int[] selected)
    {
        var plans = new CapturePlan[Layout.AbiCount * Layout.MaxNr];
        for (int i = 0; i < plans.Length; i++)
        {
            plans[i].ArgCount = 6;
            if (selected.Length == 0 || selected.Contains(i))
                plans[i].Flags = PlanFlags.Selected;
        }
        plans[Read].FdArg = 1;
        foreach (int forks in s_forks)
            plans[forks].Flags |= PlanFlags.Forks;
        return plans;
    }

    private static CounterOptions Options(TargetKind target, CountBy by = CountBy.Process) =>
        new() { What = new SessionOptions { Target = target, Plans = Plans() }, By = by };

    /// <summary>Runs a scene with its process as target, to its end.</summary>
    private static Counters Count(string scene, CounterOptions options, int status = 7)
    {
        using var victim = new Victim(scene);
        Counters counters = Counters.Open(options);
        Assert.True(counters.AddTask(victim.Pid, victim.Pid));
        counters.Attach();
        victim.Go();
        Wait.Until(() =>
        {
            counters.Read();
            return counters.TaskCount == 0;
        }, "the end of " + scene);
        Assert.Equal(status, victim.Join());
        counters.Detach();
        counters.Read();
        return counters;
    }

    [Fact]
    public void A_flood_is_counted_to_the_last_call()
    {
        using Counters counters = Count("flood", Options(TargetKind.Tasks));
        CounterRow row = Assert.Single(counters.Rows, row => row.Nr == Getppid);
        Assert.Equal(200_000UL, row.Sums.Calls);
        Assert.Equal(0UL, row.Sums.Errors);
        Assert.Equal("victim", row.Group.ToString());
        DurationHistogram histogram = counters.Histogram(row);
        Assert.Equal(200_000UL, histogram.Count);
        // The shortest and the longest call are where user space would put them.
        foreach (CounterRow one in counters.Rows.Where(one => one.Sums.Timed > 0))
        {
            DurationBucket[] buckets = [.. counters.Histogram(one).Buckets()];
            Assert.InRange(one.Sums.Min, buckets[0].Low, buckets[0].High - 1);
            Assert.InRange(one.Sums.Max, buckets[^1].Low, buckets[^1].High - 1);
        }
        Assert.Equal(counters.Total.Calls, counters.Rows.Aggregate(0UL, (sum, one) => sum + one.Sums.Calls));
    }

    // As when the machine takes a CPU away from a program that is at it.
    [Fact]
    public void A_row_that_is_being_written_is_read_when_it_is_whole()
    {
        HashSet<uint> others = [.. BpfSystem.MapIds];
        using Counters counters = Count("flood", Options(TargetKind.Tasks));
        ulong total = counters.Total.Calls;
        using BpfHandle rows = BpfSystem.MapIds.Where(id => !others.Contains(id)).Select(BpfHandle.OpenMap).First(map => map.Map.Name == "rows");
        using MappedMap memory = rows.Map.Mmap(0, rows.Map.MaxEntries * (long)Unsafe.SizeOf<CountRow>());
        int index = MemoryMarshal.Cast<byte, CountRow>(memory.Span).ToArray().Index().First(row => row.Item.Calls >= 100_000).Index;
        Row(memory, index).Seq++;
        Row(memory, index).Calls++;
        var writer = new Thread(() =>
        {
            Thread.Sleep(50);
            Row(memory, index).Seq++;
        });
        writer.Start();
        CounterRow read = Assert.Single(counters.Read());
        writer.Join();
        Assert.Equal(1UL, read.Delta.Calls);
        Assert.Equal(total + 1, counters.Total.Calls);

        static ref CountRow Row(MappedMap memory, int index) => ref MemoryMarshal.Cast<byte, CountRow>(memory.Span)[index];
    }

    [Fact]
    public void Threads_are_counted_each_on_its_own()
    {
        using Counters counters = Count("threads", Options(TargetKind.Tasks, CountBy.Thread));
        CounterRow[] rows = [.. counters.Rows.Where(row => row.Nr == Getppid)];
        Assert.Equal(8, rows.Length);
        Assert.All(rows, row => Assert.Equal(2000UL, row.Sums.Calls));
        Assert.Equal(8, rows.Select(row => row.Group.Key.Tid).Distinct().Count());
        Assert.Single(rows.Select(row => row.Group.Key.Tgid).Distinct());
    }

    [Fact]
    public void Short_processes_are_counted_each_on_its_own_and_have_ended()
    {
        using Counters counters = Count("forks", Options(TargetKind.Tasks));
        CounterRow[] rows = [.. counters.Rows.Where(row => row.Nr == Getppid)];
        Assert.Equal(100, rows.Length);
        Assert.All(rows, row => Assert.Equal(1UL, row.Sums.Calls));
        Assert.All(rows, row => Assert.NotEqual(0UL, row.Group.Ended));
        Assert.All(rows, row => Assert.Equal("victim", row.Group.ToString()));
    }

    [Fact]
    public void Memory_of_processes_that_ended_is_used_again_and_their_counts_stay()
    {
        CounterOptions options = Options(TargetKind.Tasks) with { Groups = 24 };
        using Counters counters = Count("relay", options);
        CounterRow[] rows = [.. counters.Rows.Where(row => row.Nr == Getppid)];
        Assert.Equal(60, rows.Length);
        Assert.All(rows, row => Assert.Equal(1UL, row.Sums.Calls));
        Assert.All(rows, row => Assert.Equal(1UL, counters.Histogram(row).Count));
        Assert.Equal(0UL, counters.State.GroupsFull);
        Assert.True(counters.State.GroupsUsed <= 24);
        Assert.Equal(60 * 2, counters.Rows.Where(row => row.Nr is Wait4 or ClockNanosleep).Sum(row => (int)row.Sums.Calls));
    }

    [Fact]
    public void Too_many_that_are_over_are_merged_by_name_and_nothing_is_lost()
    {
        CounterOptions options = Options(TargetKind.Tasks) with { Room = 90_000 };
        using Counters counters = Count("relay", options);
        CounterRow[] rows = [.. counters.Rows.Where(row => row.Nr == Getppid)];
        CounterRow merged = Assert.Single(rows, row => row.Group.Merged > 0);
        // The one that starts them makes no such call, and may have ended too.
        Assert.InRange(merged.Group.Merged, 20, 59);
        Assert.InRange(merged.Sums.Calls, (ulong)merged.Group.Merged - 1, (ulong)merged.Group.Merged);
        Assert.Equal(merged.Sums.Calls, counters.Histogram(merged).Count);
        Assert.Equal(60, rows.Sum(row => (int)row.Sums.Calls));
        Assert.Equal("victim", merged.Group.ToString());
        Assert.Equal(counters.Total.Calls, counters.Rows.Aggregate(0UL, (sum, one) => sum + one.Sums.Calls));
    }

    [Fact]
    public void Groups_that_are_over_go_when_they_are_not_to_be_kept()
    {
        CounterOptions options = Options(TargetKind.Tasks) with { Groups = 24, KeepEnded = false };
        using var victim = new Victim("relay");
        using Counters counters = Counters.Open(options);
        Assert.True(counters.AddTask(victim.Pid, victim.Pid));
        counters.Attach();
        victim.Go();
        ulong getppids = 0;
        Wait.Until(() =>
        {
            getppids += counters.Read().Where(row => row.Nr == Getppid).Aggregate(0UL, (sum, row) => sum + row.Delta.Calls);
            return counters.TaskCount == 0;
        }, "the end of relay");
        getppids += counters.Read().Where(row => row.Nr == Getppid).Aggregate(0UL, (sum, row) => sum + row.Delta.Calls);
        Assert.Equal(60UL, getppids);
        Assert.True(counters.Rows.Select(row => row.Group).Distinct().Count() < 24);
    }

    [Fact]
    public void What_was_given_back_is_used_again()
    {
        const int rows = 12, runs = 12;
        using Counters counters = Counters.Open(Options(TargetKind.Tasks) with { Groups = 8, Rows = rows, Chunks = 4 * rows, KeepEnded = false });
        counters.Attach();
        for (int run = 0; run < runs; run++)
        {
            using var victim = new Victim("flood");
            Assert.True(counters.AddTask(victim.Pid, victim.Pid));
            victim.Go();
            victim.Join();
            ulong getppids = 0;
            // Until its memory is given back.
            Wait.Until(() =>
            {
                getppids += counters.Read().Where(row => row.Nr == Getppid && !row.IsOther).Aggregate(0UL, (sum, row) => sum + row.Delta.Calls);
                return getppids > 0 && counters.Rows.All(row => row.Group.IsOther);
            }, "the end of a group");
            Assert.Equal(200_000UL, getppids);
        }
        Assert.Equal(0UL, counters.State.GroupsFull + counters.State.RowsFull);
    }

    [Fact]
    public void Without_room_counts_add_up_to_the_same_total()
    {
        using Counters roomy = Count("forks", Options(TargetKind.Tasks));
        using Counters tight = Count("forks", Options(TargetKind.Tasks) with { Groups = 4, Rows = 5, Chunks = 2 });
        Assert.Equal(roomy.Total.Calls, tight.Total.Calls);
        Assert.Equal(roomy.Total.Errors, tight.Total.Errors);
        Assert.True(tight.State.GroupsFull > 0);
        Assert.True(tight.State.RowsFull > 0);
        Assert.Equal(0UL, roomy.State.GroupsFull + roomy.State.RowsFull + roomy.State.ErrnosFull);
        Assert.Contains(tight.Rows, row => row.IsOther);
        ulong unbucketed = tight.Rows.Aggregate(0UL, (sum, row) => sum + row.Sums.Unbucketed + tight.Histogram(row).Count + row.Sums.Untimed);
        Assert.Equal(tight.Total.Calls, unbucketed);
    }

    [Fact]
    public void The_first_call_of_a_group_without_room_is_counted_too()
    {
        using Counters counters = Count("reads", Options(TargetKind.Tasks) with { Groups = 2 });
        CounterRow read = Assert.Single(counters.Rows, row => row.Nr == Read && row.Group.IsOther);
        Assert.Equal(4 * 500UL, read.Sums.Calls);
        Assert.Equal(read.Sums.Calls, read.Sums.Errors);
        Assert.InRange(read.Sums.Min, 1UL, read.Sums.Max);
    }

    [Fact]
    public void Names_without_end_take_no_memory_without_end()
    {
        using Counters counters = Count("names", Options(TargetKind.Tasks) with { Room = 60_000 });
        CounterRow[] rows = [.. counters.Rows.Where(row => row.Nr == Getppid)];
        Assert.Equal(20, rows.Sum(row => (int)row.Sums.Calls));
        // Some that were kept, some names, all others.
        Assert.InRange(rows.Length, 3, 15);
        CounterRow other = Assert.Single(rows, row => row.Group.IsOther);
        Assert.Equal((ulong)other.Group.Merged, other.Sums.Calls);
        Assert.Equal(other.Sums.Calls, counters.Histogram(other).Count);
        Assert.InRange(rows.Count(row => row.Group is { IsOther: false, Merged: > 0 }), 1, 5);
        Assert.Equal(counters.MergedUnnamed, counters.Rows.Where(row => row.Group.IsOther && row.Group.Merged > 0).Aggregate(0UL, (sum, row) => sum + row.Sums.Calls));
    }

    [Fact]
    public void A_call_that_began_before_is_counted_without_a_duration()
    {
        using Counters counters = Count("flood", Options(TargetKind.Tasks));
        CounterRow read = Assert.Single(counters.Rows, row => row.Nr == Read);
        Assert.Equal(1UL, read.Sums.Calls);
        Assert.Equal(1UL, read.Sums.Untimed);
        Assert.Equal(0UL, read.Sums.Total);
    }

    [Fact]
    public void Errors_are_counted_by_errno_and_a_32_bit_call_is_told_apart()
    {
        using Counters paths = Count("paths", Options(TargetKind.Tasks));
        CounterRow open = Assert.Single(paths.Rows, row => row.Nr == Openat);
        Assert.Equal(open.Sums.Errors, paths.Errnos(open).Values.Aggregate(0UL, (sum, one) => sum + one));
        Assert.Equal(1UL, paths.Errnos(open)[14]); // EFAULT
        Assert.Equal(1UL, paths.Errnos(open)[36]); // ENAMETOOLONG
        using Counters old = Count("ia32", Options(TargetKind.Tasks));
        CounterRow ia32 = Assert.Single(old.Rows, row => row.Abi == Abi.Ia32);
        Assert.Equal(5U, ia32.Nr);
        Assert.Equal(1UL, old.Errnos(ia32)[2]); // ENOENT
    }

    [Fact]
    public void An_exec_of_another_thread_is_counted_and_its_process_goes_on()
    {
        using Counters counters = Count("exec", Options(TargetKind.Tasks), status: 0);
        CounterRow exec = Assert.Single(counters.Rows, row => row.Nr == Execve);
        Assert.Equal(1UL, exec.Sums.Calls);
        Assert.Equal("exe", exec.Group.ToString());
        Assert.NotEqual(0UL, exec.Group.Ended);
    }

    [Fact]
    public void Files_and_objects_are_groups()
    {
        using Counters counters = Count("flood", Options(TargetKind.Tasks, CountBy.File | CountBy.Object));
        CounterRow read = Assert.Single(counters.Rows, row => row.Nr == Read);
        Assert.Equal(0x1000U, read.Group.Key.FileMode & 0xf000); // a FIFO
        CounterRow getppid = Assert.Single(counters.Rows, row => row.Nr == Getppid);
        Assert.Equal(200_000UL, getppid.Sums.Calls);
        Assert.Equal(0U, getppid.Group.Key.FileMode);
        Assert.EndsWith("/libc.so.6", System.Text.Encoding.UTF8.GetString(getppid.Group.ObjectPath), StringComparison.Ordinal);
        Assert.True(File.Exists(System.Text.Encoding.UTF8.GetString(getppid.Group.ObjectPath)));
    }

    [Theory]
    [InlineData(CountBy.Comm)]
    [InlineData(CountBy.User)]
    [InlineData(CountBy.Cgroup)]
    [InlineData(CountBy.None)]
    [InlineData(CountBy.Process | CountBy.Comm | CountBy.Cgroup | CountBy.User)]
    public void Every_dimension_has_all_calls(CountBy by)
    {
        using Counters counters = Count("threads", Options(TargetKind.Tasks, by));
        CounterRow row = Assert.Single(counters.Rows, row => row.Nr == Getppid);
        Assert.Equal(16_000UL, row.Sums.Calls);
        Assert.Equal((by & CountBy.Comm) != 0 ? (byte)'v' : (byte)0, row.Group.Key.Comm[0]);
        Assert.Equal((by & CountBy.Cgroup) != 0, row.Group.Key.CgroupId != 0);
        Assert.Equal((by & CountBy.Process) != 0, row.Group.Key.Tgid != 0);
    }

    [Fact]
    public void A_sleep_lasts_as_long_as_it_does_and_needs_no_CPU()
    {
        using Counters wall = Count("sleep", Options(TargetKind.Tasks));
        CounterRow slept = Assert.Single(wall.Rows, row => row.Nr == ClockNanosleep);
        Assert.InRange(slept.Sums.Total, 300_000_000UL, ulong.MaxValue);
        using Counters cpu = Count("sleep", Options(TargetKind.Tasks) with { CpuTime = true });
        CounterRow used = Assert.Single(cpu.Rows, row => row.Nr == ClockNanosleep);
        Assert.Equal(1UL, used.Sums.Timed);
        Assert.InRange(used.Sums.Total, 1UL, 150_000_000UL);
    }

    [Fact]
    public void Only_what_passes_the_filters_is_counted()
    {
        CounterOptions options = Options(TargetKind.Tasks);
        using Counters failed = Count("paths", options with { What = options.What with { Errnos = [14] } });
        Assert.Equal(1UL, failed.Total.Calls);
        using Counters selected = Count("flood", options with { What = options.What with { Plans = Plans(Getppid) } });
        Assert.Equal(200_000UL, selected.Total.Calls);
        Assert.Single(selected.Rows);
        using Counters slow = Count("sleep", options with { What = options.What with { MinDurationNs = 300_000_000 } });
        Assert.Equal(1UL, slow.Total.Calls);
    }

    [Fact]
    public void A_thread_that_becomes_another_user_or_moves_to_another_cgroup_is_counted_there()
    {
        string mount = File.ReadLines("/proc/mounts").Select(line => line.Split(' ')).First(words => words[2] == "cgroup2")[1];
        string cgroup = Directory.CreateDirectory($"{mount}/scry-count-{Environment.ProcessId}").FullName;
        try
        {
            using var victim = new Victim("becomes");
            using Counters counters = Counters.Open(Options(TargetKind.Tasks, CountBy.User | CountBy.Cgroup));
            Assert.True(counters.AddTask(victim.Pid, victim.Pid));
            counters.Attach();
            victim.Go();
            Wait.Until(() =>
            {
                counters.Read();
                return counters.Rows.Any(row => row.Group.Key.Uid == 65534 && row.Nr == Getppid && row.Sums.Calls == 300);
            }, "its calls as another user");
            File.WriteAllText($"{cgroup}/cgroup.procs", $"{victim.Pid}");
            victim.Go();
            Assert.Equal(7, victim.Join());
            counters.Detach();
            counters.Read();
            var calls = counters.Rows.Where(row => row.Nr == Getppid).Select(row => (row.Group.Key.Uid, row.Sums.Calls)).Order().ToArray();
            Assert.Equal([(0U, 100UL), (65534U, 300UL), (65534U, 500UL)], calls);
        }
        finally
        {
            Directory.Delete(cgroup);
        }
    }

    [Fact]
    public void A_thread_becomes_another_user_by_a_call_that_is_not_counted()
    {
        CounterOptions options = Options(TargetKind.Tasks, CountBy.User);
        using var victim = new Victim("becomes");
        using Counters counters = Counters.Open(options with { What = options.What with { Plans = Plans(Getppid) } });
        Assert.True(counters.AddTask(victim.Pid, victim.Pid));
        counters.Attach();
        victim.Go();
        victim.Go();
        Assert.Equal(7, victim.Join());
        counters.Detach();
        counters.Read();
        Assert.Equal([(0U, 100UL), (65534U, 800UL)], counters.Rows.Select(row => (row.Group.Key.Uid, row.Sums.Calls)).Order());
    }

    [Theory]
    [InlineData(TargetKind.Comm)]
    [InlineData(TargetKind.All)]
    public void Other_targets_are_found_by_what_they_are(TargetKind target)
    {
        using var victim = new Victim("flood");
        CounterOptions options = Options(target);
        using Counters counters = Counters.Open(options with { What = options.What with { Comm = "victim"u8.ToArray() } });
        counters.Attach();
        victim.Go();
        victim.Join();
        counters.Detach();
        counters.Read();
        CounterRow row = Assert.Single(counters.Rows, row => row.Nr == Getppid && row.Group.Key.Tgid == victim.Pid);
        Assert.Equal(200_000UL, row.Sums.Calls);
        if (target == TargetKind.Comm)
            Assert.All(counters.Rows, row => Assert.Equal("victim", row.Group.ToString()));
    }
}
