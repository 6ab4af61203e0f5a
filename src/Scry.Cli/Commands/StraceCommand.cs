using System.CommandLine;
using Scry.Capture;
using Scry.Cli.CommandLine;
using Scry.Cli.Counting;
using Scry.Cli.Tracing;
using Scry.Views;
using Scry.Wire;

namespace Scry.Cli.Commands;

/// <summary><c>scry strace</c>: strace's options and tables for its summaries.</summary>
internal static class StraceCommand
{
    /// <summary>The command with its options and help.</summary>
    public static Command Create()
    {
        var command = new Command("strace", "The summaries of strace -c and -C");
        foreach (Option option in StraceOptions.Groups.SelectMany(group => group.Options))
            command.Options.Add(option);
        command.Arguments.Add(TraceOptions.Command);
        command.SetAction(words => Run(StraceArguments.Read(words)));
        Help.AttachTo(command);
        return command;
    }

    private static int Run(StraceArguments arguments)
    {
        Privileges.Require();
        if (arguments.WithLines)
        {
            using var lines = new TraceRun(arguments.Trace with { Durations = true }, names => TraceOutput.Open(arguments.Trace, names,
                (view, writer) => new CountingView(view, writer, new StraceSummary(arguments.Columns, arguments.Sort), CountOutput.Names())));
            return lines.Run();
        }
        using var run = new CountRun(
            arguments.Trace,
            what => new CounterOptions { What = what, By = CountBy.None, CpuTime = !arguments.WallClock },
            null,
            () => new StraceView(arguments));
        return run.Run();
    }

    internal static readonly HelpPage Help = new(
        "strace -c|-C [-f] [-w] [-S COLUMN] [-U COLUMN,…] [-e SET] [-o FILE] {-p PID | COMMAND [ARGUMENT…]}",
        "Prints the tables of strace -c and -C, without stopping what is traced.",
        StraceOptions.Groups,
        [
            ("scry strace -c ls -l /", "a command's calls, by their time on a CPU"),
            ("scry strace -c -w -f -p 1234", "a process with all its threads, by wall time; Ctrl-C ends it"),
            ("scry strace -c -S calls -U name,calls,errors make", "other columns, in another order"),
        ],
        [
            "'scry stat' counts more: percentiles, errors by errno, by process, container, file. 'scry trace' shows the calls.",
            "Exit status: COMMAND's own (128 + n when signal n ended it); 1 when Scry fails; 2 for wrong usage.",
        ]);
}
