using System.CommandLine;
using Scry.Syscalls;

namespace Scry.Cli.CommandLine;

/// <summary>Which descriptors are shown with what they stand for, in words.</summary>
internal static class DescriptorSet
{
    private const string Known = "all, path, socket, dev, pidfd, none";

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
        return Parse(sets[^1]);
    }

    /// <summary>Reads <c>path,socket</c>.</summary>
    /// <exception cref="ToolException">A word is not known.</exception>
    public static DescriptorParts Parse(string set)
    {
        DescriptorParts parts = DescriptorParts.None;
        foreach (string word in set.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            parts |= word switch
            {
                "all" => DescriptorParts.All,
                "path" => DescriptorParts.Path,
                "socket" => DescriptorParts.Socket,
                "dev" => DescriptorParts.Device,
                "pidfd" => DescriptorParts.Pidfd,
                "none" => DescriptorParts.None,
                _ => throw new ToolException($"--decode-fds: '{Printable.Escape(word)}' is not one of {Known}", null, ExitCode.Usage),
            };
        }
        return parts;
    }

    /// <summary>Reads <c>0,3</c>.</summary>
    /// <exception cref="ToolException">It is no list of numbers.</exception>
    public static IEnumerable<int> Numbers(string list) =>
        list.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(word => (int)Quantity.Count("--trace-fds", word, 0, int.MaxValue));
}
