using System.CommandLine;
using Scry.Capture;
using Scry.Cli.CommandLine;
using Scry.Cli.Loops;

namespace Scry.Cli.Commands;

/// <summary><c>scry loop stop</c>: ends recording and removes all of it.</summary>
internal static class LoopStopCommand
{
    /// <summary>The command with its options and help.</summary>
    public static Command Create() => LoopCommand.Subcommand("stop", "Stop a flight recorder and forget what it has", Help, Run);

    private static int Run(ParseResult words)
    {
        Privileges.Require();
        string directory = LoopStore.Find(LoopOptions.Name(words));
        try
        {
            FlightRecorder.Remove(directory);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ToolException($"cannot remove {directory}: {ErrnoText.Describe(error)}", "the bpf filesystem must be writable");
        }
        return ExitCode.Ok;
    }

    internal static readonly HelpPage Help = new(
        "loop stop [NAME]",
        "Ends a recorder: nothing of it stays attached, pinned or in memory.",
        [],
        [("scry loop stop web", "the recorder 'web'"), ("scry loop dump web -o web.scry && scry loop stop web", "keep its past first")],
        []);
}
