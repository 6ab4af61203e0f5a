namespace Scry.Cli.Strace;

/// <summary>Whether an option takes a value.</summary>
internal enum OptionValue
{
    /// <summary>None.</summary>
    None,
    /// <summary>In the same word or the next one.</summary>
    Required,
    /// <summary>Behind the <c>=</c> of a long name, or none.</summary>
    Optional,
}

/// <summary>One option of strace's.</summary>
/// <param name="Letter">Its letter; '\0': it has none.</param>
/// <param name="Names">Its long names, without dashes; the first is its own.</param>
/// <param name="Value">Whether it takes a value.</param>
internal sealed record OptionName(char Letter, string[] Names, OptionValue Value = OptionValue.None)
{
    /// <summary>Whether the letter takes a value too: one whose value is optional takes none.</summary>
    public bool LetterTakesValue => Value == OptionValue.Required;

    /// <summary>As a person types it.</summary>
    public string Shown => Letter != '\0' ? "-" + Letter : "--" + Names[0];
}

/// <summary>An option as it was given.</summary>
/// <param name="Option">Which one.</param>
/// <param name="Value">Its value; null: none was given.</param>
/// <param name="Long">Whether it was given by a long name.</param>
internal readonly record struct GivenOption(OptionName Option, string? Value, bool Long)
{
    /// <summary>As it was typed.</summary>
    public string Typed => Long ? "--" + Option.Names[0] : Option.Shown;
}

/// <summary>
/// Reads words as getopt_long(3) does with a <c>+</c>: letters in one word, values in the same word or the next, unambiguous
/// beginnings of long names; the first operand ends the options.
/// </summary>
internal static class Getopt
{
    /// <summary>The options, in order, and the number of words that they took.</summary>
    /// <exception cref="ToolException">One is not known, ambiguous, or lacks its value.</exception>
    public static (IReadOnlyList<GivenOption> Given, int Words) Read(IReadOnlyList<string> words, IReadOnlyList<OptionName> known)
    {
        var given = new List<GivenOption>();
        int at = 0;
        while (at < words.Count)
        {
            string word = words[at];
            if (word == "-" || !word.StartsWith('-'))
                break;
            at++;
            if (word == "--")
                break;
            string? next = at < words.Count ? words[at] : null;
            if (word.StartsWith("--", StringComparison.Ordinal) ? Long(word[2..], next, known, given) : Letters(word, next, known, given))
                at++;
        }
        return (given, at);
    }

    // Whether the next word was the value.
    private static bool Long(string word, string? next, IReadOnlyList<OptionName> known, List<GivenOption> given)
    {
        int equals = word.IndexOf('=');
        string name = equals < 0 ? word : word[..equals];
        OptionName option = Find(name, known);
        string? value = equals < 0 ? null : word[(equals + 1)..];
        if (option.Value == OptionValue.None && value is not null)
            throw Usage($"option '--{option.Names[0]}' takes no value");
        bool takes = option.Value == OptionValue.Required && value is null;
        if (takes)
            value = next ?? throw Usage($"option '--{option.Names[0]}' needs a value");
        given.Add(new GivenOption(option, value, Long: true));
        return takes;
    }

    private static bool Letters(string word, string? next, IReadOnlyList<OptionName> known, List<GivenOption> given)
    {
        for (int i = 1; i < word.Length; i++)
        {
            char letter = word[i];
            OptionName option = known.FirstOrDefault(one => one.Letter == letter) ?? throw Usage($"there is no option '-{letter}'");
            if (!option.LetterTakesValue)
            {
                given.Add(new GivenOption(option, null, Long: false));
                continue;
            }
            bool last = i + 1 == word.Length;
            string value = last ? next ?? throw Usage($"option '-{letter}' needs a value") : word[(i + 1)..];
            given.Add(new GivenOption(option, value, Long: false));
            return last;
        }
        return false;
    }

    private static OptionName Find(string name, IReadOnlyList<OptionName> known)
    {
        if (known.FirstOrDefault(option => option.Names.Contains(name)) is { } exact)
            return exact;
        OptionName[] begin = [.. known.Where(option => name.Length > 0 && option.Names.Any(one => one.StartsWith(name, StringComparison.Ordinal)))];
        return begin.Length switch
        {
            1 => begin[0],
            0 => throw Usage($"there is no option '--{name}'"),
            _ => throw Usage($"option '--{name}' may be {string.Join(" or ", begin.Select(option => "--" + option.Names.First(one => one.StartsWith(name, StringComparison.Ordinal))))}"),
        };
    }

    private static ToolException Usage(string message) => new(Printable.Escape(message), "'scry strace --help' lists them", ExitCode.Usage);
}
