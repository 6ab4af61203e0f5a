using System.CommandLine;
using Scry.Syscalls;

namespace Scry.Cli.CommandLine;

/// <summary>Which descriptors are shown with what they stand for, in words.</summary>
internal static class DescriptorSet
{
    /// <summary>Reads the option: -y is path, given twice it is all.</summary>
    /// <returns>Null when it is not given.</returns>
    /// <exception cref="ToolException">A word is not known.</exception>
    public static DescriptorParts? Read(ParseResult words, Option<string[]> option)
    {
        IReadOnlyList<string> sets = TraceArguments.List(words, option);
        if (sets.Count == 0)
            return null;
        if (sets.Count > 1 && sets.All(set => set == TraceOptions.DescriptorsAsPaths))
            return DescriptorParts.All;
        return (DescriptorParts)NamedSet.Read("--decode-fds", [sets[^1]], NamedSet.Descriptors);
    }

    /// <summary>Reads <c>0,3</c>.</summary>
    /// <exception cref="ToolException">It is no list of numbers.</exception>
    public static IEnumerable<int> Numbers(string list) =>
        list.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(word => (int)Quantity.Count("--trace-fds", word, 0, int.MaxValue));
}
