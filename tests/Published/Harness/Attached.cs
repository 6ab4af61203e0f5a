namespace Scry.Tests.Published.Harness;

/// <summary>What BPF objects the machine has: nothing may be left by a tracer that is gone.</summary>
internal static class Attached
{
    /// <summary>Links that a run of scry trace has.</summary>
    public const int Programs = 7;

    /// <summary>Ids of all programs and links.</summary>
    public static HashSet<string> Now() =>
    [
        .. Ids("prog"), .. Ids("link"),
    ];

    /// <summary>How many links there are that were not before.</summary>
    public static int Links(HashSet<string> before) => Ids("link").Count(id => !before.Contains(id));

    /// <summary>The links that a process holds by descriptors; none when it is gone.</summary>
    public static HashSet<string> LinksOf(int pid)
    {
        try
        {
            return [.. Directory.GetFiles($"/proc/{pid}/fdinfo").SelectMany(File.ReadLines)
                .Where(line => line.StartsWith("link_id:", StringComparison.Ordinal)).Select(line => "link " + line["link_id:".Length..].Trim())];
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static IEnumerable<string> Ids(string kind) =>
        // It fails when one that it has listed is gone before it looks; what it has printed counts.
        Child.Run("bpftool", kind, "show").Lines
            .Where(line => char.IsAsciiDigit(line[0])).Select(line => $"{kind} {line[..line.IndexOf(':', StringComparison.Ordinal)]}");
}
