using System.Text;
using System.Text.RegularExpressions;

namespace Scry.Tests.Published.Harness;

/// <summary>
/// What two tracers saw of the same process at the same time. Each thread must have the same lines in the same order with
/// the same results; arguments may differ only for the calls that docs/CONFORMANCE.md lists with a cause.
/// </summary>
internal sealed partial class Comparison
{
    private const int Shown = 3;

    private readonly StringBuilder _report = new();
    private readonly SortedDictionary<string, List<string>> _differences = new(StringComparer.Ordinal);

    /// <summary>Fails with each difference that is not expected.</summary>
    /// <param name="strace">strace's file, which runs the command: it has all of it.</param>
    /// <param name="scry">Scry's, of the same threads and strace itself.</param>
    /// <param name="excepted">Calls whose arguments may differ besides.</param>
    /// <returns>How many lines were compared.</returns>
    public static int Check(string strace, string scry, params string[] excepted)
    {
        Dictionary<int, List<TraceLine>> expected = TraceLog.Read(strace, out int first);
        Dictionary<int, List<TraceLine>> actual = TraceLog.Read(scry, out _);
        var comparison = new Comparison();
        foreach ((int tid, List<TraceLine> lines) in expected)
        {
            List<TraceLine> seen = actual.GetValueOrDefault(tid) ?? [];
            // Before its exec, the first process is still strace.
            int start = tid == first ? Math.Max(0, seen.FindIndex(line => line.Name == "execve" && line.Result == "0")) : 0;
            comparison.Thread(tid, lines, seen[start..]);
        }
        comparison.Judge(excepted);
        return expected.Values.Sum(lines => lines.Count);
    }

    /// <summary>The same of the one thread alone whose last line begins with these words.</summary>
    public static int CheckEnded(string last, string strace, string scry, params string[] excepted)
    {
        (int tid, List<TraceLine> lines) = TraceLog.Read(strace, out _).Single(thread => thread.Value[^1].Name.StartsWith(last, StringComparison.Ordinal));
        var comparison = new Comparison();
        comparison.Thread(tid, lines, TraceLog.Read(scry, out _).GetValueOrDefault(tid) ?? []);
        comparison.Judge(excepted);
        return lines.Count;
    }

    private void Thread(int tid, List<TraceLine> expected, List<TraceLine> seen)
    {
        for (int i = 0; i < Math.Max(expected.Count, seen.Count); i++)
        {
            TraceLine? theirs = i < expected.Count ? expected[i] : null;
            TraceLine? ours = i < seen.Count ? seen[i] : null;
            if (theirs is null || ours is null || theirs.Name != ours.Name || !Same(theirs, ours, last: i + 1 == seen.Count || seen[i + 1].Name.StartsWith("+++ ", StringComparison.Ordinal)))
            {
                _report.AppendLine($"thread {tid}, line {i + 1} of {expected.Count} (scry: {seen.Count}), after {(i > 0 ? expected[i - 1].Text : "its start")}");
                _report.AppendLine($"  strace: {theirs?.Text ?? "nothing"}");
                _report.AppendLine($"  scry:   {ours?.Text ?? "nothing"}");
                return;
            }
            if (theirs.Arguments == ours.Arguments)
                continue;
            if (!_differences.TryGetValue(ours.Name, out List<string>? list))
                _differences[ours.Name] = list = [];
            list.Add($"  strace: {theirs.Text}\n  scry:   {ours.Text}");
        }
    }

    // What a thread's last call returned into a kill, strace does not get to hear.
    private static bool Same(TraceLine theirs, TraceLine ours, bool last) => theirs.Result == ours.Result || (last && theirs.Result == "?");

    private void Judge(string[] excepted)
    {
        HashSet<string> explained = [.. Rows("## Arguments"), .. excepted];
        foreach ((string name, List<string> list) in _differences)
        {
            if (explained.Contains(name))
                continue;
            _report.AppendLine($"{name}: {list.Count} with other arguments");
            foreach (string pair in list.Take(Shown))
                _report.AppendLine(pair);
        }
        if (_report.Length > 0)
            throw new InvalidOperationException(_report.ToString());
    }

    /// <summary>Calls whose arguments differ where calls are seen at their exit alone besides.</summary>
    public static string[] ExitDifferences => Rows("## Seen at the exit alone");

    /// <summary>Calls whose arguments differ in dumps of the flight recorder besides.</summary>
    public static string[] DumpDifferences => Rows("## The flight recorder");

    // The rows of a table in a part of the document begin with the names of calls.
    private static string[] Rows(string part) =>
    [
        .. File.ReadLines(Path.Combine(ScryBinary.Repository, "docs/CONFORMANCE.md"))
            .SkipWhile(line => line != part).Skip(1).TakeWhile(line => !line.StartsWith("## ", StringComparison.Ordinal))
            .Select(line => Row().Match(line)).Where(match => match.Success).SelectMany(match => match.Groups[1].Captures).Select(name => name.Value),
    ];

    [GeneratedRegex(@"^\| (?:`(\w+)`(?:, )?)+ \|")]
    private static partial Regex Row();
}
