namespace Scry.Targets;

/// <summary>A process or thread that holds what another one waits for.</summary>
/// <param name="Pid">The process.</param>
/// <param name="Tid">The thread; the process's number when any of its threads may be meant.</param>
/// <param name="Comm">Its name; empty when it is gone. Hostile text.</param>
/// <param name="State">Its state's letter, as ps(1) has it; null when it is gone.</param>
/// <param name="Fd">The descriptor by which it holds it; null when it is none.</param>
public sealed record HolderTask(int Pid, int Tid, string Comm, char? State, int? Fd = null);

/// <summary>What a blocked thread waits for, and who holds it.</summary>
/// <param name="Kind">
/// <c>futex_owner</c>, <c>thread</c>, <c>pipe_reader</c>, <c>pipe_writer</c>, <c>no_peer</c>, <c>peer</c>, <c>socket</c>, <c>listener</c>,
/// <c>lock</c>, <c>child</c>, <c>watched</c>, <c>timer</c>, <c>tracer</c>, <c>frozen</c>.
/// </param>
/// <param name="Text">The same in words, before the tasks. Hostile text.</param>
/// <param name="Tasks">Who; none when that is not known.</param>
/// <param name="Basis">How that is known when it is not certain; null when the kernel itself says so.</param>
public sealed record Holder(string Kind, string Text, IReadOnlyList<HolderTask> Tasks, string? Basis = null);

/// <summary>A blocked call, as far as finding its holder needs it.</summary>
/// <param name="Tid">The thread.</param>
/// <param name="Tgid">Its process.</param>
/// <param name="State">Its state's letter.</param>
/// <param name="Name">The syscall; empty when it is in none.</param>
/// <param name="Args">The six argument registers.</param>
/// <param name="Word">Bytes of a pointer of the caller: 4 or 8.</param>
/// <param name="IdleNs">Nanoseconds that the call takes at least.</param>
/// <param name="Stack">Kernel functions that it is in, the innermost first.</param>
public sealed record BlockedCall(int Tid, int Tgid, char State, string Name, ulong[] Args, int Word, ulong IdleNs, IReadOnlyList<string> Stack)
{
    /// <summary>Whether it is frozen, with its cgroup.</summary>
    public bool IsFrozen { get; init; }

    /// <summary>Whether a kernel function is on its stack whose name has this in it.</summary>
    public bool Passes(string function) => Stack.Any(name => name.Contains(function, StringComparison.Ordinal));
}

/// <summary>Reads the memory that a thread has: fewer bytes than asked for when it cannot be read.</summary>
public delegate int ReadMemory(int tid, ulong address, Span<byte> to);
