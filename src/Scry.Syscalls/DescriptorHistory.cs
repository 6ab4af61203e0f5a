using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Wire;

namespace Scry.Syscalls;

/// <summary>Finds where records of a thread are missing. Bounded.</summary>
internal sealed class MissingRecords(int capacity)
{
    private readonly Dictionary<uint, uint> _next = [];

    /// <summary>Whether records of this one's thread were lost since the one that was seen before.</summary>
    public bool Before(in RecordHeader header)
    {
        // An exec by a thread that was not the leader gives it the leader's tid in mid-sequence.
        bool exec = header.Kind == RecordKind.Task && ((TaskFlags)header.Flags & TaskFlags.Exec) != 0;
        bool missing = _next.TryGetValue(header.Tid, out uint next) && header.Seq > next && !exec;
        if (header.Kind == RecordKind.Exit)
        {
            _next.Remove(header.Tid);
            return missing;
        }
        if (_next.Count >= capacity && !_next.ContainsKey(header.Tid))
            _next.Clear();
        _next[header.Tid] = header.Seq + 1;
        return missing;
    }
}

/// <summary>
/// Which descriptors the records change at all, process by process: one that none changes has been the same from the first
/// record to the last. Bounded: what finds no room counts as changed.
/// </summary>
internal sealed class DescriptorHistory(int capacity)
{
    private readonly Dictionary<uint, Process> _processes = [];
    private readonly MissingRecords _missing = new(capacity);
    private int _count;
    private bool _full;

    /// <summary>Whether there were any records.</summary>
    public bool Empty { get; private set; } = true;

    /// <summary>Takes a record in; records come in order of time.</summary>
    public void Scan(ReadOnlySpan<byte> record)
    {
        if (record.Length < Unsafe.SizeOf<RecordHeader>())
            return;
        Empty = false;
        ref readonly RecordHeader header = ref MemoryMarshal.AsRef<RecordHeader>(record);
        if (_missing.Before(in header) && Of(header.Tgid) is { } incomplete)
            incomplete.CompleteFrom = DescriptorTable.Start(record);
        if (header.Kind == RecordKind.Exit && (header.Flags & 1) != 0 && Of(header.Tgid) is { } ended)
            ended.All = true;
        if (header.Kind != RecordKind.Call || record.Length < Unsafe.SizeOf<CallFixed>())
            return;
        var call = new CallRecord(record);
        DescriptorRule rule = DescriptorRule.Of(in call);
        if (DescriptorRule.TryRange(in call, rule, out uint first, out uint last) && Of(header.Tgid) is { } process)
        {
            process.First = Math.Min(process.First, first);
            process.Last = Math.Max(process.Last, last);
        }
        foreach (int fd in DescriptorRule.Changes(in call, rule, stackalloc int[2]))
            Add(header.Tgid, fd);
    }

    /// <summary>Whether what a descriptor is at the end of the records, it was at this time already.</summary>
    public bool Unchanged(uint tgid, int fd, ulong time) => !_processes.TryGetValue(tgid, out Process? process)
        ? !_full
        : !process.All && time >= process.CompleteFrom && !process.Changed.Contains(fd) && !(fd >= 0 && (uint)fd >= process.First && (uint)fd <= process.Last);

    private void Add(uint tgid, int fd)
    {
        if (Of(tgid) is not { } process || process.All)
            return;
        if (_count >= capacity && !process.Changed.Contains(fd))
            process.All = true;
        else if (process.Changed.Add(fd))
            _count++;
    }

    private Process? Of(uint tgid)
    {
        if (_processes.TryGetValue(tgid, out Process? process))
            return process;
        if (_processes.Count >= capacity)
        {
            _full = true;
            return null;
        }
        return _processes[tgid] = new Process();
    }

    private sealed class Process
    {
        public readonly HashSet<int> Changed = [];
        // The hull of all ranges that were closed.
        public uint First = uint.MaxValue, Last;
        // All descriptors: the process ended, so that what is known from after the records is of another one.
        public bool All;
        public ulong CompleteFrom;
    }
}
