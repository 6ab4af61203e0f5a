using System.CommandLine;
using Scry.Cli.CommandLine;
using Scry.Cli.Stuck;

namespace Scry.Cli.Commands;

/// <summary><c>scry stuck</c>: the calls that threads are blocked in now, and who holds what they wait for.</summary>
internal static class StuckCommand
{
    /// <summary>The command with its options and help.</summary>
    public static Command Create()
    {
        var command = new Command("stuck", "Show what is blocked now, since when, and by whom");
        foreach (Option option in StuckOptions.Groups.SelectMany(group => group.Options))
            command.Options.Add(option);
        command.SetAction(words => Run(StuckArguments.Read(words)));
        Help.AttachTo(command);
        return command;
    }

    private static int Run(StuckArguments arguments)
    {
        Privileges.Require();
        using var run = new StuckRun(arguments);
        return run.Run();
    }

    internal static readonly HelpPage Help = new(
        "stuck [TARGET] [SELECT] [OUTPUT]",
        "Shows which system call each blocked thread is in right now, since when, and who holds what it waits for. Nothing is stopped.",
        StuckOptions.Groups,
        [
            ("scry stuck", "all that is blocked for a second or more, the most suspicious first"),
            ("scry stuck -p 1234 --over 0 --all-threads", "every blocked thread of a process"),
            ("scry stuck --container web -e '!%clock,epoll_wait'", "a container, without what idle threads wait in"),
            ("scry stuck -a --stack --over 1m", "for a minute or more, with whole kernel stacks"),
            ("scry stuck --json | jq 'select(.state == \"D\")'", "for scripts"),
        ],
        [
            "A time is since the thread last ran: its call takes at least so long (≥). It is exact, and shown without the mark, when a",
            "flight recorder ('scry loop start') saw the call begin. D: uninterruptible; S: interruptible; T: stopped; t: by a tracer.",
            "Exit status: 0; 1 when Scry fails; 2 for wrong usage.",
        ]);
}
