using System.Text;
using Scry.Syscalls;
using Scry.Views;
using Scry.Wire;
using Xunit;
using static Scry.Tests.Unit.Views.RecordMaker;

namespace Scry.Tests.Unit.Views;

public sealed class RecordFilterTests
{
    private const uint Read = 0, Openat = 257;
    private const ulong Address = 0x1000;

    [Fact]
    public void Without_options_all_is_wanted() =>
        Assert.Equal([true, true, true, true], Wanted(new(), Task(7, 0, 1, "sh"), Call(Getppid, 7, 1, 2), Signal(7, 2, 3, 15, 0), Exit(7, 3, 4, 0)));

    [Fact]
    public void Calls_are_chosen_by_their_table_and_number()
    {
        byte[] ia32 = Call(Read, 7, 2, 3);
        System.Runtime.InteropServices.MemoryMarshal.AsRef<RecordHeader>(ia32.AsSpan()).Abi = Abi.Ia32; // 0: restart_syscall
        var options = new RecordFilterOptions { Selector = SyscallSelector.Parse(["read"]) };
        Assert.Equal([true, false, false, true], Wanted(options, Call(Read, 7, 0, 1), Call(Getppid, 7, 1, 2), ia32, Exit(7, 3, 4, 0)));
    }

    [Theory]
    [InlineData("all", true)]
    [InlineData("read", false)]
    [InlineData("!read", true)]
    public void Numbers_that_the_facts_lack_are_selected_as_in_the_kernel(string expression, bool wanted) =>
        Assert.Equal([wanted], Wanted(new() { Selector = SyscallSelector.Parse([expression]) }, Call(500, 7, 0, 1)));

    [Fact]
    public void Processes_and_threads_are_chosen_by_number()
    {
        byte[][] records = [Task(7, 0, 1, "a"), Task(8, 0, 1, "b"), Call(Getppid, 7, 1, 2), Call(Getppid, 8, 1, 2), Exit(8, 2, 3, 0)];
        bool[] expected = [true, true, false, true, true];
        Assert.Equal(expected, Wanted(new() { Tgids = new HashSet<uint> { 8 } }, records));
        Assert.Equal(expected, Wanted(new() { Tids = new HashSet<uint> { 8 } }, records));
    }

    [Fact]
    public void A_comm_is_whole_and_holds_until_the_next_task()
    {
        var options = new RecordFilterOptions { Comm = "sh"u8.ToArray() };
        Assert.Equal(
            [false, true, true, true, false, true, false],
            Wanted(options,
                Call(Getppid, 7, 0, 1), // nameless yet
                Task(7, 1, 2, "sh"), Call(Getppid, 7, 2, 3),
                Task(7, 3, 4, "shd", TaskFlags.Rename), Call(Getppid, 7, 4, 5),
                Task(8, 0, 6, "s"), Call(Getppid, 8, 1, 7)));
    }

    [Fact]
    public void A_tid_that_is_used_again_has_no_name_of_before() =>
        Assert.Equal(
            [true, true, true, false],
            Wanted(new() { Comm = "sh"u8.ToArray() }, Task(7, 0, 1, "sh"), Call(Getppid, 7, 1, 2), Exit(7, 2, 3, 0), Call(Getppid, 7, 0, 4)));

    [Fact]
    public void Users_and_cgroups_are_those_of_the_task()
    {
        byte[][] records = [Task(7, 0, 1, "a", cgroup: 5), Task(8, 0, 1, "b", cgroup: 6), Call(Getppid, 7, 1, 2), Call(Getppid, 8, 1, 2)];
        Assert.Equal([true, true, true, true], Wanted(new() { Uid = 1000 }, records));
        Assert.Equal([true, true, false, false], Wanted(new() { Uid = 0 }, records));
        Assert.Equal([true, true, false, true], Wanted(new() { CgroupIds = new HashSet<ulong> { 6, 9 } }, records));
        Assert.Equal([true, true, false, false], Wanted(new() { CgroupIds = new HashSet<ulong>() }, records));
    }

    [Fact]
    public void Durations_and_failures_are_of_calls_alone()
    {
        byte[][] records =
        [
            Call(Getppid, 7, 0, 1, duration: 10), Call(Getppid, 7, 1, 2, duration: 9, result: -2),
            Call(Getppid, 7, 2, 3, duration: 10, result: -4096), Call(Getppid, 7, 3, 4, duration: 10, result: -2, flags: CallFlags.Unfinished),
            Call(Getppid, 7, 4, 5, duration: 10, result: -13), Signal(7, 5, 6, 15, 0),
        ];
        Assert.Equal([true, false, true, true, true, true], Wanted(new() { MinDurationNs = 10 }, records));
        Assert.Equal([false, true, false, false, true, true], Wanted(new() { FailedOnly = true }, records));
        Assert.Equal([false, true, false, false, false, true], Wanted(new() { Errnos = new HashSet<int> { 2, 99 } }, records));
        Assert.Equal([true, true, true, true, true, false], Wanted(new() { Signals = false }, records));
    }

    [Fact]
    public void Times_bound_all_but_tasks() =>
        Assert.Equal(
            [true, false, true, true, false],
            Wanted(new() { FromNs = 3, ToNs = 4 },
                Task(7, 0, 1, "a"), Call(Getppid, 7, 1, 2), Call(Getppid, 7, 2, 3), Call(Getppid, 7, 3, 4), Exit(7, 4, 5, 0)));

    [Theory]
    [InlineData("/etc/", true)]
    [InlineData("/etc/passwd", true)]
    [InlineData("/etc/passwd2", false)]
    [InlineData("etc", false)]
    public void Paths_are_compared_from_their_beginning(string prefix, bool wanted)
    {
        byte[] open = With(Call(Openat, 7, 0, 1, args: [3, Address, 0, 0]), Address, "/etc/passwd\0"u8);
        // What a path's bytes in another argument are is no path.
        byte[] read = With(Call(Read, 7, 1, 2, args: [3, Address, 11]), Address, "/etc/passwd"u8, CapturePhase.Exit);
        Assert.Equal([wanted, false], Wanted(new() { PathPrefix = Encoding.UTF8.GetBytes(prefix) }, open, read));
    }

    [Fact]
    public void Scope_is_of_threads_and_times_not_of_calls()
    {
        var filter = new RecordFilter(new() { Tids = new HashSet<uint> { 7 }, Selector = SyscallSelector.Parse(["read"]), ToNs = 5 });
        Assert.False(filter.Wants(Call(Getppid, 7, 0, 1)));
        Assert.True(filter.InScope);
        Assert.True(filter.Wants(Task(8, 0, 2, "x")));
        Assert.False(filter.InScope);
        Assert.False(filter.Wants(Call(Read, 7, 1, 6)));
        Assert.False(filter.InScope);
    }

    [Fact]
    public void Malformed_records_are_not_wanted()
    {
        var everything = new RecordFilterOptions
        {
            Selector = SyscallSelector.Parse([]), Comm = "x"u8.ToArray(), PathPrefix = "/"u8.ToArray(), FailedOnly = true, MinDurationNs = 1,
        };
        byte[] manyArguments = Call(Openat, 1, 5, 1);
        System.Runtime.InteropServices.MemoryMarshal.AsRef<RecordHeader>(manyArguments.AsSpan()).ArgCount = 255;
        Assert.All([[], new byte[31], Call(Getppid, 1, 0, 1)[..40], manyArguments], record =>
        {
            Assert.False(new RecordFilter(everything).Wants(record));
            Assert.Equal(record == manyArguments, new RecordFilter(new()).Wants(record));
        });
    }

    [Fact]
    public void A_warm_filter_allocates_nothing()
    {
        var filter = new RecordFilter(new() { Comm = "sh"u8.ToArray(), Selector = SyscallSelector.Parse(["openat"]), PathPrefix = "/etc"u8.ToArray() });
        byte[][] records = [Task(7, 0, 1, "sh"), With(Call(Openat, 7, 1, 1, args: [3, Address, 0, 0]), Address, "/etc/passwd\0"u8), Exit(7, 2, 3, 0)];
        long before = 0;
        for (int i = 0; i < 1_000_000; i++)
        {
            if (i == 1000)
                before = GC.GetAllocatedBytesForCurrentThread();
            filter.Wants(records[i % 3]);
        }
        // A collection in between counts what was left of the thread's room: not a byte for each.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16384);
    }

    private static bool[] Wanted(RecordFilterOptions options, params byte[][] records)
    {
        var filter = new RecordFilter(options);
        return [.. records.Select(record => filter.Wants(record))];
    }
}
