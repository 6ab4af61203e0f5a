using System.CommandLine;
using Scry.Capture;
using Scry.Cli.CommandLine;
using Scry.Cli.Loops;
using Scry.Wire;

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
        string ended = Describe(directory, words.GetValue(LoopOptions.Discard));
        LoopStore.Remove(directory);
        Runner.Say(ended);
        return ExitCode.Ok;
    }

    // What there is to be said about a recorder while it is there.
    private static string Describe(string directory, bool discard)
    {
        string name = Path.GetFileName(directory);
        FlightRecorder recorder;
        LoopAbout about;
        try
        {
            recorder = LoopStore.Open(directory, out about);
        }
        catch (ToolException)
        {
            // Of another version, or what is left of one: it is to go all the same.
            return $"stopped '{name}'";
        }
        using (recorder)
        {
            FlightGroup[] incidents = [.. recorder.Groups().Where(group => group.State == GroupState.Frozen).OrderBy(group => group.Incident)];
            string count = $"{incidents.Length} {(incidents.Length == 1 ? "incident" : "incidents")}";
            if (incidents.Length > 0 && !discard)
            {
                throw new ToolException($"the recorder '{name}' has {count} that nobody saved: {IncidentText.Why(incidents[^1])}{(incidents.Length > 1 ? ", …" : "")}",
                    $"save with 'scry loop watch {name} --dir DIR', or give them up with --discard");
            }
            return $"stopped '{name}', which recorded {Printable.Escape(about.Target)} since {DateTime.UnixEpoch.AddTicks((long)about.Started / 100).ToLocalTime():yyyy-MM-dd HH:mm:ss}: "
                + $"{recorder.Written} records, {count} not saved";
        }
    }

    internal static readonly HelpPage Help = new(
        "loop stop [NAME] [--discard]",
        "Ends a recorder: nothing of it stays attached, pinned or in memory.",
        [new("OPTIONS", [LoopOptions.Discard])],
        [("scry loop stop web", "the recorder 'web'"), ("scry loop dump web -o web.scry && scry loop stop web", "keep its past first")],
        ["Refuses while there are incidents that 'scry loop watch' has not saved, unless --discard gives them up."]);
}
