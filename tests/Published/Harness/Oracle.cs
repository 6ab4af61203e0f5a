using System.Text;
using System.Text.RegularExpressions;

namespace Scry.Tests.Published.Harness;

/// <summary>
/// Runs a program under strace, and both under Scry: the same process, seen by two tracers at the same time. Each
/// thread must have the same lines in the same order with the same results; arguments may differ only for the
/// calls that docs/CONFORMANCE.md lists with a cause.
/// </summary>
internal sealed partial class Oracle : IDisposable
{
    private const int Shown = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Workspace _workspace = new();
    private readonly Child _run;

    private Oracle(string[] command, string? directory)
    {
        _run = Child.Start(
            ScryBinary.Path,
            ["trace", "-o", _workspace["scry"], "--", "strace", "-f", "-o", _workspace["strace"], .. command], directory);
    }

    /// <summary>Starts a program under both; <see cref="Compare"/> waits for its end.</summary>
    public static Oracle Start(string[] command, string? directory = null) => new(command, directory);

    /// <summary>Runs a program under both and compares.</summary>
    public static void Check(string[] command, string? directory = null, int status = 0)
    {
        using Oracle oracle = Start(command, directory);
        oracle.Compare(status);
    }

    /// <summary>Waits for the end, and fails with each difference that is not expected.</summary>
    public void Compare(int status = 0)
    {
        _run.Input.Close();
        Finished finished = _run.Wait(Patience).Expect(status);
        if (!finished.Error.Contains("complete: ", StringComparison.Ordinal))
            throw new InvalidOperationException($"not complete: {finished.Error}");

        Dictionary<int, List<TraceLine>> expected = TraceLog.Read(_workspace["strace"], out int first);
        Dictionary<int, List<TraceLine>> actual = TraceLog.Read(_workspace["scry"], out _);
        var report = new StringBuilder();
        var differences = new SortedDictionary<string, List<string>>(StringComparer.Ordinal);
        foreach ((int tid, List<TraceLine> lines) in expected)
        {
            List<TraceLine> seen = actual.GetValueOrDefault(tid) ?? [];
            // Before its exec, the first process is still strace.
            int start = tid == first ? Math.Max(0, seen.FindIndex(line => line.Name == "execve" && line.Result == "0")) : 0;
            CompareThread(tid, lines, seen[start..], report, differences);
        }
        Judge(differences, report);
        if (report.Length > 0)
            throw new InvalidOperationException(report.ToString());
    }

    public void Dispose()
    {
        _run.Dispose();
        _workspace.Dispose();
    }

    private static void CompareThread(
        int tid, List<TraceLine> expected, List<TraceLine> seen, StringBuilder report, SortedDictionary<string, List<string>> differences)
    {
        for (int i = 0; i < Math.Max(expected.Count, seen.Count); i++)
        {
            TraceLine? theirs = i < expected.Count ? expected[i] : null;
            TraceLine? ours = i < seen.Count ? seen[i] : null;
            if (theirs is null || ours is null || theirs.Name != ours.Name || theirs.Result != Result(seen, i))
            {
                report.AppendLine($"thread {tid}, line {i + 1} of {expected.Count} (scry: {seen.Count}), after {(i > 0 ? expected[i - 1].Text : "its start")}");
                report.AppendLine($"  strace: {theirs?.Text ?? "nothing"}");
                report.AppendLine($"  scry:   {ours?.Text ?? "nothing"}");
                return;
            }
            if (theirs.Arguments == ours.Arguments)
                continue;
            if (!differences.TryGetValue(ours.Name, out List<string>? list))
                differences[ours.Name] = list = [];
            list.Add($"  strace: {theirs.Text}\n  scry:   {ours.Text}");
        }
    }

    // A kill makes a call return before the thread ends: strace no longer hears of it.
    private static string Result(List<TraceLine> lines, int i) =>
        lines[i].Result.StartsWith("? ERESTART", StringComparison.Ordinal)
            && i + 1 < lines.Count && lines[i + 1].Name.StartsWith("+++ ", StringComparison.Ordinal)
            ? "?"
            : lines[i].Result;

    private static void Judge(SortedDictionary<string, List<string>> differences, StringBuilder report)
    {
        HashSet<string> explained = Explained();
        foreach ((string name, List<string> list) in differences)
        {
            if (explained.Contains(name))
                continue;
            report.AppendLine($"{name}: {list.Count} with other arguments");
            foreach (string pair in list.Take(Shown))
                report.AppendLine(pair);
        }
    }

    // The rows of the document's tables begin with the call's name.
    private static HashSet<string> Explained() =>
    [
        .. File.ReadLines(Path.Combine(ScryBinary.Repository, "docs/CONFORMANCE.md"))
            .Select(line => Row().Match(line)).Where(match => match.Success).Select(match => match.Groups[1].Value),
    ];

    [GeneratedRegex(@"^\| `(\w+)` \|")]
    private static partial Regex Row();
}
