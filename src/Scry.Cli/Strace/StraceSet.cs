using System.Globalization;
using Scry.Syscalls;
using Scry.Views;

namespace Scry.Cli.Strace;

/// <summary>strace's sets: names with commas between them, <c>all</c>, <c>none</c>, and <c>!</c> for all others.</summary>
internal static class StraceSet
{
    /// <summary>Whether the set is of all that it does not name, and the names; empty parts are nothing.</summary>
    public static (bool Others, string[] Names) Split(string text)
    {
        bool others = false;
        for (; text.StartsWith('!'); text = text[1..])
            others = !others;
        return text switch
        {
            "none" => (others, []),
            "all" => (!others, []),
            _ => (others, text.Split(',', StringSplitOptions.RemoveEmptyEntries)),
        };
    }

    /// <summary>Which of the known things a set has.</summary>
    /// <param name="option">As it was typed, for errors.</param>
    /// <param name="text">The set.</param>
    /// <param name="known">Names, and the bit of each.</param>
    /// <exception cref="ToolException">It has another, or nothing.</exception>
    public static int Bits(string option, string text, IReadOnlyList<(string Name, int Bit)> known)
    {
        (bool others, string[] names) = Split(text);
        int all = known.Aggregate(0, (bits, one) => bits | one.Bit), set = 0;
        RequireNames(option, text, names);
        foreach (string name in names)
        {
            (string Name, int Bit) found = known.FirstOrDefault(one => one.Name == name);
            if (found.Name is null)
                throw new ToolException($"{option}: '{Printable.Escape(name)}' is not one of {string.Join(", ", known.Select(one => one.Name))}", null, ExitCode.Usage);
            set |= found.Bit;
        }
        return others ? all & ~set : set;
    }

    /// <summary>A set of calls as an expression of <see cref="SyscallSelector"/>.</summary>
    /// <exception cref="ToolException">The set has nothing.</exception>
    public static string Expression(string option, string text)
    {
        (bool others, string[] names) = Split(text);
        RequireNames(option, text, names);
        // A pattern may have commas: what follows it is its.
        return (others ? "!" : "") + (names.Length > 0 ? string.Join(',', names) : "none");
    }

    /// <summary>Whether a number is in a set of numbers.</summary>
    /// <exception cref="ToolException">It has what is no number, or nothing.</exception>
    public static Func<int, bool> Numbers(string option, string text)
    {
        (bool others, string[] names) = Split(text);
        RequireNames(option, text, names);
        HashSet<int> set = [.. names.Select(name => int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : throw new ToolException($"{option}: '{Printable.Escape(name)}' is not the number of a descriptor", null, ExitCode.Usage))];
        return number => set.Contains(number) != others;
    }

    /// <summary>Signals: names with or without SIG, in either case, or numbers.</summary>
    /// <exception cref="ToolException">It has what is no signal, or nothing.</exception>
    public static Func<uint, bool> Signals(string option, string text)
    {
        (bool others, string[] names) = Split(text);
        RequireNames(option, text, names);
        HashSet<uint> set = [.. names.Select(name => SignalNames.Parse(name)
            ?? throw new ToolException($"{option}: '{Printable.Escape(name)}' is no signal", "names stand in signal(7)", ExitCode.Usage))];
        return number => set.Contains(number) != others;
    }

    private static void RequireNames(string option, string text, string[] names)
    {
        if (names.Length == 0 && text.TrimStart('!') is not ("all" or "none"))
            throw new ToolException($"{option}: '{Printable.Escape(text)}' names nothing", "'all' and 'none' are sets too", ExitCode.Usage);
    }
}
