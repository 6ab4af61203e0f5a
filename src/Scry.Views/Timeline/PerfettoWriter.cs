using System.Globalization;
using System.Text;
using Scry.Syscalls;

namespace Scry.Views.Timeline;

/// <summary>Writes Chrome's trace events: one object for each, times in microseconds.</summary>
internal sealed class PerfettoWriter(OutputWriter output)
{
    private readonly Utf8Buffer _to = output.Buffer;
    private bool _begun, _arguments;
    private long _flushed;
    private int _before;

    /// <summary>Bytes written.</summary>
    public long Bytes => _flushed;

    /// <summary>A slice; arguments may follow, then <see cref="Close"/>.</summary>
    public void Slice(ReadOnlySpan<byte> name, ulong pid, ulong tid, ulong begin, ulong duration, ReadOnlySpan<byte> category)
    {
        Begin("X"u8, name, pid, tid, begin);
        _to.Append(",\"dur\":"u8);
        Time(duration);
        Category(category);
    }

    /// <summary>An argument of the slice that is open.</summary>
    public void Argument(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        ArgumentName(name);
        Quote.Json(_to, value);
    }

    /// <summary>An argument of the slice that is open.</summary>
    public void Argument(ReadOnlySpan<byte> name, ulong value)
    {
        ArgumentName(name);
        Quote.JsonNumber(_to, value);
    }

    /// <summary>Ends a slice.</summary>
    public void Close()
    {
        if (_arguments)
            _to.Append((byte)'}');
        _arguments = false;
        End();
    }

    /// <summary>Something that has no duration, of a thread.</summary>
    public void Instant(ReadOnlySpan<byte> name, ulong pid, ulong tid, ulong time, ReadOnlySpan<byte> category)
    {
        Begin("i"u8, name, pid, tid, time);
        _to.Append(",\"s\":\"t\""u8);
        Category(category);
        End();
    }

    /// <summary>An end of an arrow: its begin (s) or its head (f).</summary>
    public void Arrow(byte phase, ulong id, ulong pid, ulong tid, ulong time)
    {
        Begin(phase == 's' ? "s"u8 : "f"u8, "wakes"u8, pid, tid, time);
        Category("wake"u8);
        _to.Append(",\"id\":"u8);
        _to.AppendDecimal(id);
        if (phase == 'f')
            _to.Append(",\"bp\":\"e\""u8);
        End();
    }

    /// <summary>Names a process or a thread.</summary>
    public void Name(ReadOnlySpan<byte> what, ulong pid, ulong tid, ReadOnlySpan<byte> name)
    {
        Separate();
        _to.Append("{\"ph\":\"M\",\"name\":\""u8);
        _to.Append(what);
        _to.Append("\",\"pid\":"u8);
        _to.AppendDecimal(pid);
        _to.Append(",\"tid\":"u8);
        _to.AppendDecimal(tid);
        _to.Append(",\"args\":{\"name\":"u8);
        Quote.Json(_to, name);
        _to.Append((byte)'}');
        End();
    }

    /// <summary>Ends the file.</summary>
    /// <param name="offset">Nanoseconds from the trace's clock to the wall's.</param>
    /// <param name="title">What was traced; hostile.</param>
    /// <param name="cut">Events that found no room.</param>
    public void End(ulong offset, string title, ulong cut)
    {
        Separate(comma: false);
        _to.Append("],\"displayTimeUnit\":\"ns\",\"otherData\":{\"title\":"u8);
        Quote.Json(_to, Encoding.UTF8.GetBytes(title));
        _to.Append(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture,
            $",\"clock\":\"CLOCK_MONOTONIC\",\"realtime_offset_ns\":\"{(long)offset}\",\"events_cut\":{cut}}}}}")));
        output.EndLine();
    }

    private void Begin(ReadOnlySpan<byte> phase, ReadOnlySpan<byte> name, ulong pid, ulong tid, ulong time)
    {
        Separate();
        _to.Append("{\"ph\":\""u8);
        _to.Append(phase);
        _to.Append("\",\"name\":"u8);
        Quote.Json(_to, name);
        _to.Append(",\"pid\":"u8);
        _to.AppendDecimal(pid);
        _to.Append(",\"tid\":"u8);
        _to.AppendDecimal(tid);
        _to.Append(",\"ts\":"u8);
        Time(time);
    }

    private void Category(ReadOnlySpan<byte> category)
    {
        _to.Append(",\"cat\":\""u8);
        _to.Append(category);
        _to.Append((byte)'"');
    }

    private void ArgumentName(ReadOnlySpan<byte> name)
    {
        _to.Append(_arguments ? ",\""u8 : ",\"args\":{\""u8);
        _arguments = true;
        _to.Append(name);
        _to.Append("\":"u8);
    }

    // Microseconds with nanoseconds as decimals.
    private void Time(ulong nanoseconds)
    {
        _to.AppendDecimal(nanoseconds / 1000);
        ulong rest = nanoseconds % 1000;
        if (rest == 0)
            return;
        _to.Append((byte)'.');
        _to.Append((byte)('0' + rest / 100));
        _to.Append((byte)('0' + rest / 10 % 10));
        _to.Append((byte)('0' + rest % 10));
    }

    private void Separate(bool comma = true)
    {
        _before = _to.Length;
        if (!_begun)
            _to.Append("{\"traceEvents\":[\n"u8);
        else if (comma)
            _to.Append((byte)',');
        _begun = true;
    }

    private void End()
    {
        _to.Append((byte)'}');
        _flushed += _to.Length - _before + 1;
        output.EndLine();
    }
}
