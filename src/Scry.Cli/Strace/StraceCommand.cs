using System.CommandLine;
using Scry.Capture;
using Scry.Cli.CommandLine;
using Scry.Cli.Counting;
using Scry.Cli.Tracing;
using Scry.Views;
using Scry.Wire;

namespace Scry.Cli.Strace;

/// <summary><c>scry strace</c>: strace's own command line, lines and tables.</summary>
internal static class StraceCommand
{
    /// <summary>The command's name, and that of a link to the binary which stands for it.</summary>
    public const string Name = "strace";

    /// <summary>The strace whose lines these are.</summary>
    private const string Like = "6.1";

    /// <summary>The command as the list of commands and the help have it; <see cref="Run"/> reads its words.</summary>
    public static Command Create()
    {
        var command = new Command(Name, "strace's command line, lines and tables, without stopping what is traced");
        foreach (Option option in StraceOptions.Groups.SelectMany(group => group.Options))
            command.Options.Add(option);
        Help.AttachTo(command);
        return command;
    }

    /// <summary>Whether the binary was started under strace's name.</summary>
    public static bool IsOwnName(string path) => Path.GetFileName(path) == Name;

    /// <summary>Does what the words behind <c>strace</c> ask for.</summary>
    /// <returns>The exit status.</returns>
    public static int Run(IReadOnlyList<string> words)
    {
        (IReadOnlyList<GivenOption> given, int used) = Getopt.Read(words, StraceOptions.All);
        if (given.Any(one => one.Option == StraceOptions.Help))
        {
            Standard.Output.Write(Help.ToString());
            return ExitCode.Ok;
        }
        if (given.Any(one => one.Option == StraceOptions.Version))
        {
            Standard.Output.Write($"strace -- version {Like}\nScry {typeof(StraceCommand).Assembly.GetName().Version?.ToString(3)}: what that strace prints, by eBPF\n\nOptional features enabled: stack-trace=libdw m32-mpers\n");
            return ExitCode.Ok;
        }
        StraceArguments arguments = StraceReader.Read(given, [.. words.Skip(used)]);
        foreach (string remark in arguments.Remarks)
            Runner.Say(remark);
        Privileges.Require();
        if (arguments.Summary == SummaryChoice.Alone)
            return Count(arguments);
        using var lines = new TraceRun(arguments.Trace, names => StraceOutput.Open(arguments, names));
        return lines.Run();
    }

    private static int Count(StraceArguments arguments)
    {
        using var run = new CountRun(
            arguments.Trace,
            what => new CounterOptions { What = what, By = CountBy.None, CpuTime = !arguments.WallClock },
            null,
            () => new StraceView(arguments));
        return run.Run();
    }

    internal static readonly HelpPage Help = new(
        "strace [OPTION…] {-p PID | COMMAND [ARGUMENT…]}",
        $"What strace {Like} prints, asked for in its own words, without stopping what is traced.",
        StraceOptions.Groups,
        [
            ("scry strace -f -o log make", "a command with its children, into a file"),
            ("scry strace -p 1234 -e trace=%file -y", "a process's calls on files; Ctrl-C ends it"),
            ("scry strace -c -w -f -p 1234", "a process with all its threads, counted by wall time"),
            ("ln -s scry strace; ./strace -X verbose ls", "under strace's name"),
        ],
        [
            .. HelpPage.Order,
            "Options may be written in one word (-fttT) and long names cut short (--sum); the first word that is no option is COMMAND.",
            "'scry trace' has more to choose from, and writes JSON; docs/CONFORMANCE.md says where lines differ from strace's.",
            "Exit status: COMMAND's own (128 + n when signal n ended it); 1 when Scry fails; 2 for wrong usage.",
        ]);
}
