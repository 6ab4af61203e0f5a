using System.CommandLine;
using System.Globalization;
using Scry.Cli.CommandLine;
using Scry.Cli.Counting;
using Scry.Cli.Tracing;
using Scry.Views.Sched;

namespace Scry.Cli.Commands;

/// <summary><c>scry sched</c>: how long threads ran, and how long they waited for a CPU.</summary>
internal static class SchedCommand
{
    /// <summary>The command with its options and help.</summary>
    public static Command Create()
    {
        var command = new Command("sched", "Show how long threads run, and how long they wait for a CPU");
        foreach (Option option in SchedOptionList.Groups.SelectMany(group => group.Options))
            command.Options.Add(option);
        command.Arguments.Add(TraceOptions.Command);
        command.SetAction(words => Run(SchedArguments.Read(words)));
        Help.AttachTo(command);
        return command;
    }

    private static int Run(SchedArguments arguments)
    {
        Privileges.Require();
        SchedView? view = null;
        int width = CountOutput.Width(arguments.Trace.OutputFile, arguments.Trace.Target == TargetChoice.Command);
        using var run = new TraceRun(arguments.Trace, names => TraceOutput.Open(arguments.Trace, names,
            view: (_, output, wall) => view = new SchedView(output, arguments.Shown with { Clock = wall, Width = width })));
        var clock = System.Diagnostics.Stopwatch.StartNew();
        int status = run.Run();
        if (view is { IsComplete: true } && !arguments.Quiet)
            Runner.Say(Summary(view.Table, clock.Elapsed));
        return status;
    }

    private static string Summary(SchedTable table, TimeSpan elapsed)
    {
        SchedRow total = table.Total;
        string text = string.Create(CultureInfo.InvariantCulture,
            $"complete: {total.Threads} {(total.Threads == 1 ? "thread" : "threads")}, {total.Switches} switches, {total.Running / 1e9:F3} s on CPUs in {elapsed.TotalSeconds:F1} s");
        return table.Others > 0 ? string.Create(CultureInfo.InvariantCulture, $"{text}; {table.Others} under (other): no room for more rows") : text;
    }

    internal static readonly HelpPage Help = new(
        "sched [TARGET] [OUTPUT] [[--] COMMAND [ARGUMENT…]]",
        "Shows for each thread how long it ran, how often, and how long it waited for a CPU, as 'perf sched latency'; summed up in the kernel.",
        SchedOptionList.Groups,
        [
            ("scry sched --for 10s", "the whole machine for ten seconds, who waited longest first"),
            ("scry sched -p 1234 --sort avg --for 10s", "a process's threads"),
            ("scry sched --unit nginx --by process", "a service, until Ctrl-C"),
            ("scry sched --by comm --sort run --top 20 --for 30s", "who has the CPUs"),
            ("scry sched --json -o sched.jsonl -- make -j4", "a command, as JSON Lines"),
        ],
        [
            "delay: from being woken, or losing the CPU to another, to having one; 'worst delay' is the longest, and 'ended at' when it was",
            "over. run: on a CPU. switches: how often it got one. preempted: how often it lost one and could have run on. migrations: how",
            "often it went on on another CPU. blocked: asleep, for whatever. What was before the run is not counted: a thread's times begin",
            "when it is first seen. Threads of the kernel are in it when everything is. docs/SCHED.md says the rest.",
            "Exit status: as of 'scry trace'.",
        ]);
}
