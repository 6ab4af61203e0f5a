using Scry.Wire;

namespace Scry.Views.Slow;

/// <summary>What a thread waited for, by the functions of the kernel that it slept in.</summary>
internal static class WaitCause
{
    public const string PageFault = "page fault", Disk = "disk", Timer = "timer", Socket = "socket", Stopped = "stopped", Kernel = "kernel";
    private const string Lock = "lock", Pipe = "pipe", Userfault = "userfault", Undecided = "";

    // <linux/sched.h>: bits of task_struct.__state. For a lock, with PREEMPT_RT: a spinlock, which others spin for.
    private const uint Uninterruptible = 0x2, StoppedBits = 0x4 | 0x8, RealTimeLock = 0x1000;

    // The first of a stack's functions, from the innermost on, that begins so decides. Names of Linux 6.1 to 6.18. The kernel leaves the
    // functions out that are the scheduler's own, and with them those of its locks: see Of.
    private static readonly (string Prefix, string Cause)[] s_causes =
    [
        // With PREEMPT_RT, of locks of all kinds.
        ("__rt_mutex_slowlock", Lock), ("rt_mutex_slowlock", Lock), ("rtlock_", Lock), ("rwbase_", Lock), ("__rwbase_", Lock),
        ("futex_", "futex"), ("__futex_", "futex"), ("do_futex", "futex"),
        ("do_nanosleep", Timer), ("hrtimer_nanosleep", Timer), ("common_nsleep", Timer), ("usleep_range", Timer), ("msleep", Timer),
        ("ep_poll", "epoll"), ("do_epoll_wait", "epoll"), ("do_select", "poll"), ("do_poll", "poll"), ("do_sys_poll", "poll"), ("poll_schedule_timeout", "poll"),
        ("pipe_", Pipe), ("anon_pipe_", Pipe), ("fifo_", Pipe), ("wait_for_partner", Pipe), ("splice_", Pipe), ("opipe_prep", Pipe), ("ipipe_prep", Pipe),
        ("unix_", Socket), ("tcp_", Socket), ("inet_", Socket), ("udp", Socket), ("sk_", Socket), ("__sk", Socket), ("sock_", Socket),
        ("skb_", Socket), ("netlink_", Socket), ("packet_", Socket), ("vsock_", Socket), ("lock_sock", Socket), ("__lock_sock", Socket),
        // What reads of eventfds and timerfds wait in.
        ("do_wait_intr", Undecided),
        ("do_wait", "child"), ("kernel_wait", "child"), ("wait_for_vfork_done", "vfork"),
        ("flock_lock", "file lock"), ("posix_lock", "file lock"), ("locks_", "file lock"), ("fcntl_setlk", "file lock"), ("__break_lease", "file lock"),
        ("n_tty_", "terminal"), ("tty_", "terminal"), ("wait_until_sent", "terminal"),
        ("eventfd_", "eventfd"), ("signalfd_", "signal"), ("timerfd_", Timer), ("inotify_", "inotify"), ("fanotify_", "fanotify"),
        ("do_sigtimedwait", "signal"), ("sigsuspend", "signal"), ("__do_sys_pause", "signal"), ("__x64_sys_pause", "signal"), ("__arm64_sys_pause", "signal"),
        ("do_signal_stop", Stopped), ("ptrace_stop", Stopped), ("ptrace_", Stopped), ("do_jobctl", Stopped),
        ("do_semtimedop", "semaphore"), ("__do_semtimedop", "semaphore"), ("do_msgrcv", "message queue"), ("do_msgsnd", "message queue"), ("wq_sleep", "message queue"),
        ("io_cqring_wait", "io_uring"), ("io_", "io_uring"), ("__do_sys_io_uring_enter", "io_uring"), ("__se_sys_io_uring_enter", "io_uring"), ("__arm64_sys_io_uring_enter", "io_uring"), ("read_events", "aio"), ("__do_sys_io_getevents", "aio"),
        ("fuse_", "fuse"), ("request_wait_answer", "fuse"), ("nfs", "nfs"), ("rpc_", "nfs"), ("cifs_", "cifs"), ("wait_for_response", "cifs"), ("p9_", "9p"),
        ("balance_dirty_pages", "writeback"), ("mem_cgroup_handle_over_high", "memory limit"), ("try_charge", "memory limit"), ("mem_cgroup_", "memory limit"),
        ("shrink_", "memory"), ("try_to_free_pages", "memory"), ("congestion_wait", "memory"), ("reclaim_throttle", "memory"), ("out_of_memory", "memory"),
        ("folio_wait", Disk), ("__folio_lock", Disk), ("wait_on_page", Disk), ("wait_on_buffer", Disk), ("__wait_on_buffer", Disk), ("submit_bio_wait", Disk),
        ("blk_", Disk), ("rq_qos_wait", Disk), ("wbt_wait", Disk), ("tg_throttle", Disk), ("blkcg_", "I/O limit"), ("jbd2_", Disk), ("ext4_", Disk), ("xfs_", Disk),
        ("xlog_", Disk), ("btrfs_", Disk), ("iomap_", Disk), ("__iomap_", Disk), ("bio_", Disk), ("dm_", Disk), ("md_", Disk), ("filemap_", Disk), ("f2fs_", Disk),
        ("percpu_", Lock), ("__percpu_", Lock), ("cgroup_lock", Lock), ("d_alloc_parallel", Lock), ("inode_", Lock), ("lock_rename", Lock),
        ("synchronize_", "rcu"), ("wait_rcu", "rcu"), ("__wait_rcu", "rcu"), ("__flush_work", "kernel work"), ("flush_work", "kernel work"),
        ("coredump_", "core dump"), ("do_coredump", "core dump"), ("__refrigerator", "freezer"), ("do_freezer", "freezer"), ("cgroup_leave_frozen", "freezer"),
        ("cgroup_freez", "freezer"), ("throttle_cfs_rq", "CPU limit"), ("zap_pid_ns", "child"), ("de_thread", "its threads"), ("begin_new_exec", "its threads"),
        ("kvm_", "virtual machine"), ("seccomp_", "seccomp"), ("landlock_", "landlock"), ("keyctl", "key"), ("request_key", "key"), ("fsnotify_", "fanotify"),
    ];

    // Wherever in a stack: what the thread slept in was for a page of its memory.
    private static readonly string[] s_faults = ["handle_mm_fault", "__handle_mm_fault", "do_user_addr_fault", "exc_page_fault", "do_page_fault", "do_mem_abort"];

    // As the innermost one, of a wait that no signal ends, or a deadly one alone: functions that take a lock of a file, a directory, a file
    // system or a process's memory; and the one that waits for what a vfork made.
    private static readonly (string Prefix, string Cause)[] s_innermost =
    [
        ("kernel_clone", "vfork"), ("fdget_pos", Lock), ("__fdget_pos", Lock), ("do_truncate", Lock), ("vfs_", Lock), ("generic_file_", Lock), ("shmem_", Lock),
        ("open_last_lookups", Lock), ("path_openat", Lock), ("lookup_", Lock), ("__lookup_", Lock), ("walk_component", Lock), ("filename_create", Lock), ("do_unlinkat", Lock),
        ("do_rmdir", Lock), ("do_renameat2", Lock), ("do_linkat", Lock), ("start_creating", Lock), ("start_removing", Lock), ("start_renaming", Lock), ("iterate_dir", Lock),
        ("chmod_common", Lock), ("chown_common", Lock), ("mnt_want_write", Lock), ("lock_mm_and_find_vma", Lock), ("mmap_", Lock), ("vm_mmap_pgoff", Lock), ("__vm_munmap", Lock),
        ("do_mprotect_pkey", Lock), ("madvise_", Lock), ("do_madvise", Lock), ("dup_mm", Lock), ("__do_sys_brk", Lock), ("__do_sys_mremap", Lock), ("rtnl_", Lock), ("rtnetlink_", Lock),
    ];

    // What these wait for themselves a signal ends, or the scheduler counts as waiting for a device: other waits in them are for a lock.
    private static readonly string[] s_interruptible =
    [
        "futex", Timer, "epoll", "poll", Pipe, Socket, "child", "file lock", "terminal", "eventfd", "signal", "inotify", "semaphore", "message queue", "io_uring",
        "aio",
    ];
    private static readonly string[] s_fileSystems = ["ext4_", "xfs_", "btrfs_", "f2fs_", "filemap_", "iomap_", "__iomap_"];

    /// <summary>Names it, in a word or two.</summary>
    /// <param name="functions">The functions it slept in, the innermost first.</param>
    /// <param name="state"><c>task_struct.__state</c>, with <see cref="Layout.StateIo"/>.</param>
    public static string Of(IReadOnlyList<KernelFunction> functions, uint state)
    {
        if (functions.Any(function => s_faults.Contains(Plain(function.Name))))
            return functions.Any(function => Plain(function.Name) == "handle_userfault") ? Userfault : PageFault;
        if (OfState(state) == Kernel && functions.Count > 0 && Find(s_innermost, functions[0].Name) is { } innermost)
            return innermost;
        foreach (KernelFunction function in functions)
        {
            if (Find(s_causes, function.Name) is { Length: > 0 } cause)
                return IsLock(function.Name, cause, state) ? Lock : cause;
        }
        return OfState(state);
    }

    private static string? Find((string Prefix, string Cause)[] table, string function)
    {
        foreach ((string prefix, string cause) in table)
        {
            if (function.StartsWith(prefix, StringComparison.Ordinal))
                return cause;
        }
        return null;
    }

    private static bool IsLock(string function, string cause, uint state) =>
        OfState(state) == Kernel && !function.Contains("sleep", StringComparison.Ordinal)
        && (s_interruptible.Contains(cause) || s_fileSystems.Any(prefix => function.StartsWith(prefix, StringComparison.Ordinal)));

    /// <summary>The same of a wait whose functions are not known.</summary>
    public static string OfState(uint state) => (state & Layout.StateIo) != 0 ? Disk
        : (state & RealTimeLock) != 0 ? Lock
        : (state & StoppedBits) != 0 ? Stopped
        : (state & Uninterruptible) != 0 ? Kernel : "event";

    // Compilers add .part.0, .constprop.1, .isra.2.
    private static string Plain(string name) => name.Split('.')[0];
}
