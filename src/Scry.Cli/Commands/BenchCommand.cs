using System.CommandLine;
using System.Globalization;
using System.Text;
using Scry.Cli.Bench;
using Scry.Cli.CommandLine;
using Scry.Targets;
using Stopwatch = System.Diagnostics.Stopwatch;

namespace Scry.Cli.Commands;

/// <summary><c>scry bench</c>: what each tracer costs, here and now.</summary>
internal static class BenchCommand
{
    private const int MostRuns = 1000, QuickRuns = 3;
    private static readonly TimeSpan s_logged = TimeSpan.FromMinutes(1);
    private const ulong DefaultLength = (ulong)(BenchResult.EnoughSeconds * 1e9), QuickLength = 100_000_000; // ns

    public static readonly Option<string[]> Workloads = TraceOptions.Many("--workload", "NAME,…",
        $"getppid openat dd neighbour fileio redis pgbench nginx untar build, or all ({string.Join(',', WorkloadList.Default)})", "-w");
    public static readonly Option<string[]> Tools = TraceOptions.Many("--tools", "NAME,…", "Only these, beside the untraced run (all)");
    public static readonly Option<bool> Scale = TraceOptions.Flag("--scale", "Also by cgroups, processes, sizes, CPUs and rates");
    public static readonly Option<string[]> Runs = TraceOptions.Many("--runs", "N", "Rounds (15 of loops of calls, 9 or 5 of what takes longer)");
    public static readonly Option<string[]> Length = TraceOptions.Many("--length", "DURATION", "Of one run, about (500ms)");
    public static readonly Option<bool> Quick = TraceOptions.Flag("--quick", "3 rounds of 100 ms: to see that it works; no measurement");
    public static readonly Option<string[]> Budgets = TraceOptions.Many("--budget", "FILE", "Hold the figures against FILE; exit status 1 when one got worse");
    public static readonly Option<string[]> Output = TraceOptions.Many("--output", "DIR", "Write bench.json, bench.html and bench.md there (scry-bench-TIME)", "-o");
    public static readonly Option<bool> Json = TraceOptions.Flag("--json", "The JSON to standard output; no files unless -o says where");

    private static readonly IReadOnlyList<HelpGroup> s_groups =
    [
        new("WHAT", [Workloads, Tools, Scale]),
        new("HOW", [Runs, Length, Quick]),
        new("OUTPUT", [Output, Json, Budgets]),
    ];

    /// <summary>The command with its options and help.</summary>
    public static Command Create()
    {
        var command = new Command("bench", "Measure what each tracer costs on this machine");
        foreach (Option option in s_groups.SelectMany(group => group.Options))
            command.Options.Add(option);
        command.SetAction(Run);
        Help.AttachTo(command);
        return command;
    }

    private static int Run(ParseResult words)
    {
        bool quick = words.GetValue(Quick), json = words.GetValue(Json);
        var plan = new BenchPlan(
            WorkloadList.Parse(Names(words, Workloads) ?? WorkloadList.Default),
            ToolList.Parse(Names(words, Tools) ?? ["all"]),
            TraceArguments.Single(words, Runs) is { } runs ? (int)Quantity.Count("--runs", runs, 1, MostRuns) : quick ? QuickRuns : null,
            (TraceArguments.Single(words, Length) is { } length ? Quantity.Duration("--length", length, "ms") : quick ? QuickLength : DefaultLength) / 1e9,
            words.GetValue(Scale));
        Budget? budget = TraceArguments.Single(words, Budgets) is { } file ? Budget.Read(file) : null;
        Privileges.Require();
        string? directory = TraceArguments.Single(words, Output) ?? (json ? null : $"scry-bench-{DateTime.Now:yyyyMMdd-HHmmss}");
        if (directory is not null)
            MakeDirectory(directory);
        Action<string> progress = Progress();
        BenchResult result = new BenchRun(plan, new BenchProgress(progress)).Run();
        progress("");
        if (json)
            BenchJson.Write(result, new Launch.DescriptorStream(1));
        else
            Standard.Output.Write(BenchText.Write(result, markdown: false));
        if (directory is not null)
            Save(result, directory);
        int status = budget is null ? ExitCode.Ok : Judge(budget, result);
        if (result.Interrupted)
            throw new ToolException("interrupted; everything is put away", null, ExitCode.SignalBase + Interrupts.Signal);
        return status;
    }

    /// <summary>The words of lists that are separated by commas.</summary>
    private static string[]? Names(ParseResult words, Option<string[]> option) => words.GetValue(option) is { Length: > 0 } values
        ? [.. values.SelectMany(value => value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))]
        : null;

    private static void MakeDirectory(string directory)
    {
        try
        {
            Directory.CreateDirectory(directory);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ToolException($"the directory {Printable.Escape(directory)} cannot be made: {ErrnoText.Describe(error)}", "-o names another");
        }
    }

    private static void Save(BenchResult result, string directory)
    {
        try
        {
            Save(directory, "bench.json", stream => BenchJson.Write(result, stream));
            Save(directory, "bench.html", stream => stream.Write(Encoding.UTF8.GetBytes(BenchHtml.Write(result))));
            Save(directory, "bench.md", stream => stream.Write(Encoding.UTF8.GetBytes(BenchText.Write(result, markdown: true))));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
        {
            throw new ToolException($"the report cannot be written to {Printable.Escape(directory)}: {ErrnoText.Describe(error)}");
        }
        Runner.Say($"{Printable.Escape(Path.Combine(directory, "bench.html"))} shows it; bench.json and bench.md are beside it");
    }

    private static void Save(string directory, string name, Action<Stream> write)
    {
        using OutputFile file = OutputFile.Replace(Path.Combine(directory, name), forOwner: false);
        write(file.Stream);
        file.Keep();
    }

    private static int Judge(Budget budget, BenchResult result)
    {
        var text = new StringBuilder("\nbudget:\n");
        IReadOnlyList<string> lines = budget.Check(result, out int worse);
        foreach (string line in lines)
            text.Append("  ").Append(line).Append('\n');
        // With --json, standard output is the JSON's.
        Standard.Error.Write(text.ToString());
        if (worse > 0)
            Runner.Say(string.Create(CultureInfo.InvariantCulture, $"{worse} {(worse == 1 ? "figure is" : "figures are")} worse than the budget allows"));
        return worse > 0 ? ExitCode.Failed : ExitCode.Ok;
    }

    /// <summary>What is going on, in one line of a terminal; into a log, a line each minute.</summary>
    private static Action<string> Progress()
    {
        if (!Console.IsErrorRedirected)
            return static what => Standard.Error.Write(what.Length == 0 ? "\r\e[K" : $"\r\e[Kscry: {what}");
        long shown = Stopwatch.GetTimestamp();
        return what =>
        {
            if (what.Length == 0 || Stopwatch.GetElapsedTime(shown) < s_logged)
                return;
            shown = Stopwatch.GetTimestamp();
            Runner.Say(what);
        };
    }

    internal static readonly HelpPage Help = new(
        "bench [--workload NAME,…] [--tools NAME,…] [--scale] [--runs N] [-o DIR]",
        "Measures what tracers cost on this machine: each beside an untraced run and two empty programs, in turns.",
        s_groups,
        [
            ("scry bench", "four workloads under every tool that is installed: a quarter of an hour"),
            ("scry bench -w getppid --tools floor,scry-trace,strace", "one question"),
            ("scry bench -w all --scale -o report", "everything: three quarters of an hour, and a page to show"),
            ("scry bench --quick --runs 1 --tools none,floor", "whether it works here"),
        ],
        [
            "Tools: none floor scry-trace scry-trace-exit scry-loop scry-loop-exit strace strace-pinned perf-trace ftrace traceloop traceloop-quiet",
            "sysdig (record), strace-seccomp scry-trace-pass (let the calls pass), scry-stat scry-count perf-trace-s strace-c bpftrace syscount (count). What is",
            "not installed is named and left out. TRACELOOP, TRACELOOP_QUIET, SYSDIG and SYSCOUNT name binaries; docs/BENCH.md says",
            "how to get each tool, how it is measured, and what the figures cannot say.",
            "Exit status: 1 when Scry fails or a figure is worse than its budget, 2 for wrong usage.",
        ]);
}
