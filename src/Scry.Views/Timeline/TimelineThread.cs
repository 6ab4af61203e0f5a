using Scry.Syscalls;
using Scry.Wire;

namespace Scry.Views.Timeline;

/// <summary>One thread's life as the page has it: numbers of 7 bits a byte, each time as the difference to the one before.</summary>
internal sealed class TimelineThread(uint tid, uint tgid)
{
    /// <summary>Bits of a span's flags that <see cref="SpanFlags"/> does not have: what is known of it.</summary>
    private const byte Gap = 0x10, LeftSeen = 0x20, WokenSeen = 0x40;
    private const byte Failed = 0x01, HasSplit = 0x02, HasWaker = 0x04, Unfinished = 0x08, Coarse = 0x10, NoEntry = 0x20;

    private ulong _spanEnd, _callEnd;
    private bool _gap;

    public uint Tid { get; } = tid;
    public uint Tgid { get; } = tgid;
    /// <summary>What the times of its spans count from.</summary>
    public ulong SpanBegin { get; private set; }
    /// <summary>What those of its calls count from.</summary>
    public ulong CallBegin { get; private set; }
    /// <summary>0: it lived at the end.</summary>
    public ulong End { get; set; }
    /// <summary>Numbers of its names' texts, the last first shown.</summary>
    public int Name { get; set; } = -1;
    public int SpanCount { get; private set; }
    public int CallCount { get; private set; }
    public Utf8Buffer Spans { get; } = new(0);
    public Utf8Buffer Calls { get; } = new(0);

    /// <summary>What comes next may have come otherwise: records are missing.</summary>
    public void Lose() => _gap = true;

    public void Add(in SpanRecord span, int waker)
    {
        var times = new SpanTimes(in span, _spanEnd);
        if (SpanCount == 0)
            _spanEnd = SpanBegin = times.Left > 0 ? times.Left : times.Woken > 0 ? times.Woken : span.Header.Time;
        byte flags = (byte)((byte)times.Flags & 0x0f | (_gap ? Gap : 0) | (times.Left > 0 ? LeftSeen : 0) | (times.Woken > 0 ? WokenSeen : 0));
        _gap = false;
        Spans.Append(flags);
        ulong at = _spanEnd;
        if (times.Left > 0)
            at = Next(Spans, at, times.Left);
        if (times.Woken > 0)
            at = Next(Spans, at, times.Woken);
        _spanEnd = Next(Spans, at, span.Header.Time);
        Number(Spans, Math.Min(span.Cpu, ushort.MaxValue));
        Number(Spans, span.Header.Detail);
        Number(Spans, (ulong)(waker + 1));
        SpanCount++;
    }

    /// <param name="call">The call.</param>
    /// <param name="name">Number of its name's text.</param>
    /// <param name="text">Number of its whole text; -1: there was no room for it.</param>
    /// <param name="waker">Number of the name of who ended its longest wait; -1: nobody knows.</param>
    public void Add(in CallRecord call, int name, int text, int waker)
    {
        ulong end = Math.Max(call.Header.Time, _callEnd), begin = call.Header.Time - Math.Min(call.Fixed.Duration, call.Header.Time);
        if (CallCount == 0)
            _callEnd = CallBegin = begin;
        bool unfinished = (call.Flags & CallFlags.Unfinished) != 0;
        int error = !unfinished && call.Result is < 0 and >= -4095 ? (int)-call.Result : 0;
        bool split = call.TrySplit(out CallSplit parts);
        byte flags = (byte)((error > 0 ? Failed : 0) | (split ? HasSplit : 0) | (waker >= 0 ? HasWaker : 0) | (unfinished ? Unfinished : 0)
            | (call.IsCoarse ? Coarse : 0) | ((call.Flags & CallFlags.NoEntry) != 0 ? NoEntry : 0));
        Calls.Append(flags);
        ulong at = Next(Calls, _callEnd, begin);
        _callEnd = Next(Calls, at, end);
        Number(Calls, (ulong)name);
        Number(Calls, (ulong)(text + 1));
        if (error > 0)
            Number(Calls, (ulong)error);
        if (split)
            Add(in parts);
        if (waker >= 0)
        {
            call.TryWaits(out CallWaits waits);
            Number(Calls, (ulong)waker);
            Number(Calls, waits.Chain[0].Tid);
            Number(Calls, waits.Longest);
        }
        CallCount++;
    }

    private void Add(in CallSplit split)
    {
        foreach (ulong part in (ReadOnlySpan<ulong>)[split.Queued, split.Preempted, split.Blocked, split.Io, split.Uninterruptible, split.Stopped,
            split.Throttled, split.Longest, split.Waits, split.Preemptions, split.MinorFaults, split.MajorFaults])
            Number(Calls, part);
    }

    // Times of one thread only rise; in a hostile recording they are made to.
    private static ulong Next(Utf8Buffer to, ulong from, ulong time)
    {
        ulong next = Math.Max(from, time);
        Number(to, next - from);
        return next;
    }

    private static void Number(Utf8Buffer to, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            to.Append((byte)(value | 0x80));
        to.Append((byte)value);
    }
}
