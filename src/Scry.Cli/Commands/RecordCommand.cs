using System.CommandLine;
using Scry.Cli.CommandLine;
using Scry.Cli.Recordings;
using Scry.Cli.Tracing;

namespace Scry.Cli.Commands;

/// <summary><c>scry record</c>: what <c>scry trace</c> shows, into a file for later.</summary>
internal static class RecordCommand
{
    /// <summary>The command with its options and help.</summary>
    public static Command Create()
    {
        var command = new Command("record", "Record system calls into a file");
        foreach (Option option in RecordOptions.Groups.SelectMany(group => group.Options))
            command.Options.Add(option);
        command.Arguments.Add(TraceOptions.Command);
        command.SetAction(words => Run(RecordArguments.Read(words)));
        Help.AttachTo(command);
        return command;
    }

    private static int Run(RecordArguments arguments)
    {
        Privileges.Require();
        using var run = new TraceRun(arguments.Trace, names => RecordingSink.Open(arguments, names), namesCgroups: true);
        return run.Run();
    }

    internal static readonly HelpPage Help = new(
        "record [TARGET] [SELECT] -o FILE [[--] COMMAND [ARGUMENT…]]",
        "Records system calls into a file, for 'scry report' to show now or later, here or elsewhere.",
        RecordOptions.Groups,
        [
            ("scry record -o ls.scry -- ls -l /", "a command, from its first call"),
            ("scry record -a --for 30s -o all.scry", "the whole machine for half a minute"),
            ("scry record --unit nginx -e %network --payload 4096 -o nginx.scry", "with what is sent and received"),
        ],
        [
            "What programs read, write, send and receive is not recorded without --payload; paths and arguments of commands are.",
            "Only the owner can read FILE. Of a recording that is killed, all but the last second is there.",
            "Exit status: as of 'scry trace'.",
        ]);
}
