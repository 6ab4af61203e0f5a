using System.CommandLine;
using Scry.Cli.CommandLine;
using Scry.Cli.Slow;

namespace Scry.Cli.Commands;

/// <summary><c>scry slow</c>: the calls that took long, and where their time went.</summary>
internal static class SlowCommand
{
    /// <summary>The command with its options and help.</summary>
    public static Command Create()
    {
        var command = new Command("slow", "Show calls that took long, and why: where the time went, who ended the wait");
        foreach (Option option in SlowOptions.Groups.SelectMany(group => group.Options))
            command.Options.Add(option);
        command.Arguments.Add(TraceOptions.Command);
        command.SetAction(words => Run(SlowArguments.Read(words)));
        Help.AttachTo(command);
        return command;
    }

    private static int Run(SlowArguments arguments)
    {
        Privileges.Require();
        using var run = new SlowRun(arguments);
        return run.Run();
    }

    internal static readonly HelpPage Help = new(
        "slow [TARGET] [SELECT] [WHY] [LINES] [OUTPUT] [[--] COMMAND [ARGUMENT…]]",
        "Shows the calls that took long as lines of strace's format, each with where its time went: on a CPU, waiting for one, or blocked, on what, and who ended that.",
        SlowOptions.Groups,
        [
            ("scry slow -p 1234", "a process's calls of 100 ms and more, and why"),
            ("scry slow -a --over 1s --for 1m", "the whole machine for a minute"),
            ("scry slow --unit postgresql --over fsync=50ms,futex=1s", "each call by its own measure"),
            ("scry slow --container web --over p99.9 --learn 30s", "what is rare, after looking at what is usual"),
            ("scry slow -p 1234 --stacks --chain 4", "where the calls come from, and who woke whom"),
            ("scry slow -u www-data --over 10ms --flamegraph slow.svg --for 30s", "a picture"),
        ],
        [
            .. HelpPage.Order,
            "Behind a call's line, in braces: 'blocked' with what it waited for; 'queued': woken, and waiting for a CPU; 'preempted': it",
            "lost its CPU to another; 'cpu': on a CPU; page faults in it. They add up to its duration. The lines below say where in the",
            "kernel the longest wait was, and who ended it: a thread and its call, or an interrupt of a timer, a disk, the network.",
            "A call that was begun before Scry was there is not measured, and not shown. docs/SLOW.md says the rest.",
            "Exit status: as of 'scry trace'.",
        ]);
}
