using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Scry.Cli.Bench;

/// <summary>Reads what tools print.</summary>
internal static partial class ToolOutput
{
    private const int BufferSize = 1 << 20;

    /// <summary>How often a call's name and its parenthesis are in a file of lines <c>name(arguments) = result</c>.</summary>
    public static long CallLines(string path, string call)
    {
        byte[] pattern = Encoding.ASCII.GetBytes(call + "("), buffer = new byte[BufferSize];
        long count = 0;
        int kept = 0;
        if (!File.Exists(path))
            return 0;
        using FileStream file = File.OpenRead(path);
        for (int got; (got = file.Read(buffer, kept, buffer.Length - kept)) > 0;)
        {
            ReadOnlySpan<byte> all = buffer.AsSpan(0, kept + got);
            int from = 0;
            for (int at; (at = all[from..].IndexOf(pattern)) >= 0; from += at + pattern.Length)
            {
                // Not the end of another's name, as in pwrite.
                if (from + at == 0 || !IsNamePart(all[from + at - 1]))
                    count++;
            }
            // A match may be cut, and the byte before it is needed too.
            kept = Math.Min(all.Length - from, pattern.Length);
            all[^kept..].CopyTo(buffer);
        }
        return count;
    }

    /// <summary>The events that <c>perf trace</c> says it lost: <c>LOST 123 events!</c></summary>
    public static long PerfLost(string text) => Sum(PerfLostLine().Matches(text));

    /// <summary>The records that Scry says it lost: <c>lost 12 of 345 records</c>; 0 of a run that was complete, null when it says neither.</summary>
    public static long? ScryLost(string text) =>
        text.Contains("complete: ", StringComparison.Ordinal) ? 0 : ScryLostLine().Match(text) is { Success: true } match ? Number(match) : null;

    /// <summary>The count of a call in a table, of all its rows together: the whole number after its name.</summary>
    public static long TableCount(string text, string call)
    {
        long count = 0;
        foreach (string line in text.Split('\n'))
        {
            string[] words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            int name = Array.IndexOf(words, call);
            if (name >= 0 && name + 1 < words.Length
                && long.TryParse(words[name + 1].Replace(",", "", StringComparison.Ordinal), NumberStyles.None, CultureInfo.InvariantCulture, out long value))
            {
                count += value;
            }
        }
        return count;
    }

    /// <summary>The number of calls in <c>strace -c</c>'s table, whose column of errors is empty where there are none.</summary>
    public static long StraceCount(string text, string call) => text.Split('\n')
        .Select(line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        .FirstOrDefault(words => words.Length >= 5 && words[^1] == call) is { } row
        && long.TryParse(row[3], NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value : 0;

    /// <summary>The value of a key in what bpftrace prints of a map: <c>@[110]: 12345</c>.</summary>
    public static long BpftraceCount(string text, long key) =>
        Regex.Match(text, $@"^@\[{key}\]: (\d+)$", RegexOptions.Multiline) is { Success: true } match ? Number(match) : 0;

    /// <summary>A number of a file of lines <c>key: value</c>, such as tracefs' per-CPU statistics; 0 without it.</summary>
    public static long KeyNumber(string text, string key) =>
        Regex.Match(text, $@"^{Regex.Escape(key)}:\s+(\d+)", RegexOptions.Multiline) is { Success: true } match ? Number(match) : 0;

    private static bool IsNamePart(byte value) => char.IsAsciiLetterOrDigit((char)value) || value == (byte)'_';

    private static long Sum(MatchCollection matches) => matches.Sum(Number);

    private static long Number(Match match) => long.Parse(match.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"LOST (\d+) events")]
    private static partial Regex PerfLostLine();

    [GeneratedRegex(@"lost (\d+) of \d+ records")]
    private static partial Regex ScryLostLine();
}
