using System.Globalization;
using System.Text;

namespace Scry.Tests.Conformance.Traces;

/// <summary>A line of a thread: a call, a signal, an end.</summary>
/// <param name="Name">The call's name; another line's first words.</param>
/// <param name="Text">The whole.</param>
internal readonly record struct Line(string Name, string Text)
{
    /// <summary>Whether it is a call.</summary>
    public bool IsCall => Name is { Length: > 0 } && Name[0] is not ('-' or '+');
}

/// <summary>A trace file with a column of tids: the lines of each thread, those that another thread's line broke in two joined again.</summary>
internal static class TraceText
{
    private const string Unfinished = " <unfinished ...>", Resumed = " resumed>";

    public static Dictionary<int, List<Line>> Read(string path, out int firstTid)
    {
        var threads = new Dictionary<int, List<Line>>();
        var open = new Dictionary<int, string>();
        firstTid = 0;
        foreach (string line in File.ReadLines(path, Encoding.Latin1))
        {
            int blank = line.IndexOf(' ', StringComparison.Ordinal);
            if (blank <= 0 || !int.TryParse(line.AsSpan(0, blank), NumberStyles.None, null, out int tid))
                continue;
            firstTid = firstTid == 0 ? tid : firstTid;
            string text = line[blank..].TrimStart();
            if (text.EndsWith(Unfinished, StringComparison.Ordinal))
            {
                open[tid] = text[..^Unfinished.Length];
                continue;
            }
            if (text.StartsWith("<... ", StringComparison.Ordinal) && open.Remove(tid, out string? begun))
                text = begun + text[(text.IndexOf(Resumed, StringComparison.Ordinal) + Resumed.Length)..];
            if (text.StartsWith("+++ ", StringComparison.Ordinal) && open.Remove(tid, out begun))
                Of(threads, tid).Add(Parse(begun + ") = ?"));
            // What strace says about itself and about job control is no record.
            if (!text.StartsWith("[ Process", StringComparison.Ordinal) && !text.StartsWith("--- stopped by", StringComparison.Ordinal))
                Of(threads, tid).Add(Parse(text));
        }
        return threads;
    }

    private static Line Parse(string text)
    {
        int open = text.IndexOf('(', StringComparison.Ordinal);
        if (open <= 0 || text.StartsWith("--- ", StringComparison.Ordinal) || text.StartsWith("+++ ", StringComparison.Ordinal))
            return new Line(string.Join(' ', text.Split(' ').Take(2)), text);
        text = text.Replace(Unfinished, "", StringComparison.Ordinal).Replace(" )", ")", StringComparison.Ordinal);
        // The column of results is the same for both, but behind what was broken in two.
        int equals = text.LastIndexOf(") ", StringComparison.Ordinal) is var last && text.IndexOf(" = ", Math.Max(0, last), StringComparison.Ordinal) is var at and >= 0 ? at : text.LastIndexOf(" = ", StringComparison.Ordinal);
        if (equals < 0)
            (text, equals) = (text + " = ?", text.Length);
        return new Line(text[..open], $"{text[..equals].TrimEnd()}{text[equals..]}");
    }

    private static List<Line> Of(Dictionary<int, List<Line>> threads, int tid)
    {
        if (!threads.TryGetValue(tid, out List<Line>? lines))
            threads[tid] = lines = [];
        return lines;
    }
}
