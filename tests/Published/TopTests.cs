using System.Globalization;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>scry top in a real terminal, and its tables as text.</summary>
public sealed class TopTests
{
    private const int Stop = 19;

    [Theory]
    [InlineData(120, 40)]
    [InlineData(80, 24)]
    public void From_comm_to_durations_and_back(int columns, int rows)
    {
        using Child target = Busy();
        using var terminal = new Tmux(columns, rows);
        Start(terminal, "top -F 4");
        string[] lines = terminal.Until(lines => lines.Any(line => line.EndsWith("  load", StringComparison.Ordinal)), "the load is shown");
        Assert.Equal(rows, lines.Length);
        Assert.StartsWith("scry top  all processes", lines[0]);
        Assert.Contains("calls/s", lines[1]);
        Assert.Equal("by comm", lines[3]);
        Assert.StartsWith("%CALLS   CALLS/sv", lines[4]);
        Assert.StartsWith("Enter into ", lines[^1]);
        // Other tests run: only the load, then.
        terminal.Key("/");
        terminal.Until(lines => lines[^1].StartsWith("type text", StringComparison.Ordinal), "a filter is typed");
        terminal.Key("l", "o", "a", "d", "Enter");
        terminal.Until(lines => lines[3] == "by comm  filter: load" && lines[5].EndsWith("  load", StringComparison.Ordinal), "only the load is shown");
        terminal.Key("Enter");
        terminal.Until(lines => lines[3] == "comm load > by pid" && lines[5].EndsWith($"  {target.Id} load", StringComparison.Ordinal), "its process is shown");
        terminal.Key("Enter");
        terminal.Until(lines => lines[3] == $"comm load > pid {target.Id} > by syscall" && lines[5].EndsWith("  getppid", StringComparison.Ordinal), "its call is shown");
        terminal.Key("Enter");
        lines = terminal.Until(lines => lines[3].EndsWith("> syscall getppid > durations", StringComparison.Ordinal)
            && lines[6].StartsWith("all ", StringComparison.Ordinal) && lines[9].Contains("ns -", StringComparison.Ordinal), "durations are shown");
        Assert.Contains("P99.9", lines[4]);
        Assert.Contains(lines, line => line.Contains('█'));
        terminal.Key("Escape");
        terminal.Until(lines => lines[5].EndsWith("  getppid", StringComparison.Ordinal), "its call is shown again");
        terminal.Key("Left", "BSpace");
        terminal.Until(lines => lines[3] == "by comm  filter: load" && lines[5].EndsWith("  load", StringComparison.Ordinal), "the first table is shown again");
        terminal.Key("q");
        terminal.UntilLeft();
    }

    [Fact]
    public void Help_pause_order_and_group()
    {
        using Child target = Busy();
        using var terminal = new Tmux(120, 40);
        Start(terminal, $"top -F 10 -p {target.Id}");
        terminal.Until(lines => lines[5].EndsWith("  load", StringComparison.Ordinal), "the load is shown");
        terminal.Key("?");
        terminal.Until(lines => lines.Any(line => line.StartsWith("  Enter Right", StringComparison.Ordinal)) && lines[^1] == "any key back", "help is shown");
        terminal.Key("x");
        terminal.Until(lines => lines[5].EndsWith("  load", StringComparison.Ordinal), "the table is shown again");
        terminal.Key("t");
        terminal.Until(lines => lines[4].Contains("TIME/sv", StringComparison.Ordinal), "the order is by time");
        terminal.Key("r");
        terminal.Until(lines => lines[4].Contains("TIME/s^", StringComparison.Ordinal), "the order is turned round");
        terminal.Key("Space");
        string[] held = terminal.Until(lines => lines[3] == "by comm  PAUSED", "the table is held");
        // The curve goes on while the table does not.
        string[] later = terminal.Until(lines => lines[2] != held[2], "the curve goes on");
        Assert.Equal(held[5], later[5]);
        Assert.Equal(held[0], later[0]);
        terminal.Key("Space");
        terminal.Until(lines => lines[3] == "by comm" && lines[5] != held[5], "the table goes on");
        terminal.Key("g");
        terminal.Until(lines => lines[3] == "by pid" && lines[5].EndsWith($"  {target.Id} load", StringComparison.Ordinal), "processes are shown");
        terminal.Key("g");
        terminal.Until(lines => lines[3] == "by syscall" && lines[5].EndsWith("  getppid", StringComparison.Ordinal), "calls are shown");
        terminal.Key("g");
        terminal.Until(lines => lines[3] == "by dso" && lines[5].EndsWith("  libc.so.6", StringComparison.Ordinal), "mapped files are shown");
        terminal.Key("C-c");
        terminal.UntilLeft();
    }

    [Fact]
    public void A_new_size_is_drawn_while_it_runs()
    {
        using Child target = Busy();
        using var terminal = new Tmux(120, 40);
        Start(terminal, "top -F 4 --sort comm,dso,syscall");
        terminal.Until(lines => lines[4].EndsWith("SYSCALL", StringComparison.Ordinal) && lines[^1].StartsWith("Enter into ", StringComparison.Ordinal), "the table is shown");
        foreach ((int columns, int rows) in ((int, int)[])[(80, 24), (200, 50), (30, 8), (120, 40)])
        {
            terminal.Resize(columns, rows);
            terminal.Until(lines => lines.Length == rows && lines[0].StartsWith("scry top", StringComparison.Ordinal)
                && lines[^1].StartsWith("Enter into ", StringComparison.Ordinal) && lines.Count(line => line.StartsWith("Enter into ", StringComparison.Ordinal)) == 1,
                $"the table is drawn with {columns}x{rows}");
        }
        terminal.Key("q");
        terminal.UntilLeft();
    }

    [Theory]
    [InlineData("q")]
    [InlineData("C-c")]
    [InlineData("C-\\")]
    [InlineData("TERM")]
    [InlineData("HUP")]
    [InlineData("ABRT")]
    [InlineData("SEGV")]
    [InlineData("BUS")]
    [InlineData("FPE")]
    [InlineData("error")]
    [InlineData("for")]
    public void The_terminal_is_left_as_it_was(string end)
    {
        using var terminal = new Tmux(100, 30);
        string before = terminal.Settings();
        Start(terminal, end == "for" ? "top --for 2s" : "top -F 5");
        terminal.Until(lines => lines[4].StartsWith("%CALLS", StringComparison.Ordinal) && lines[5].StartsWith("  ", StringComparison.Ordinal), "rows are shown");
        Assert.StartsWith("1 0 ", terminal.Modes());
        switch (end)
        {
            case "TERM" or "HUP" or "ABRT" or "SEGV" or "BUS" or "FPE":
                Child.Run("/bin/kill", $"-{end}", $"{terminal.Scry()}").Expect();
                break;
            case "error":
                // No descriptor is left for the counters that a finer table needs.
                Child.Run("prlimit", "--nofile=3:3", "--pid", $"{terminal.Scry()}").Expect();
                terminal.Key("Enter");
                break;
            case "for":
                break;
            default:
                terminal.Key(end);
                break;
        }
        string[] lines = terminal.UntilLeft();
        Assert.Equal(end == "error" ? ["scry: no counters could be made: Too many open files"] : [], lines.Where(line => line.StartsWith("scry: ", StringComparison.Ordinal)));
        Assert.Equal(before, terminal.Settings());
    }

    [Fact]
    public void It_stops_and_continues_as_other_full_screens()
    {
        using var terminal = new Tmux(100, 30);
        string before = terminal.Settings();
        Start(terminal, "top -F 5");
        terminal.Until(lines => lines[4].StartsWith("%CALLS", StringComparison.Ordinal), "the table is shown");
        terminal.Key("C-z");
        terminal.Until(lines => terminal.Modes() == "0 1 1" && lines.Any(line => line.Contains("Stopped", StringComparison.Ordinal)), "it is stopped");
        Assert.Equal(before, terminal.Settings());
        terminal.Type("fg");
        terminal.Until(lines => lines[4].StartsWith("%CALLS", StringComparison.Ordinal) && lines[^1].StartsWith("Enter into", StringComparison.Ordinal), "it is back");
        // By another process, the shell takes the terminal meanwhile.
        int scry = terminal.Scry();
        Child.Run("/bin/kill", $"-{Stop}", $"{scry}").Expect();
        terminal.Until(lines => lines.Any(line => line.Contains("Stopped", StringComparison.Ordinal)), "the shell is back");
        terminal.Type("fg");
        terminal.Until(lines => lines[4].StartsWith("%CALLS", StringComparison.Ordinal) && lines[^1].StartsWith("Enter into", StringComparison.Ordinal), "it is back again");
        terminal.Key("q");
        terminal.UntilLeft();
        Assert.Equal(before, terminal.Settings());
    }

    [Fact]
    public void A_signal_ends_it_in_the_background_too()
    {
        using var terminal = new Tmux(100, 30);
        string before = terminal.Settings();
        Start(terminal, "top -F 5");
        terminal.Until(lines => lines[4].StartsWith("%CALLS", StringComparison.Ordinal), "the table is shown");
        terminal.Key("C-z");
        terminal.Until(lines => terminal.Modes() == "0 1 1" && lines.Any(line => line.Contains("Stopped", StringComparison.Ordinal)), "it is stopped");
        terminal.Type("clear; kill %1; wait %1; echo waited");
        terminal.Until(lines => lines.Contains("waited"), "it has ended");
        Assert.Equal("0 1 1", terminal.Modes());
        Assert.Equal(before, terminal.Settings());
    }

    [Fact]
    public void Targets_that_die_while_they_are_shown()
    {
        using Child one = Busy();
        using Child two = Busy();
        using var terminal = new Tmux(100, 30);
        string before = terminal.Settings();
        Start(terminal, $"top -F 5 -p {one.Id},{two.Id} --sort pid");
        terminal.Until(lines => lines.Count(line => line.EndsWith(" load", StringComparison.Ordinal)) == 2, "both are shown");
        one.Signal(9);
        terminal.Until(lines => lines.Count(line => line.EndsWith(" load", StringComparison.Ordinal)) == 1 && lines[5].EndsWith($"  {two.Id} load", StringComparison.Ordinal), "one is shown");
        terminal.Key("Enter", "Enter");
        terminal.Until(lines => lines[3] == $"pid {two.Id} > syscall getppid > durations", "its durations are shown");
        two.Signal(9);
        string[] lines = terminal.UntilLeft();
        Assert.Contains("scry: the target has ended", lines);
        Assert.Equal(before, terminal.Settings());
    }

    [Fact]
    public void Followed_children_stay_targets_when_something_else_is_counted()
    {
        using Child target = Child.Start("/bin/sh", ["-c", $"echo; read x; {Programs.Path("load")} 100000000000 & read y; kill $!"]);
        using var terminal = new Tmux(100, 30);
        Start(terminal, $"top -F 5 -p {target.Id} --sort syscall");
        terminal.Until(lines => lines[4].StartsWith("%CALLS", StringComparison.Ordinal), "the table is shown");
        target.Input.WriteLine();
        terminal.Until(lines => lines[5].EndsWith("  getppid", StringComparison.Ordinal), "the child is counted");
        terminal.Key("Enter");
        terminal.Until(lines => lines[3] == "syscall getppid > by pid" && lines[5].EndsWith(" load", StringComparison.Ordinal), "the child is counted anew");
        target.Input.WriteLine();
        Assert.Contains("scry: the target has ended", terminal.UntilLeft());
    }

    [Fact]
    public void A_command_has_no_terminal_and_gives_its_status()
    {
        using var terminal = new Tmux(100, 30);
        string before = terminal.Settings();
        terminal.Type($"{ScryBinary.Path} top -- sh -c 'stty -a || echo visible; sleep 2; exit 7'; echo status $?");
        string[] lines = terminal.Until(lines => lines.Any(line => line.StartsWith("%CALLS", StringComparison.Ordinal)), "the table is shown");
        Assert.DoesNotContain(lines[1..], line => line.Contains("visible", StringComparison.Ordinal));
        lines = terminal.UntilLeft();
        Assert.Contains("status 7", lines);
        Assert.Equal(before, terminal.Settings());
    }

    [Fact]
    public void Leaving_a_command_lets_it_run_on()
    {
        using var terminal = new Tmux(100, 30);
        Start(terminal, "top -- sleep 987");
        terminal.Until(lines => lines[4].StartsWith("%CALLS", StringComparison.Ordinal), "the table is shown");
        terminal.Key("q");
        string[] lines = terminal.UntilLeft();
        string said = Assert.Single(lines, line => line.StartsWith("scry: 'sleep' runs on as process ", StringComparison.Ordinal));
        Child.Run("/bin/kill", said[(said.LastIndexOf(' ') + 1)..]).Expect();
    }

    [Theory]
    [InlineData("comm")]
    [InlineData("comm,dso,syscall,user,cgroup,container,unit,pid")]
    public void Tables_add_up_to_the_calls_that_were_made(string sort)
    {
        const int calls = 300_000;
        Finished run = Child.Run(ScryBinary.Path, "top", "--batch", "1000", "-F", "20", "--sort", sort, "-e", "getppid", "--", Programs.Path("load"), $"{calls}", "3").Expect();
        string[] tables = [.. run.Error.Split('\n').Where(line => line.EndsWith("s in calls", StringComparison.Ordinal))];
        Assert.InRange(tables.Length, 1, 1000);
        Assert.Equal(3 * calls, Rows(run.Error, "load"));
        Assert.Equal(3 * calls, tables.Sum(line => long.Parse(line.Split(' ')[3], CultureInfo.InvariantCulture)));
    }

    [Fact]
    public void So_many_tables_as_asked_for()
    {
        Finished run = Child.Run(ScryBinary.Path, "top", "-b", "2", "-F", "10", "-s", "comm,syscall").Expect();
        Assert.Equal("", run.Error);
        Assert.Equal(2, run.Lines.Count(line => line.Contains(" errors, ", StringComparison.Ordinal)));
        Assert.Equal(2, run.Lines.Count(line => line.TrimEnd().EndsWith("COMM             SYSCALL", StringComparison.Ordinal) || line.Contains("AVG(us)  COMM", StringComparison.Ordinal)));
    }

    [Fact]
    public void Tables_go_to_a_file()
    {
        using var workspace = new Workspace();
        Finished run = Child.Run(ScryBinary.Path, "top", "-b", "1", "-o", workspace["tables"], "--", Programs.Path("load"), "1234").Expect();
        Assert.Equal("", run.Output);
        Assert.InRange(Rows(File.ReadAllText(workspace["tables"]), "load"), 1234, 1300);
    }

    [Fact]
    public void Short_processes_are_counted_under_their_names()
    {
        Finished run = Child.Run(ScryBinary.Path, "top", "-b", "1000", "-F", "20", "--", "/bin/sh", "-c",
            $"for i in 1 2 3 4 5 6 7 8 9 10; do {Programs.Path("load")} 1000; done").Expect();
        Assert.InRange(Rows(run.Error, "load"), 10_000, 11_000);
    }

    [Fact]
    public void Errors_are_counted()
    {
        Finished run = Child.Run(ScryBinary.Path, "top", "-b", "1000", "-e", "lseek", "-s", "syscall", "--", Programs.Path("count"), "4321").Expect();
        Assert.Contains("4321 calls, 4321 errors", run.Error.Split('\n')[0]);
        Assert.Contains("        4321       4321 ", run.Error);
    }

    [Fact]
    public void Filters_are_those_of_trace()
    {
        Finished run = Child.Run(ScryBinary.Path, "top", "-b", "1000", "-s", "syscall", "--over", "300ms", "--", "sleep", "0.5").Expect();
        Assert.Equal(["clock_nanosleep"], Names(run.Error));
    }

    [Theory]
    [InlineData("", "scry: standard output is not a terminal; 'scry top --batch N' prints N tables as text")]
    [InlineData("--sort comm,cpu", "scry: --sort: 'cpu' is not one of comm, pid, tid, dso, syscall, cgroup, container, unit, user; --order says by what rows are ordered")]
    public void Wrong_usage_is_one_line(string words, string line)
    {
        Finished run = Child.Run(ScryBinary.Path, ["top", .. words.Split(' ', StringSplitOptions.RemoveEmptyEntries)]).Expect(2);
        Assert.Equal("", run.Output);
        Assert.Equal(line + "\n", run.Error);
    }

    [Fact]
    public void A_terminal_that_can_show_nothing_is_refused()
    {
        using var terminal = new Tmux(120, 30);
        terminal.Type($"TERM=dumb {ScryBinary.Path} top; echo status $?");
        Assert.Contains("status 2", terminal.Until(lines => lines.Any(line => line.StartsWith("status", StringComparison.Ordinal)), "it has ended"));
    }

    private static Child Busy() => Child.Start(Programs.Path("load"), ["100000000000"]);

    private static void Start(Tmux terminal, string words) => terminal.Type($"{ScryBinary.Path} {words}");

    /// <summary>Calls of all tables in the rows whose first name is that.</summary>
    private static long Rows(string tables, string name) => tables.Split('\n')
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Where(words => words.Length > 4 && words[4] == name)
        .Sum(words => long.Parse(words[0], CultureInfo.InvariantCulture));

    private static IEnumerable<string> Names(string tables) => tables.Split('\n')
        .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        .Where(words => words.Length > 4 && char.IsAsciiDigit(words[0][0]) && !words[0].Contains(':'))
        .Select(words => words[4]).Distinct();
}
