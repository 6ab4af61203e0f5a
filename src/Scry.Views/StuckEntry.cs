namespace Scry.Views;

/// <summary>Who holds what a blocked thread waits for.</summary>
/// <param name="Pid">The process.</param>
/// <param name="Tid">The thread; the process's number when any of its threads may be meant.</param>
/// <param name="Comm">Its name; empty when it is gone. Hostile text.</param>
/// <param name="State">Its state's letter, as ps(1) has it; null when it is gone.</param>
/// <param name="Fd">The descriptor by which it holds it; null when it is none.</param>
/// <param name="Doing">The call that it is blocked in itself; null when it is in none, or that is not known.</param>
/// <param name="ProcessComm">The name of its process, when it is a thread.</param>
public sealed record StuckHolderTask(int Pid, int Tid, string Comm, char? State, int? Fd, string? Doing, string ProcessComm = "");

/// <summary>What a blocked thread waits for.</summary>
/// <param name="Kind">A word of docs/STUCK.md.</param>
/// <param name="Text">The same in words, before the tasks. Hostile text.</param>
/// <param name="Tasks">Who holds it; none when that is not known.</param>
/// <param name="Basis">How that is known when it is not certain; else null.</param>
public sealed record StuckHolder(string Kind, string Text, IReadOnlyList<StuckHolderTask> Tasks, string? Basis);

/// <summary>A blocked thread as it is shown.</summary>
public sealed record StuckEntry
{
    /// <summary>When it was looked at, ns of CLOCK_MONOTONIC.</summary>
    public required ulong Time { get; init; }
    /// <summary>Thread id.</summary>
    public required int Tid { get; init; }
    /// <summary>Thread group id (the process).</summary>
    public required int Tgid { get; init; }
    /// <summary>Thread group id of its real parent.</summary>
    public required int ParentTgid { get; init; }
    /// <summary>Effective user id.</summary>
    public required uint Uid { get; init; }
    /// <summary>Its name; hostile text.</summary>
    public required byte[] Comm { get; init; }
    /// <summary>The name of its process, that of its first thread; empty when that is gone. Hostile text.</summary>
    public string ProcessComm { get; init; } = "";
    /// <summary>Its state's letter, as ps(1) has it.</summary>
    public required char State { get; init; }
    /// <summary>Nanoseconds since it last ran: its call takes so long at least.</summary>
    public required ulong IdleNs { get; init; }
    /// <summary>Nanoseconds since its call began, when a flight recorder saw that; else null.</summary>
    public ulong? CallNs { get; init; }
    /// <summary>Its call as it is shown: <c>name(arguments)</c>, or the members of a JSON object; empty when it is in none.</summary>
    public byte[] Call { get; init; } = [];
    /// <summary>The call's name; empty when it is in none.</summary>
    public required string Name { get; init; }
    /// <summary>Kernel functions that it is in, the innermost first, without the scheduler's and those of the entry.</summary>
    public required IReadOnlyList<string> Stack { get; init; }
    /// <summary>What it waits for.</summary>
    public IReadOnlyList<StuckHolder> Holders { get; init; } = [];
    /// <summary>The path of its cgroup (v2); null when it is not known. Hostile text.</summary>
    public string? Cgroup { get; init; }

    /// <summary>How long it is in its call, as far as that is known.</summary>
    public ulong KnownNs => CallNs ?? IdleNs;

    /// <summary>Where in the kernel it waits, as /proc/PID/wchan has it; empty when that is not known.</summary>
    public string WaitChannel => Stack.Count > 0 ? Stack[0] : "";

    /// <summary>
    /// How suspicious it is, the most first: 0: it waits for what should come soon (D); 1: it waits for a lock, or for someone who does
    /// not do his part; 2: it was stopped; 3: anything else; 4: what idle programs do.
    /// </summary>
    public int Rank => State switch
    {
        'D' => 0,
        'T' or 't' => 2,
        _ when Holders.Any(holder => holder.Kind is "lock" or "futex_owner" or "pipe_reader" or "no_peer" or "frozen" or "listener") => 1,
        _ when Name == "connect" => 1,
        _ when s_idle.Contains(Name) => 4,
        _ => 3,
    };

    /// <summary>Whether both are shown as one: threads of a process that wait in the same place for the same thing.</summary>
    public bool LooksLike(StuckEntry other) =>
        Tgid == other.Tgid && State == other.State && Name == other.Name && Stack.SequenceEqual(other.Stack)
        && Holders.Select(Signature).SequenceEqual(other.Holders.Select(Signature));

    private static readonly HashSet<string> s_idle =
    [
        "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "ppoll_time64", "select", "_newselect", "pselect6", "pselect6_time64",
        "accept", "accept4", "nanosleep", "clock_nanosleep", "clock_nanosleep_time64", "pause", "rt_sigsuspend", "rt_sigtimedwait",
        "rt_sigtimedwait_time64", "futex", "futex_time64", "futex_wait", "futex_waitv", "io_getevents", "io_pgetevents", "io_uring_enter",
        "wait4", "waitid", "waitpid", "restart_syscall",
    ];

    // A timer's text has its time.
    private static string Signature(StuckHolder holder) =>
        holder.Kind == "timer" ? "timer" : $"{holder.Kind} {holder.Text} {string.Join(' ', holder.Tasks.Select(task => task.Tid))}";
}
