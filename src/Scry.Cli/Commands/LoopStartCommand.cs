using System.CommandLine;
using Scry.Capture;
using Scry.Cli.CommandLine;
using Scry.Cli.Loops;
using Scry.Targets;

namespace Scry.Cli.Commands;

/// <summary><c>scry loop start</c>: begins to record, and returns.</summary>
internal static class LoopStartCommand
{
    /// <summary>What a recorder can cover and select; shared with <c>scry loop run</c>.</summary>
    public static IReadOnlyList<HelpGroup> Groups { get; } =
    [
        new("TARGET, one of them",
        [
            TraceOptions.Cgroup, TraceOptions.Container, TraceOptions.Unit, TraceOptions.Pid, TraceOptions.Comm, TraceOptions.User,
            TraceOptions.All, TraceOptions.NoFollow,
        ]),
        new("SELECT, decided in the kernel",
        [
            TraceOptions.Expression, TraceOptions.Over, TraceOptions.DurationMs, TraceOptions.Failed, TraceOptions.Errno, TraceOptions.NoSignals,
            TraceOptions.Attach,
        ]),
        new("OPTIONS", [LoopOptions.Memory, LoopOptions.Payload, LoopOptions.CpuBudget, TraceOptions.Duration, TraceOptions.NoDurations, TraceOptions.Capture]),
        new("TRIGGERS", [LoopOptions.On, LoopOptions.Cooldown, LoopOptions.Incidents]),
    ];

    /// <summary>The command with its options and help.</summary>
    public static Command Create() => LoopCommand.Subcommand("start", "Start a flight recorder; it goes on by itself", Help, Run);

    private static int Run(ParseResult words)
    {
        Privileges.Require();
        string name = LoopOptions.Name(words) ?? LoopStore.DefaultName;
        var starter = new LoopStarter(words);
        using DirectoryLock place = LoopStore.Create(name);
        try
        {
            using FlightRecorder recorder = starter.Start(place.Path);
            Runner.Say($"recording as '{name}' in {recorder.Memory / 1e6:F1} MB; 'scry loop dump {name}' shows the past, 'scry loop stop {name}' ends it");
            return ExitCode.Ok;
        }
        catch
        {
            LoopStore.GiveUp(place);
            throw;
        }
    }

    internal static readonly HelpPage Help = new(
        "loop start [NAME] TARGET [SELECT] [--memory SIZE] [--payload N] [--cpu-budget SHARE] [--on TRIGGER]…",
        "Records system calls in the kernel, in memory that overwrites itself, each cgroup's past on its own, and returns.",
        Groups,
        [
            ("scry loop start -a", "the whole machine, grouped by cgroup"),
            ("scry loop start -a --cpu-budget 1%", "and for at most a hundredth of its CPU time"),
            ("scry loop start web --container web --on fatal --on exit", "a container; its past is kept when it crashes"),
            ("scry loop start db --unit postgresql --on slow=2s --on errno=EIO", "a unit; its past is kept when the disk fails"),
        ],
        [
            "Recording needs no process: it goes on when Scry is killed or upgraded, until 'scry loop stop' or a reboot. What is",
            "read and written is not kept unless --payload says so; paths and addresses are. Without -T, which costs more, calls",
            "begin at ticks of the kernel (1 to 10 ms): times of two decimals, no times in tables, and no choice by --over later.",
            "With --no-durations, which costs least, they have no times but that of their end.",
            "--cpu-budget gives up, in this order: the exact times of -T, the memory of calls, the calls of whole cgroups, those that",
            "make the most first. 'scry loop list' shows what, the dump from when to when; all of it comes back when the cost falls.",
        ]);
}
