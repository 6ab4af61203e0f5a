using Scry.Views.Top;
using Scry.Wire;
using Xunit;

namespace Scry.Tests.Unit.Views;

/// <summary>The screen of scry top: rows in, lines out.</summary>
public sealed class TopTests
{
    private const CountBy All = CountBy.Comm | CountBy.Process | CountBy.Object | CountBy.Cgroup | CountBy.User;
    private static readonly DateTime Noon = new(2026, 1, 2, 12, 0, 0);

    [Theory]
    [InlineData(120, 40)]
    [InlineData(80, 24)]
    [InlineData(20, 6)]
    [InlineData(1, 1)]
    public void Every_screen_is_drawn_at_any_size(int width, int height)
    {
        TopModel model = Model(TopDimension.Comm, TopDimension.Object);
        TopEntry redis = Entry("redis-server", 10, "libc.so.6", "epoll_wait");
        foreach (string keys in (string[])["", "?", "x/red\n", "\n", "\n", "\n"])
        {
            Press(model, keys);
            Tick(model, (redis, Sums(1000, 10, 5_000_000)), (Entry("cat", 11, "libc.so.6", "read"), Sums(10)));
            Assert.Equal(height, Lines(model, width, height).Length);
        }
        Assert.True(model.ShowsLatency);
    }

    [Theory]
    [InlineData(120, 40)]
    [InlineData(80, 24)]
    public void Heads_rows_and_keys_have_their_places(int width, int height)
    {
        TopModel model = Model(TopDimension.Comm, TopDimension.Object);
        Tick(model, 2, (Entry("cat", 11, "libc.so.6", "read"), Sums(100, 4, 2_000_000)), (Entry("dd", 12, "dd", "write"), Sums(300, 0, 600_000)));
        string[] lines = Lines(model, width, height);
        Assert.StartsWith("scry top  all processes", lines[0]);
        Assert.EndsWith("12:00:00  2.0s", lines[0]);
        Assert.StartsWith("200 calls/s   2.0 errors/s   1.30ms/s in calls", lines[1]);
        Assert.EndsWith("2 of 2 rows", lines[1]);
        Assert.StartsWith("max 200/s", lines[2]);
        Assert.Equal("by comm,dso", lines[3]);
        Assert.Equal("%CALLS   CALLS/sv    ERR/s   TIME/s      AVG   COMM   DSO", lines[4]);
        Assert.Equal("  75.0        150             300us   2.00us   dd     dd", lines[5]);
        Assert.Equal("  25.0         50      2.0   1.00ms   20.0us   cat    libc.so.6", lines[6]);
        Assert.All(lines[7..^1], line => Assert.Equal("", line));
        Assert.Equal("Enter into  g group  c e t a n order  / filter  Space pause  ? help  q quit", lines[^1]);
    }

    [Theory]
    [InlineData("c", "many,slow,bad,few")]
    [InlineData("e", "bad,many,slow,few")]
    [InlineData("t", "slow,many,few,bad")]
    [InlineData("a", "slow,few,bad,many")]
    [InlineData("n", "bad,few,many,slow")]
    [InlineData("r", "few,bad,slow,many")]
    [InlineData("nr", "slow,many,few,bad")]
    [InlineData(">", "bad,many,slow,few")]
    [InlineData("<", "bad,few,many,slow")]
    public void Order_of_each_column(string keys, string order)
    {
        TopModel model = Model(TopDimension.Comm);
        Tick(model,
            (Entry("few", 1), Sums(10, 0, 100_000)), (Entry("many", 2), Sums(1000, 1, 1_000_000)),
            (Entry("bad", 3), Sums(20, 15, 40_000)), (Entry("slow", 4), Sums(30, 0, 9_000_000)));
        Press(model, keys);
        Assert.Equal(order, string.Join(',', Cells(model)));
    }

    [Fact]
    public void Pids_are_ordered_as_numbers()
    {
        TopModel model = Model(TopDimension.Process);
        Tick(model, (Entry("a", 100), Sums(1)), (Entry("b", 9), Sums(1)), (Entry("c", 20), Sums(1)));
        Assert.Equal(["9 b", "20 c", "100 a"], Cells(model));
    }

    [Fact]
    public void Rows_add_up_what_is_not_told_apart()
    {
        TopModel model = Model(TopDimension.Comm);
        Tick(model,
            (Entry("sh", 1, syscall: "read"), Sums(10, 1)), (Entry("sh", 2, syscall: "read"), Sums(20, 2)), (Entry("sh", 2, syscall: "write"), Sums(30, 3)));
        Assert.Equal(["sh"], Cells(model));
        Assert.Contains("         60      6.0", Lines(model)[5]);
    }

    [Fact]
    public void From_comm_to_process_to_syscall_to_durations_and_back()
    {
        TopModel model = Model(TopDimension.Comm);
        TopEntry read = Entry("sh", 1, syscall: "read");
        (TopEntry, CallSums)[] counts = [(read, Sums(50)), (Entry("sh", 1, syscall: "write"), Sums(10)), (Entry("sh", 2, syscall: "read"), Sums(20)), (Entry("cat", 3, syscall: "read"), Sums(10))];
        Tick(model, counts);
        Press(model, "\n");
        Assert.Equal("comm sh > by pid", Lines(model)[3]);
        Assert.Equal(["1 sh", "2 sh"], Cells(model));
        Press(model, "\n");
        Assert.Equal("comm sh > pid 1 > by syscall", Lines(model)[3]);
        Assert.Equal(["read", "write"], Cells(model));
        Tick(model, counts);
        Assert.Equal(["read", "write"], Cells(model));
        Press(model, "\n");
        Assert.Equal("comm sh > pid 1 > syscall read > durations", Lines(model)[3]);
        Assert.Equal([true, false, false, false], counts.Select(count => model.Has(count.Item1)));
        Press(model, "\e");
        Assert.Equal(["read", "write"], Cells(model));
        Press(model, "\e\e");
        Assert.Equal(["sh", "cat"], Cells(model));
        Press(model, "\e");
        Assert.Equal("by comm", Lines(model)[3]);
    }

    [Fact]
    public void Syscalls_and_durations_can_be_entered_at_once()
    {
        TopModel model = Model(TopDimension.Comm);
        Tick(model, (Entry("sh", 1, syscall: "read"), Sums(50)), (Entry("sh", 2, syscall: "write"), Sums(10)));
        Press(model, "s");
        Assert.Equal("comm sh > by syscall", Lines(model)[3]);
        Press(model, "\n");
        Assert.Equal("comm sh > syscall read > by pid", Lines(model)[3]);
        Press(model, "\e\el");
        Assert.Equal("comm sh > durations", Lines(model)[3]);
    }

    [Fact]
    public void The_kernel_counts_by_what_is_shown()
    {
        TopModel model = Model(TopDimension.Comm);
        Tick(model, CountBy.Comm, (Entry("sh", 1), Sums(1)));
        Assert.Null(model.Recount(CountBy.Comm));
        Press(model, "\n");
        Assert.Contains("counting...", Lines(model)[5]);
        Assert.Equal(CountBy.Comm | CountBy.Process, model.Recount(CountBy.Comm));
        Tick(model, CountBy.Comm | CountBy.Process, (Entry("sh", 1), Sums(1)));
        Assert.Equal(["1 sh"], Cells(model));
        Press(model, "\n");
        Assert.Null(model.Recount(CountBy.Comm | CountBy.Process));
        // Back at the first table, finer is dearer than needed.
        Press(model, "\e\e");
        Assert.Equal(CountBy.Comm, model.Recount(CountBy.Comm | CountBy.Process));
        Assert.Equal(["sh"], Cells(model));
        Press(model, "g");
        Assert.Equal(CountBy.Process, model.Recount(CountBy.Comm));
        Press(model, "g");
        Assert.Equal(CountBy.None, model.Recount(CountBy.Comm));
    }

    [Fact]
    public void Grouping_goes_round()
    {
        TopModel model = Model(TopDimension.User);
        Tick(model, (Entry("sh", 1), Sums(1)));
        var seen = new List<string>();
        for (int i = 0; i < 8; i++)
        {
            Press(model, "g");
            seen.Add(Lines(model)[3]);
        }
        Assert.Equal("by comm,by pid,by syscall,by dso,by cgroup,by container,by unit,by user", string.Join(',', seen));
    }

    [Fact]
    public void A_filter_narrows_while_it_is_typed_and_ends_with_Esc()
    {
        TopModel model = Model(TopDimension.Comm);
        Tick(model, (Entry("nginx", 1), Sums(3)), (Entry("redis", 2), Sums(2)), (Entry("rsync", 3), Sums(1)));
        Press(model, "/R");
        Assert.Equal(["redis", "rsync"], Cells(model));
        Assert.Equal("by comm  filter: R_", Lines(model)[3]);
        // Letters are text now, not commands.
        Press(model, "Sq");
        Assert.False(model.HasQuit);
        Press(model, "\b");
        Assert.Equal(["rsync"], Cells(model));
        Assert.EndsWith("1 of 3 rows", Lines(model)[1]);
        Press(model, "\n");
        Assert.Equal("by comm  filter: RS", Lines(model)[3]);
        Press(model, "\e");
        Assert.Equal(["nginx", "redis", "rsync"], Cells(model));
        Press(model, "/zzz");
        Assert.Contains("no row has that text", Lines(model)[5]);
    }

    [Fact]
    public void A_pause_holds_the_table_and_not_the_curve()
    {
        TopModel model = Model(TopDimension.Comm);
        TopEntry sh = Entry("sh", 1);
        Tick(model, (sh, Sums(10)));
        Press(model, " ");
        string[] before = Lines(model);
        Tick(model, (sh, Sums(99)));
        string[] held = Lines(model);
        Assert.Equal("by comm  PAUSED", held[3]);
        Assert.Equal(before[5], held[5]);
        Assert.NotEqual(before[2], held[2]);
        // What is held can be looked at from all sides.
        Press(model, "s");
        Assert.Contains("10 ", Lines(model)[5]);
        Press(model, "\e ");
        Tick(model, (sh, Sums(77)));
        Assert.Contains("77 ", Lines(model)[5]);
    }

    [Fact]
    public void The_cursor_goes_with_its_row_and_from_the_first_one_stays()
    {
        TopModel model = Model(TopDimension.Comm);
        TopEntry a = Entry("a", 1), b = Entry("b", 2), c = Entry("c", 3);
        Tick(model, (a, Sums(30)), (b, Sums(20)), (c, Sums(10)));
        Assert.Equal(5, CursorLine(model));
        Tick(model, (a, Sums(3)), (b, Sums(20)), (c, Sums(10)));
        Assert.Equal(5, CursorLine(model));
        Press(model, "j");
        Assert.Equal(6, CursorLine(model));
        Tick(model, (a, Sums(3)), (b, Sums(20)), (c, Sums(50)));
        Assert.Equal(5, CursorLine(model));
        Assert.EndsWith("   c", Lines(model)[5]);
    }

    [Fact]
    public void More_rows_than_the_screen_has_are_scrolled()
    {
        TopModel model = Model(TopDimension.Comm);
        Tick(model, [.. Enumerable.Range(0, 100).Select(i => (Entry($"name{i:00}", i), Sums((ulong)(1000 - i))))]);
        string[] lines = Lines(model, 80, 24);
        Assert.EndsWith("name00", lines[5]);
        Assert.EndsWith("name17", lines[22]);
        model.Press(new TopKey(TopKeyKind.End));
        Assert.EndsWith("name99", Lines(model, 80, 24)[22]);
        model.Press(new TopKey(TopKeyKind.PageUp));
        Assert.Equal(5, CursorLine(model, 80, 24));
        Assert.EndsWith("name81", Lines(model, 80, 24)[5]);
        model.Press(new TopKey(TopKeyKind.Home));
        Assert.EndsWith("name00", Lines(model, 80, 24)[5]);
    }

    [Fact]
    public void A_row_stays_for_five_ticks_without_calls()
    {
        TopModel model = Model(TopDimension.Comm);
        TopEntry a = Entry("a", 1), b = Entry("b", 2);
        Tick(model, (a, Sums(1)), (b, Sums(9)));
        for (int i = 0; i < 5; i++)
        {
            Tick(model, (b, Sums(9)));
            Assert.Equal(["b", "a"], Cells(model));
        }
        Tick(model, (b, Sums(9)));
        Assert.Equal(["b"], Cells(model));
        // The same entry makes a row anew.
        Tick(model, (a, Sums(10)), (b, Sums(9)));
        Assert.Equal(["a", "b"], Cells(model));
    }

    [Fact]
    public void What_found_no_room_is_a_row_and_said_so()
    {
        TopModel model = Model(TopDimension.Comm, TopDimension.Object);
        var names = new TopName[TopDimensions.Count];
        Array.Fill(names, TopName.Other);
        model.Add(new TopEntry(names), Sums(5));
        model.Add(Entry("sh", 1), Sums(1));
        model.EndTick(new TopTick(1, Noon, All, "no room for all: the rest is (other)"));
        string[] lines = Lines(model);
        Assert.EndsWith("(other)  (other)", lines[5]);
        Assert.Equal("by comm,dso  no room for all: the rest is (other)", lines[3]);
        // The parts are the whole.
        Assert.StartsWith("6.0 calls/s", lines[1]);
        Press(model, "\n");
        Assert.Equal(["(other)"], Cells(model));
    }

    [Fact]
    public void Hostile_names_neither_steer_the_terminal_nor_shift_columns()
    {
        TopModel model = Model(TopDimension.Comm, TopDimension.Syscall);
        Tick(model, (Entry("\e[31m\r\n\u4e2d\u200b", 1, syscall: "read"), Sums(1)));
        string line = Lines(model)[5];
        Assert.All(line, c => Assert.InRange(c, ' ', '~'));
        Assert.Contains(@"\33[31m\15\n\344\270\255\342\200\213  read", line);
    }

    [Fact]
    public void Long_names_are_cut_to_the_screen_and_of_a_path_the_end_is_kept()
    {
        TopModel model = Model(TopDimension.Cgroup, TopDimension.Comm);
        string path = "/kubepods/" + new string('x', 100) + "/the-end";
        Tick(model, (Entry("sh", 1, cgroup: path), Sums(1)));
        string line = Lines(model, 80, 24)[5];
        Assert.Equal(80, line.Length + "COMM".Length + 1 - "sh".Length);
        Assert.Contains("   …xx", line);
        Assert.Contains("/the-end  sh", line);
        Assert.Contains(path, Lines(model, 200, 24)[5]);
    }

    [Theory]
    [InlineData(59, "  100.0        300      1.0   1.00us      3ns   redis-server")]
    [InlineData(50, "  100.0        300      1.0   1.00us   redis-server")]
    [InlineData(41, "  100.0        300      1.0   redis-server")]
    [InlineData(32, "  100.0        300   redis-server")]
    [InlineData(20, "  100.0   redis-serv…")]
    public void On_a_narrow_screen_names_go_before_numbers(int width, string expected)
    {
        TopModel model = Model(TopDimension.Comm);
        Tick(model, (Entry("redis-server", 1), Sums(300, 1, 1000)));
        Assert.Equal(expected.Trim(), Lines(model, width, 10)[5].Trim());
        Assert.DoesNotContain("rows", Lines(model, width == 59 ? 50 : width, 10)[1]);
    }

    [Fact]
    public void A_number_that_has_no_room_is_left_out_whole()
    {
        var frame = new Frame(10, 1);
        frame.PutRight(11, 0, "123");
        frame.PutRight(2, 0, "456");
        Assert.Equal("", frame.Line(0));
        frame.PutRight(10, 0, "789");
        Assert.Equal("       789", frame.Line(0));
    }

    [Fact]
    public void A_row_without_calls_stands_back()
    {
        TopModel model = Model(TopDimension.Comm);
        TopEntry first = Entry("first", 1), second = Entry("second", 2);
        Tick(model, (first, Sums(3)), (second, Sums(2)));
        Tick(model, (first, Sums(3)));
        Frame frame = Draw(model, 80, 24);
        Assert.Equal([Ink.Cursor, Ink.Dim], [frame.Inks(5)[47], frame.Inks(6)[47]]);
    }

    [Fact]
    public void A_process_is_shown_by_its_last_name()
    {
        TopModel model = Model(TopDimension.Process);
        TopEntry entry = Entry("sh", 1);
        Tick(model, (entry, Sums(1)));
        entry.ProcessName = "make";
        Tick(model, (entry, Sums(1)));
        Assert.Equal(["1 make"], Cells(model));
    }

    [Fact]
    public void Help_covers_the_table_until_a_key()
    {
        TopModel model = Model(TopDimension.Comm);
        Tick(model, (Entry("sh", 1), Sums(1)));
        Press(model, "?");
        string[] lines = Lines(model, 80, 24);
        Assert.Contains(lines, line => line.StartsWith("  Enter Right ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("(other) ", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Contains('…'));
        Press(model, "q");
        Assert.False(model.HasQuit);
        Assert.EndsWith("   sh", Lines(model)[5]);
        Press(model, "q");
        Assert.True(model.HasQuit);
    }

    [Fact]
    public void Nothing_is_allocated_for_rows_that_are_known()
    {
        TopModel model = Model(TopDimension.Comm);
        TopEntry[] entries = [.. Enumerable.Range(0, 2000).Select(i => Entry($"name{i % 50}", i))];
        CallSums sums = Sums(1);
        void One()
        {
            foreach (TopEntry entry in entries)
                model.Add(entry, in sums);
            model.EndTick(new TopTick(1, Noon, All, null));
        }
        One();
        One();
        long before = GC.GetAllocatedBytesForCurrentThread();
        One();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    private static TopModel Model(params TopDimension[] dimensions) => new(new TopSettings { Dimensions = dimensions, Target = "all processes" });

    private static TopEntry Entry(string comm, int pid, string dso = "libc.so.6", string syscall = "read", string cgroup = "/")
    {
        var names = new TopName[TopDimensions.Count];
        Array.Fill(names, TopName.None);
        names[(int)TopDimension.Comm] = TopName.Of(comm);
        names[(int)TopDimension.Process] = new TopName($"{pid}.1", $"{pid}");
        names[(int)TopDimension.Object] = TopName.Of(dso);
        names[(int)TopDimension.Syscall] = TopName.Of(syscall);
        names[(int)TopDimension.Cgroup] = TopName.Of(cgroup);
        return new TopEntry(names) { ProcessName = TopName.Of(comm).Text };
    }

    private static CallSums Sums(ulong calls, ulong errors = 0, ulong time = 1000) => new() { Calls = calls, Errors = errors, Total = time };

    private static void Tick(TopModel model, params (TopEntry, CallSums)[] counts) => Tick(model, 1, All, counts);

    private static void Tick(TopModel model, double seconds, params (TopEntry, CallSums)[] counts) => Tick(model, seconds, All, counts);

    private static void Tick(TopModel model, CountBy by, params (TopEntry, CallSums)[] counts) => Tick(model, 1, by, counts);

    private static void Tick(TopModel model, double seconds, CountBy by, (TopEntry, CallSums)[] counts)
    {
        foreach ((TopEntry entry, CallSums sums) in counts)
            model.Add(entry, in sums);
        model.EndTick(new TopTick(seconds, Noon, by, null));
    }

    private static void Press(TopModel model, string keys)
    {
        foreach (char key in keys)
        {
            model.Press(key switch
            {
                '\n' => new TopKey(TopKeyKind.Enter),
                '\e' => new TopKey(TopKeyKind.Escape),
                '\b' => new TopKey(TopKeyKind.Backspace),
                _ => TopKey.Of(key),
            });
        }
    }

    private static Frame Draw(TopModel model, int width, int height)
    {
        var frame = new Frame(width, height);
        model.Draw(frame);
        return frame;
    }

    private static string[] Lines(TopModel model, int width = 120, int height = 40)
    {
        Frame frame = Draw(model, width, height);
        return [.. Enumerable.Range(0, height).Select(frame.Line)];
    }

    private static int CursorLine(TopModel model, int width = 120, int height = 40)
    {
        Frame frame = Draw(model, width, height);
        return Enumerable.Range(0, height).Single(y => frame.Inks(y)[0] == Ink.Cursor);
    }

    /// <summary>What the rows of one dimension say, from top to bottom.</summary>
    private static string[] Cells(TopModel model) =>
        [.. Lines(model)[5..^1].Where(line => line.Length > 0).Select(line => line[47..])];
}
