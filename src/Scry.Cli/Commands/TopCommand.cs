using System.CommandLine;
using Scry.Cli.CommandLine;
using Scry.Cli.Top;

namespace Scry.Cli.Commands;

/// <summary><c>scry top</c>: who makes the most calls right now.</summary>
internal static class TopCommand
{
    /// <summary>The command with its options and help.</summary>
    public static Command Create()
    {
        var command = new Command("top", "Show who makes the most system calls, live");
        foreach (Option option in TopOptions.Groups.SelectMany(group => group.Options))
            command.Options.Add(option);
        command.Arguments.Add(TraceOptions.Command);
        command.SetAction(words => Run(TopArguments.Read(words)));
        Help.AttachTo(command);
        return command;
    }

    private static int Run(TopArguments arguments)
    {
        if (arguments.Batch is null)
            TopRun.RequireTerminal();
        Privileges.Require();
        using var run = new TopRun(arguments);
        return run.Run();
    }

    internal static readonly HelpPage Help = new(
        "top [TARGET] [SELECT] [TABLE] [[--] COMMAND [ARGUMENT…]]",
        "Shows who makes the most system calls, live, from exact counts of the kernel.",
        TopOptions.Groups,
        [
            ("scry top", "the whole machine, by name of the thread"),
            ("scry top --sort comm,dso", "and by the mapped file whose code made the call"),
            ("scry top --sort container,syscall", "what each container does"),
            ("scry top --unit nginx --sort syscall --order time", "where a service spends its time"),
            ("scry top -a --failed -F 2", "what fails, twice a second"),
            ("scry top --batch 60 -F 0.1 -o top.log", "a table every ten seconds for ten minutes"),
            ("scry top --batch 100 -- make", "a table a second while a command runs"),
        ],
        [
            "Keys: Enter goes into a row (its processes, their syscalls, their durations), Esc back; ? shows them all.",
            "A full screen has the terminal for itself: COMMAND then reads and writes /dev/null in its place.",
            "--batch prints to standard output, or to standard error when Scry starts COMMAND, as scry trace does.",
            "Exit status: COMMAND's own (128 + n when signal n ended it); 1 when Scry fails; 2 for wrong usage.",
        ]);
}
