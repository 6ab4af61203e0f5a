using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Bpf;
using Scry.Targets;
using Scry.Wire;

namespace Scry.Capture;

/// <summary>A thread that was blocked when it was looked at, with its call and its kernel stack.</summary>
public sealed class StuckTask
{
    // <linux/sched.h>: bits of task_struct.__state.
    private const uint Uninterruptible = 0x2, Stopped = 0x4, Traced = 0x8, NoLoad = 0x400, Frozen = 0x8000;

    private readonly StuckRecord _record;

    internal StuckTask(in StuckRecord record, ulong idleNs)
    {
        _record = record;
        IdleNs = idleNs;
    }

    /// <summary>As the kernel side wrote it.</summary>
    public ref readonly StuckRecord Record => ref _record;

    /// <summary>Nanoseconds since it last ran: how long its call takes at least.</summary>
    public ulong IdleNs { get; }

    /// <summary>Whether it is in a system call; else it waits for a page, or was stopped in its own code.</summary>
    public bool InCall => (_record.Flags & StuckFlags.InCall) != 0;

    /// <summary>Whether it is frozen, with its cgroup.</summary>
    public bool IsFrozen => (_record.Flags & StuckFlags.Frozen) != 0;

    /// <summary>Return addresses in the kernel, the innermost first.</summary>
    public ReadOnlySpan<ulong> Stack => ((ReadOnlySpan<ulong>)_record.Stack)[..Math.Min((int)_record.Frames, Layout.StuckFrames)];

    /// <summary>The arguments of its call.</summary>
    public ReadOnlySpan<ulong> Args => _record.Args;

    /// <summary>The thread's name; hostile text.</summary>
    public ReadOnlySpan<byte> Comm => _record.Comm.Text;

    /// <summary>The state's letter, as ps(1) has it: S, D, T (stopped), t (stopped by a tracer), I.</summary>
    public char State => (_record.State & Traced) != 0 ? 't'
        : (_record.State & Stopped) != 0 ? 'T'
        : (_record.State & (Uninterruptible | Frozen)) == 0 ? 'S'
        : (_record.State & NoLoad) != 0 && (_record.State & Frozen) == 0 ? 'I' : 'D';

    /// <summary>Whether <paramref name="other"/> is the same thread that has not run in between: then it is still in the same call.</summary>
    public bool HasNotRunSince(StuckTask other) =>
        _record.Tid == other._record.Tid && _record.Tgid == other._record.Tgid
        && _record.Switches == other._record.Switches && _record.Nr == other._record.Nr && _record.Abi == other._record.Abi
        && _record.Flags == other._record.Flags && Args.SequenceEqual(other.Args);
}

/// <summary>The threads that are blocked now, by an iterator in the kernel: nobody is stopped, and nothing stays attached.</summary>
public sealed class StuckTasks : IDisposable
{
    /// <summary>Bytes of a record before its stack.</summary>
    internal const int HeadSize = 128;

    private const int ReadSize = 256 * 1024;
    private const int ClockReads = 8;

    private readonly BpfObject _object;
    private readonly ulong _clockOffset;

    private StuckTasks(BpfObject loaded)
    {
        _object = loaded;
        _clockOffset = MeasureOffset();
    }

    /// <summary>Loads the programs.</summary>
    /// <param name="options">Whose threads; of <see cref="TargetKind.Tasks"/> all are read, and the caller chooses.</param>
    /// <exception cref="NativeException">The kernel refused: no right, no BTF, or a program that it does not take.</exception>
    public static StuckTasks Open(SessionOptions options)
    {
        BpfObject programs = BpfObject.Open(Programs.Read("stuck.bpf.o"), "scry_stuck");
        try
        {
            TraceConfig config = Configuration.Of(options, 1, probes: false);
            Configuration.Write(programs.FindMap(".rodata").InitialValue, in config, options.Plans);
            programs.Load();
            return new StuckTasks(programs);
        }
        catch
        {
            programs.Dispose();
            throw;
        }
    }

    /// <summary>The threads that are blocked now.</summary>
    /// <param name="memory">Reads the arguments of calls behind ia32's socketcall and ipc; without, these are what is shown.</param>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public IReadOnlyList<StuckTask> Read(TaskMemory? memory = null)
    {
        var tasks = new List<StuckTask>();
        byte[] buffer = new byte[ReadSize];
        int kept = 0;
        using BpfLink link = _object.FindProgram("stuck_tasks").AttachIterator();
        using BpfIterator iterator = link.OpenIterator();
        for (int got; (got = iterator.Read(buffer.AsSpan(kept))) > 0;)
        {
            int length = kept + got, used = Take(buffer.AsSpan(0, length), tasks, memory);
            // A read may end within a record.
            kept = length - used;
            buffer.AsSpan(used, kept).CopyTo(buffer);
        }
        return tasks;
    }

    /// <summary>Unloads the programs.</summary>
    public void Dispose() => _object.Dispose();

    private int Take(ReadOnlySpan<byte> bytes, List<StuckTask> tasks, TaskMemory? memory)
    {
        int used = 0;
        while (bytes.Length - used >= HeadSize)
        {
            StuckRecord record = default;
            Span<byte> whole = MemoryMarshal.AsBytes(new Span<StuckRecord>(ref record));
            bytes.Slice(used, HeadSize).CopyTo(whole);
            if (record.Size < HeadSize || record.Size > whole.Length)
                throw new InvalidDataException($"a blocked thread of {record.Size} bytes: kernel and user space disagree");
            if (bytes.Length - used < record.Size)
                break;
            bytes.Slice(used, (int)record.Size).CopyTo(whole);
            used += (int)record.Size;
            if (memory is not null && (record.Flags & StuckFlags.InCall) != 0)
                BehindCall.Resolve(ref record, memory);
            ulong ran = unchecked(record.LastRan + _clockOffset);
            tasks.Add(new StuckTask(in record, ran < record.Time ? record.Time - ran : 0));
        }
        return used;
    }

    // What to add to the scheduler's clock to have CLOCK_MONOTONIC: this thread sleeps, and reads both as soon as it runs again.
    // Other threads of the CPU only make the difference larger: the smallest is the best.
    private ulong MeasureOffset()
    {
        BpfProgram program = _object.FindProgram("stuck_clock");
        ulong best = ulong.MaxValue;
        for (int i = 0; i < ClockReads; i++)
        {
            Thread.Sleep(1);
            SchedClock clock = default;
            program.Run(MemoryMarshal.AsBytes(new Span<SchedClock>(ref clock)));
            ulong offset = unchecked(clock.Time - clock.Arrival);
            // Either clock may be ahead of the other.
            best = best == ulong.MaxValue || (long)unchecked(offset - best) < 0 ? offset : best;
        }
        return best;
    }
}
