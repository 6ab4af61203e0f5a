using System.CommandLine;
using Scry.Capture;
using Scry.Cli.CommandLine;
using Scry.Cli.Loops;

namespace Scry.Cli.Commands;

/// <summary><c>scry loop watch</c>: each incident into a file of its own.</summary>
internal static class LoopWatchCommand
{
    /// <summary>The command with its options and help.</summary>
    public static Command Create() => LoopCommand.Subcommand("watch", "Write each incident into a file of its own", Help, Run);

    private static int Run(ParseResult words)
    {
        Privileges.Require();
        string folder = TraceArguments.Single(words, LoopOptions.Directory)
            ?? throw new ToolException("no directory is named for the incidents' files", "give --dir DIR", ExitCode.Usage);
        var watch = new LoopWatch(LoopStore.Find(LoopOptions.Name(words)), folder)
        {
            Keep = TraceArguments.Single(words, LoopOptions.Keep) is { } keep ? (int)Quantity.Count("--keep", keep, 1, 1_000_000) : 100,
            MaxSize = TraceArguments.Single(words, LoopOptions.MaxSize) is { } size ? Quantity.Size("--max-size", size) : 1L << 30,
            Command = TraceArguments.Single(words, LoopOptions.Exec),
        };
        return watch.Run();
    }

    internal static readonly HelpPage Help = new(
        "loop watch [NAME] --dir DIR [--keep N] [--max-size SIZE] [--exec COMMAND]",
        "Waits for incidents, writes each into a recording of its own, and prints a line about it.",
        [new("FILES", [LoopOptions.Directory, LoopOptions.Keep, LoopOptions.MaxSize]), new("COMMAND", [LoopOptions.Exec])],
        [("scry loop watch web --dir /var/crash --keep 20", "until Ctrl-C"), ("scry loop watch --dir . --exec 'logger \"$SCRY_WHY\"'", "tell the system's log too")],
        [
            "Incidents wait in the kernel: those of a time when nobody watched are written when watching begins. A watch that is",
            "killed loses nothing; the next one goes on.",
        ]);
}
