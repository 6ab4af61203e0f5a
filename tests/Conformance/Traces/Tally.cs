using System.Globalization;
using System.Text;

namespace Scry.Tests.Conformance.Traces;

/// <summary>Lines that two tracers wrote of the same things: how many there were, how many differed, and the first that did.</summary>
internal sealed class Count
{
    private const int Kept = 3;

    public int Lines { get; set; }
    public int Different { get; private set; }
    public List<(string Strace, string Scry)> Examples { get; } = [];

    public void Add(string strace, string scry)
    {
        Lines++;
        if (strace == scry)
            return;
        Different++;
        if (Examples.Count < Kept)
            Examples.Add((strace, scry));
    }
}

/// <summary>Counts by what they are of: an ABI or a program, a call, a part of it.</summary>
internal sealed class Tally
{
    private const string NoName = "syscall_0x", Newer = "(newer)", Killed = "+++ killed", Exited = "+++ exited";

    private readonly SortedDictionary<(string Where, string Syscall, string Part), Count> _counts = [];

    public IEnumerable<KeyValuePair<(string Where, string Syscall, string Part), Count>> Counts => _counts;
    public int Lines => _counts.Values.Sum(count => count.Lines);
    public int Different => _counts.Values.Sum(count => count.Different);
    /// <summary>Lines that one of the two does not have.</summary>
    public List<string> Missing { get; } = [];

    public Count this[string where, string syscall, string part]
    {
        get
        {
            if (!_counts.TryGetValue((where, syscall, part), out Count? count))
                _counts[(where, syscall, part)] = count = new Count();
            return count;
        }
    }

    /// <summary>Forgets what was counted of a call.</summary>
    public void Remove(string syscall)
    {
        foreach (var key in _counts.Keys.Where(key => key.Syscall == syscall).ToArray())
            _counts.Remove(key);
    }

    /// <summary>Pairs the lines of two files thread by thread.</summary>
    /// <param name="strace">strace's file.</param>
    /// <param name="scry">Scry's of the same threads.</param>
    /// <param name="sort">Where a pair counts: its thread's lines, and which of them it is.</param>
    public void Compare(string strace, string scry, Func<List<Line>, int, (string, string, string)> sort)
    {
        Dictionary<int, List<Line>> expected = TraceText.Read(strace, out int first);
        Dictionary<int, List<Line>> actual = TraceText.Read(scry, out _);
        foreach ((int tid, List<Line> lines) in expected)
        {
            List<Line> seen = actual.GetValueOrDefault(tid) ?? [];
            // The first process begins as a shell, which waits for Scry.
            if (tid == first)
                Thread(tid, lines[lines.FindIndex(1, Executes)..], seen[Math.Max(0, seen.FindIndex(Executes))..], sort);
            else
                Thread(tid, lines, seen, sort);
        }
    }

    private static bool Executes(Line line) => line.Name == "execve" && line.Text.EndsWith(" = 0", StringComparison.Ordinal);

    private void Thread(int tid, List<Line> expected, List<Line> seen, Func<List<Line>, int, (string, string, string)> sort)
    {
        for (int i = 0; i < Math.Max(expected.Count, seen.Count); i++)
        {
            Line theirs = i < expected.Count ? expected[i] : default, ours = i < seen.Count ? seen[i] : default;
            // What a thread's last call returned into a kill, strace does not get to hear; one that was refused with the kill is a call for one of the two alone.
            bool unheard = theirs.Text?.EndsWith(" = ?", StringComparison.Ordinal) == true;
            if (unheard && ours.Name is Killed || theirs.Name is Killed && ours.IsCall && i + 2 == seen.Count && seen[i + 1].Name is Killed)
                return;
            (string where, string syscall, string part) = i < expected.Count ? sort(expected, i) : default;
            if (theirs.IsCall && ours.IsCall && theirs.Name.StartsWith(NoName, StringComparison.Ordinal) && !ours.Name.StartsWith(NoName, StringComparison.Ordinal))
            {
                this[where, Newer, ours.Name].Add(Result(theirs.Text!), Result(ours.Text));
                continue;
            }
            if (theirs.Name != ours.Name)
            {
                Missing.Add($"thread {tid}, line {i + 1} of {expected.Count} (scry: {seen.Count}), after {(i > 0 ? expected[i - 1].Text : "its start")}\n  strace: {theirs.Text ?? "nothing"}\n  scry:   {ours.Text ?? "nothing"}");
                return;
            }
            bool ended = unheard && (i + 1 == seen.Count || seen[i + 1].Name is Killed or Exited);
            this[where, syscall, part].Add(theirs.Text!, ended && SameBegin(theirs.Text!, ours.Text) ? theirs.Text! : ours.Text);
        }
    }

    // Of a call that was never to return strace may have written the first arguments alone; one that a kill met at its entry is refused.
    private static bool SameBegin(string unheard, string heard) => heard.Contains(" = -1 ENOSYS", StringComparison.Ordinal) || heard.StartsWith(unheard[..^") = ?".Length].TrimEnd(',', ' '), StringComparison.Ordinal);

    // Of calls that strace has no name for, the result alone can be compared.
    private static string Result(string text) => text[text.LastIndexOf(" = ", StringComparison.Ordinal)..];

    /// <summary>A table by call; then each difference.</summary>
    public string Table()
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{Lines} lines, {Lines - Different} equal, {Different} different: {Percent(Lines, Different)}");
        text.AppendLine(CultureInfo.InvariantCulture, $"\n{"lines",9} {"equal",9} {"different",9}  call");
        foreach (var group in _counts.GroupBy(pair => (pair.Key.Where, pair.Key.Syscall)))
        {
            int lines = group.Sum(pair => pair.Value.Lines), different = group.Sum(pair => pair.Value.Different);
            text.AppendLine(CultureInfo.InvariantCulture, $"{lines,9} {lines - different,9} {different,9}  {group.Key.Where} {group.Key.Syscall}");
        }
        text.AppendLine();
        foreach (((string where, string syscall, string part), Count count) in _counts.Where(pair => pair.Value.Different > 0))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{where} {syscall} {part}: {count.Different} of {count.Lines}");
            foreach ((string strace, string scry) in count.Examples)
                text.AppendLine($"  strace: {strace}").AppendLine($"  scry:   {scry}");
        }
        foreach (string missing in Missing)
            text.AppendLine(missing);
        return text.ToString();
    }

    public static string Percent(int lines, int different) => lines == 0 ? "nothing" : string.Create(CultureInfo.InvariantCulture, $"{100.0 * (lines - different) / lines:0.000} % equal");
}
