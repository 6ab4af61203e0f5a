using System.CommandLine;
using Scry.Capture;
using Scry.Cli.CommandLine;
using Scry.Cli.Launch;
using Scry.Cli.Loops;
using Scry.Cli.Tracing;

namespace Scry.Cli.Commands;

/// <summary><c>scry loop run</c>: a recorder for as long as this command runs, as traceloop's.</summary>
internal static class LoopRunCommand
{
    private const int PollMs = 100;

    /// <summary>The command with its options and help.</summary>
    public static Command Create() => LoopCommand.Subcommand("run", "Record until Ctrl-C or the cgroup's end, then print the past", Help, Run);

    private static int Run(ParseResult words)
    {
        Privileges.Require();
        // What makes no sense is said before anything is recorded.
        ReportArguments.Read(words, "", descriptors: true);
        var starter = new LoopStarter(words);
        NativeMethods.CatchSignals();
        using FlightRecorder recorder = starter.Start(directory: null);
        Runner.Say($"recording in {recorder.Memory / 1e6:F1} MB; Ctrl-C prints the past");
        while (NativeMethods.TakeSignal() == 0 && (starter.Target.Cgroup is null || Directory.Exists(starter.Target.Cgroup.Path)))
        {
            NativeMethods.Reap();
            Thread.Sleep(PollMs);
        }
        // The target said whom to record: all of that is shown.
        return LoopDumpCommand.Show(words, file => LoopDump.WritePast(recorder, starter.About, file, LoopDumpCommand.Reopen), all: true);
    }

    internal static readonly HelpPage Help = new(
        "loop run TARGET [SELECT] [--memory SIZE] [LINES] [-o FILE | --json | -s] [--dump-on-exit]",
        "Records in memory that overwrites itself, and prints the past at Ctrl-C or when the cgroup is removed.",
        [
            .. LoopStartCommand.Groups.Take(2),
            new("RECORDER", [LoopOptions.Memory, LoopOptions.Payload, LoopOptions.CpuBudget, LoopOptions.DumpOnExit, LoopOptions.Last]),
            .. ReportOptions.Groups.Skip(2),
        ],
        [("scry loop run -G /system.slice/cron.service --dump-on-exit", "what a service did before it ended")],
        HelpPage.Order);
}
