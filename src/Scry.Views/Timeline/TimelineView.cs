using Scry.Syscalls;
using Scry.Wire;

namespace Scry.Views.Timeline;

/// <summary>
/// What threads did over time, as one page that needs nothing else: their states, what ran on which CPU, and their calls. It is kept in memory,
/// bounded, and written at the end; what found no room is said in the page.
/// </summary>
/// <param name="decoder">Writes calls.</param>
/// <param name="output">Where the page goes.</param>
/// <param name="options">How much is kept, and the clock.</param>
public sealed class TimelineView(Decoder decoder, OutputWriter output, TimelineOptions options) : RecordView, ITimeline
{
    /// <summary>A mark costs about so many bytes.</summary>
    private const int MarkCost = 24;
    /// <summary>base64 makes 4 characters of 3 bytes.</summary>
    private const int Base64Of = 4, Base64From = 3;

    private readonly Utf8Buffer _text = new();
    private readonly PageTexts _texts = new();
    private readonly List<TimelineThread> _threads = [];
    private readonly Dictionary<uint, int> _living = [];
    private readonly List<TimelineMark> _marks = [];
    private long _bytes;
    private ulong _end, _cutAt;
    private ulong _cutSpans, _cutCalls, _cutMarks, _cutTexts;

    /// <inheritdoc/>
    public ulong Cut => _cutSpans + _cutCalls + _cutMarks;

    /// <inheritdoc/>
    public ulong Spans { get; private set; }

    /// <inheritdoc/>
    public override void Finish(in RunSummary summary)
    {
        new TimelinePage(output).Write(new TimelineData
        {
            Options = options,
            Threads = _threads,
            Texts = _texts,
            Marks = _marks,
            End = _end,
            HasSpans = Spans > 0,
            CutAt = _cutAt,
            Notes = Notes(in summary),
        });
    }

    private List<string> Notes(in RunSummary summary)
    {
        List<string> notes = [];
        if (Spans == 0)
            notes.Add("calls alone: there is nothing of the scheduler in it");
        if (summary.TotalLost > 0)
            notes.Add(FormattableString.Invariant($"{summary.TotalLost} records were lost: where a thread's are, is marked"));
        else if (!summary.Complete)
            notes.Add("not all of the run was seen");
        if (Cut > 0)
            notes.Add(FormattableString.Invariant($"cut: no room for {_cutSpans} spans, {_cutCalls} calls and {_cutMarks} marks from the red line on"));
        if (_cutTexts > 0)
            notes.Add(FormattableString.Invariant($"no room for the texts of {_cutTexts} calls: these have their names alone"));
        return notes;
    }

    /// <inheritdoc/>
    private protected override void WriteTask(in RecordHeader header, in TaskState task) => Of(in header, in task).Name = _texts.Of(task.Name);

    /// <inheritdoc/>
    private protected override void WriteCall(in CallRecord call, in TaskState task)
    {
        TimelineThread thread = Of(in call.Header, in task);
        if (!HasRoom(call.Header.Time))
        {
            _cutCalls++;
            return;
        }
        _text.Clear();
        decoder.WriteName(in call, _text);
        int name = _texts.Of(_text.Written);
        _text.Clear();
        decoder.WriteCall(in call, _text, 0);
        // Half of the room is for texts: of the rest, the name will do.
        int text = _texts.Of(_text.Written, _texts.Bytes < options.MostBytes / 2);
        if (text < 0)
            _cutTexts++;
        int waker = call.TryWaits(out CallWaits waits) && waits.Links > 0 ? _texts.Of(waits.Chain[0].Comm.Text) : -1;
        int before = thread.Calls.Length;
        thread.Add(in call, name, text, waker);
        _bytes += thread.Calls.Length - before;
    }

    /// <inheritdoc/>
    private protected override void WriteSpan(in SpanRecord span, in TaskState task)
    {
        Spans++;
        TimelineThread thread = Of(in span.Header, in task);
        if (!HasRoom(span.Header.Time))
        {
            _cutSpans++;
            return;
        }
        int before = thread.Spans.Length;
        // Who woke it may be no target; it then has no row.
        thread.Add(in span, span.Waker != 0 && _living.TryGetValue(span.Waker, out int waker) ? waker : -1);
        _bytes += thread.Spans.Length - before;
    }

    /// <inheritdoc/>
    private protected override void WriteSignal(in SignalRecord signal, in TaskState task)
    {
        _text.Clear();
        SignalText.Write(_text, new SignalInfo(in signal));
        Mark(TimelineMarkKind.Signal, in signal.Header, in task);
    }

    /// <inheritdoc/>
    private protected override void WriteExit(in RecordHeader header, in TaskState task)
    {
        _text.Clear();
        TimelineState.Exit(_text, header.Detail);
        Mark(TimelineMarkKind.Exit, in header, in task);
        Of(in header, in task).End = header.Time;
        _living.Remove(header.Tid);
    }

    /// <inheritdoc/>
    private protected override void WriteGap(in RecordHeader header, in TaskState task, uint missing)
    {
        _text.Clear();
        TimelineState.Gap(_text, missing);
        Mark(TimelineMarkKind.Gap, in header, in task);
        Of(in header, in task).Lose();
    }

    private void Mark(TimelineMarkKind kind, in RecordHeader header, in TaskState task)
    {
        Of(in header, in task);
        if (!HasRoom(header.Time))
        {
            _cutMarks++;
            return;
        }
        _marks.Add(new TimelineMark(kind, _living[header.Tid], header.Time, _texts.Of(_text.Written)));
        _bytes += MarkCost;
    }

    private TimelineThread Of(in RecordHeader header, in TaskState task)
    {
        _end = Math.Max(_end, header.Time);
        if (_living.TryGetValue(header.Tid, out int at))
            return _threads[at];
        // Beyond these, threads share the last one's row: a run of that many is no picture any more.
        if (_threads.Count >= TimelineOptions.MostThreads)
        {
            _living[header.Tid] = _threads.Count - 1;
            return _threads[^1];
        }
        var thread = new TimelineThread(header.Tid, header.Tgid) { Name = task.Named ? _texts.Of(task.Name) : -1 };
        _living[header.Tid] = _threads.Count;
        _threads.Add(thread);
        _bytes += 100;
        return thread;
    }

    private bool HasRoom(ulong time)
    {
        if (_bytes * Base64Of / Base64From + _texts.Bytes < options.MostBytes)
            return true;
        if (_cutAt == 0)
            _cutAt = time;
        return false;
    }
}
