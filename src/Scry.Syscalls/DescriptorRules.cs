using System.Runtime.InteropServices;
using System.Text;
using Scry.Wire;

namespace Scry.Syscalls;

/// <summary>What a call does to its process's descriptors.</summary>
internal enum DescriptorEffect
{
    /// <summary>Nothing, unless its result is a descriptor: then to what is not known.</summary>
    None,
    /// <summary>The result is a file at a path.</summary>
    Open,
    /// <summary>As Open, the flags in a struct open_how.</summary>
    OpenHow,
    /// <summary>The result always has the rule's name.</summary>
    Named,
    /// <summary>memfd_create.</summary>
    Memory,
    /// <summary>The result is another number of the first argument.</summary>
    Duplicate,
    /// <summary>fcntl.</summary>
    Control,
    /// <summary>Two descriptors in memory, to what is not known.</summary>
    Pair,
    /// <summary>close.</summary>
    Close,
    /// <summary>close_range.</summary>
    CloseRange,
    /// <summary>The working directory becomes a path.</summary>
    ChangeDirectory,
    /// <summary>The working directory becomes the first argument's.</summary>
    ChangeDirectoryTo,
    /// <summary>execve, execveat.</summary>
    Execute,
}

/// <summary>One syscall's effect on descriptors: arguments by number, -1 where it has none.</summary>
/// <param name="Syscall">Its name, of any ABI.</param>
/// <param name="Effect">What it does.</param>
/// <param name="Memory">The argument that points to a path or to descriptors.</param>
/// <param name="Directory">The argument to which a path is relative.</param>
/// <param name="Flags">The argument with the flag to close on exec.</param>
/// <param name="CloseOnExec">That flag.</param>
/// <param name="Name">What <c>/proc/PID/fd</c> shows.</param>
internal sealed record DescriptorRule(
    string Syscall, DescriptorEffect Effect, int Memory = -1, int Directory = -1, int Flags = -1, uint CloseOnExec = DescriptorRule.OpenCloseOnExec, string Name = "")
{
    /// <summary>O_CLOEXEC, which most calls take under names of their own.</summary>
    public const uint OpenCloseOnExec = 0x80000;

    private static readonly DescriptorRule Nothing = new("", DescriptorEffect.None);

    // The names are those of the kernel's anon_inode_getfd and memfd_create, as readlink(2) gives them.
    private static readonly DescriptorRule[] s_rules =
    [
        new("open", DescriptorEffect.Open, Memory: 0, Flags: 1),
        new("creat", DescriptorEffect.Open, Memory: 0),
        new("openat", DescriptorEffect.Open, Memory: 1, Directory: 0, Flags: 2),
        new("open_tree", DescriptorEffect.Open, Memory: 1, Directory: 0, Flags: 2),
        new("openat2", DescriptorEffect.OpenHow, Memory: 1, Directory: 0),
        new("dup", DescriptorEffect.Duplicate),
        new("dup2", DescriptorEffect.Duplicate),
        new("dup3", DescriptorEffect.Duplicate, Flags: 2),
        new("fcntl", DescriptorEffect.Control),
        new("fcntl64", DescriptorEffect.Control),
        new("eventfd", DescriptorEffect.Named, Name: "anon_inode:[eventfd]"),
        new("eventfd2", DescriptorEffect.Named, Flags: 1, Name: "anon_inode:[eventfd]"),
        new("epoll_create", DescriptorEffect.Named, Name: "anon_inode:[eventpoll]"),
        new("epoll_create1", DescriptorEffect.Named, Flags: 0, Name: "anon_inode:[eventpoll]"),
        new("timerfd_create", DescriptorEffect.Named, Flags: 1, Name: "anon_inode:[timerfd]"),
        new("signalfd", DescriptorEffect.Named, Name: "anon_inode:[signalfd]"),
        new("signalfd4", DescriptorEffect.Named, Flags: 3, Name: "anon_inode:[signalfd]"),
        new("inotify_init", DescriptorEffect.Named, Name: "anon_inode:inotify"),
        new("inotify_init1", DescriptorEffect.Named, Flags: 0, Name: "anon_inode:inotify"),
        new("userfaultfd", DescriptorEffect.Named, Flags: 0, Name: "anon_inode:[userfaultfd]"),
        new("fanotify_init", DescriptorEffect.Named, Flags: 0, CloseOnExec: 1, Name: "anon_inode:[fanotify]"),
        new("perf_event_open", DescriptorEffect.Named, Flags: 4, CloseOnExec: 8, Name: "anon_inode:[perf_event]"),
        new("pidfd_open", DescriptorEffect.Named, Name: "anon_inode:[pidfd]"),
        new("io_uring_setup", DescriptorEffect.Named, Name: "anon_inode:[io_uring]"),
        new("memfd_create", DescriptorEffect.Memory, Memory: 0, Flags: 1, CloseOnExec: 1),
        new("pipe", DescriptorEffect.Pair, Memory: 0),
        new("pipe2", DescriptorEffect.Pair, Memory: 0),
        new("socketpair", DescriptorEffect.Pair, Memory: 3),
        new("close", DescriptorEffect.Close),
        new("close_range", DescriptorEffect.CloseRange),
        new("chdir", DescriptorEffect.ChangeDirectory, Memory: 0),
        new("fchdir", DescriptorEffect.ChangeDirectoryTo),
        new("execve", DescriptorEffect.Execute),
        new("execveat", DescriptorEffect.Execute),
    ];

    private static readonly DescriptorRule[] s_ofRow = OfRows();

    /// <summary><see cref="Name"/> in bytes.</summary>
    public byte[] NameBytes { get; } = Encoding.ASCII.GetBytes(Name);

    /// <summary>The rules, for the test that the facts have a call of each name.</summary>
    public static IReadOnlyList<DescriptorRule> All => s_rules;

    /// <summary>What a call does; also for what changes nothing.</summary>
    public static DescriptorRule Of(in CallRecord call)
    {
        int row = Row(in call);
        return row < 0 ? Nothing : s_ofRow[row];
    }

    /// <summary>
    /// The descriptors that a call made, closed or replaced, but for a range (<see cref="TryRange"/>): at most two. The working directory counts as
    /// <see cref="DescriptorTable.WorkingDirectory"/>.
    /// </summary>
    public static ReadOnlySpan<int> Changes(in CallRecord call, DescriptorRule rule, Span<int> room)
    {
        if ((call.Flags & CallFlags.Unfinished) != 0)
            return [];
        if (rule.Effect == DescriptorEffect.Close)
        {
            // Whatever else it says, the descriptor is closed: only one that was not open (EBADF) stays as it was.
            room[0] = (int)Argument(in call, 0);
            return call.Result == -9 ? [] : room[..1];
        }
        if (call.Result < 0)
            return [];
        switch (rule.Effect)
        {
            case DescriptorEffect.ChangeDirectory or DescriptorEffect.ChangeDirectoryTo:
                room[0] = DescriptorTable.WorkingDirectory;
                return room[..1];
            case DescriptorEffect.Pair:
                if (!call.TryRead(Argument(in call, rule.Memory), CapturePhase.Exit, out ReadOnlySpan<byte> pair) || pair.Length < 8)
                    return [];
                room[0] = MemoryMarshal.Read<int>(pair);
                room[1] = MemoryMarshal.Read<int>(pair[4..]);
                return room[..2];
            default:
                int row = Row(in call);
                if (row < 0 || new SyscallRow(row).ResultFor(SyscallRow.TableOf(call.Header.Abi), call.Args) is not (>= 0 and var type) || new TypeNode(type).Kind != TypeKind.Fd)
                    return [];
                room[0] = (int)call.Result;
                return room[..1];
        }
    }

    /// <summary>The descriptors from first to last that a call closed; false when it closed no range.</summary>
    public static bool TryRange(in CallRecord call, DescriptorRule rule, out uint first, out uint last)
    {
        const ulong closeOnExec = 4; // CLOSE_RANGE_CLOEXEC
        (first, last) = ((uint)Argument(in call, 0), (uint)Argument(in call, 1));
        return rule.Effect == DescriptorEffect.CloseRange && call.Result == 0 && (call.Flags & CallFlags.Unfinished) == 0
            && (Argument(in call, 2) & closeOnExec) == 0;
    }

    /// <summary>Whether what a call made is closed when its process executes another program.</summary>
    public bool Closes(in CallRecord call)
    {
        if (Effect == DescriptorEffect.Control)
            return (uint)Argument(in call, 1) == 1030; // F_DUPFD_CLOEXEC
        ulong flags = Effect == DescriptorEffect.OpenHow ? How(in call, 0) : Argument(in call, Flags);
        return (flags & CloseOnExec) != 0;
    }

    /// <summary>An argument's register; 0 when there is none.</summary>
    public static ulong Argument(in CallRecord call, int index) => (uint)index < (uint)call.Args.Length ? call.Args[index] : 0;

    /// <summary>A word of openat2's struct open_how; 0 when it was not captured.</summary>
    public static ulong How(in CallRecord call, int offset) =>
        call.TryRead(Argument(in call, 2), CapturePhase.Entry, out ReadOnlySpan<byte> how) && how.Length >= offset + 8 ? MemoryMarshal.Read<ulong>(how[offset..]) : 0;

    private static int Row(in CallRecord call) => SyscallRow.Find(call.Header.Abi, call.Nr);

    private static DescriptorRule[] OfRows()
    {
        var rows = new DescriptorRule[SyscallRow.Count];
        for (int row = 0; row < rows.Length; row++)
        {
            string name = Encoding.ASCII.GetString(new SyscallRow(row).Name);
            rows[row] = s_rules.FirstOrDefault(rule => rule.Syscall == name) ?? Nothing;
        }
        return rows;
    }
}
