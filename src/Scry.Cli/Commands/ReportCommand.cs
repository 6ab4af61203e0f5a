using System.CommandLine;
using Scry.Cli.CommandLine;
using Scry.Cli.Recordings;

namespace Scry.Cli.Commands;

/// <summary><c>scry report</c>: what a recording holds, as <c>scry trace</c> would have shown it.</summary>
internal static class ReportCommand
{
    /// <summary>The command with its options and help.</summary>
    public static Command Create()
    {
        var command = new Command("report", "Show what was recorded");
        foreach (Option option in ReportOptions.Groups.SelectMany(group => group.Options))
            command.Options.Add(option);
        command.Arguments.Add(ReportOptions.File);
        command.SetAction(words => Run(ReportArguments.Read(words)));
        Help.AttachTo(command);
        return command;
    }

    private static int Run(ReportArguments arguments)
    {
        using var run = new ReportRun(arguments);
        return run.Run();
    }

    internal static readonly HelpPage Help = new(
        "report FILE [TARGET] [SELECT] [LINES] [OUTPUT]",
        "Shows what 'scry record' recorded, in strace's format, as JSON Lines or as a table.",
        ReportOptions.Groups,
        [
            ("scry report all.scry", "all of it"),
            ("scry report all.scry -s", "which calls took the time"),
            ("scry report all.scry --comm nginx --failed -tt", "what failed in nginx, and when"),
            ("scry report all.scry --path /etc/ --last 30s", "who used /etc in the last half minute"),
            ("scry report all.scry --container web --json -o web.jsonl", "a container's calls as JSON Lines"),
        ],
        [
            .. HelpPage.Order,
            "A thread's name, user and cgroup are those that it had when it began, was renamed or executed a program. A user's",
            "name is looked up on this machine. Needs no privileges but to read FILE.",
            "A file that was cut or damaged is shown up to there. The last line says 'complete: N calls', how many records were",
            "lost when it was recorded, or where FILE is damaged.",
            "Exit status: 0 when all of FILE could be shown; 1 when it could not; 2 for wrong usage.",
        ]);
}
