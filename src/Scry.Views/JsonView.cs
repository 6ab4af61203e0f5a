using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Syscalls;
using Scry.Views.Slow;
using Scry.Wire;

namespace Scry.Views;

/// <summary>JSON Lines: one object for each record, gap and the end of the run, as docs/JSON.md describes them.</summary>
/// <param name="decoder">Writes the calls.</param>
/// <param name="output">Where the lines go.</param>
/// <param name="clock">What the clock on the wall showed.</param>
/// <param name="cgroupPath">The path of a cgroup by its id, or null; asked once for each cgroup.</param>
/// <param name="inIncident">As <see cref="LineOptions.InIncident"/>.</param>
/// <param name="stacks">Names addresses, where calls carry where their time went; null: that is not told.</param>
/// <param name="callsAlone">As <see cref="LineOptions.CallsAlone"/>.</param>
public sealed class JsonView(
    Decoder decoder, OutputWriter output, WallClock clock, Func<ulong, string?>? cgroupPath, IncidentFinder? inIncident = null, IStackNames? stacks = null, bool callsAlone = false) : RecordView
{
    private static readonly byte[][] Reasons =
        [[.. "ring_full"u8], [.. "too_large"u8], [.. "nested"u8], [.. "no_state"u8]];

    private readonly Utf8Buffer _to = output.Buffer;
    private readonly TimeText _time = new(clock);
    private readonly SplitJson? _split = stacks is null ? null : new SplitJson(stacks, decoder, output.Buffer);
    private readonly CgroupColumn _cgroups = new(cgroupPath);

    /// <inheritdoc/>
    public override void Finish(in RunSummary summary)
    {
        _to.Append("{\"type\":\"summary\",\"calls\":"u8);
        _to.AppendDecimal(summary.Calls);
        _to.Append(summary.Complete ? ",\"complete\":true"u8 : ",\"complete\":false"u8);
        _to.Append(",\"lost\":"u8);
        _to.AppendDecimal(summary.TotalLost);
        _to.Append(",\"reasons\":{"u8);
        for (int i = 0; i < Math.Min(Reasons.Length, summary.Lost.Length); i++)
        {
            _to.Append(i == 0 ? "\""u8 : ",\""u8);
            _to.Append(Reasons[i]);
            _to.Append("\":"u8);
            _to.AppendDecimal(summary.Lost[i]);
        }
        _to.Append((byte)'}');
        if (summary.Covers is { } covers)
        {
            _to.Append(",\"covers_ns\":"u8);
            _to.AppendDecimal(covers);
        }
        if (summary.GivenUp.Count > 0)
            WriteGivenUp(summary.GivenUp);
        End();
        output.Flush();
    }

    private void WriteGivenUp(IReadOnlyList<GivenUpSpan> spans)
    {
        string before = ",\"given_up\":[";
        foreach (GivenUpSpan span in spans)
        {
            Text($"{before}{{\"what\":");
            before = ",";
            Quote.Json(_to, System.Text.Encoding.UTF8.GetBytes(span.What));
            _to.Append(",\"from\":\""u8);
            TimeText.WriteSeconds(_to, _time.Wall(span.From), 9);
            _to.Append((byte)'"');
            if (span.To is { } to)
            {
                _to.Append(",\"to\":\""u8);
                TimeText.WriteSeconds(_to, _time.Wall(to), 9);
                _to.Append((byte)'"');
            }
            if (span.Cgroup is { } cgroup)
            {
                _to.Append(",\"cgroup\":"u8);
                Quote.Json(_to, System.Text.Encoding.UTF8.GetBytes(cgroup));
            }
            if (span.Calls is { } calls)
            {
                _to.Append(",\"calls\":"u8);
                Quote.JsonNumber(_to, calls);
            }
            Text(string.Create(CultureInfo.InvariantCulture, $",\"cpu_percent\":{100 * span.CpuShare:F3}}}"));
        }
        _to.Append((byte)']');
    }

    private void Text(string text) => _to.Append(System.Text.Encoding.UTF8.GetBytes(text));

    /// <inheritdoc/>
    private protected override void WriteCall(in CallRecord call, in TaskState task)
    {
        ulong duration = call.Fixed.Duration;
        Begin("call"u8, in call.Header, in task, call.Header.Time - duration, call.IsCoarse ? TimeText.CoarseDecimals : 9);
        _to.Append((byte)',');
        decoder.WriteCallJson(in call, _to);
        _split?.Write(in call);
        End();
    }

    /// <inheritdoc/>
    private protected override void WriteSignal(in SignalRecord signal, in TaskState task)
    {
        if (callsAlone)
            return;
        var info = new SignalInfo(in signal);
        Begin("signal"u8, in signal.Header, in task, signal.Header.Time);
        _to.Append(",\"signal\":\""u8);
        SignalNames.Append(_to, info.Signal);
        _to.Append("\",\"signo\":"u8);
        _to.AppendDecimal((ulong)info.Signal);
        ReadOnlySpan<byte> code = SignalNames.Code(info.Signal, info.Code);
        if (!code.IsEmpty)
        {
            _to.Append(",\"code\":\""u8);
            _to.Append(code);
            _to.Append((byte)'"');
        }
        Number(",\"si_code\":"u8, info.Code);
        if (info.Errno != 0)
            Number(",\"si_errno\":"u8, info.Errno);
        WriteMembers(info);
        End();
    }

    private void WriteMembers(SignalInfo info)
    {
        if (info.Shape is SignalShape.Sender or SignalShape.Value or SignalShape.Child)
        {
            Number(",\"si_pid\":"u8, info.Pid);
            Number(",\"si_uid\":"u8, info.Uid);
        }
        switch (info.Shape)
        {
            case SignalShape.Value:
                WriteValue(info);
                break;
            case SignalShape.Timer:
                Number(",\"si_timerid\":"u8, info.TimerId);
                Number(",\"si_overrun\":"u8, info.Overrun);
                WriteValue(info);
                break;
            case SignalShape.Child:
                Number(",\"si_status\":"u8, info.Status);
                Number(",\"si_utime\":"u8, info.UserTicks);
                Number(",\"si_stime\":"u8, info.SystemTicks);
                break;
            case SignalShape.Fault:
                Address(",\"si_addr\":\""u8, info.Address);
                break;
            case SignalShape.Poll:
                Number(",\"si_band\":"u8, info.Band);
                Number(",\"si_fd\":"u8, info.Descriptor);
                break;
            case SignalShape.SystemCall:
                Address(",\"si_call_addr\":\""u8, info.Address);
                Number(",\"si_syscall\":"u8, info.SystemCallNumber);
                Number(",\"si_arch\":"u8, info.Architecture);
                break;
        }
    }

    private void WriteValue(SignalInfo info)
    {
        Number(",\"si_int\":"u8, info.Int);
        Address(",\"si_ptr\":\""u8, info.Pointer);
    }

    /// <inheritdoc/>
    private protected override void WriteGap(in RecordHeader header, in TaskState task, uint missing)
    {
        Begin("gap"u8, in header, in task, header.Time);
        ulong incident = 0;
        uint kept = inIncident?.Invoke(header.Tid, header.Seq - missing, missing, out incident) ?? 0;
        Number(",\"lost\":"u8, missing - kept);
        if (kept > 0)
        {
            Number(",\"kept\":"u8, kept);
            Number(",\"incident\":"u8, (long)incident);
        }
        End();
    }

    /// <inheritdoc/>
    private protected override void WriteExit(in RecordHeader header, in TaskState task)
    {
        if (callsAlone)
            return;
        var status = new ExitStatus(header.Detail);
        Begin("exit"u8, in header, in task, header.Time);
        if (status.Signal == 0)
        {
            Number(",\"code\":"u8, status.Code);
        }
        else
        {
            _to.Append(",\"signal\":\""u8);
            SignalNames.Append(_to, status.Signal);
            _to.Append(status.CoreDumped ? "\",\"core\":true"u8 : "\",\"core\":false"u8);
        }
        _to.Append((header.Flags & 1) != 0 ? ",\"process_ended\":true"u8 : ",\"process_ended\":false"u8);
        End();
    }

    /// <inheritdoc/>
    private protected override void WriteTask(in RecordHeader header, in TaskState task)
    {
        if (callsAlone)
            return;
        var flags = (TaskFlags)header.Flags;
        Begin("task"u8, in header, in task, header.Time);
        Number(",\"ppid\":"u8, task.ParentTgid);
        Number(",\"uid\":"u8, task.Uid);
        _to.Append(",\"cgroup_id\":\""u8);
        _to.AppendDecimal(task.CgroupId);
        _to.Append((flags & TaskFlags.Exec) != 0 ? "\",\"why\":\"exec\""u8
            : (flags & TaskFlags.Fork) != 0 ? "\",\"why\":\"fork\""u8
            : (flags & TaskFlags.Rename) != 0 ? "\",\"why\":\"rename\""u8
            : (flags & TaskFlags.Again) != 0 ? "\",\"why\":\"again\""u8
            : "\",\"why\":\"first\""u8);
        End();
    }

    private void Begin(ReadOnlySpan<byte> type, in RecordHeader header, in TaskState task, ulong time, int decimals = 9)
    {
        _to.Append("{\"type\":\""u8);
        _to.Append(type);
        // Text: a reader of floating-point numbers would lose the nanoseconds.
        _to.Append("\",\"time\":\""u8);
        TimeText.WriteSeconds(_to, _time.Wall(time), decimals);
        Number("\",\"pid\":"u8, header.Tgid);
        Number(",\"tid\":"u8, header.Tid);
        if (!task.Named)
            return;
        _to.Append(",\"comm\":\""u8);
        Quote.JsonInside(_to, task.Name);
        ReadOnlySpan<byte> cgroup = _cgroups.Path(task.CgroupId);
        if (!cgroup.IsEmpty)
        {
            _to.Append("\",\"cgroup\":\""u8);
            Quote.JsonInside(_to, cgroup);
        }
        _to.Append((byte)'"');
    }

    private void End()
    {
        _to.Append((byte)'}');
        output.EndLine();
    }

    private void Number(ReadOnlySpan<byte> name, long value)
    {
        _to.Append(name);
        Quote.JsonNumber(_to, value);
    }

    private void Address(ReadOnlySpan<byte> name, ulong value)
    {
        _to.Append(name);
        _to.AppendHex(value);
        _to.Append((byte)'"');
    }
}
