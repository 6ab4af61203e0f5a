using System.CommandLine;

namespace Scry.Cli.CommandLine;

/// <summary>
/// Makes what a person typed unambiguous before it is parsed: letters in one word are taken apart
/// (<c>-fttT</c>), the traced command is set off with <c>--</c>, and <c>-t</c> is told apart: followed by a number it
/// names threads, alone it asks for times, as <c>-tt</c> and <c>-ttt</c> do.
/// </summary>
internal static class Words
{
    /// <summary>The words of <paramref name="command"/> with only long or single options, each value after a <c>=</c>.</summary>
    /// <exception cref="ToolException">An option is not known, or its value is missing.</exception>
    public static List<string> Normalize(Command command, IReadOnlyList<string> words)
    {
        var result = new List<string>();
        for (int i = 0; i < words.Count; i++)
        {
            string word = words[i];
            bool operand = word == "-" || !word.StartsWith('-');
            if (operand && !command.Arguments.Contains(TraceOptions.Command))
            {
                // A file's name, which options may follow.
                result.Add(word);
                continue;
            }
            if (word == "--" || operand)
            {
                // The traced command: nothing in it is an option of Scry's.
                if (word != "--")
                    result.Add("--");
                result.AddRange(words.Skip(i));
                break;
            }
            string? next = i + 1 < words.Count ? words[i + 1] : null;
            bool tookNext = word.StartsWith("--", StringComparison.Ordinal)
                ? Long(command, word, next, result)
                : Letters(command, word, next, result);
            if (tookNext)
                i++;
        }
        return result;
    }

    private static bool Long(Command command, string word, string? next, List<string> result)
    {
        int equals = word.IndexOf('=');
        string name = equals < 0 ? word : word[..equals];
        Option option = Find(command, name);
        if (option.Arity.MaximumNumberOfValues == 0)
        {
            if (equals >= 0)
                throw new ToolException($"{name} takes no value", null, ExitCode.Usage);
            result.Add(name);
            return false;
        }
        if (equals < 0 && IsOptional(option))
        {
            Add(result, name, TraceOptions.DescriptorsAsPaths);
            return false;
        }
        Add(result, name, equals < 0 ? next : word[(equals + 1)..]);
        return equals < 0;
    }

    private static bool Letters(Command command, string word, string? next, List<string> result)
    {
        for (int i = 1; i < word.Length; i++)
        {
            if (word[i] == 't' && TraceOptions.HasThreads(command))
            {
                int end = i;
                while (end < word.Length && word[end] == 't')
                    end++;
                string rest = word[end..];
                bool attached = end == i + 1 && IsIdList(rest);
                if (attached || (end == i + 1 && rest.Length == 0 && next is not null && IsIdList(next)))
                {
                    Add(result, "--tid", attached ? rest : next);
                    return !attached;
                }
                if (!TraceOptions.HasTimes(command))
                    throw new ToolException("-t needs the number of a thread", $"'scry {FullName(command)} --help' lists the options", ExitCode.Usage);
                Add(result, "--time", (end - i) switch
                {
                    1 => "time",
                    2 => "us",
                    3 => "unix",
                    _ => throw new ToolException($"'{word}' has too many t's", "there are -t, -tt and -ttt", ExitCode.Usage),
                });
                i = end - 1;
                continue;
            }
            string name = "-" + word[i];
            Option option = Find(command, name);
            if (option.Arity.MaximumNumberOfValues == 0)
            {
                result.Add(name);
                continue;
            }
            if (IsOptional(option))
            {
                Add(result, name, TraceOptions.DescriptorsAsPaths);
                continue;
            }
            bool last = i + 1 == word.Length;
            Add(result, name, last ? next : word[(i + 1)..]);
            return last;
        }
        return false;
    }

    private static bool IsOptional(Option option) => option.Arity.MinimumNumberOfValues == 0;

    private static bool IsIdList(string text) =>
        text.Length > 0 && char.IsAsciiDigit(text[0]) && text.All(c => char.IsAsciiDigit(c) || c == ',');

    private static string FullName(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault(parent => parent is not RootCommand) is { } parent ? $"{parent.Name} {command.Name}" : command.Name;

    private static Option Find(Command command, string name) =>
        command.Options.FirstOrDefault(option => option.Name == name || option.Aliases.Contains(name))
        ?? throw new ToolException($"'scry {FullName(command)}' has no option {Printable.Escape(name)}",
            $"'scry {FullName(command)} --help' lists them", ExitCode.Usage);

    /// <summary>One word, so that a value that looks like an option stays a value.</summary>
    private static void Add(List<string> result, string name, string? value)
    {
        if (string.IsNullOrEmpty(value))
            throw new ToolException($"{name} needs a value", null, ExitCode.Usage);
        result.Add($"{name}={value}");
    }
}
