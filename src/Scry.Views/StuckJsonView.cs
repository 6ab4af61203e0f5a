using System.Globalization;
using Scry.Syscalls;

namespace Scry.Views;

/// <summary>Blocked threads as JSON Lines, an object each, as docs/JSON.md describes them.</summary>
/// <param name="output">Where the lines go.</param>
/// <param name="realtimeOffset">Nanoseconds to add to CLOCK_MONOTONIC to have CLOCK_REALTIME.</param>
public sealed class StuckJsonView(OutputWriter output, long realtimeOffset)
{
    private readonly Utf8Buffer _to = output.Buffer;
    private readonly TimeText _time = new(realtimeOffset);

    /// <summary>Writes all of them, the most suspicious first, and a last line that counts.</summary>
    /// <param name="entries">The threads.</param>
    /// <param name="blocked">How many were blocked, those included that are not shown.</param>
    /// <exception cref="OutputException">The output cannot be written.</exception>
    public void Write(IReadOnlyList<StuckEntry> entries, int blocked)
    {
        foreach (StuckEntry entry in StuckView.Sort(entries))
            Write(entry);
        _to.Append("{\"type\":\"summary\",\"stuck\":"u8);
        _to.AppendDecimal((long)entries.Count);
        Number(",\"blocked\":"u8, blocked);
        _to.Append((byte)'}');
        output.EndLine();
        output.Flush();
    }

    private void Write(StuckEntry entry)
    {
        _to.Append("{\"type\":\"stuck\",\"time\":\""u8);
        TimeText.WriteSeconds(_to, _time.Wall(entry.Time), 9);
        Number("\",\"pid\":"u8, entry.Tgid);
        Number(",\"tid\":"u8, entry.Tid);
        _to.Append(",\"comm\":"u8);
        Quote.Json(_to, entry.Comm);
        String(",\"process\":"u8, entry.ProcessComm);
        if (entry.Cgroup is { } cgroup)
            String(",\"cgroup\":"u8, cgroup);
        Number(",\"ppid\":"u8, entry.ParentTgid);
        Number(",\"uid\":"u8, entry.Uid);
        String(",\"state\":"u8, entry.State.ToString());
        _to.Append(",\"idle\":"u8);
        Quote.JsonNumber(_to, entry.IdleNs);
        if (entry.Call.Length > 0)
        {
            _to.Append((byte)',');
            _to.Append(entry.Call);
        }
        String(",\"wchan\":"u8, entry.WaitChannel);
        _to.Append(",\"stack\":["u8);
        for (int i = 0; i < entry.Stack.Count; i++)
            String(i == 0 ? ""u8 : ","u8, entry.Stack[i]);
        _to.Append("],\"holders\":["u8);
        for (int i = 0; i < entry.Holders.Count; i++)
        {
            if (i > 0)
                _to.Append((byte)',');
            Write(entry.Holders[i]);
        }
        _to.Append("]}"u8);
        output.EndLine();
    }

    private void Write(StuckHolder holder)
    {
        String("{\"kind\":"u8, holder.Kind);
        String(",\"text\":"u8, holder.Text);
        if (holder.Basis is { } basis)
            String(",\"basis\":"u8, basis);
        _to.Append(",\"tasks\":["u8);
        for (int i = 0; i < holder.Tasks.Count; i++)
        {
            StuckHolderTask task = holder.Tasks[i];
            Number(i == 0 ? "{\"pid\":"u8 : ",{\"pid\":"u8, task.Pid);
            Number(",\"tid\":"u8, task.Tid);
            String(",\"comm\":"u8, task.Comm);
            String(",\"process\":"u8, task.ProcessComm);
            if (task.State is { } state)
                String(",\"state\":"u8, state.ToString(CultureInfo.InvariantCulture));
            if (task.Fd is { } fd)
                Number(",\"fd\":"u8, fd);
            if (task.Doing is { } call)
                String(",\"doing\":"u8, call);
            _to.Append((byte)'}');
        }
        _to.Append("]}"u8);
    }

    private void String(ReadOnlySpan<byte> name, string value)
    {
        _to.Append(name);
        Quote.Json(_to, value);
    }

    private void Number(ReadOnlySpan<byte> name, long value)
    {
        _to.Append(name);
        _to.AppendDecimal(value);
    }
}
