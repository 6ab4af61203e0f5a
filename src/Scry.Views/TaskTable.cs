using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Wire;

namespace Scry.Views;

/// <summary>What is known of one thread.</summary>
internal struct TaskState
{
    public ulong LastTime;
    public ulong CgroupId;
    public uint NextSeq;
    public uint ParentTgid;
    public uint Uid;
    public bool Named;
    /// <summary>Whether its last call was one of x32, and whether that changed with it.</summary>
    public bool X32, ModeChanged;
    public CommBytes Comm;

    /// <summary>The thread's name without its padding; hostile text.</summary>
    [System.Diagnostics.CodeAnalysis.UnscopedRef]
    public readonly ReadOnlySpan<byte> Name => Comm.Text;
}

/// <summary>
/// The living threads by tid: their names, and the sequence number that each one's next record has. Bounded:
/// threads whose end was lost are forgotten, the longest silent first.
/// </summary>
internal sealed class TaskTable(int capacity = TaskTable.DefaultCapacity)
{
    private const int DefaultCapacity = 65536;

    private readonly Dictionary<uint, TaskState> _tasks = [];
    // After a trim, a thread that is not in the table may have had records before.
    private bool _trimmed;

    /// <summary>Threads known to live.</summary>
    public int Count => _tasks.Count;

    /// <summary>
    /// Takes note of a record and gives its thread's state: valid until the next call.
    /// </summary>
    /// <param name="record">The record, at least a header long.</param>
    /// <param name="gap">How many of the thread's records are missing before this one.</param>
    public ref TaskState Observe(ReadOnlySpan<byte> record, out uint gap)
    {
        ref readonly RecordHeader header = ref MemoryMarshal.AsRef<RecordHeader>(record);
        bool names = header.Kind == RecordKind.Task && record.Length >= Unsafe.SizeOf<TaskRecord>();
        // An exec by a thread that was not the leader gives it the leader's tid in mid-sequence.
        bool newTid = names && ((TaskFlags)header.Flags & TaskFlags.Exec) != 0;
        if (_tasks.Count >= capacity && !_tasks.ContainsKey(header.Tid))
            Trim();

        ref TaskState state = ref CollectionsMarshal.GetValueRefOrAddDefault(_tasks, header.Tid, out bool known)!;
        gap = 0;
        if (known)
            // A smaller number is another thread with the same tid: the end of the first was lost.
            gap = header.Seq > state.NextSeq ? header.Seq - state.NextSeq : 0;
        else if (!_trimmed && !newTid)
            gap = header.Seq;
        state.NextSeq = header.Seq + 1;
        state.LastTime = header.Time;
        if (header.Kind == RecordKind.Call)
            (state.ModeChanged, state.X32) = ((header.Abi == Abi.X32) != state.X32, header.Abi == Abi.X32);
        if (names)
        {
            ref readonly TaskRecord task = ref MemoryMarshal.AsRef<TaskRecord>(record);
            state.CgroupId = task.CgroupId;
            state.ParentTgid = task.ParentTgid;
            state.Uid = task.Uid;
            state.Comm = task.Comm;
            state.Named = true;
        }
        return ref state;
    }

    /// <summary>Forgets a thread that ended.</summary>
    public void Remove(uint tid) => _tasks.Remove(tid);

    // Forgets the threads that were silent in the older half of the time that the table spans.
    private void Trim()
    {
        ulong oldest = ulong.MaxValue, newest = 0;
        foreach (TaskState state in _tasks.Values)
        {
            oldest = Math.Min(oldest, state.LastTime);
            newest = Math.Max(newest, state.LastTime);
        }
        ulong middle = oldest + (newest - oldest) / 2;
        foreach ((uint tid, TaskState state) in _tasks)
        {
            if (state.LastTime <= middle)
                _tasks.Remove(tid);
        }
        _trimmed = true;
    }
}
