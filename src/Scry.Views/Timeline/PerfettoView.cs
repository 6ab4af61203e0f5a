using System.Runtime.InteropServices;
using Scry.Syscalls;
using Scry.Wire;

namespace Scry.Views.Timeline;

/// <summary>
/// A trace that ui.perfetto.dev opens: Chrome's trace events as JSON, written as they come. Each thread has a track of its calls and one of its
/// states, each CPU one of what ran on it; arrows lead from who woke a thread to where it ran on.
/// </summary>
/// <param name="decoder">Writes calls.</param>
/// <param name="output">Where it goes; what is written is JSON as soon as <see cref="Finish"/> or <see cref="Dispose"/> was called.</param>
/// <param name="options">How much may be written, and the clock.</param>
public sealed class PerfettoView(Decoder decoder, OutputWriter output, TimelineOptions options) : RecordView, ITimeline, IDisposable
{
    /// <summary>Added to a thread's id: the id of the track of its states, which cannot be a thread's.</summary>
    internal const ulong StateTrack = 1UL << 30;
    /// <summary>The process whose threads are CPUs.</summary>
    internal const ulong CpuProcess = (1UL << 30) - 1;

    private readonly PerfettoWriter _to = new(output);
    private readonly Utf8Buffer _text = new();
    private readonly Dictionary<uint, Thread> _threads = [];
    private readonly HashSet<uint> _cpus = [];
    private ulong _arrows, _last;
    private bool _closed;

    /// <summary>A thread, and what it does since it got its CPU.</summary>
    private struct Thread
    {
        public ulong Since;
        public uint Tgid, Cpu;
        public bool Runs;
        public byte[]? Name;
    }

    /// <inheritdoc/>
    public ulong Cut { get; private set; }

    /// <inheritdoc/>
    public ulong Spans { get; private set; }

    /// <inheritdoc/>
    public override void Finish(in RunSummary summary)
    {
        foreach ((uint tid, Thread thread) in _threads)
            EndRun(tid, in thread, Math.Max(_last, thread.Since));
        Close();
    }

    /// <summary>Ends the JSON of a run that failed, as far as it can be written.</summary>
    public void Dispose()
    {
        try
        {
            Close();
        }
        catch (OutputException)
        {
            // Whoever wrote before was told.
        }
    }

    private void Close()
    {
        if (_closed)
            return;
        _closed = true;
        _to.End(options.Clock.Wall(_last) - _last, options.Title, Cut);
        output.Flush();
    }

    /// <inheritdoc/>
    private protected override void WriteTask(in RecordHeader header, in TaskState task)
    {
        Of(in header).Name = task.Name.ToArray();
        Name(header.Tgid, header.Tid, task.Name);
    }

    /// <inheritdoc/>
    private protected override void WriteCall(in CallRecord call, in TaskState task)
    {
        Of(in call.Header);
        if (!HasRoom())
            return;
        ulong duration = Math.Min(call.Fixed.Duration, call.Header.Time);
        _text.Clear();
        decoder.WriteName(in call, _text);
        _to.Slice(_text.Written, call.Header.Tgid, call.Header.Tid, call.Header.Time - duration, duration, "call"u8);
        _text.Clear();
        decoder.WriteCall(in call, _text, 0);
        _to.Argument("call"u8, _text.Written);
        bool unfinished = (call.Flags & CallFlags.Unfinished) != 0;
        ReadOnlySpan<byte> error = !unfinished && call.Result is < 0 and >= -4095 ? Errno.Name((int)-call.Result) : default;
        if (!error.IsEmpty)
            _to.Argument("error"u8, error);
        if (call.TrySplit(out CallSplit split))
            WriteSplit(in split, duration);
        if (call.TryWaits(out CallWaits waits) && waits.Links > 0)
            WriteWaker(in waits.Chain[0]);
        _to.Close();
        if (!error.IsEmpty)
            _to.Instant(error, call.Header.Tgid, call.Header.Tid, call.Header.Time, "error"u8);
    }

    private void WriteSplit(in CallSplit split, ulong duration)
    {
        ulong off = split.Queued + split.Preempted + split.Blocked;
        _to.Argument("on_cpu_ns"u8, duration > off ? duration - off : 0);
        _to.Argument("queued_ns"u8, split.Queued);
        _to.Argument("preempted_ns"u8, split.Preempted);
        _to.Argument("blocked_ns"u8, split.Blocked);
        _to.Argument("io_ns"u8, split.Io);
    }

    private void WriteWaker(in WakerLink link)
    {
        _to.Argument("waker"u8, link.Comm.Text);
        _to.Argument("waker_tid"u8, (ulong)link.Tid);
    }

    /// <inheritdoc/>
    private protected override void WriteSpan(in SpanRecord span, in TaskState task)
    {
        Spans++;
        ref Thread thread = ref Of(in span.Header);
        (uint tgid, uint tid, ulong time) = (span.Header.Tgid, span.Header.Tid, span.Header.Time);
        var times = new SpanTimes(in span, thread.Since);
        if (times.Left > 0)
        {
            EndRun(tid, in thread, times.Left);
            if (HasRoom())
                WriteOff(in span, in times, tgid, tid);
        }
        if (span.Waker != 0 && times.Woken > 0 && (times.Flags & SpanFlags.Open) == 0 && HasRoom())
            WriteArrow(span.Waker, tgid, tid, times.Woken, time);
        thread.Since = time;
        thread.Cpu = span.Cpu;
        thread.Runs = (times.Flags & SpanFlags.Open) == 0;
    }

    private void WriteOff(in SpanRecord span, in SpanTimes times, uint tgid, uint tid)
    {
        ulong state = StateTrack + tid;
        if (times.Woken > times.Left)
        {
            _to.Slice(TimelineState.Name(span.Header.Detail, times.Flags), tgid, state, times.Left, times.Woken - times.Left, "state"u8);
            _to.Close();
        }
        ulong from = Math.Max(times.Woken, times.Left);
        if (span.Header.Time > from || times.Woken == 0)
        {
            bool preempted = (times.Flags & SpanFlags.Preempted) != 0;
            ReadOnlySpan<byte> name = preempted ? "preempted"u8 : times.Woken > 0 ? "waiting for a CPU"u8 : TimelineState.Name(span.Header.Detail, times.Flags);
            _to.Slice(name, tgid, state, from, span.Header.Time - from, "state"u8);
            _to.Close();
        }
    }

    private void WriteArrow(uint waker, uint tgid, uint tid, ulong woken, ulong time)
    {
        _arrows++;
        // Of a waker that was never seen nobody knows the process.
        _to.Arrow((byte)'s', _arrows, _threads.TryGetValue(waker, out Thread thread) ? thread.Tgid : waker, StateTrack + waker, woken);
        _to.Arrow((byte)'f', _arrows, tgid, StateTrack + tid, time);
    }

    private void EndRun(uint tid, in Thread thread, ulong time)
    {
        if (!thread.Runs || time < thread.Since || !HasRoom())
            return;
        _to.Slice("running"u8, thread.Tgid, StateTrack + tid, thread.Since, time - thread.Since, "state"u8);
        _to.Argument("cpu"u8, (ulong)thread.Cpu);
        _to.Close();
        if (_cpus.Add(thread.Cpu))
        {
            if (_cpus.Count == 1)
                _to.Name("process_name"u8, CpuProcess, 0, "CPUs"u8);
            _text.Clear();
            _text.Append("CPU "u8);
            _text.AppendDecimal((ulong)thread.Cpu);
            _to.Name("thread_name"u8, CpuProcess, thread.Cpu, _text.Written);
        }
        _text.Clear();
        _text.Append(thread.Name ?? "?"u8);
        _text.Append((byte)' ');
        _text.AppendDecimal((ulong)tid);
        _to.Slice(_text.Written, CpuProcess, thread.Cpu, thread.Since, time - thread.Since, "cpu"u8);
        _to.Close();
    }

    /// <inheritdoc/>
    private protected override void WriteSignal(in SignalRecord signal, in TaskState task)
    {
        Of(in signal.Header);
        if (!HasRoom())
            return;
        _text.Clear();
        SignalNames.Append(_text, signal.Header.Detail);
        _to.Instant(_text.Written, signal.Header.Tgid, signal.Header.Tid, signal.Header.Time, "signal"u8);
    }

    /// <inheritdoc/>
    private protected override void WriteExit(in RecordHeader header, in TaskState task)
    {
        Thread thread = Of(in header);
        EndRun(header.Tid, in thread, header.Time);
        if (HasRoom())
        {
            _text.Clear();
            TimelineState.Exit(_text, header.Detail);
            _to.Instant(_text.Written, header.Tgid, header.Tid, header.Time, "exit"u8);
        }
        _threads.Remove(header.Tid);
    }

    /// <inheritdoc/>
    private protected override void WriteGap(in RecordHeader header, in TaskState task, uint missing)
    {
        ref Thread thread = ref Of(in header);
        // It may have left its CPU meanwhile.
        thread.Runs = false;
        if (!HasRoom())
            return;
        _text.Clear();
        TimelineState.Gap(_text, missing);
        _to.Instant(_text.Written, header.Tgid, header.Tid, header.Time, "lost"u8);
    }

    private ref Thread Of(in RecordHeader header)
    {
        if (_threads.Count >= TimelineOptions.MostThreads && !_threads.ContainsKey(header.Tid))
            _threads.Clear();
        _last = Math.Max(_last, header.Time);
        ref Thread thread = ref CollectionsMarshal.GetValueRefOrAddDefault(_threads, header.Tid, out _);
        thread.Tgid = header.Tgid;
        return ref thread;
    }

    private void Name(uint tgid, uint tid, ReadOnlySpan<byte> name)
    {
        if (tgid == tid)
            _to.Name("process_name"u8, tgid, tid, name);
        _to.Name("thread_name"u8, tgid, tid, name);
        _text.Clear();
        _text.Append(name);
        _text.Append(" (state)"u8);
        _to.Name("thread_name"u8, tgid, StateTrack + tid, _text.Written);
    }

    private bool HasRoom()
    {
        if (_to.Bytes < options.MostBytes)
            return true;
        Cut++;
        return false;
    }
}
