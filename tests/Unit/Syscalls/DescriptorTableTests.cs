using System.Runtime.InteropServices;
using System.Text;
using Scry.Syscalls;
using Scry.Tests.Unit.Views;
using Scry.Wire;
using Xunit;
using static Scry.Tests.Unit.Syscalls.Calls;
using Decoder = Scry.Syscalls.Decoder;

namespace Scry.Tests.Unit.Syscalls;

/// <summary>What a table of descriptors learns from records in order of time.</summary>
public sealed class DescriptorTableTests
{
    private const ulong Cwd = unchecked((ulong)-100);
    private const ulong CloseOnExec = 0x80000;

    private readonly DescriptorTable _table = new();
    private readonly List<byte[]> _records = [];

    private void Add(byte[] record, uint tgid = 1, uint tid = 0, uint? seq = null, ulong? time = null, ulong duration = 0)
    {
        ref RecordHeader header = ref MemoryMarshal.AsRef<RecordHeader>(record.AsSpan());
        (header.Tgid, header.Tid) = (tgid, tid == 0 ? tgid : tid);
        uint thread = header.Tid;
        header.Seq = seq ?? (uint)_records.Count(other => MemoryMarshal.AsRef<RecordHeader>(other.AsSpan()).Tid == thread);
        header.Time = time ?? (ulong)(_records.Count + 1) * 10;
        if (header.Kind == RecordKind.Call)
            MemoryMarshal.AsRef<CallFixed>(record.AsSpan()).Duration = duration;
        _records.Add(record);
    }

    private void Open(long fd, string path, uint tgid = 1, ulong flags = 0, ulong directory = Cwd) =>
        Add(Make("openat", fd, [directory, At, flags, 0]).In(Encoding.UTF8.GetBytes(path + "\0")), tgid);

    private void Read(ulong fd, uint tgid = 1) => Add(Make("read", 0, [fd, At, 1]), tgid);

    private void Fork(uint child, uint parent, uint tid = 0)
    {
        byte[] task = RecordMaker.Task(child, 0, 0, "child", TaskFlags.Fork);
        MemoryMarshal.AsRef<TaskRecord>(task.AsSpan()).ParentTgid = parent;
        Add(task, child, tid);
    }

    // As a command does it: all records first, then each one shown and learnt from.
    private string[] Lines(bool scan = true)
    {
        if (scan)
            _records.ForEach(record => _table.Scan(record));
        var decoder = new Decoder(new DecoderOptions { ResultColumn = 0, Descriptors = _table });
        var lines = new List<string>();
        foreach (byte[] record in _records)
        {
            if (MemoryMarshal.AsRef<RecordHeader>(record.AsSpan()).Kind == RecordKind.Call)
                lines.Add(Text(record, decoder));
            _table.Observe(record);
        }
        return [.. lines];
    }

    private string Last(bool scan = true) => Lines(scan)[^1];

    [Fact]
    public void A_file_is_known_from_the_call_that_opened_it_to_the_one_that_closes_it()
    {
        Open(3, "/etc/passwd");
        Read(3);
        Add(Make("close", 0, [3]));
        Read(3);
        Assert.Equal(
        [
            "openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY) = 3</etc/passwd>",
            "read(3</etc/passwd>, \"\", 1) = 0",
            "close(3</etc/passwd>) = 0",
            "read(3, \"\", 1) = 0",
        ], Lines());
    }

    [Theory]
    [InlineData("read(3, \"\", 1) = 0", 0)]
    [InlineData("read(3, \"\", 1) = 0", -5)]
    [InlineData("read(3</x>, \"\", 1) = 0", -9)]
    public void Only_a_close_of_what_is_not_open_leaves_it_open(string line, long result)
    {
        Open(3, "/x");
        Add(Make("close", result, [3]));
        Read(3);
        Assert.Equal(line, Last());
    }

    [Fact]
    public void Paths_are_relative_to_a_descriptor_or_the_working_directory()
    {
        Open(3, "a");
        Open(4, "/etc/");
        Open(5, "./b", directory: 4);
        Open(6, "c", directory: 3);
        Add(Make("chdir", 0, [At]).In("relative\0"u8));
        Add(Make("chdir", 0, [At]).In("/home\0"u8));
        Add(Make("chdir", 0, [At]).In("me\0"u8));
        Open(7, ".");
        Add(Make("fchdir", 0, [4]));
        Open(8, "d");
        Add(Make("fchdir", 0, [99]));
        Open(9, "e");
        string[] lines = Lines();
        Assert.EndsWith("= 3<a>", lines[0]);
        Assert.Equal("openat(4</etc/>, \"./b\", O_RDONLY) = 5</etc/b>", lines[2]);
        Assert.Equal("openat(3<a>, \"c\", O_RDONLY) = 6<a/c>", lines[3]);
        Assert.Equal("openat(AT_FDCWD</home/me>, \".\", O_RDONLY) = 7</home/me>", lines[7]);
        Assert.Equal("openat(AT_FDCWD</etc/>, \"d\", O_RDONLY) = 8</etc/d>", lines[9]);
        Assert.Equal("openat(AT_FDCWD, \"e\", O_RDONLY) = 9<e>", lines[11]);
    }

    [Fact]
    public void Openat2_takes_its_flags_and_root_from_memory()
    {
        byte[] call = Make("openat2", 4, [3, At, At + 64, 24]).In("/x\0"u8);
        Open(3, "/root");
        Add(RecordMaker.With(call, At + 64, Words(0, 0, 0x10)));
        Assert.EndsWith("= 4</root/x>", Last());
    }

    [Fact]
    public void A_file_without_a_name_or_whose_path_is_not_known_is_not_known()
    {
        Open(3, "/tmp", flags: 0x410002);
        Add(Make("openat", 4, [Cwd, At, 0, 0]));
        Add(Make("openat", 5, [Cwd, At, 0, 0]).In("/cut"u8));
        Assert.All(Lines(), line => Assert.DoesNotContain('<', line));
    }

    [Theory]
    [InlineData("dup", "dup(3</x>) = 5</x>", 3ul)]
    [InlineData("dup2", "dup2(3</x>, 5) = 5</x>", 3ul, 5ul)]
    [InlineData("dup3", "dup3(3</x>, 5, O_CLOEXEC) = 5</x>", 3ul, 5ul, CloseOnExec)]
    [InlineData("fcntl", "fcntl(3</x>, F_DUPFD, 0) = 5</x>", 3ul, 0ul, 0ul)]
    [InlineData("fcntl", "fcntl(3</x>, F_DUPFD_CLOEXEC, 0) = 5</x>", 3ul, 1030ul, 0ul)]
    public void A_duplicate_is_the_same(string name, string line, params ulong[] args)
    {
        Open(3, "/x");
        Add(Make(name, 5, args));
        Read(5);
        Assert.Equal([line, "read(5</x>, \"\", 1) = 0"], Lines()[1..]);
    }

    [Fact]
    public void A_duplicate_of_what_is_not_known_is_not_known()
    {
        Open(5, "/x");
        Add(Make("dup2", 5, [3, 5]));
        Read(5);
        Assert.Equal(["dup2(3, 5</x>) = 5", "read(5, \"\", 1) = 0"], Lines()[1..]);
    }

    [Theory]
    [InlineData("eventfd2", "anon_inode:[eventfd]", 0ul, 0ul)]
    [InlineData("epoll_create1", "anon_inode:[eventpoll]", 0ul)]
    [InlineData("timerfd_create", "anon_inode:[timerfd]", 0ul, 0ul)]
    [InlineData("signalfd4", "anon_inode:[signalfd]", ulong.MaxValue, 0ul, 8ul, 0ul)]
    [InlineData("inotify_init1", "anon_inode:inotify", 0ul)]
    [InlineData("pidfd_open", "anon_inode:[pidfd]", 1ul, 0ul)]
    public void What_is_no_file_has_the_kernels_name(string call, string name, params ulong[] args)
    {
        Add(Make(call, 5, args));
        Read(5);
        string[] lines = Lines();
        Assert.EndsWith($" = 5<{name}>", lines[0]);
        Assert.Equal($"read(5<{name}>, \"\", 1) = 0", lines[1]);
    }

    [Fact]
    public void Memory_has_its_hostile_name()
    {
        Add(Make("memfd_create", 5, [At, 1]).In("a>\n\0"u8));
        Assert.Equal("memfd_create(\"a>\\n\", MFD_CLOEXEC) = 5</memfd:a\\76\\n>(deleted)", Last());
    }

    [Fact]
    public void Pipes_and_sockets_replace_what_had_their_numbers()
    {
        foreach (int fd in (int[])[3, 4, 5])
            Open(fd, "/x");
        Add(Make("pipe2", 0, [At, 0]).Out(Ints(3, 4)));
        Add(Make("socket", 5, [2, 1, 0]));
        Add(Make("sendfile", 0, [3, 4, 0, 0]));
        Read(5);
        Assert.All(Lines()[3..], line => Assert.DoesNotContain('<', line));
    }

    [Fact]
    public void A_range_is_closed_or_marked()
    {
        foreach (int fd in (int[])[3, 4, 5, 6])
            Open(fd, "/x" + fd);
        Add(Make("close_range", 0, [4, 4, 0]));
        Add(Make("close_range", 0, [6, uint.MaxValue, 4]));
        Read(4);
        Read(6);
        Add(Make("execve", 0, [At, 0, 0]));
        Read(5);
        Read(6);
        string[] lines = Lines();
        Assert.Equal(["read(4, \"\", 1) = 0", "read(6</x6>, \"\", 1) = 0"], lines[6..8]);
        Assert.Equal(["read(5</x5>, \"\", 1) = 0", "read(6, \"\", 1) = 0"], lines[9..]);
    }

    [Fact]
    public void An_exec_closes_what_was_opened_to_be_closed()
    {
        Open(3, "/x3", flags: CloseOnExec);
        Open(4, "/x4");
        Open(5, "/x5", flags: CloseOnExec);
        Add(Make("fcntl", 0, [5, 2, 0]));
        Add(Make("fcntl", 0, [4, 2, 1]));
        Add(Make("execve", -2, [At, 0, 0]));
        Read(3);
        Add(Make("execve", 0, [At, 0, 0]));
        foreach (ulong fd in (ulong[])[3, 4, 5])
            Read(fd);
        string[] lines = Lines();
        Assert.Equal("read(3</x3>, \"\", 1) = 0", lines[6]);
        Assert.Equal(["read(3, \"\", 1) = 0", "read(4, \"\", 1) = 0", "read(5</x5>, \"\", 1) = 0"], lines[8..]);
    }

    [Fact]
    public void A_child_begins_with_a_copy_and_a_thread_shares()
    {
        Open(3, "/x");
        Add(Make("chdir", 0, [At]).In("/d\0"u8));
        Fork(2, parent: 1);
        Add(Make("close", 0, [3]), 2);
        Fork(1, parent: 9, tid: 4);
        Add(Make("read", 0, [3, At, 1]), 1, tid: 4);
        Open(4, "y", tgid: 2);
        Read(3, tgid: 2);
        Assert.Equal(
        [
            "close(3</x>) = 0",
            "read(3</x>, \"\", 1) = 0",
            "openat(AT_FDCWD</d>, \"y\", O_RDONLY) = 4</d/y>",
            "read(3, \"\", 1) = 0",
        ], Lines()[2..]);
    }

    [Fact]
    public void The_end_of_a_process_ends_its_descriptors()
    {
        Open(3, "/x");
        Add(RecordMaker.Exit(1, 0, 0, 0));
        Read(3);
        _table.Seed(1, 3, "/of-another");
        Assert.Equal("read(3, \"\", 1) = 0", Last());
    }

    [Fact]
    public void Where_records_are_missing_nothing_is_known_any_more()
    {
        Open(3, "/x");
        Add(Make("read", 0, [3, At, 1]), seq: 5);
        _table.Seed(1, 4, "/seed");
        Read(4);
        MemoryMarshal.AsRef<RecordHeader>(_records[^1].AsSpan()).Seq = 6;
        Assert.Equal(["read(3</x>, \"\", 1) = 0", "read(4</seed>, \"\", 1) = 0"], Lines()[1..]);
    }

    [Fact]
    public void A_number_that_another_thread_was_given_while_the_call_ran_is_not_the_calls()
    {
        Open(3, "/old");
        Add(Make("close", 0, [3]));
        Open(3, "/new");
        Add(Make("close", 0, [3]), tid: 7, duration: 15);
        Read(3);
        Assert.Equal(["close(3) = 0", "read(3</new>, \"\", 1) = 0"], Lines()[3..]);
    }

    [Fact]
    public void A_seed_serves_earlier_records_only_when_none_changes_that_descriptor()
    {
        foreach (ulong fd in (ulong[])[3, 4, 5, 6, 7])
            Read(fd);
        Add(Make("close", 0, [4]));
        Add(Make("dup2", 5, [3, 5]));
        Add(Make("close_range", 0, [6, 6, 0]));
        Fork(2, parent: 1);
        Read(3, tgid: 2);
        foreach (int fd in (int[])[3, 4, 5, 6, 7, -100])
            _table.Seed(1, fd, fd == 7 ? "socket:[12]" : $"/seed{fd}");
        Assert.Equal(
        [
            "read(3</seed3>, \"\", 1) = 0", "read(4, \"\", 1) = 0", "read(5, \"\", 1) = 0", "read(6, \"\", 1) = 0", "read(7<socket:[12]>, \"\", 1) = 0",
            "close(4) = 0", "dup2(3</seed3>, 5) = 5</seed3>", "close_range(6, 6, 0) = 0", "read(3</seed3>, \"\", 1) = 0",
        ], Lines());
    }

    [Fact]
    public void Without_a_scan_a_seed_is_what_was_before_the_first_record()
    {
        _table.Seed(1, 3, "/x");
        Read(3);
        Add(Make("close", 0, [3]));
        Read(3);
        Assert.Equal(["read(3</x>, \"\", 1) = 0", "close(3</x>) = 0", "read(3, \"\", 1) = 0"], Lines(scan: false));
    }

    [Fact]
    public void What_finds_no_room_stays_unknown()
    {
        var table = new DescriptorTable(capacity: 2);
        for (int fd = 3; fd < 100; fd++)
        {
            Open(fd, "/x", tgid: (uint)fd);
            table.Seed(1, fd, "/x");
        }
        foreach (byte[] record in _records)
        {
            table.Scan(record);
            table.Observe(record);
        }
        int known = 0;
        foreach (byte[] record in _records)
        {
            var call = new CallRecord(record);
            known += table.Before(in call, (int)call.Result).Path.IsEmpty ? 0 : 1;
        }
        Assert.InRange(known, 0, 2);
    }

    [Fact]
    public void Records_that_contradict_themselves_do_no_harm()
    {
        var random = new Random(1);
        Open(3, "/x");
        Fork(2, parent: 1);
        Add(Make("pipe2", 0, [At, 0]).Out(Ints(3, 4)));
        Add(Make("close_range", 0, [4, 4, 0]));
        Add(Make("openat2", 4, [3, At, At, 24]).In("/x\0"u8));
        for (int i = 0; i < 20_000; i++)
        {
            byte[] record = [.. _records[random.Next(_records.Count)]];
            for (int n = random.Next(8); n > 0; n--)
                record[random.Next(record.Length)] = (byte)random.Next(256);
            ReadOnlySpan<byte> cut = record.AsSpan(0, random.Next(4) == 0 ? random.Next(record.Length + 1) : record.Length);
            _table.Scan(cut);
            _table.Observe(cut);
        }
    }

    [Fact]
    public void Each_rule_is_of_a_call_that_there_is()
    {
        Assert.All(DescriptorRule.All, rule => Assert.Contains(Enumerable.Range(0, SyscallRow.Count), row => new SyscallRow(row).Is(Encoding.ASCII.GetBytes(rule.Syscall))));
    }
}
