using System.Globalization;

namespace Scry.Tests.Published.Harness;

/// <summary>One line of a trace: a call, a signal or an end.</summary>
/// <param name="Name">The call's name, or the whole text of another line.</param>
/// <param name="Arguments">The text between the name and the result.</param>
/// <param name="Result">The result, its errno's name included; without what is decoded after it.</param>
/// <param name="Text">The whole, with blanks before the result folded.</param>
internal sealed record TraceLine(string Name, string Arguments, string Result, string Text)
{
    private const string Unfinished = " <unfinished ...>";

    public static TraceLine Parse(string text)
    {
        text = text.Replace(Unfinished, "", StringComparison.Ordinal).Replace(" )", ")", StringComparison.Ordinal);
        int open = text.IndexOf('(', StringComparison.Ordinal);
        if (open <= 0 || text.StartsWith("--- ", StringComparison.Ordinal) || text.StartsWith("+++ ", StringComparison.Ordinal))
            return new TraceLine(text, "", "", text);
        int equals = text.LastIndexOf(" = ", StringComparison.Ordinal);
        if (equals < 0)
            (text, equals) = (text + " = ?", text.Length);
        string call = text[..equals].TrimEnd();
        string tail = text[(equals + 3)..];
        string[] words = tail.Split(' ');
        string result = words[0] is "-1" or "?" && words.Length > 1 ? $"{words[0]} {words[1]}" : words[0];
        // What is decoded behind a value counts as an argument does; behind an errno stands only its text.
        return new TraceLine(text[..open], call[open..] + (words[0] == "?" ? "" : tail[words[0].Length..]), result, $"{call} = {tail}");
    }
}

/// <summary>A trace file in strace's format with a column of tids: the lines of each thread.</summary>
internal static class TraceLog
{
    private const string UnfinishedEnd = " <unfinished ...>";

    public static Dictionary<int, List<TraceLine>> Read(string path, out int firstTid)
    {
        var threads = new Dictionary<int, List<TraceLine>>();
        var open = new Dictionary<int, string>();
        firstTid = 0;
        foreach (string line in File.ReadLines(path, System.Text.Encoding.Latin1))
        {
            int blank = line.IndexOf(' ', StringComparison.Ordinal);
            if (blank <= 0 || !int.TryParse(line.AsSpan(0, blank), NumberStyles.None, null, out int tid))
                continue;
            firstTid = firstTid == 0 ? tid : firstTid;
            string text = line[blank..].TrimStart();
            if (text.EndsWith(UnfinishedEnd, StringComparison.Ordinal))
            {
                open[tid] = text[..^UnfinishedEnd.Length];
                continue;
            }
            if (text.StartsWith("<... ", StringComparison.Ordinal) && open.Remove(tid, out string? begun))
                text = begun + text[(text.IndexOf(" resumed>", StringComparison.Ordinal) + " resumed>".Length)..];
            if (text.StartsWith("+++ ", StringComparison.Ordinal) && open.Remove(tid, out begun))
                Of(threads, tid).Add(TraceLine.Parse(begun + ") = ?"));
            // What strace says about itself and about job control is no record.
            if (text.StartsWith("[ Process", StringComparison.Ordinal) || text.StartsWith("--- stopped by", StringComparison.Ordinal))
                continue;
            Of(threads, tid).Add(TraceLine.Parse(text));
        }
        return threads;
    }

    private static List<TraceLine> Of(Dictionary<int, List<TraceLine>> threads, int tid)
    {
        if (!threads.TryGetValue(tid, out List<TraceLine>? lines))
            threads[tid] = lines = [];
        return lines;
    }
}
