using System.CommandLine;
using Scry.Capture;
using Scry.Cli.CommandLine;
using Scry.Cli.Counting;

namespace Scry.Cli.Commands;

/// <summary><c>scry stat</c>: which calls are made how often, how long they take, how they fail; counted in the kernel.</summary>
internal static class StatCommand
{
    /// <summary>The command with its options and help.</summary>
    public static Command Create()
    {
        var command = new Command("stat", "Count system calls, their times and errors");
        foreach (Option option in StatOptions.Groups.SelectMany(group => group.Options).Append(StatOptions.Room))
            command.Options.Add(option);
        command.Arguments.Add(TraceOptions.Command);
        command.SetAction(words => Run(StatArguments.Read(words)));
        Help.AttachTo(command);
        return command;
    }

    private static int Run(StatArguments arguments)
    {
        Privileges.Require();
        using var run = new CountRun(
            arguments.Trace,
            what => new CounterOptions
            {
                What = what,
                By = new Dimensions(arguments.By).By,
                CpuTime = arguments.CpuTime,
                CountOnly = arguments.CountOnly,
                Room = arguments.Memory,
                Groups = arguments.Room.Groups,
                Rows = arguments.Room.Rows,
                Chunks = arguments.Room.Chunks,
            },
            arguments.Interval,
            () => new StatView(arguments));
        return run.Run();
    }

    internal static readonly HelpPage Help = new(
        "stat [TARGET] [SELECT] [COUNT] [OUTPUT] [[--] COMMAND [ARGUMENT…]]",
        "Counts system calls in the kernel: how often, how long with percentiles, which errors. Nothing is lost, nothing is stopped.",
        StatOptions.Groups,
        [
            ("scry stat -- make", "a command's calls, by process"),
            ("scry stat -p 1234 --for 10s", "ten seconds of a process"),
            ("scry stat -a --by container --interval 1s", "the machine by container, each second"),
            ("scry stat -a --by comm,errno --for 5s", "which programs meet which errors"),
            ("scry stat -p 1234 -e fsync --hist", "how long a call takes, drawn"),
            ("scry stat --unit nginx --heatmap web.svg --for 1m", "latency over time, as a picture"),
            ("scry stat -s -- ls", "perf trace's table"),
        ],
        [
            "A call is counted when it returns. wall% is a row's time in calls as a share of the run's: more than 100 when several",
            "threads are in calls at once. stddev% is the standard error of the mean, as perf has it. Percentiles are off by 1.6 % at most.",
            "--count-only takes no clock and sees calls at their exit alone: it costs about half.",
            "What finds no room in the kernel is counted under (other), and the last line says so.",
            "Exit status: COMMAND's own (128 + n when signal n ended it); 1 when Scry fails; 2 for wrong usage; 3 with --strict",
            "when something was not counted where it belongs.",
        ]);
}
