using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Wire;

namespace Scry.Views;

/// <summary>What views that show each record have in common: whose it is, what is missing before it, and of what kind it is.</summary>
public abstract class RecordView : IRecordView
{
    private readonly TaskTable _tasks = new();

    /// <summary>Threads that are known to live, at most 65,536.</summary>
    public int LiveThreads => _tasks.Count;

    /// <summary>Of the signal that is being written: where the thread's code went on without it, when that is known.</summary>
    private protected ulong? SignalAddress { get; private set; }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> record)
    {
        if (record.Length < Unsafe.SizeOf<RecordHeader>())
            return;
        ref readonly RecordHeader header = ref MemoryMarshal.AsRef<RecordHeader>(record);
        Learn(record);
        ref readonly TaskState task = ref _tasks.Observe(record, out uint gap);
        if (gap > 0)
            WriteGap(in header, in task, gap);
        switch (header.Kind)
        {
            case RecordKind.Call when record.Length >= Unsafe.SizeOf<CallFixed>():
                WriteCall(new CallRecord(record), in task);
                break;
            case RecordKind.Signal when record.Length >= Unsafe.SizeOf<SignalRecord>():
                SignalAddress = record.Length >= Unsafe.SizeOf<SignalRecord>() + sizeof(ulong) ? MemoryMarshal.Read<ulong>(record[Unsafe.SizeOf<SignalRecord>()..]) : null;
                WriteSignal(in MemoryMarshal.AsRef<SignalRecord>(record), in task);
                break;
            case RecordKind.Exit:
                WriteExit(in header, in task);
                _tasks.Remove(header.Tid);
                break;
            case RecordKind.Task when record.Length >= Unsafe.SizeOf<TaskRecord>():
                WriteTask(in header, in task);
                break;
            case RecordKind.Span when record.Length >= Unsafe.SizeOf<SpanRecord>():
                WriteSpan(in MemoryMarshal.AsRef<SpanRecord>(record), in task);
                break;
            case RecordKind.Sched when record.Length >= Unsafe.SizeOf<SchedRecord>():
                WriteSched(in MemoryMarshal.AsRef<SchedRecord>(record), in task);
                break;
        }
    }

    /// <inheritdoc/>
    public void Skip(ReadOnlySpan<byte> record, bool gaps)
    {
        if (record.Length < Unsafe.SizeOf<RecordHeader>())
            return;
        ref readonly RecordHeader header = ref MemoryMarshal.AsRef<RecordHeader>(record);
        Learn(record);
        ref readonly TaskState task = ref _tasks.Observe(record, out uint gap);
        if (gaps && gap > 0)
            WriteGap(in header, in task, gap);
        if (header.Kind == RecordKind.Exit)
            _tasks.Remove(header.Tid);
    }

    /// <inheritdoc/>
    public abstract void Finish(in RunSummary summary);

    /// <summary>Takes note of a record before it is written, or is not.</summary>
    private protected virtual void Learn(ReadOnlySpan<byte> record)
    {
    }

    /// <summary>Writes a call.</summary>
    private protected abstract void WriteCall(in CallRecord call, in TaskState task);

    /// <summary>Writes a signal.</summary>
    private protected abstract void WriteSignal(in SignalRecord signal, in TaskState task);

    /// <summary>Writes how a thread ended.</summary>
    private protected abstract void WriteExit(in RecordHeader header, in TaskState task);

    /// <summary>Writes that so many records of a thread are missing before this one.</summary>
    private protected abstract void WriteGap(in RecordHeader header, in TaskState task, uint missing);

    /// <summary>Writes a thread's names, where that is shown.</summary>
    private protected virtual void WriteTask(in RecordHeader header, in TaskState task)
    {
    }

    /// <summary>Writes what a thread did without a CPU, where that is shown.</summary>
    private protected virtual void WriteSpan(in SpanRecord span, in TaskState task)
    {
    }

    /// <summary>Writes a thread's sums of the scheduler, where these are shown.</summary>
    private protected virtual void WriteSched(in SchedRecord sched, in TaskState task)
    {
    }
}
