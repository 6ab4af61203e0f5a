using System.CommandLine;
using Scry.Capture;
using Scry.Cli.CommandLine;
using Scry.Cli.Loops;
using Scry.Targets;
using Scry.Wire;

namespace Scry.Cli.Commands;

/// <summary><c>scry loop trigger</c>: freezes the past by hand.</summary>
internal static class LoopTriggerCommand
{
    /// <summary>The command with its options and help.</summary>
    public static Command Create() => LoopCommand.Subcommand("trigger", "Freeze the past now, as a trigger would", Help, Run);

    private static int Run(ParseResult words)
    {
        Privileges.Require();
        using FlightRecorder recorder = LoopStore.Open(LoopStore.Find(LoopOptions.Name(words)), out _);
        string? wanted = TraceArguments.Single(words, TraceOptions.Cgroup) is { } path ? CgroupMounts.PathBelow(path).Trim('/') : null;
        FlightGroup[] groups =
        [
            .. recorder.Groups().Where(group => group.State == GroupState.Live && group.CgroupId != 0
                && (wanted is null || Inside(group.Path.Trim('/'), wanted))),
        ];
        int frozen = groups.Count(group => recorder.Freeze(group.CgroupId));
        if (frozen == 0)
            throw new ToolException("nothing was recorded there yet", "'scry loop list' shows the cgroups that have a past");
        Runner.Say($"froze the past of {frozen} {(frozen == 1 ? "cgroup" : "cgroups")}; 'scry loop list' shows the incidents");
        return ExitCode.Ok;
    }

    private static bool Inside(string path, string wanted) =>
        path == wanted || wanted.Length == 0 || path.StartsWith(wanted + "/", StringComparison.Ordinal);

    internal static readonly HelpPage Help = new(
        "loop trigger [NAME] [-G CGROUP]",
        "Keeps the past of cgroups as it is now; their calls go on in a fresh one.",
        [new("OPTIONS", [TraceOptions.Cgroup])],
        [("scry loop trigger web", "all that 'web' has"), ("scry loop trigger -G /system.slice/nginx.service", "one cgroup's past, and those below it")],
        []);
}
