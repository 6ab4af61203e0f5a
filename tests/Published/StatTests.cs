using System.Globalization;
using System.Text.Json;
using System.Xml.Linq;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary><c>scry stat</c>: every call is counted where it belongs.</summary>
public sealed class StatTests
{
    private const int Threads = 64, Processes = 500;
    /// <summary>Links of a run without a cgroup and without CPU time.</summary>
    private const int StatPrograms = 6;

    private sealed record Expected(string Name, int Calls, int Errno);

    private static List<JsonElement> Rows(string json) =>
        [.. json.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).Where(row => row.GetProperty("type").GetString() == "stat")];

    private static JsonElement Summary(string json) => JsonDocument.Parse(json.TrimEnd('\n').Split('\n')[^1]).RootElement;

    private static Dictionary<string, long> Sums(IEnumerable<JsonElement> rows, string member = "calls") =>
        rows.GroupBy(row => row.GetProperty("syscall").GetString()!).ToDictionary(group => group.Key, group => group.Sum(row => row.GetProperty(member).GetInt64()));

    /// <summary>Runs the program of fifty calls, and gives the rows and what the program said of its calls.</summary>
    private static (List<JsonElement> Rows, List<Expected> Calls, JsonElement Summary) Fifty(string mode, int count, params string[] words)
    {
        using var workspace = new Workspace();
        Finished run = Child.Run(ScryBinary.Path, ["stat", "--json", "-o", workspace["json"], .. words, "--", Programs.Path("fifty"), mode, $"{count}"]).Expect();
        string json = File.ReadAllText(workspace["json"]);
        List<Expected> calls = [.. run.Lines.Select(line => line.Split(' ')).Select(w => new Expected(w[0], int.Parse(w[1]), int.Parse(w[2])))];
        Assert.Equal(50, calls.Count);
        return (Rows(json), calls, Summary(json));
    }

    [Theory]
    [InlineData("threads", Threads)]
    [InlineData("processes", Processes)]
    [InlineData("threads", Threads, "--count-only")]
    [InlineData("processes", Processes, "--count-only")]
    public void Every_count_is_exact(string mode, int count, params string[] words)
    {
        (List<JsonElement> rows, List<Expected> calls, JsonElement summary) = Fifty(mode, count, words);
        Assert.True(summary.GetProperty("exact").GetBoolean());
        Dictionary<string, long> sums = Sums(rows), errors = Sums(rows, "errors");
        Assert.Equal(calls.Select(call => (call.Name, (long)call.Calls * count)), calls.Select(call => (call.Name, sums[call.Name])));
        Assert.Equal(calls.Select(call => (call.Name, call.Errno == 0 ? 0 : (long)call.Calls * count)), calls.Select(call => (call.Name, errors[call.Name])));
        Assert.Equal(summary.GetProperty("calls").GetInt64(), sums.Values.Sum());
    }

    /// <summary>Calls that replace their thread's registers, users, names and programs are counted where they are with a program on entries.</summary>
    [Theory]
    [InlineData("signals")]
    [InlineData("ia32")]
    [InlineData("unknown")]
    [InlineData("brood", "20")]
    [InlineData("sh", "-c", "ls / | sort | wc -l; (exit 3); cat /no/such/file; kill -USR1 $$")]
    public void Counts_alone_are_those_of_a_run_with_durations(params string[] command)
    {
        using var workspace = new Workspace();
        Child.Run(ScryBinary.Path,
        [
            "stat", "--json", "--by", "comm", "-o", workspace["with"], "--", ScryBinary.Path, "stat", "--count-only", "--json", "--by", "comm", "-o", workspace["alone"], "--",
            command[0] == "sh" ? "sh" : Programs.Path(command[0]), .. command[1..],
        ]);
        List<JsonElement> alone = Rows(File.ReadAllText(workspace["alone"]));
        static string Text(JsonElement row) => $"{row.GetProperty("comm")} {row.GetProperty("syscall")} {row.GetProperty("calls")} {row.GetProperty("errors")}";
        HashSet<string> comms = [.. alone.Select(row => row.GetProperty("comm").GetString()!)];
        Assert.NotEmpty(comms);
        Assert.Equal(
            Rows(File.ReadAllText(workspace["with"])).Where(row => comms.Contains(row.GetProperty("comm").GetString()!)).Select(Text).Order(StringComparer.Ordinal),
            alone.Select(Text).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("--over", "1ms", "--over")]
    [InlineData("--sort", "p99", "--sort p99")]
    [InlineData("--by", "fd-path", "--by fd-path, which is looked up at a call's begin,")]
    [InlineData("--heatmap", "x.svg", "--heatmap")]
    public void Counts_alone_have_no_durations(string option, string value, string named)
    {
        Finished run = Child.Run(ScryBinary.Path, "stat", "--count-only", option, value, "--", "true").Expect(2);
        Assert.Equal($"scry: --count-only: {named} asks for what is then not known; leave one of them out\n", run.Error);
        Assert.Matches(@"^pid +comm +syscall +calls +errors +errnos\n", Child.Run(ScryBinary.Path, "stat", "--count-only", "-o", "/dev/stdout", "--", "true").Expect().Output);
    }

    [Fact]
    public void Every_errno_is_exact()
    {
        (List<JsonElement> rows, List<Expected> calls, _) = Fifty("threads", 8, "--by", "syscall");
        var names = new Dictionary<int, string> { [2] = "ENOENT", [9] = "EBADF", [22] = "EINVAL", [97] = "EAFNOSUPPORT" };
        foreach (Expected call in calls.Where(call => call.Errno != 0))
        {
            JsonElement row = Assert.Single(rows, row => row.GetProperty("syscall").GetString() == call.Name);
            JsonProperty errno = Assert.Single(row.GetProperty("errnos").EnumerateObject());
            Assert.Equal((names[call.Errno], call.Calls * 8L), (errno.Name, errno.Value.GetInt64()));
        }
    }

    [Fact]
    public void Short_processes_are_there_under_their_own_names()
    {
        (List<JsonElement> rows, List<Expected> calls, _) = Fifty("processes", Processes, "-e", string.Join(',', "getppid", "socket"));
        foreach (Expected call in calls.Where(call => call.Name is "getppid" or "socket"))
        {
            string[] named = [.. rows.Where(row => row.GetProperty("syscall").GetString() == call.Name && row.GetProperty("calls").GetInt64() == call.Calls)
                .Select(row => row.GetProperty("comm").GetString()!).Order(StringComparer.Ordinal)];
            Assert.Equal(Enumerable.Range(0, Processes).Select(i => $"short{i}").Order(StringComparer.Ordinal), named);
        }
    }

    [Fact]
    public void Buckets_of_durations_add_up_and_percentiles_are_in_order()
    {
        (List<JsonElement> rows, _, _) = Fifty("threads", 8);
        foreach (JsonElement row in rows.Where(row => row.TryGetProperty("histogram", out _)))
        {
            Assert.Equal(row.GetProperty("calls").GetInt64() - row.GetProperty("untimed").GetInt64(), row.GetProperty("histogram").EnumerateArray().Sum(bucket => bucket[2].GetInt64()));
            long[] order = [.. new[] { "min_ns", "p50_ns", "p90_ns", "p99_ns", "p99_9_ns", "max_ns" }.Select(name => row.GetProperty(name).GetInt64())];
            Assert.Equal(order.Order(), order);
        }
    }

    [Fact]
    public void A_sleep_lasts_as_long_as_it_does()
    {
        Finished run = Child.Shell($"exec 3>&1; {ScryBinary.Path} stat --json -e clock_nanosleep -- {Programs.Path("sleeps")} 2>&1").Expect();
        long[] program = [.. run.Lines[0].Split(' ').Select(long.Parse)];
        long total = Assert.Single(Rows(string.Join('\n', run.Lines.Where(line => line.StartsWith('{'))))).GetProperty("total_ns").GetInt64();
        // What the program saw has the calls of its clock in it.
        Assert.InRange(total, program[0], program[1]);
    }

    [Fact]
    public void Counts_are_those_of_strace_on_the_same_process_at_the_same_time()
    {
        using var workspace = new Workspace();
        Child.Run(ScryBinary.Path, "stat", "--json", "--by", "comm", "-o", workspace["json"], "--",
            "strace", "-c", "-f", "-U", "name,calls,errors", "-o", workspace["strace"], Programs.Path("fifty"), "threads", "8").Expect();
        List<JsonElement> rows = [.. Rows(File.ReadAllText(workspace["json"])).Where(row => row.GetProperty("comm").GetString() == "fifty")];
        Dictionary<string, long> sums = Sums(rows), errors = Sums(rows, "errors");
        IEnumerable<string[]> table = File.ReadAllLines(workspace["strace"]).Skip(2).TakeWhile(line => !line.StartsWith('-'))
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        string[] expected = [.. table.Select(words => $"{words[0]} {words[1]} {(words.Length > 2 ? words[2] : "0")}").Order(StringComparer.Ordinal)];
        Assert.True(expected.Length > 55);
        Assert.Equal(expected, sums.Select(one => $"{one.Key} {one.Value} {errors[one.Key]}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Without_room_counts_still_add_up_and_that_is_said()
    {
        (_, _, JsonElement roomy) = Fifty("processes", 40);
        using var workspace = new Workspace();
        Finished run = Child.Run(ScryBinary.Path, "stat", "--strict", "--json", "--room", "5,12,3", "-o", workspace["json"], "--", Programs.Path("fifty"), "processes", "40").Expect(3);
        string json = File.ReadAllText(workspace["json"]);
        JsonElement tight = Summary(json);
        Assert.False(tight.GetProperty("exact").GetBoolean());
        // How often it waits depends on how fast its children are.
        Assert.Equal(roomy.GetProperty("calls").GetInt64(), tight.GetProperty("calls").GetInt64(), 40.0);
        Assert.Equal(tight.GetProperty("calls").GetInt64(), Rows(json).Sum(row => row.GetProperty("calls").GetInt64()));
        Assert.Contains(Rows(json), row => row.TryGetProperty("other", out _));
        Assert.Contains("under (other)", run.Error);
    }

    [Theory]
    [InlineData("process", "pid")]
    [InlineData("thread", "tid")]
    [InlineData("comm", "comm")]
    [InlineData("user", "user")]
    [InlineData("cgroup", "cgroup")]
    [InlineData("fd-path", "fd_path")]
    [InlineData("dso", "object")]
    [InlineData("process,comm,user,cgroup,container,unit,fd-path,dso", "unit")]
    public void Whatever_it_is_counted_by_there_are_as_many_calls(string by, string member)
    {
        (List<JsonElement> rows, List<Expected> calls, _) = Fifty("threads", 4, "--by", by);
        Dictionary<string, long> sums = Sums(rows);
        Assert.All(calls, call => Assert.Equal(call.Calls * 4L, sums[call.Name]));
        Assert.All(rows, row => Assert.True(row.TryGetProperty(member, out _)));
        // An object is not known while another thread maps its stack: its calls have a row of their own.
        string[] values = [.. rows.Where(row => row.GetProperty("syscall").GetString() == "getppid")
            .Where(row => !row.TryGetProperty("object", out JsonElement known) || known.GetString() != "[unknown]").Select(row => row.GetProperty(member).ToString())];
        Assert.Equal(member == "tid" ? 4 : 1, values.Length);
        if (member is "comm" or "user" or "object")
            Assert.Matches(member switch { "comm" => "^fifty$", "user" => "^root$", _ => "/libc" }, values[0]);
    }

    [Fact]
    public void By_errno_successes_and_failures_are_apart()
    {
        (List<JsonElement> rows, List<Expected> calls, _) = Fifty("threads", 4, "--by", "syscall,errno");
        foreach (Expected call in calls)
        {
            JsonElement row = Assert.Single(rows, row => row.GetProperty("syscall").GetString() == call.Name);
            Assert.Equal(call.Calls * 4, row.GetProperty("calls").GetInt32());
            Assert.Equal(call.Errno != 0, row.GetProperty("errno").ValueKind == JsonValueKind.String);
        }
    }

    [Fact]
    public void By_errno_without_room_errors_are_no_successes()
    {
        (List<JsonElement> rows, List<Expected> calls, _) = Fifty("threads", 4, "--by", "errno", "--room", "8,4000,1");
        foreach (Expected call in calls)
        {
            JsonElement row = Assert.Single(rows, row => row.GetProperty("syscall").GetString() == call.Name);
            Assert.Equal(call.Errno != 0 ? "(other)" : null, row.GetProperty("errno").GetString());
        }
    }

    [Fact]
    public void Descriptors_without_a_file_and_long_paths_are_said_to_be_such()
    {
        using var workspace = new Workspace();
        string[] parts = [.. Enumerable.Repeat(new string('d', 60), 6)];
        string deep = Directory.CreateDirectory(Path.Combine([Path.GetDirectoryName(workspace["x"])!, .. parts])).FullName;
        const string script = "import os,sys; e=os.eventfd(0); os.write(e,b'12345678'); f=os.open(sys.argv[1],os.O_RDWR|os.O_CREAT); os.write(f,b'x')";
        Child.Run(ScryBinary.Path, "stat", "-q", "--json", "--by", "fd-path", "-e", "write", "-o", workspace["json"], "--", "/usr/bin/python3", "-c", script, $"{deep}/file").Expect();
        string[] files = [.. Rows(File.ReadAllText(workspace["json"])).Select(row => row.GetProperty("fd_path").GetString()!).Order(StringComparer.Ordinal)];
        Assert.Equal(2, files.Length);
        Assert.StartsWith(".../ddd", files[0]);
        Assert.EndsWith(deep[^200..] + "/file", files[0]);
        Assert.Equal("anon_inode:[eventfd]", files[1]);
    }

    [Fact]
    public void Descriptors_are_counted_by_what_they_stand_for()
    {
        using var workspace = new Workspace();
        File.WriteAllText(workspace["file"], "text");
        Finished run = Child.Shell($"{ScryBinary.Path} stat --json --by fd-path -e read -- cat {workspace["file"]} 2>&1 >/dev/null").Expect();
        Assert.Contains(Rows(string.Join('\n', run.Lines.Where(line => line.StartsWith('{')))), row => row.GetProperty("fd_path").GetString() == workspace["file"] && row.GetProperty("calls").GetInt32() == 2);
    }

    [Fact]
    public void Intervals_add_up_to_the_run()
    {
        (List<JsonElement> rows, List<Expected> calls, _) = Fifty("processes", 200, "--interval", "20ms");
        Assert.True(rows.Select(row => row.GetProperty("interval").GetInt32()).Distinct().Count() > 1);
        Dictionary<string, long> sums = Sums(rows), errors = Sums(rows, "errors");
        Assert.All(calls, call => Assert.Equal(call.Calls * 200L, sums[call.Name]));
        Assert.All(calls, call => Assert.Equal(call.Errno == 0 ? 0 : call.Calls * 200L, errors[call.Name]));
    }

    [Fact]
    public void An_interrupt_ends_it_with_its_table_and_the_target_lives()
    {
        using Child sleeper = Child.Start("sleep", ["300"]);
        Eventually.Sleeps(sleeper.Id);
        HashSet<string> before = Attached.Now();
        using Child scry = Child.Start(ScryBinary.Path, ["stat", "-p", $"{sleeper.Id}"]);
        Eventually.True(() => Attached.Links(before) >= StatPrograms, "scry is attached");
        scry.Signal(2);
        Finished run = scry.Wait().Expect();
        Assert.StartsWith("pid ", run.Output);
        Assert.Contains("complete: 0 calls", run.Error);
        Assert.False(sleeper.HasExited);
        Eventually.True(() => Attached.Links(before) == 0, "nothing is left attached");
    }

    [Theory]
    [InlineData("exit 7", 7)]
    [InlineData("kill -9 $$", 137)]
    public void The_commands_exit_status_is_passed_on(string script, int status)
    {
        Child.Run(ScryBinary.Path, "stat", "--", "sh", "-c", script).Expect(status);
        Child.Run(ScryBinary.Path, "strace", "-c", "sh", "-c", script).Expect(status);
    }

    [Fact]
    public void A_picture_has_every_call_and_no_hostile_text()
    {
        using var workspace = new Workspace();
        Child.Run(ScryBinary.Path, "stat", "-q", "--heatmap", workspace["map.svg"], "-o", "/dev/null", "-e", "getppid", "--", Programs.Path("fifty"), "threads", "64").Expect();
        XNamespace svg = "http://www.w3.org/2000/svg";
        XDocument picture = XDocument.Load(workspace["map.svg"]);
        long calls = picture.Descendants(svg + "title").Sum(title => long.Parse(title.Value[(title.Value.LastIndexOf(' ') + 1)..], CultureInfo.InvariantCulture));
        Assert.Equal(64, calls);
        Child.Run(ScryBinary.Path, "stat", "-q", "--heatmap", workspace["map.html"], "-o", "/dev/null", "--", "echo", "<script>").Expect();
        Assert.DoesNotContain("<script", File.ReadAllText(workspace["map.html"]));
    }

    [Fact]
    public void A_table_fits_the_terminal_and_a_pipe_has_all_of_it()
    {
        Finished narrow = Child.Run("script", "-qec", $"stty cols 72; exec {ScryBinary.Path} stat --all-calls -- true", "/dev/null").Expect();
        string[] table = [.. narrow.Output.Split('\n').Select(line => line.TrimEnd('\r')).SkipWhile(line => !line.StartsWith("pid", StringComparison.Ordinal)).Take(2)];
        Assert.All(table, line => Assert.InRange(line.Length, 20, 72));
        Finished pipe = Child.Run(ScryBinary.Path, "stat", "--all-calls", "--", "true").Expect();
        Assert.Matches(@"^pid +comm +calls +errors +total +wall% +min +avg +max +stddev% +p50 +p90 +p99 +p99\.9 +errnos", pipe.Error);
    }

    [Fact]
    public void Perfs_tables_are_laid_out_as_perf_lays_them_out()
    {
        Finished ours = Child.Run(ScryBinary.Path, "stat", "-q", "--summary", "--errno-summary", "--", "ls", "/no/such/place").Expect(2);
        string[] lines = ours.Error.Split('\n');
        Assert.Contains(" Summary of events:", lines);
        Assert.Matches(@"^ ls \(\d+\), \d+ events, 100\.0%$", lines.First(line => line.StartsWith(" ls", StringComparison.Ordinal)));
        Assert.Contains(lines, line => System.Text.RegularExpressions.Regex.IsMatch(line, @"^   execve +1      0 +\d+\.\d{3} +\d+\.\d{3} +\d+\.\d{3} +\d+\.\d{3}      0\.00%$"));
        Assert.Contains(lines, line => line.StartsWith("\t\t\t\tENOENT: ", StringComparison.Ordinal));
        Assert.Matches(@"(?m)^ total, \d+ events$", Child.Run(ScryBinary.Path, "stat", "--summary-mode=total", "--", "true").Expect().Error);
        Assert.Matches(@"(?m)^ cgroup /.*, \d+ events$", Child.Run(ScryBinary.Path, "stat", "--summary-mode=cgroup", "--", "true").Expect().Error);
        // Of which some rows alone would not be perf's.
        Child.Run(ScryBinary.Path, "stat", "-s", "--top", "3", "--", "true").Expect(2);
        Child.Run(ScryBinary.Path, "stat", "-s", "--sort", "calls", "--", "true").Expect(2);
    }

    [Theory]
    [InlineData("-U name,calls,errors -S name")]
    [InlineData("-U calls,name,errors -S calls")]
    [InlineData("-S name -U errors,calls -e openat,close,mmap")]
    public void Straces_tables_are_straces_to_the_byte(string options)
    {
        using var workspace = new Workspace();
        string[] words = options.Split(' ');
        Child.Run("strace", ["-c", .. words, "-o", workspace["strace"], "ls", "/no/such/place"]);
        Child.Run(ScryBinary.Path, ["strace", "-c", .. words, "-o", workspace["scry"], "ls", "/no/such/place"]);
        Assert.Equal(File.ReadAllText(workspace["strace"]), File.ReadAllText(workspace["scry"]));
    }

    [Fact]
    public void Straces_lines_and_their_summary_are_straces()
    {
        using var workspace = new Workspace();
        string[] words = ["-C", "-U", "name,calls,errors", "-S", "name", "-e", "openat,access"];
        Child.Run("strace", [.. words, "-o", workspace["strace"], "ls", "/no/such/place"]);
        Child.Run(ScryBinary.Path, ["strace", .. words, "-o", workspace["scry"], "ls", "/no/such/place"]);
        Assert.Equal(File.ReadAllText(workspace["strace"]), File.ReadAllText(workspace["scry"]));
    }

    [Fact]
    public void Without_f_strace_counts_nobody_else()
    {
        using var workspace = new Workspace();
        string script = Programs.Path("fifty") + " threads 3; true";
        Child.Run(ScryBinary.Path, "strace", "-c", "-o", workspace["alone"], "sh", "-c", script).Expect();
        Child.Run(ScryBinary.Path, "strace", "-c", "-f", "-o", workspace["all"], "sh", "-c", script).Expect();
        Assert.DoesNotContain("inotify_rm_watch", File.ReadAllText(workspace["alone"]));
        Assert.Contains("inotify_rm_watch", File.ReadAllText(workspace["all"]));
    }

    [Theory]
    [InlineData("stat --by colour -- true", "--by: 'colour' is not one of process, ")]
    [InlineData("stat --json --csv -- true", "--json and --csv are two kinds of output")]
    [InlineData("stat --heatmap x.png -- true", "--heatmap: 'x.png' is neither .svg nor .html")]
    [InlineData("stat --interval 1ms -- true", "--interval: '1ms' is too short")]
    [InlineData("stat --sort colour -- true", "--sort: 'colour' is not one of total, ")]
    [InlineData("strace -c -S colour true", "-S: 'colour' is not one of time, ")]
    public void What_makes_no_sense_is_said_in_one_line(string words, string message)
    {
        Finished run = Child.Run(ScryBinary.Path, words.Split(' ')).Expect(2);
        Assert.StartsWith("scry: " + message, run.Error);
        Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
    }
}
