using System.Text;
using System.Text.RegularExpressions;
using Scry.Tests.Conformance.Traces;
using Scry.Tests.Published.Harness;

namespace Scry.Tests.Conformance.Known;

/// <summary>The list of what differs today: known.tbl. What is not in it must be equal, and what is in it must differ.</summary>
internal sealed partial class KnownDifferences
{
    private const string Sometimes = "sometimes";
    private const string New = "not mended yet";
    private const int LeastAllowed = 10;

    private static readonly string s_file = Path.Combine(ScryBinary.Repository, "tests/Conformance/known.tbl");
    private static readonly Lock s_writing = new();

    private readonly Dictionary<(string Where, string Syscall, string Part), string> _causes = [];

    private KnownDifferences()
    {
        foreach (string line in File.ReadLines(s_file))
        {
            if (Row().Match(line) is { Success: true } row)
                _causes.Add((row.Groups[1].Value, row.Groups[2].Value, row.Groups[3].Value), row.Groups[4].Value);
        }
    }

    /// <summary>Fails with what is not as the list says. With CONFORMANCE_WRITE=1 it writes the list anew instead; with CONFORMANCE_WRITE=sometimes it marks what is not as the list says.</summary>
    /// <param name="tally">What was compared.</param>
    /// <param name="wheres">All that is listed of these must have been seen.</param>
    public static void Check(Tally tally, params string[] wheres)
    {
        lock (s_writing)
        {
            var known = new KnownDifferences();
            string? write = Environment.GetEnvironmentVariable("CONFORMANCE_WRITE");
            if (write is null)
                known.Judge(tally, wheres);
            else
                known.Write(tally, wheres, again: write == Sometimes);
        }
    }

    private void Judge(Tally tally, string[] wheres)
    {
        var report = new StringBuilder();
        foreach (string gone in tally.Missing)
            report.AppendLine(gone);
        bool missing = report.Length > 0;
        int unlisted = 0;
        var seen = new HashSet<(string, string, string)>();
        foreach (var (key, count) in tally.Counts.Where(pair => pair.Value.Different > 0))
        {
            seen.Add(key);
            if (_causes.ContainsKey(key))
                continue;
            unlisted++;
            report.AppendLine($"{key.Where} {key.Syscall} {key.Part}: {count.Different} of {count.Lines} differ");
            foreach ((string strace, string scry) in count.Examples)
                report.AppendLine($"  strace: {strace}").AppendLine($"  scry:   {scry}");
        }
        foreach (var (key, cause) in _causes.Where(row => wheres.Contains(row.Key.Where) && !seen.Contains(row.Key) && !row.Value.StartsWith(Sometimes, StringComparison.Ordinal)))
        {
            unlisted++;
            report.AppendLine($"{key.Where} {key.Syscall} {key.Part} does not differ any more: remove its row of known.tbl ({cause})");
        }
        // Machines differ in what they have mounted and allow: a few rows more or less are no change of Scry's.
        int allowed = Environment.GetEnvironmentVariable("CONFORMANCE_STRICT") is null ? Math.Max(LeastAllowed, _causes.Keys.Count(key => wheres.Contains(key.Where)) / 100) : 0;
        if (missing || unlisted > allowed)
            throw new InvalidOperationException($"{unlisted} rows differ from known.tbl, of which {allowed} may\n{report}");
        if (report.Length > 0)
            Console.Error.WriteLine(report.ToString());
    }

    private void Write(Tally tally, string[] wheres, bool again)
    {
        IEnumerable<string> head = File.ReadLines(s_file).TakeWhile(line => line.StartsWith('#')).ToArray();
        var rows = new SortedDictionary<(string Where, string Syscall, string Part), string>();
        foreach (var (key, cause) in _causes.Where(row => again || !wheres.Contains(row.Key.Where) || row.Value.StartsWith(Sometimes, StringComparison.Ordinal)))
            rows[key] = cause;
        HashSet<(string, string, string)> seen = [.. tally.Counts.Where(pair => pair.Value.Different > 0).Select(pair => pair.Key)];
        foreach (var key in seen)
            rows[key] = _causes.GetValueOrDefault(key) ?? (again ? $"{Sometimes}: {New}" : New);
        foreach (var key in rows.Keys.Where(key => again && wheres.Contains(key.Where) && !seen.Contains(key)).ToArray())
            rows[key] = rows[key].StartsWith(Sometimes, StringComparison.Ordinal) ? rows[key] : $"{Sometimes}: {rows[key]}";
        File.WriteAllLines(s_file, [.. head, .. rows.Select(row => $"{row.Key.Where,-7} {row.Key.Syscall,-24} {row.Key.Part,-40} {row.Value}")]);
    }

    [GeneratedRegex(@"^([^#\s]\S*)\s+(\S+)\s+(\S+)\s+(\S.*)$")]
    private static partial Regex Row();
}
