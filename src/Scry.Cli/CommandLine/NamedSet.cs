using Scry.Syscalls;

namespace Scry.Cli.CommandLine;

/// <summary>Options that name some of a few things, <c>all</c> of them or <c>none</c>.</summary>
internal static class NamedSet
{
    /// <summary>Of --decode-fds.</summary>
    public static IReadOnlyList<(string Name, int Bit)> Descriptors { get; } =
    [
        ("path", (int)DescriptorParts.Path), ("socket", (int)DescriptorParts.Socket), ("dev", (int)DescriptorParts.Device), ("pidfd", (int)DescriptorParts.Pidfd),
    ];

    /// <summary>Of --decode-pids.</summary>
    public static IReadOnlyList<(string Name, int Bit)> Pids { get; } = [("comm", (int)PidParts.Comm), ("pidns", (int)PidParts.Namespace)];

    /// <summary>Reads lists of names.</summary>
    /// <param name="option">As a person knows it, for errors.</param>
    /// <param name="lists">The lists.</param>
    /// <param name="known">The names, and the bit of each.</param>
    /// <exception cref="ToolException">A name is not known.</exception>
    public static int Read(string option, IEnumerable<string> lists, IReadOnlyList<(string Name, int Bit)> known)
    {
        int set = 0;
        foreach (string word in lists.SelectMany(list => list.Split(',', StringSplitOptions.RemoveEmptyEntries)))
        {
            if (word == "all")
                set |= known.Aggregate(0, (bits, one) => bits | one.Bit);
            else if (known.FirstOrDefault(one => one.Name == word) is { Name: not null } found)
                set |= found.Bit;
            else if (word != "none")
                throw new ToolException($"{option}: '{Printable.Escape(word)}' is not one of all, {string.Join(", ", known.Select(one => one.Name))}, none", null, ExitCode.Usage);
        }
        return set;
    }
}
