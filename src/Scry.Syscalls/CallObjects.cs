using System.Text;
using Scry.Wire;

namespace Scry.Syscalls;

/// <summary>
/// Which calls are given some path or descriptor, by the rule of strace's -P: of a call of files its first argument is a path, of
/// one of descriptors or the network it is a descriptor, and some calls have others. Paths are compared as the caller wrote them, and
/// descriptors by what they stand for when the call begins, so that the records must carry that.
/// </summary>
public sealed class CallObjects
{
    private const int MaxPath = 4096;

    // By name: arguments that are descriptors, and that are paths, a bit for each. Calls that make a descriptor, or are given
    // it in a structure, have none.
    private static readonly (string Names, int Descriptors, int Paths)[] s_rules =
    [
        ("dup2 dup3 kexec_file_load sendfile sendfile64 tee", 0b11, 0),
        ("execveat faccessat faccessat2 fchmodat fchmodat2 fchownat fspick fstatat64 futimesat inotify_add_watch mkdirat mknodat mount_setattr name_to_handle_at " +
            "newfstatat open_tree open_tree_attr openat openat2 readlinkat statx unlinkat utimensat utimensat_time64 setxattrat getxattrat listxattrat removexattrat " +
            "file_getattr file_setattr", 0b1, 0b10),
        ("link mount pivot_root", 0, 0b11),
        ("quotactl symlink", 0, 0b10),
        ("linkat move_mount renameat renameat2", 0b101, 0b1010),
        ("mmap mmap2", 0b10000, 0),
        ("symlinkat", 0b10, 0b100),
        ("copy_file_range splice", 0b101, 0),
        ("epoll_ctl", 0b100, 0),
        ("fanotify_mark", 0b11000, 0b110000),
        ("select _newselect pselect6 pselect6_time64", 0b1110, 0),
        ("poll ppoll ppoll_time64", 0b1, 0),
        ("fsconfig", 0b10000, 0b1000),
        ("accept accept4 bpf epoll_create epoll_create1 eventfd eventfd2 fanotify_init fsmount fsopen inotify_init inotify_init1 io_uring_enter io_uring_register " +
            "io_uring_setup landlock_add_rule landlock_create_ruleset landlock_restrict_self memfd_create memfd_secret mq_getsetattr mq_notify mq_open mq_timedreceive " +
            "mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 perf_event_open pidfd_open pipe pipe2 signalfd signalfd4 socket socketpair timerfd_create " +
            "timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 userfaultfd", 0, 0),
    ];

    private static readonly (byte Descriptors, byte Paths)[] s_ofRow = OfRows();

    private readonly List<byte[]> _paths = [];
    private readonly HashSet<int> _descriptors = [];
    private readonly Utf8Buffer _scratch = new(MaxPath);

    /// <summary>Whether nothing is asked for: then no call is given it.</summary>
    public bool IsEmpty => _paths.Count == 0 && _descriptors.Count == 0;

    /// <summary>Asks for a path.</summary>
    public void AddPath(ReadOnlySpan<byte> path) => _paths.Add(path.ToArray());

    /// <summary>Asks for a descriptor.</summary>
    public void AddDescriptor(int fd) => _descriptors.Add(fd);

    /// <summary>Whether a call is given one of those that are asked for.</summary>
    public bool Has(in CallRecord call)
    {
        int row = SyscallRow.Find(call.Header.Abi, call.Nr);
        if (row < 0)
            return false;
        (int descriptors, int paths) = s_ofRow[row];
        // What fsconfig is given, its command says: a path or a descriptor.
        if (new SyscallRow(row).Is("fsconfig"u8))
        {
            const uint setPath = 3, setPathEmpty = 4, setDescriptor = 5; // <linux/mount.h>
            uint command = call.Args.Length > 1 ? (uint)call.Args[1] : 0;
            if (command is not (setPath or setPathEmpty or setDescriptor))
                return false;
            paths = command == setDescriptor ? 0 : paths;
        }
        return HasPath(in call, paths) || HasDescriptor(in call, descriptors);
    }

    private bool HasPath(in CallRecord call, int arguments)
    {
        for (int i = 0; _paths.Count > 0 && i < call.Args.Length; i++)
        {
            if ((arguments >> i & 1) != 0 && call.TryRead(call.Args[i], CapturePhase.Entry, out ReadOnlySpan<byte> path)
                && path.IndexOf((byte)0) is >= 0 and var end && IsPath(path[..end]))
                return true;
        }
        return false;
    }

    private bool HasDescriptor(in CallRecord call, int arguments)
    {
        if (_descriptors.Count > 0)
        {
            var row = new SyscallRow(SyscallRow.Find(call.Header.Abi, call.Nr));
            for (int i = 0; i < row.ArgumentCount; i++)
            {
                ArgumentRow argument = row.Argument(i);
                if ((arguments >> argument.Register & 1) != 0 && argument.Register < call.Args.Length && new TypeNode(argument.Type).Kind is TypeKind.Fd or TypeKind.DirFd
                    && _descriptors.Contains((int)call.Args[argument.Register]))
                    return true;
            }
        }
        foreach (Capture capture in call)
        {
            var fd = (int)capture.Header.Address;
            if (capture.Header.Flags != CaptureFlags.File || capture.Header.Phase == CapturePhase.Exit || fd < 0 || (arguments >> capture.Header.Arg & 1) == 0)
                continue;
            if (_descriptors.Contains(fd))
                return true;
            if (_paths.Count == 0 || !call.TryFile(fd, CapturePhase.Entry, capture.Header.Arg, out FileFacts facts, out ReadOnlySpan<byte> text))
                continue;
            _scratch.Clear();
            FileText.Link(_scratch, in facts, text);
            if (IsPath(_scratch.Written))
                return true;
        }
        return false;
    }

    private bool IsPath(ReadOnlySpan<byte> path)
    {
        foreach (byte[] wanted in _paths)
        {
            if (path.SequenceEqual(wanted))
                return true;
        }
        return false;
    }

    private static (byte, byte)[] OfRows()
    {
        int file = ClassBit("file"u8), descriptors = ClassBit("desc"u8) | ClassBit("network"u8);
        var rules = new Dictionary<string, (byte, byte)>();
        foreach ((string names, int fds, int paths) in s_rules)
        {
            foreach (string name in names.Split(' '))
                rules[name] = ((byte)fds, (byte)paths);
        }
        var rows = new (byte, byte)[SyscallRow.Count];
        for (int id = 0; id < rows.Length; id++)
        {
            var row = new SyscallRow(id);
            if ((row.Classes & (file | descriptors)) == 0)
                continue;
            rows[id] = rules.TryGetValue(Encoding.UTF8.GetString(row.Name), out (byte, byte) rule) ? rule
                : (row.Classes & file) != 0 ? ((byte)0, (byte)1)
                : ((byte)1, (byte)0);
        }
        return rows;
    }

    private static int ClassBit(ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < SyscallTable.Classes.Length; i++)
        {
            if (Table.Text(SyscallTable.Classes[i]).SequenceEqual(name))
                return 1 << i;
        }
        return 0;
    }
}
