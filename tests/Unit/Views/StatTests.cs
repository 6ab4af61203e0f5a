using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using Scry.Syscalls;
using Scry.Views;
using Scry.Wire;
using Xunit;

namespace Scry.Tests.Unit.Views;

/// <summary>Counted calls as text, JSON, CSV, and as strace and perf lay them out.</summary>
public sealed class StatTests
{
    private const string Hostile = "a,\"b\"\e[31m\n<script>\u0085";

    private static CallSums Sums(ulong calls, ulong each, ulong errors = 0) => new()
    {
        Calls = calls, Errors = errors, Total = calls * each, Squares = (UInt128)each * each * calls, Min = each, Max = each,
    };

    private static StatRow Row(string comm, string syscall, ulong calls, ulong each, params (int Errno, ulong Count)[] errnos)
    {
        var row = new StatRow { Labels = [StatLabel.Of(1234), StatLabel.Of(comm)], Syscall = syscall, Nr = 257 };
        var histogram = new DurationHistogram();
        histogram.Add(each, calls);
        row.Add(Sums(calls, each, errnos.Aggregate(0UL, (sum, one) => sum + one.Count)), histogram, errnos.ToDictionary(one => one.Errno, one => one.Count));
        return row;
    }

    private static StatTable Table(params StatRow[] rows) => new()
    {
        Heads = [new("pid", "pid"), new("comm", "comm")], Rows = rows, Elapsed = 2_000_000_000, Time = 1_700_000_000_000_000_000,
    };

    private static string Written(Action<OutputWriter> write)
    {
        var stream = new MemoryStream();
        OutputWriter output = OutputWriter.To(stream, lineBuffered: false);
        write(output);
        output.Flush();
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static string Text(StatTable table, int width = int.MaxValue) => Written(output => new StatText(output, width).Write(table));

    [Fact]
    public void A_table_has_its_columns()
    {
        Assert.Equal("""
            pid  comm syscall calls errors  total wall%    min    avg    max stddev%    p50    p90    p99  p99.9 errnos
            1234 sh   openat    100      3  150us  0.01 1.50us 1.50us 1.50us    0.00 1.50us 1.50us 1.50us 1.50us ENOENT 2, EACCES 1
            1234 sh   futex       2        2.47ms  0.12 1.23ms 1.23ms 1.23ms    0.00 1.23ms 1.23ms 1.23ms 1.23ms

            """, Text(Table(Row("sh", "openat", 100, 1500, (2, 2), (13, 1)), Row("sh", "futex", 2, 1_234_000))));
    }

    [Theory]
    [InlineData(120)]
    [InlineData(100)]
    [InlineData(80)]
    [InlineData(60)]
    [InlineData(45)]
    public void A_table_is_no_wider_than_the_terminal(int width)
    {
        StatTable table = Table(Row("a-long-name-123", "sched_get_priority_max", 1_000_000, 1500, (2, 2), (13, 1)), Row("sh", "futex", 2, 1_234_000));
        string[] lines = Text(table, width).TrimEnd('\n').Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.All(lines, line => Assert.InRange(line.Length, 20, Math.Max(width, 62)));
        Assert.All(["syscall", "calls"], column => Assert.Contains(column, lines[0]));
    }

    [Fact]
    public void Calls_without_durations_have_none()
    {
        var row = new StatRow { Labels = [StatLabel.Of(1), StatLabel.Of("x")], Syscall = "read" };
        row.Add(new CallSums { Calls = 1, Untimed = 1 }, new DurationHistogram(), new Dictionary<int, ulong>());
        Assert.Equal("1   x    read        1", Text(Table(row)).Split('\n')[1]);
    }

    [Fact]
    public void Hostile_names_end_neither_a_line_nor_a_field()
    {
        StatTable table = Table(Row(Hostile, "read", 1, 10));
        string text = Text(table);
        Assert.Equal(2, text.Count(c => c == '\n'));
        Assert.DoesNotContain('\e', text);
        string csv = Written(output => new StatCsv(output).Write(table));
        Assert.Equal(2, csv.Count(c => c == '\n'));
        Assert.DoesNotContain('\e', csv);
        string json = Written(output => new StatJson(output).Write(table));
        Assert.Equal(Hostile, JsonDocument.Parse(json).RootElement.GetProperty("comm").GetString());
        Assert.DoesNotContain('\e', json);
        var map = new HeatMap(Hostile);
        map.Add(0, 1, table.Rows[0].Histogram);
        XDocument.Parse(map.ToSvg());
        Assert.DoesNotContain("<script>", map.ToHtml());
    }

    [Fact]
    public void Json_has_everything()
    {
        JsonElement row = JsonDocument.Parse(Written(output => new StatJson(output).Write(Table(Row("sh", "openat", 100, 1500, (2, 3)))))).RootElement;
        Assert.Equal(1234, row.GetProperty("pid").GetInt32());
        Assert.Equal("openat", row.GetProperty("syscall").GetString());
        Assert.Equal((100, 3, 150_000, 1500), (row.GetProperty("calls").GetInt32(), row.GetProperty("errors").GetInt32(), row.GetProperty("total_ns").GetInt32(), row.GetProperty("p99_9_ns").GetInt32()));
        Assert.Equal(3, row.GetProperty("errnos").GetProperty("ENOENT").GetInt32());
        Assert.Equal("[[1472,1504,100]]", row.GetProperty("histogram").GetRawText());
        var summary = new StatSummary { Calls = 5, Other = 1, CpuShare = 0.0123 };
        Assert.EndsWith("; it took 1.23 % of the machine's CPU time", summary.ToString(), StringComparison.Ordinal);
        JsonElement last = JsonDocument.Parse(Written(output => new StatJson(output).Finish(in summary))).RootElement;
        Assert.Equal("summary", last.GetProperty("type").GetString());
        Assert.False(last.GetProperty("exact").GetBoolean());
        Assert.Equal(1.23, last.GetProperty("cpu_percent").GetDouble());
    }

    [Fact]
    public void Csv_has_as_many_fields_in_each_line()
    {
        StatTable table = Table(Row("sh", "openat", 100, 1500, (2, 3)), Row("x", "read", 1, 10));
        string[] lines = Written(output => new StatCsv(output).Write(table)).TrimEnd('\n').Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.Single(lines.Select(line => line.Split(',').Length).Distinct());
        Assert.Contains("ENOENT:3", lines[1]);
        Assert.EndsWith(",1472:100", lines[1]);
    }

    [Theory]
    [InlineData(Abi.X86_64, "x86-64")]
    [InlineData(Abi.Ia32, "ia32")]
    [InlineData(Abi.X32, "x32")]
    [InlineData(Abi.Arm64, "arm64")]
    [InlineData(Abi.Arm, "arm")]
    public void Abis_have_names(Abi abi, string name)
    {
        var row = new StatRow { Labels = [StatLabel.Of(1), StatLabel.Of("x")], Syscall = "read", Abi = abi };
        row.Add(Sums(1, 10), new DurationHistogram(), new Dictionary<int, ulong>());
        JsonElement json = JsonDocument.Parse(Written(output => new StatJson(output).Write(Table(row)))).RootElement;
        Assert.Equal(name, json.GetProperty("abi").GetString());
        string[] lines = Written(output => new StatCsv(output).Write(Table(row))).Split('\n');
        Assert.Equal(name, lines[1].Split(',')[Array.IndexOf(lines[0].Split(','), "abi")]);
    }

    [Theory]
    [InlineData(Abi.Arm64, null)]
    [InlineData(Abi.Arm, "32 bit")]
    public void Straces_table_says_which_abi_is_not_the_machines(Abi abi, string? mode)
    {
        string first = Written(output => new StraceSummary(StraceSummary.DefaultColumns, StraceColumn.Calls)
            .Write(output, [new StraceCall(abi, 3, "read", Sums(1, 10))])).Split('\n')[0];
        Assert.Equal(mode is null ? "% time" : $"System call usage summary for {mode} mode:", mode is null ? first[..6] : first);
    }

    [Theory]
    [InlineData(0, "0ns")]
    [InlineData(999, "999ns")]
    [InlineData(999.6, "1.00us")]
    [InlineData(1000, "1.00us")]
    [InlineData(9994, "9.99us")]
    [InlineData(9996, "10.0us")]
    [InlineData(99_960, "100us")]
    [InlineData(999_600, "1.00ms")]
    [InlineData(61_000_000_000, "61.0s")]
    public void Durations_have_three_digits(double nanoseconds, string text)
    {
        var row = new StatRow { Labels = [StatLabel.Of(1), StatLabel.Of("x")], Syscall = "read" };
        // The mean has fractions.
        row.Sums = new CallSums { Calls = 10, Total = (ulong)Math.Round(nanoseconds * 10), Min = 0, Max = 0 };
        string[] cells = Text(Table(row)).Split('\n')[1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(text, cells[^3]); // before max and stddev%
    }

    [Fact]
    public void Straces_table_widens_with_what_is_in_it()
    {
        var summary = new StraceSummary(StraceSummary.DefaultColumns, StraceColumn.TimePercent);
        StraceCall[] calls =
        [
            new(Abi.X86_64, 257, "openat", Sums(12_345_678_901, 2000, 3)), new(Abi.X86_64, 0, "read", Sums(2, 1_500_000)),
            new(Abi.X86_64, 39, "getpid", new CallSums { Calls = 1, Untimed = 1 }), new(Abi.Ia32, 5, "open", Sums(1, 0, 1)),
        ];
        Assert.Equal("""
            % time     seconds  usecs/call       calls    errors syscall
            ------ ------------ ----------- ----------- --------- ----------------
            100.00 24691.357802           2 12345678901         3 openat
              0.00     0.003000        1500           2           read
              0.00     0.000000           0           1           getpid
            ------ ------------ ----------- ----------- --------- ----------------
            100.00 24691.360802           2 12345678904         3 total
            System call usage summary for 32 bit mode:
            % time     seconds  usecs/call     calls    errors syscall
            ------ ----------- ----------- --------- --------- ----------------
              0.00    0.000000           0         1         1 open
            ------ ----------- ----------- --------- --------- ----------------
            100.00    0.000000           0         1         1 total

            """.Replace("% time     seconds  usecs/call       calls", "% time      seconds  usecs/call       calls", StringComparison.Ordinal), Written(output => summary.Write(output, calls)));
    }

    private sealed class NoLines : IRecordView
    {
        public void Write(ReadOnlySpan<byte> record)
        {
        }

        public void Skip(ReadOnlySpan<byte> record, bool gaps)
        {
        }

        public void Finish(in RunSummary run)
        {
        }
    }

    [Fact]
    public void Numbers_without_end_are_one_line_of_a_summary()
    {
        string text = Written(output =>
        {
            var view = new CountingView(new NoLines(), output, new StraceSummary([StraceColumn.Calls, StraceColumn.Name], StraceColumn.Calls), new SyscallNames());
            for (uint i = 0; i < 100_000; i++)
                view.Write(RecordMaker.Call(20_000 + i, tid: 1, seq: i, time: i, result: -38));
            view.Write(RecordMaker.Call(RecordMaker.Getppid, tid: 1, seq: 100_000, time: 100_000));
            view.Finish(new RunSummary(100_001, new ulong[4]));
        });
        string[] lines = text.TrimEnd('\n').Split('\n');
        Assert.Equal(6, lines.Length);
        Assert.StartsWith("   100000 ", lines[2]);
        Assert.Equal("        1 getppid", lines[3]);
        Assert.Equal("   100001 total", lines[5]);
    }

    [Fact]
    public void Nothing_counted_is_no_table_of_straces() =>
        Assert.Equal("", Written(output => new StraceSummary(StraceSummary.DefaultColumns, StraceColumn.Calls).Write(output, [])));

    [Fact]
    public void Perfs_table_is_perfs()
    {
        var group = new PerfGroup("sh (7)", [Row("sh", "openat", 34, 14_441, (2, 13))]);
        Assert.Equal(
            "\n Summary of events:\n\n sh (7), 68 events, 100.0%\n\n"
            + "   syscall            calls  errors  total       min       avg       max       stddev\n"
            + "                                     (msec)    (msec)    (msec)    (msec)        (%)\n"
            + "   --------------- --------  ------ -------- --------- --------- ---------     ------\n"
            + "   openat                34     13     0.491     0.014     0.014     0.014      0.00%\n"
            + "\t\t\t\tENOENT: 13\n\n\n",
            Written(output => new PerfSummary(output, PerfMode.Thread, errnos: true).Write([group])));
    }

    [Fact]
    public void Perfs_threads_begin_with_the_idlest_and_its_cgroups_with_the_slowest()
    {
        PerfGroup few = new("few", [Row("x", "read", 2, 5_000)]), many = new("many", [Row("x", "read", 30, 10)]);
        string[] Titles(PerfMode mode) => [.. Written(output => new PerfSummary(output, mode, errnos: false).Write([many, few]))
            .Split('\n').Where(line => line.Contains(", ", StringComparison.Ordinal))];
        Assert.Equal([" few, 4 events, 6.2%", " many, 60 events, 93.8%"], Titles(PerfMode.Thread));
        Assert.Equal([" few, 2 events", " many, 30 events"], Titles(PerfMode.Cgroup));
    }

    [Fact]
    public void Errors_without_an_errno_are_no_successes()
    {
        StatRow Of(int errno) => new() { Labels = [StatLabel.Of(1), StatLabel.Of("x")], Syscall = "read", Errno = errno, Sums = new CallSums { Calls = 3 } };
        var table = new StatTable { Heads = [new("pid", "pid"), new("comm", "comm")], ByErrno = true, Rows = [Of(0), Of(2), Of(StatRow.UnknownErrno)] };
        Assert.Equal(["-", "ENOENT", "(other)"], Text(table).TrimEnd('\n').Split('\n')[1..].Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3]));
        string[] json = Written(output => new StatJson(output).Write(table)).TrimEnd('\n').Split('\n');
        Assert.Equal([null, "ENOENT", "(other)"], json.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("errno").GetString()));
    }

    [Fact]
    public void A_call_without_room_for_its_begin_is_said()
    {
        var summary = new StatSummary { Calls = 9, Untimed = 5, Slotless = 3 };
        Assert.False(summary.IsExact);
        Assert.Equal("complete: 9 calls in 0.0 s; 2 began before, without a duration; 3 without a duration: no room for more threads", summary.ToString());
    }

    [Fact]
    public void Bars_are_as_long_as_their_share()
    {
        var row = new StatRow { Labels = [], Syscall = "read" };
        var histogram = new DurationHistogram();
        histogram.Add(1500, 100);
        histogram.Add(5000, 50);
        row.Add(new CallSums { Calls = 150, Total = 1, Min = 1500, Max = 5000 }, histogram, new Dictionary<int, ulong>());
        string[] lines = Written(output => new StatText(output, 80).WriteHistograms(Table(row))).TrimEnd('\n').Split('\n');
        Assert.Equal("read: 150 calls, p50 1.50us, p99 5.00us, max 5.00us", lines[1]);
        Assert.Equal([40, 0, 20], lines[2..].Select(line => line.Count(c => c == '█')));
        Assert.Single(lines[2..].Select(line => line.Length).Distinct());
    }

    [Fact]
    public void A_long_run_stays_a_picture()
    {
        var map = new HeatMap("x");
        var histogram = new DurationHistogram();
        histogram.Add(1000, 2);
        for (int i = 0; i < 10_000; i++)
            map.Add(i, i + 1, histogram);
        Assert.InRange(map.Columns, 100, 240);
        XNamespace svg = "http://www.w3.org/2000/svg";
        long calls = XDocument.Parse(map.ToSvg()).Descendants(svg + "title").Sum(title => long.Parse(title.Value[(title.Value.LastIndexOf(' ') + 1)..]));
        Assert.Equal(20_000, calls);
        XDocument.Parse(new HeatMap("empty").ToSvg());
    }
}
