using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Scry.Wire;

namespace Scry.Tests.Unit.Views;

/// <summary>Makes records as the kernel side writes them.</summary>
internal static class RecordMaker
{
    public const uint Getppid = 110;

    public static byte[] Call(
        uint nr, uint tid, uint seq, ulong time, ulong duration = 0, long result = 0, CallFlags flags = 0, params ulong[] args)
    {
        byte[] record = new byte[Unsafe.SizeOf<CallFixed>() + 8 * args.Length];
        ref CallFixed call = ref MemoryMarshal.AsRef<CallFixed>(record.AsSpan());
        call.Header = Header(record, RecordKind.Call, tid, seq, time, nr, (byte)flags);
        call.Header.ArgCount = (byte)args.Length;
        call.Duration = duration;
        call.Result = result;
        MemoryMarshal.AsBytes<ulong>(args).CopyTo(record.AsSpan(Unsafe.SizeOf<CallFixed>()));
        return record;
    }

    /// <summary>The call with one more piece of its caller's memory.</summary>
    public static byte[] With(byte[] call, ulong address, ReadOnlySpan<byte> data, CapturePhase phase = CapturePhase.Entry, CaptureFlags flags = CaptureFlags.None, int arg = 0)
    {
        byte[] record = new byte[call.Length + Unsafe.SizeOf<CaptureHeader>() + (data.Length + 7 & ~7)];
        call.CopyTo(record, 0);
        ref CaptureHeader head = ref MemoryMarshal.AsRef<CaptureHeader>(record.AsSpan(call.Length));
        head.Address = address;
        head.Length = (uint)data.Length;
        head.Phase = phase;
        head.Flags = flags;
        head.Arg = (byte)arg;
        data.CopyTo(record.AsSpan(call.Length + Unsafe.SizeOf<CaptureHeader>()));
        MemoryMarshal.AsRef<RecordHeader>(record.AsSpan()).Size = (uint)record.Length;
        return record;
    }

    public static byte[] Task(uint tid, uint seq, ulong time, string comm, TaskFlags flags = TaskFlags.First, ulong cgroup = 7)
    {
        byte[] record = new byte[Unsafe.SizeOf<TaskRecord>()];
        ref TaskRecord task = ref MemoryMarshal.AsRef<TaskRecord>(record.AsSpan());
        task.Header = Header(record, RecordKind.Task, tid, seq, time, 0, (byte)flags);
        task.CgroupId = cgroup;
        task.ParentTgid = 1;
        task.Uid = 1000;
        Encoding.UTF8.GetBytes(comm).CopyTo(task.Comm);
        return record;
    }

    public static byte[] Exit(uint tid, uint seq, ulong time, uint status) =>
        Bare(RecordKind.Exit, tid, seq, time, status);

    public static byte[] Signal(uint tid, uint seq, ulong time, uint signal, int code, int errno = 0, params ulong[] fields)
    {
        byte[] record = new byte[Unsafe.SizeOf<SignalRecord>()];
        ref SignalRecord siginfo = ref MemoryMarshal.AsRef<SignalRecord>(record.AsSpan());
        siginfo.Header = Header(record, RecordKind.Signal, tid, seq, time, signal, 0);
        siginfo.Errno = errno;
        siginfo.Code = code;
        for (int i = 0; i < fields.Length; i++)
            siginfo.Fields[i] = fields[i];
        return record;
    }

    public static byte[] Span(
        uint tid, uint seq, ulong left, ulong woken, ulong time, uint cpu = 0, uint state = 1, uint waker = 0, SpanFlags flags = SpanFlags.None)
    {
        byte[] record = new byte[Unsafe.SizeOf<SpanRecord>()];
        ref SpanRecord span = ref MemoryMarshal.AsRef<SpanRecord>(record.AsSpan());
        span.Header = Header(record, RecordKind.Span, tid, seq, time, state, (byte)flags);
        (span.Left, span.Woken, span.Waker, span.Cpu) = (left, woken, waker, cpu);
        return record;
    }

    public static byte[] Sched(uint tid, uint seq, ulong time, SchedSums sums)
    {
        byte[] record = new byte[Unsafe.SizeOf<SchedRecord>()];
        ref SchedRecord sched = ref MemoryMarshal.AsRef<SchedRecord>(record.AsSpan());
        sched.Header = Header(record, RecordKind.Sched, tid, seq, time, 0, 0);
        sched.Sums = sums;
        return record;
    }

    /// <summary>The record as one of a thread of this process.</summary>
    public static byte[] Of(uint tgid, byte[] record)
    {
        MemoryMarshal.AsRef<RecordHeader>(record.AsSpan()).Tgid = tgid;
        return record;
    }

    private static byte[] Bare(RecordKind kind, uint tid, uint seq, ulong time, uint detail)
    {
        byte[] record = new byte[Unsafe.SizeOf<RecordHeader>()];
        MemoryMarshal.AsRef<RecordHeader>(record.AsSpan()) = Header(record, kind, tid, seq, time, detail, 1);
        return record;
    }

    private static RecordHeader Header(
        byte[] record, RecordKind kind, uint tid, uint seq, ulong time, uint detail, byte flags) => new()
        {
            Time = time,
            Size = (uint)record.Length,
            Tgid = tid,
            Tid = tid,
            Seq = seq,
            Detail = detail,
            Kind = kind,
            Flags = flags,
        };
}
