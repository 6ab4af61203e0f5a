using System.CommandLine;
using Scry.Cli.CommandLine;

namespace Scry.Cli.Commands;

/// <summary><c>scry loop</c>: the flight recorder, which stays on and remembers what happened before it broke.</summary>
internal static class LoopCommand
{
    /// <summary>The command with its subcommands.</summary>
    public static Command Create()
    {
        var command = new Command("loop", "The flight recorder: always on, remembers what happened before it broke")
        {
            LoopStartCommand.Create(),
            LoopListCommand.Create(),
            LoopDumpCommand.Create(),
            LoopTriggerCommand.Create(),
            LoopWatchCommand.Create(),
            LoopRunCommand.Create(),
            LoopStopCommand.Create(),
        };
        RootHelp.AttachTo(command, "The flight recorder: records system calls in the kernel, for ever, and shows the past when something broke.");
        return command;
    }

    /// <summary>A subcommand with its options and help.</summary>
    public static Command Subcommand(string name, string summary, HelpPage help, Func<ParseResult, int> run)
    {
        var command = new Command(name, summary);
        foreach (Option option in help.Groups.SelectMany(group => group.Options))
            command.Options.Add(option);
        command.Arguments.Add(LoopOptions.NameWord);
        command.SetAction(run);
        help.AttachTo(command);
        return command;
    }
}
