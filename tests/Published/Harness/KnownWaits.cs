namespace Scry.Tests.Published.Harness;

/// <summary>What the program <c>waits</c> waits for.</summary>
internal static class KnownWaits
{
    private const string ATimer = "a timer";

    /// <summary>Each way, what it waits for, and who ends that: a timer, or a thread in one of such calls.</summary>
    /// <remarks>Some architectures have calls that others do without.</remarks>
    public static readonly (string Way, string Cause, string Waker)[] All =
    [
        ("sleep", "timer", ATimer), ("timerfd", "timer", ATimer), ("pause", "signal", ATimer), ("sigsuspend", "signal", ATimer),
        ("aio", "aio", ATimer), ("io_uring", "io_uring", ATimer),
        ("pipe", "pipe", "write"), ("full_pipe", "pipe", "read"), ("fifo", "pipe", "openat"), ("splice", "pipe", "write"), ("tee", "pipe", "write"),
        ("futex", "futex", "futex"), ("pi_futex", "futex", "futex"),
        ("epoll", "epoll", "write"), ("poll", "poll", "write"), ("select", "poll", "write"),
        ("child", "child", "exit_group"), ("vfork", "vfork", "exit_group"), ("traced", "stopped", "ptrace"),
        ("flock", "file lock", "flock"), ("fcntl", "file lock", "fcntl"),
        ("eventfd", "eventfd", "write"), ("signalfd", "signal", "kill"), ("sigwait", "signal", "kill"), ("inotify", "inotify", "openat"),
        ("fanotify", "fanotify", "write"),
        ("semaphore", "semaphore", "semtimedop"), ("message", "message queue", "msgsnd"), ("mqueue", "message queue", "mq_timedsend"),
        ("unix", "socket", "sendto"), ("datagram", "socket", "sendto"), ("unix_full", "socket", "recvfrom"),
        ("accept", "socket", "connect"), ("tcp", "socket", "sendto"), ("udp", "socket", "sendto"),
        // What comes in from a terminal a thread of the kernel hands on.
        ("terminal", "terminal", "kworker"),
    ];

    /// <summary>What the program <c>holders</c> waits for, and whose calls ended that, one after the other.</summary>
    public static readonly (string Way, string Cause, string Wakers)[] Held =
    [
        ("pipe_lock", "lock", "holder:write pager:ioctl a timer"), ("unix_lock", "lock", "holder:recvfrom pager:ioctl a timer"),
        ("file_lock", "lock", "holder:write pager:ioctl a timer"), ("file_size", "lock", "holder:write pager:ioctl a timer"),
        ("userfault", "userfault", "pager:ioctl a timer"), ("exec", "userfault", "pager:ioctl a timer"),
        // Of a thread that goes on as another one, the process's first.
        ("thread_exec", "userfault", "pager:ioctl a timer"),
    ];

    /// <summary>Fails unless the one slow call of that way tells what it waited for, and who ended that; with a chain, also what that one had waited for.</summary>
    public static void Check(IReadOnlyList<SlowCall> calls, string way)
    {
        (string _, string cause, string waker) = All.Single(known => known.Way == way);
        SlowCall call = Longest(calls, way, cause);
        // Some stacks are too deep to tell whether there is an interrupt in them.
        string first = call.Wakers.FirstOrDefault("nobody").TrimEnd('?');
        // The kernel may have no room for a stack at that moment: then it is an interrupt, of what is not known.
        bool told = waker is ATimer ? first is ATimer or "an interrupt"
            : waker is "kworker" ? first.StartsWith("kworker/", StringComparison.Ordinal)
            // On a busy machine a waker may have waited last for something else than its time to come.
            : first == "waker:" + waker
            // On a busy machine the sender may leave the rest of the way to an interrupt.
            || way is "tcp" or "udp" or "accept" && first == "the network";
        if (!told)
            throw new InvalidOperationException($"expected {cause}, ended by {waker}: {call}");
    }

    /// <summary>The same of a lock, and of who held up its holder.</summary>
    public static void CheckHeld(IReadOnlyList<SlowCall> calls, string way)
    {
        (string _, string cause, string wakers) = Held.Single(known => known.Way == way);
        SlowCall call = Longest(calls, way, cause);
        // On a busy machine the last of them may have waited for something else again: with PREEMPT_RT, for a lock of the kernel's lists of pages.
        if (!string.Join(' ', call.Wakers).StartsWith(wakers[..^(ATimer.Length + 1)], StringComparison.Ordinal))
            throw new InvalidOperationException($"expected {cause}, ended by {wakers}: {call}");
    }

    // A busy machine makes others long, too.
    private static SlowCall Longest(IReadOnlyList<SlowCall> calls, string way, string cause) =>
        calls.Where(call => call.Comm == way && call.Cause == cause).MaxBy(call => call.Ms("blocked_ns"))
        ?? throw new InvalidOperationException($"no call of {way} that waited for {cause}\n{string.Join('\n', calls)}");
}
