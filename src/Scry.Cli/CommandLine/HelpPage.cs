using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Text;

namespace Scry.Cli.CommandLine;

/// <summary>Options under a title of the help.</summary>
internal sealed record HelpGroup(string Title, IReadOnlyList<Option> Options);

/// <summary>The help of a command: how it is written, its options in groups, examples.</summary>
/// <param name="Usage">Without the program's name.</param>
/// <param name="Summary">What it is for.</param>
/// <param name="Groups">All its options.</param>
/// <param name="Examples">Command lines, each with what it does.</param>
/// <param name="Notes">What else is to be known, as lines.</param>
internal sealed record HelpPage(
    string Usage, string Summary, IReadOnlyList<HelpGroup> Groups, IReadOnlyList<(string Line, string Meaning)> Examples,
    IReadOnlyList<string> Notes)
{
    /// <summary>The one rule for the order of lines, wherever records are shown.</summary>
    public static IReadOnlyList<string> Order { get; } =
    [
        "Lines stand in the order in which things end: a call where it returns, as strace has it, with the time at which it",
        "began, so that of calls that overlap times may run backwards; calls in flight come last.",
    ];

    private const int MaxLeft = 26;

    /// <summary>Makes a command's --help print this page.</summary>
    public void AttachTo(Command command)
    {
        HelpOption help = command.Options.OfType<HelpOption>().FirstOrDefault() ?? new HelpOption("--help", "-h");
        help.Description = "This text";
        help.Action = new PrintText(ToString);
        if (!command.Options.Contains(help))
            command.Options.Add(help);
    }

    /// <summary>The page's text.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.Append(Summary).Append("\n\nUsage: scry ").Append(Usage).Append('\n');
        foreach (HelpGroup group in Groups)
        {
            text.Append('\n').Append(group.Title).Append(":\n");
            foreach (Option option in group.Options)
                AppendRow(text, Label(option), option.Description ?? "");
        }
        text.Append("\nExamples:\n");
        int width = Examples.Max(example => example.Line.Length);
        foreach ((string line, string meaning) in Examples)
            text.Append("  ").Append(line.PadRight(width)).Append("  # ").Append(meaning).Append('\n');
        if (Notes.Count > 0)
            text.Append('\n').AppendJoin('\n', Notes).Append('\n');
        return text.ToString();
    }

    private static string Label(Option option)
    {
        IEnumerable<string> names = option.Aliases.Append(option.Name).OrderBy(name => name.Length);
        string label = string.Join(", ", names);
        return (option.Arity.MinimumNumberOfValues, option.Arity.MaximumNumberOfValues) switch
        {
            (_, 0) => label,
            (0, _) => $"{label}[={option.HelpName}]",
            _ => $"{label} {option.HelpName}",
        };
    }

    /// <summary>Two columns; a label that is too wide for its column has a line of its own.</summary>
    internal static void AppendRow(StringBuilder text, string left, string right)
    {
        text.Append("  ").Append(left.PadRight(MaxLeft));
        if (left.Length >= MaxLeft)
            text.Append("\n  ").Append(' ', MaxLeft);
        text.Append("  ").Append(right).Append('\n');
    }
}

/// <summary>What --help does: prints a text, which is made only then.</summary>
internal sealed class PrintText(Func<string> text) : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        parseResult.InvocationConfiguration.Output.Write(text());
        return ExitCode.Ok;
    }
}
