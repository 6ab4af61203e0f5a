using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Syscalls;
using Scry.Views.Slow;
using Scry.Wire;

namespace Scry.Views;

/// <summary>
/// strace's text format: one line for each call, signal and end of a thread, and one where records are missing.
/// </summary>
public sealed class LineView(Decoder decoder, OutputWriter output, LineOptions options) : RecordView
{
    private const int MaxErrno = 4095;

    private readonly Utf8Buffer _to = output.Buffer;
    private readonly TimeText _time = new(options.Clock);
    private readonly CgroupColumn _cgroups = new(options.CgroupPath);
    private readonly Paint _paint = new(output.Buffer, options.Color);
    private readonly CallMarks _marks = new(options.Number, options.InstructionPointer);
    private readonly SplitText? _split = options.Split?.Invoke(decoder, output);

    /// <inheritdoc/>
    public override void Finish(in RunSummary summary) => output.Flush();

    /// <inheritdoc/>
    private protected override void Learn(ReadOnlySpan<byte> record) => decoder.Learn(record);

    /// <inheritdoc/>
    private protected override void WriteCall(in CallRecord call, in TaskState task)
    {
        if (task.ModeChanged && !options.NoModes)
            WriteMode(in call.Header, in task);
        if (options.Statuses != CallStatuses.All && (options.Statuses & StatusOf(in call)) == 0)
            return;
        int line = _to.Length;
        ulong duration = call.Fixed.Duration;
        WriteColumns(in call.Header, in task, call.Header.Time - duration, call.IsCoarse);
        _marks.Call(_to, in call);
        int start = _to.Length;
        decoder.WriteCall(in call, _to, line);
        if (options.Color)
            _paint.Call(start);
        bool inFlight = (options.Overwrites || _split is not null) && (call.Flags & CallFlags.InFlight) != 0 && duration > 0;
        if (inFlight || (options.Duration && (call.Flags & (CallFlags.Unfinished | CallFlags.InFlight | CallFlags.NoEntry)) == 0))
        {
            // Between ticks nothing is known of a coarse one.
            _to.Append(call.IsCoarse ? " <~"u8 : " <"u8);
            TimeText.WriteSeconds(_to, duration, call.IsCoarse ? TimeText.CoarseDecimals : options.DurationDecimals);
            _to.Append(inFlight ? " so far>"u8 : ">"u8);
        }
        _split?.WriteParts(in call);
        output.EndLine();
        _split?.WriteLines(in call);
        options.Dump?.Write(in call, _to, output.EndLine);
        if (options.Stacks is { } stacks)
            StackLines.Write(in call, stacks, output);
    }

    private static CallStatuses StatusOf(in CallRecord call)
    {
        if ((call.Flags & CallFlags.InFlight) != 0)
            return CallStatuses.Detached;
        if ((call.Flags & CallFlags.Unfinished) != 0)
            return CallStatuses.Unfinished;
        return call.Result is < 0 and >= -MaxErrno ? CallStatuses.Failed : CallStatuses.Successful;
    }

    /// <inheritdoc/>
    private protected override void WriteTask(in RecordHeader header, in TaskState task)
    {
        if (!options.TellsAttached || ((TaskFlags)header.Flags & TaskFlags.Fork) == 0)
            return;
        _to.Append("strace: Process "u8);
        _to.AppendDecimal((ulong)header.Tid);
        _to.Append(" attached"u8);
        output.EndLine();
    }

    // As strace: names do not tell an x32 call from x86-64's.
    private void WriteMode(in RecordHeader header, in TaskState task)
    {
        WriteThread(header.Tid, in task);
        _to.Append("[ Process PID="u8);
        _to.AppendDecimal((ulong)header.Tid);
        _to.Append(header.Abi == Abi.X32 ? " runs in x32 mode. ]"u8 : " runs in 64 bit mode. ]"u8);
        output.EndLine();
    }

    /// <inheritdoc/>
    private protected override void WriteSignal(in SignalRecord signal, in TaskState task)
    {
        // A fatal kill is handed to every thread of a process that ends; the end itself tells.
        if (signal.Header.Detail == SignalNames.Kill || options.CallsAlone || options.Signals is { } wanted && !wanted(signal.Header.Detail))
            return;
        WriteColumns(in signal.Header, in task, signal.Header.Time);
        _marks.Other(_to, signal.Header.Tid, SignalAddress);
        _paint.Begin(Paint.Signal);
        _to.Append("--- "u8);
        SignalText.Write(_to, new SignalInfo(in signal), decoder, signal.Header.Tid);
        _to.Append(" ---"u8);
        _paint.End();
        output.EndLine();
    }

    /// <inheritdoc/>
    private protected override void WriteExit(in RecordHeader header, in TaskState task)
    {
        if (options.CallsAlone || options.NoEnds)
            return;
        WriteColumns(in header, in task, header.Time);
        _marks.Other(_to, header.Tid, null, ended: true);
        _paint.Begin(Paint.Exit);
        var status = new ExitStatus(header.Detail);
        if (status.Signal == 0)
        {
            _to.Append("+++ exited with "u8);
            _to.AppendDecimal((long)status.Code);
        }
        else
        {
            _to.Append("+++ killed by "u8);
            SignalNames.Append(_to, status.Signal);
            if (status.CoreDumped)
                _to.Append(" (core dumped)"u8);
        }
        _to.Append(" +++"u8);
        _paint.End();
        output.EndLine();
    }

    /// <inheritdoc/>
    private protected override void WriteGap(in RecordHeader header, in TaskState task, uint missing)
    {
        WriteColumns(in header, in task, header.Time);
        _paint.Begin(Paint.Error);
        ulong incident = 0;
        uint kept = options.InIncident?.Invoke(header.Tid, header.Seq - missing, missing, out incident) ?? 0;
        _to.Append("... "u8);
        if (kept < missing)
        {
            Records(missing - kept);
            _to.Append(options.Overwrites ? "overwritten"u8 : "lost"u8);
        }
        if (kept > 0)
        {
            if (kept < missing)
                _to.Append(", "u8);
            Records(kept);
            _to.Append("in incident "u8);
            _to.AppendDecimal(incident);
        }
        _to.Append(" ..."u8);
        _paint.End();
        output.EndLine();
    }

    private void Records(uint count)
    {
        _to.AppendDecimal((ulong)count);
        _to.Append(count == 1 ? " record "u8 : " records "u8);
    }

    private void WriteColumns(in RecordHeader header, in TaskState task, ulong time, bool coarse = false)
    {
        WriteThread(header.Tid, in task);
        if (options.Cgroup)
        {
            _cgroups.Append(_to, task.CgroupId);
            _to.Append((byte)' ');
        }
        _time.Write(_to, options.Time, time, coarse || options.Coarse, options.Decimals, options.Relative);
    }

    private void WriteThread(uint tid, in TaskState task)
    {
        bool bracketed = options.Thread switch
        {
            ThreadColumn.Plain => false,
            ThreadColumn.None => false,
            ThreadColumn.Bracketed => true,
            _ => options.Comm || LiveThreads > 1,
        };
        if (!bracketed && options.Thread != ThreadColumn.Plain && !options.Comm)
            return;

        int width = 5;
        for (uint rest = tid; rest > 0 && width > 0; rest /= 10)
            width--;
        if (bracketed)
        {
            _to.Append("[pid "u8);
            Spaces(width);
        }
        _to.AppendDecimal((ulong)tid);
        if (options.Comm || options.ThreadNames)
        {
            _to.Append((byte)'<');
            Escape.Name(_to, task.Name);
            _to.Append((byte)'>');
        }
        if (bracketed)
            _to.Append((byte)']');
        else if (!options.ThreadNames)
            Spaces(width);
        _to.Append((byte)' ');
    }

    private void Spaces(int count)
    {
        for (; count > 0; count--)
            _to.Append((byte)' ');
    }
}
