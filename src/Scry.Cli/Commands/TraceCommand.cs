using System.CommandLine;
using Scry.Cli.CommandLine;
using Scry.Cli.Tracing;

namespace Scry.Cli.Commands;

/// <summary><c>scry trace</c>: the system calls of a process, a cgroup, a user, a machine or a command.</summary>
internal static class TraceCommand
{
    /// <summary>The command with its options and help.</summary>
    public static Command Create()
    {
        var command = new Command("trace", "Show system calls as they are made");
        foreach (Option option in TraceOptions.Groups.SelectMany(group => group.Options))
            command.Options.Add(option);
        command.Arguments.Add(TraceOptions.Command);
        command.SetAction(words => Run(TraceArguments.Read(words)));
        Help.AttachTo(command);
        return command;
    }

    private static int Run(TraceArguments arguments)
    {
        Privileges.Require();
        using var run = new TraceRun(arguments, names => TraceOutput.Open(arguments, names));
        return run.Run();
    }

    internal static readonly HelpPage Help = new(
        "trace [TARGET] [SELECT] [LINES] [OUTPUT] [[--] COMMAND [ARGUMENT…]]",
        "Shows system calls as they are made, in strace's format, without stopping what is traced.",
        TraceOptions.Groups,
        [
            ("scry trace -- ls -l /", "a command, from its first call"),
            ("scry trace -p 1234 -e %network -T", "a process's network calls, with their times"),
            ("scry trace -a --over 200ms", "every call on the machine that took 200 ms or more"),
            ("scry trace --unit nginx --failed", "what fails in a service"),
            ("scry trace --container web -e %file", "the files that a container works with"),
            ("scry trace -u www-data --errno EACCES --for 10s", "what a user may not do, for ten seconds"),
            ("scry trace --json -o calls.jsonl -- make", "JSON Lines into a file"),
        ],
        [
            .. HelpPage.Order,
            "Lines go to standard output, or to standard error when Scry starts COMMAND, as with strace. -t followed by a",
            "number names threads; -t, -tt and -ttt alone ask for times. The last line says 'complete: N calls', or how many",
            "records were lost and why.",
            "--attach auto: up to 4 calls of -e, of anything but COMMAND, are seen at the kernel's functions, where it can ('scry",
            "doctor'), and no other call of the machine pays; else at the tracepoints of all calls.",
            "Exit status: COMMAND's own (128 + n when signal n ended it); 1 when Scry fails; 2 for wrong usage; 3 with --strict",
            "when records were lost.",
        ]);
}
