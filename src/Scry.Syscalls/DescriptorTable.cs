using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Scry.Wire;

namespace Scry.Syscalls;

/// <summary>
/// What the descriptors of processes stand for, learnt from records in order of time: <see cref="Scan"/> every record, then
/// for each one in turn show it and <see cref="Observe"/> it. A name is what the call was given, with symbolic links and
/// <c>..</c> in it, where strace -y shows what the kernel made of it.
/// </summary>
/// <remarks>
/// Nothing is known of pipes and sockets but from <see cref="Seed"/>. What records do not tell is not known: calls that a
/// filter left out, requests of io_uring, descriptors that came in messages (SCM_RIGHTS), tables shared by processes
/// (CLONE_FILES) and parted by threads (unshare), a parent that is not the one that forked (CLONE_PARENT), and roots (chroot).
/// Where a thread's records are missing, all that was known of its process is forgotten. Bounded: what finds no room stays unknown.
/// </remarks>
/// <param name="capacity">Descriptors that are known at once, of all processes.</param>
public sealed class DescriptorTable(int capacity = DescriptorTable.DefaultCapacity) : IDescriptorNames
{
    /// <summary>The number under which a process's working directory is kept: AT_FDCWD.</summary>
    public const int WorkingDirectory = -100;

    /// <summary>Descriptors that are known at once, of all processes.</summary>
    public const int DefaultCapacity = 65536;

    private const int MaxPath = 4096;
    private const int BytesEach = 512;
    private static readonly Dictionary<int, Known> s_none = [];

    private readonly Dictionary<uint, Dictionary<int, Known>> _processes = [], _seeds = [];
    private readonly DescriptorHistory _history = new(capacity * 4);
    private readonly MissingRecords _missing = new(capacity);
    private readonly byte[] _scratch = new byte[MaxPath];
    private int _count;
    private long _bytes;

    /// <summary>First pass: finds which descriptors the records change. In order of time, all of them, before the first <see cref="Observe"/>.</summary>
    public void Scan(ReadOnlySpan<byte> record) => _history.Scan(record);

    /// <summary>
    /// Tells what a descriptor is after the last record, or, without <see cref="Scan"/>, before the first. After a scan it holds
    /// for earlier records as well, if none of them opens, closes or replaces that descriptor; else it is not used at all.
    /// </summary>
    /// <param name="tgid">The process.</param>
    /// <param name="fd">Its descriptor, or <see cref="WorkingDirectory"/>.</param>
    /// <param name="name">As <c>/proc/PID/fd</c> has it; hostile text.</param>
    public void Seed(uint tgid, int fd, string name)
    {
        var link = DescriptorName.OfLink(name);
        Set(_seeds, tgid, fd, new Known(link.Path.ToArray(), link.Deleted, false, 0));
    }

    /// <inheritdoc/>
    public DescriptorName Before(in CallRecord call, int fd) =>
        TryFind(call.Header.Tgid, fd, Start(in call), out Known known) ? new(known.Path, known.Deleted) : default;

    /// <inheritdoc/>
    public DescriptorName Made(in CallRecord call, int fd)
    {
        DescriptorRule rule = DescriptorRule.Of(in call);
        switch (rule.Effect)
        {
            case DescriptorEffect.Named:
                return new(rule.NameBytes);
            case DescriptorEffect.Duplicate or DescriptorEffect.Control or DescriptorEffect.ChangeDirectoryTo:
                return Before(in call, (int)DescriptorRule.Argument(in call, 0));
            case DescriptorEffect.Memory:
                return TryText(in call, rule.Memory, out ReadOnlySpan<byte> name) ? new(Joined("/memfd:"u8, name, []), true) : default;
            case DescriptorEffect.Open or DescriptorEffect.OpenHow or DescriptorEffect.ChangeDirectory:
                return new(Opened(in call, rule));
            default:
                return default;
        }
    }

    /// <summary>Learns from a record, after it was shown.</summary>
    public void Observe(ReadOnlySpan<byte> record)
    {
        if (record.Length < Unsafe.SizeOf<RecordHeader>())
            return;
        ref readonly RecordHeader header = ref MemoryMarshal.AsRef<RecordHeader>(record);
        if (_missing.Before(in header))
            Drop(header.Tgid, seedsToo: _history.Empty);
        switch (header.Kind)
        {
            case RecordKind.Task when record.Length >= Unsafe.SizeOf<TaskRecord>():
                if (((TaskFlags)header.Flags & TaskFlags.Fork) != 0 && header.Tid == header.Tgid)
                    Inherit(in MemoryMarshal.AsRef<TaskRecord>(record));
                break;
            case RecordKind.Exit when (header.Flags & 1) != 0:
                Drop(header.Tgid, seedsToo: true);
                break;
            case RecordKind.Call when record.Length >= Unsafe.SizeOf<CallFixed>():
                Apply(new CallRecord(record));
                break;
        }
    }

    /// <summary>When what a record tells began: of a call its entry.</summary>
    internal static ulong Start(ReadOnlySpan<byte> record) =>
        MemoryMarshal.AsRef<RecordHeader>(record) is { Kind: RecordKind.Call } && record.Length >= Unsafe.SizeOf<CallFixed>()
            ? Start(new CallRecord(record))
            : MemoryMarshal.AsRef<RecordHeader>(record).Time;

    // A coarse duration reaches back over calls that came before: of such a call only its end is known well enough.
    private static ulong Start(in CallRecord call) => (call.Flags & CallFlags.Coarse) != 0
        ? call.Header.Time
        : call.Header.Time - Math.Min(call.Fixed.Duration, call.Header.Time);

    private void Apply(in CallRecord call)
    {
        DescriptorRule rule = DescriptorRule.Of(in call);
        uint tgid = call.Header.Tgid;
        switch (rule.Effect)
        {
            case DescriptorEffect.CloseRange:
                CloseRange(in call, rule);
                return;
            case DescriptorEffect.Execute when call.Result == 0 && (call.Flags & CallFlags.Unfinished) == 0:
                foreach ((int fd, Known known) in Of(tgid))
                {
                    if (known.CloseOnExec)
                        Remove(_processes, tgid, fd);
                }
                return;
            case DescriptorEffect.Control when call.Result == 0 && (uint)DescriptorRule.Argument(in call, 1) == 2: // F_SETFD
                Mark(tgid, (int)DescriptorRule.Argument(in call, 0), (DescriptorRule.Argument(in call, 2) & 1) != 0);
                return;
        }
        foreach (int fd in DescriptorRule.Changes(in call, rule, stackalloc int[2]))
            Change(in call, rule, fd);
    }

    private void Change(in CallRecord call, DescriptorRule rule, int fd)
    {
        uint tgid = call.Header.Tgid;
        bool closes = rule.Effect == DescriptorEffect.Close;
        // While it closed, another thread was given the same number: the other's call came to its end first.
        if (closes && Of(tgid).TryGetValue(fd, out Known other) && other.Since > Start(in call))
            return;
        DescriptorName name = closes ? default : Made(in call, fd);
        bool known = !name.Path.IsEmpty && (fd != WorkingDirectory || name.Path[0] == '/');
        Known made = known ? new(name.Path.ToArray(), name.Deleted, rule.Closes(in call), call.Header.Time) : default;
        Remove(_seeds, tgid, fd);
        Remove(_processes, tgid, fd);
        if (known)
            Set(_processes, tgid, fd, made);
    }

    private void CloseRange(in CallRecord call, DescriptorRule rule)
    {
        uint tgid = call.Header.Tgid;
        bool closes = DescriptorRule.TryRange(in call, rule, out uint first, out uint last);
        if (call.Result != 0 || (call.Flags & CallFlags.Unfinished) != 0)
            return;
        foreach ((int fd, Known known) in Of(tgid))
        {
            if (fd < 0 || (uint)fd < first || (uint)fd > last || known.Since > Start(in call))
                continue;
            if (closes)
                Remove(_processes, tgid, fd);
            else
                Mark(tgid, fd, true);
        }
        if (!closes || !_seeds.TryGetValue(tgid, out Dictionary<int, Known>? seeds))
            return;
        foreach (int fd in seeds.Keys)
        {
            if (fd >= 0 && (uint)fd >= first && (uint)fd <= last)
                Remove(_seeds, tgid, fd);
        }
    }

    // A process begins with its parent's descriptors, and what was outside known of them.
    private void Inherit(in TaskRecord task)
    {
        uint child = task.Header.Tgid, parent = task.ParentTgid;
        if (child == parent)
            return;
        Drop(child, seedsToo: false);
        foreach ((int fd, Known known) in Of(parent))
            Set(_processes, child, fd, known);
        if (!_seeds.TryGetValue(parent, out Dictionary<int, Known>? seeds))
            return;
        foreach ((int fd, Known known) in seeds)
        {
            if (!Of(parent).ContainsKey(fd) && _history.Unchanged(parent, fd, task.Header.Time))
                Set(_processes, child, fd, known);
        }
    }

    private ReadOnlySpan<byte> Opened(in CallRecord call, DescriptorRule rule)
    {
        const ulong inRoot = 0x10, temporary = 0x410000; // RESOLVE_IN_ROOT, O_TMPFILE
        bool how = rule.Effect == DescriptorEffect.OpenHow;
        if (!TryText(in call, rule.Memory, out ReadOnlySpan<byte> path))
            return [];
        if (rule.Effect != DescriptorEffect.ChangeDirectory
            && ((how ? DescriptorRule.How(in call, 0) : DescriptorRule.Argument(in call, rule.Flags)) & temporary) == temporary)
            return []; // a file without a name in that directory
        if (how && (DescriptorRule.How(in call, 16) & inRoot) != 0)
            path = path.TrimStart((byte)'/');
        else if (path.StartsWith("/"u8))
            return path;
        while (path.StartsWith("./"u8))
            path = path[1..].TrimStart((byte)'/');
        if (path.SequenceEqual("."u8))
            path = [];
        ReadOnlySpan<byte> from = Before(in call, rule.Directory < 0 ? WorkingDirectory : (int)DescriptorRule.Argument(in call, rule.Directory)).Path;
        if (path.IsEmpty)
            return from;
        return from.IsEmpty ? path : Joined(from, from.EndsWith("/"u8) ? [] : "/"u8, path);
    }

    private ReadOnlySpan<byte> Joined(ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third)
    {
        int length = first.Length + second.Length + third.Length;
        if (length > MaxPath)
            return [];
        first.CopyTo(_scratch);
        second.CopyTo(_scratch.AsSpan(first.Length));
        third.CopyTo(_scratch.AsSpan(first.Length + second.Length));
        return _scratch.AsSpan(0, length);
    }

    // A string of the caller that was captured to its end.
    private static bool TryText(in CallRecord call, int argument, out ReadOnlySpan<byte> text)
    {
        int end = -1;
        if (call.TryRead(DescriptorRule.Argument(in call, argument), CapturePhase.Entry, out text))
            end = text.IndexOf((byte)0);
        text = end < 0 ? [] : text[..end];
        return end >= 0;
    }

    private bool TryFind(uint tgid, int fd, ulong time, out Known known)
    {
        if (Of(tgid).TryGetValue(fd, out known))
            return known.Since <= time;
        return _seeds.TryGetValue(tgid, out Dictionary<int, Known>? seeds) && seeds.TryGetValue(fd, out known) && _history.Unchanged(tgid, fd, time);
    }

    private Dictionary<int, Known> Of(uint tgid) => _processes.GetValueOrDefault(tgid, s_none);

    private void Mark(uint tgid, int fd, bool closeOnExec)
    {
        if (Of(tgid).TryGetValue(fd, out Known known))
            Of(tgid)[fd] = known with { CloseOnExec = closeOnExec };
    }

    private void Set(Dictionary<uint, Dictionary<int, Known>> all, uint tgid, int fd, Known known)
    {
        Remove(all, tgid, fd);
        if (_count >= capacity || _bytes + known.Path.Length > (long)capacity * BytesEach || known.Path.Length > MaxPath)
            return;
        if (!all.TryGetValue(tgid, out Dictionary<int, Known>? descriptors))
            all[tgid] = descriptors = [];
        descriptors[fd] = known;
        _count++;
        _bytes += known.Path.Length;
    }

    private void Remove(Dictionary<uint, Dictionary<int, Known>> all, uint tgid, int fd)
    {
        if (!all.TryGetValue(tgid, out Dictionary<int, Known>? descriptors) || !descriptors.Remove(fd, out Known known))
            return;
        _count--;
        _bytes -= known.Path.Length;
        if (descriptors.Count == 0)
            all.Remove(tgid);
    }

    private void Drop(uint tgid, bool seedsToo)
    {
        Forget(_processes, tgid);
        if (seedsToo)
            Forget(_seeds, tgid);
    }

    private void Forget(Dictionary<uint, Dictionary<int, Known>> all, uint tgid)
    {
        if (!all.Remove(tgid, out Dictionary<int, Known>? descriptors))
            return;
        _count -= descriptors.Count;
        foreach (Known known in descriptors.Values)
            _bytes -= known.Path.Length;
    }

    /// <summary>A descriptor's name, and since when it has it.</summary>
    private readonly record struct Known(byte[] Path, bool Deleted, bool CloseOnExec, ulong Since);
}
