using System.CommandLine;
using System.CommandLine.Help;
using System.Text;

namespace Scry.Cli.CommandLine;

/// <summary>The help of <c>scry</c> itself: the commands, and how to begin.</summary>
internal static class RootHelp
{
    /// <summary>The help of a command that has commands of its own: each with its help.</summary>
    public static void AttachTo(Command command, string summary)
    {
        var text = new StringBuilder();
        text.Append(summary).Append("\n\nUsage: scry ").Append(command.Name).Append(" COMMAND [OPTIONS]\n\nCommands:\n");
        foreach (Command sub in command.Subcommands)
            HelpPage.AppendRow(text, sub.Name, sub.Description ?? "");
        text.Append("\n'scry ").Append(command.Name).Append(" COMMAND --help' has the options of each.\n");
        command.Options.Add(new HelpOption("--help", "-h") { Action = new PrintText(text.ToString) });
    }

    /// <summary>Makes --help print it.</summary>
    public static void AttachTo(RootCommand root)
    {
        root.Options.OfType<HelpOption>().Single().Action = new PrintText(() => Text(root));
    }

    private static string Text(Command root)
    {
        var text = new StringBuilder();
        text.Append(root.Description).Append(".\n\nUsage: scry COMMAND [OPTIONS]\n\nCommands:\n");
        foreach (Command command in root.Subcommands)
            HelpPage.AppendRow(text, command.Name, command.Description ?? "");
        text.Append("""

            Options:
              --help                      This text; 'scry COMMAND --help' for a command's own
              --version                   The version

            Examples:
              scry doctor                          # can this machine do it?
              scry trace -- ls -l /                # trace a command
              scry trace -p "$(pidof nginx)" -T    # trace running processes
              scry stuck                           # what is blocked now, and by whom
              scry record -a -o all.scry           # record now,
              scry report all.scry --failed        # and look later

            """);
        return text.ToString();
    }
}
