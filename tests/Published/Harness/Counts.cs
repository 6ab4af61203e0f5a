using System.Globalization;
using System.Text.RegularExpressions;

namespace Scry.Tests.Published.Harness;

/// <summary>The calls of the program <c>count</c>, which number themselves.</summary>
internal static partial class Counts
{
    /// <summary>Fails unless within a thread the calls' numbers go up by one, but where a line says that some are missing.</summary>
    /// <returns>The highest number.</returns>
    public static long Check(string past)
    {
        var next = new Dictionary<string, long?>();
        long highest = -1;
        foreach (Match line in Line().Matches(past))
        {
            string thread = line.Groups[1].Value;
            if (!line.Groups[2].Success)
            {
                next[thread] = null;
                continue;
            }
            long number = long.Parse(line.Groups[2].Value, CultureInfo.InvariantCulture);
            if (next.GetValueOrDefault(thread) is { } expected && expected != number)
                throw new InvalidOperationException($"thread {thread} goes on with {number} where {expected} is next");
            next[thread] = number + 1;
            highest = Math.Max(highest, number);
        }
        return highest >= 0 ? highest : throw new InvalidOperationException($"no calls that are counted in {past.Length} bytes");
    }

    [GeneratedRegex(@"^\[pid +(\d+)\] (?:lseek\(-1, (\d+), SEEK_SET\)|\.\.\. \d+ records? overwritten)", RegexOptions.Multiline)]
    private static partial Regex Line();
}
