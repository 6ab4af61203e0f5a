using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Syscalls;
using Scry.Wire;

namespace Scry.Views;

/// <summary>Which records are wanted. All that is given must hold; what is null or empty asks for nothing.</summary>
public sealed record RecordFilterOptions
{
    /// <summary>The calls; null: all.</summary>
    public SyscallSelector? Selector { get; init; }

    /// <summary>Processes.</summary>
    public IReadOnlySet<uint>? Tgids { get; init; }

    /// <summary>Threads.</summary>
    public IReadOnlySet<uint>? Tids { get; init; }

    /// <summary>The comm of the thread, without its padding.</summary>
    public byte[]? Comm { get; init; }

    /// <summary>The effective user id of the thread.</summary>
    public uint? Uid { get; init; }

    /// <summary>Cgroups, each by its own id: those below one have to be named too.</summary>
    public IReadOnlySet<ulong>? CgroupIds { get; init; }

    /// <summary>Nanoseconds that a call must take at least; 0: any.</summary>
    public ulong MinDurationNs { get; init; }

    /// <summary>Only calls that failed.</summary>
    public bool FailedOnly { get; init; }

    /// <summary>Only calls that failed with one of these; empty or null: any result.</summary>
    public IReadOnlySet<int>? Errnos { get; init; }

    /// <summary>Only calls with a path argument that begins so; empty or null: any.</summary>
    public byte[]? PathPrefix { get; init; }

    /// <summary>Whether signals are wanted.</summary>
    public bool Signals { get; init; } = true;

    /// <summary>The first instant, nanoseconds of CLOCK_MONOTONIC: of a call, its exit.</summary>
    public ulong FromNs { get; init; }

    /// <summary>The last instant.</summary>
    public ulong ToNs { get; init; } = ulong.MaxValue;
}

/// <summary>
/// Decides in user space what <c>scry trace</c> decides in the kernel, with the same meaning. It must be asked about every
/// record in order: a thread's comm, user and cgroup are those that its last TASK told. Allocates nothing once
/// warm; trusts nothing in a record.
/// </summary>
public sealed class RecordFilter(RecordFilterOptions options)
{
    private const long MaxErrno = 4095;

    private readonly TaskTable _tasks = new();

    /// <summary>
    /// Whether the last record was one of a wanted thread, at a wanted time: what else hides a call (its name, its result)
    /// leaves this true. A gap before such a record is a gap in what is shown.
    /// </summary>
    public bool InScope { get; private set; }

    /// <summary>Takes note of the record and tells whether it is wanted. A TASK always is, since views need it.</summary>
    /// <param name="record">Borrowed: nothing of it is kept.</param>
    public bool Wants(ReadOnlySpan<byte> record)
    {
        InScope = false;
        if (record.Length < Unsafe.SizeOf<RecordHeader>())
            return false;
        ref readonly RecordHeader header = ref MemoryMarshal.AsRef<RecordHeader>(record);
        ref readonly TaskState task = ref _tasks.Observe(record, out _);
        InScope = header.Time >= options.FromNs && header.Time <= options.ToNs && IsTarget(in header, in task);
        switch (header.Kind)
        {
            case RecordKind.Task:
                return true;
            case RecordKind.Exit:
                _tasks.Remove(header.Tid);
                return InScope;
            case RecordKind.Span or RecordKind.Sched:
                return InScope;
            case RecordKind.Signal:
                return InScope && options.Signals;
            case RecordKind.Call when record.Length >= Unsafe.SizeOf<CallFixed>():
                return InScope && IsSelected(new CallRecord(record));
            default:
                return false;
        }
    }

    private bool IsTarget(in RecordHeader header, in TaskState task)
    {
        if (options.Tgids is { } tgids && !tgids.Contains(header.Tgid))
            return false;
        if (options.Tids is { } tids && !tids.Contains(header.Tid))
            return false;
        if (options.Comm is null && options.Uid is null && options.CgroupIds is null)
            return true;
        // Of a thread without names, nothing can be said.
        return task.Named
            && (options.Comm is null || task.Name.SequenceEqual(options.Comm))
            && (options.Uid is null || task.Uid == options.Uid)
            && (options.CgroupIds is null || options.CgroupIds.Contains(task.CgroupId));
    }

    private bool IsSelected(in CallRecord call)
    {
        if (options.Selector is { } selector && !selector.Includes(call.Header.Abi, call.Nr))
            return false;
        if (call.Fixed.Duration < options.MinDurationNs)
            return false;
        bool failed = call.Result is < 0 and >= -MaxErrno && (call.Flags & CallFlags.Unfinished) == 0;
        if (options.FailedOnly && !failed)
            return false;
        if (options.Errnos is { Count: > 0 } errnos && !(failed && errnos.Contains((int)-call.Result)))
            return false;
        return options.PathPrefix is not { Length: > 0 } prefix || CallPaths.AnyBegins(in call, prefix);
    }
}
