using System.Buffers.Text;
using System.Text;
using Scry.Syscalls;
using Scry.Wire;

namespace Scry.Views.Timeline;

/// <summary>What is marked at a point of time.</summary>
internal enum TimelineMarkKind
{
    Signal = 0,
    Exit = 1,
    Gap = 2,
}

/// <summary>A point of time of a thread.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Thread">Number of the thread.</param>
/// <param name="Time">When.</param>
/// <param name="Text">Number of its text.</param>
internal readonly record struct TimelineMark(TimelineMarkKind Kind, int Thread, ulong Time, int Text);

/// <summary>What a page is made of.</summary>
internal sealed record TimelineData
{
    public required TimelineOptions Options { get; init; }
    public required IReadOnlyList<TimelineThread> Threads { get; init; }
    public required PageTexts Texts { get; init; }
    public required IReadOnlyList<TimelineMark> Marks { get; init; }
    public required ulong End { get; init; }
    public required bool HasSpans { get; init; }
    public required ulong CutAt { get; init; }
    public required IReadOnlyList<string> Notes { get; init; }
}

/// <summary>Writes the page: its frame, its data, its script.</summary>
internal sealed class TimelinePage(OutputWriter output)
{
    /// <summary>A multiple of 3: pieces of base64 can stand one behind the other.</summary>
    private const int Piece = 48 * 1024;

    private static readonly string[] s_scripts = ["timeline-data.js", "timeline-draw.js", "timeline-ui.js"];

    private readonly Utf8Buffer _to = output.Buffer;

    public void Write(TimelineData data)
    {
        string title = Page.Xml(data.Options.Title);
        Text($"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>\n");
        Text(Page.Read("timeline.css"));
        Text("</style>\n</head>\n");
        Text(Page.Read("timeline.html").Replace("<!--title-->", title, StringComparison.Ordinal));
        Text("<script type=\"application/json\" id=\"data\">");
        WriteData(data);
        Text("</script>\n<script>\n'use strict';\n(function () {\n");
        foreach (string script in s_scripts)
            Text(Page.Read(script));
        Text("})();\n</script>\n</body>\n</html>\n");
        output.Flush();
    }

    private void WriteData(TimelineData data)
    {
        ulong begin = data.Threads.SelectMany(Begins).DefaultIfEmpty(data.End).Min();
        ulong wall = data.Options.Clock.Wall(begin);
        Text(FormattableString.Invariant($"{{\"wall\":\"{wall}\",\"end\":{Since(data.End, begin)},\"spans\":{(data.HasSpans ? "true" : "false")}"));
        Text(FormattableString.Invariant($",\"cut\":{Since(data.CutAt, begin)},\"title\":{Page.Json(data.Options.Title)}"));
        Text($",\"notes\":[{string.Join(',', data.Notes.Select(Page.Json))}],\"texts\":[");
        for (int i = 0; i < data.Texts.All.Count; i++)
        {
            Text(i == 0 ? "\n" : ",\n");
            Text(Page.Json(ByteText.Of(data.Texts.All[i])));
        }
        Text("],\"errors\":{");
        WriteErrors();
        Text("},\"threads\":[");
        for (int i = 0; i < data.Threads.Count; i++)
            WriteThread(data.Threads[i], begin, i == 0);
        Text("],\"marks\":[");
        for (int i = 0; i < data.Marks.Count; i++)
        {
            TimelineMark mark = data.Marks[i];
            Text(FormattableString.Invariant($"{(i == 0 ? "" : ",")}{(int)mark.Kind},{mark.Thread},{Since(mark.Time, begin)},{mark.Text}"));
        }
        Text("]}");
    }

    private static IEnumerable<ulong> Begins(TimelineThread thread)
    {
        if (thread.SpanCount > 0)
            yield return thread.SpanBegin;
        if (thread.CallCount > 0)
            yield return thread.CallBegin;
    }

    private static ulong Since(ulong time, ulong begin) => time > begin ? time - begin : 0;

    // The names of all errors are small.
    private void WriteErrors()
    {
        string separator = "";
        for (int error = 1; error < 600; error++)
        {
            if (Errno.Name(error) is not { IsEmpty: false } name)
                continue;
            Text(FormattableString.Invariant($"{separator}\"{error}\":\"{Encoding.ASCII.GetString(name)}\""));
            separator = ",";
        }
    }

    private void WriteThread(TimelineThread thread, ulong begin, bool first)
    {
        Text(FormattableString.Invariant($"{(first ? "\n" : ",\n")}[{thread.Tid},{thread.Tgid},{thread.Name},{Since(thread.End, begin)},{thread.SpanCount},{Since(thread.SpanBegin, begin)},\""));
        Base64(thread.Spans.Written);
        Text(FormattableString.Invariant($"\",{thread.CallCount},{Since(thread.CallBegin, begin)},\""));
        Base64(thread.Calls.Written);
        Text("\"]");
    }

    private void Base64(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            ReadOnlySpan<byte> piece = bytes[..Math.Min(bytes.Length, Piece)];
            System.Buffers.Text.Base64.EncodeToUtf8(piece, _to.Room(System.Buffers.Text.Base64.GetMaxEncodedToUtf8Length(piece.Length)), out _, out int written);
            _to.Length += written;
            bytes = bytes[piece.Length..];
            FlushFull();
        }
    }

    private void Text(string text)
    {
        _to.Length += Encoding.UTF8.GetBytes(text, _to.Room(Encoding.UTF8.GetMaxByteCount(text.Length)));
        FlushFull();
    }

    private void FlushFull()
    {
        if (_to.Length > 128 * 1024)
            output.Flush();
    }
}
