namespace Scry.Cli.Bench;

/// <summary>What a tool is attached to, and where it writes.</summary>
/// <param name="Machine">The CPUs.</param>
/// <param name="Work">Its files lie there.</param>
/// <param name="Cgroup">The directory of the cgroup that is traced.</param>
/// <param name="Pids">The processes in it.</param>
/// <param name="Call">The call that the workload counts; null when it counts none.</param>
/// <param name="MarkerCall">The name of a call that a traced process makes when it is asked to.</param>
/// <param name="Mark">Asks for a burst of marker calls.</param>
/// <param name="Launched">The tool's own process, when it starts the workload; null: it is to attach.</param>
internal sealed record ToolContext(
    Machine Machine, WorkDirectory Work, string Cgroup, IReadOnlyList<int> Pids, string? Call, string MarkerCall, Action Mark, BenchProcess? Launched);

/// <summary>What a tool says of a run after it was stopped.</summary>
/// <param name="Delivered">Calls of the counted kind in its output; null when it keeps less by design, or nothing was counted.</param>
/// <param name="Reported">Events that it says it lost; null when it says nothing of that.</param>
/// <param name="CpuSeconds">Seconds of CPU of its process; null when it has none.</param>
/// <param name="Memory">Bytes: its peak resident memory, or what the kernel holds for it.</param>
internal sealed record ToolAccount(long? Delivered, long? Reported, double? CpuSeconds, long? Memory)
{
    /// <summary>What was delivered has other calls in it too: more than were made are no fault.</summary>
    public bool HasOthers { get; init; }

    /// <summary>Of a tool that keeps nothing.</summary>
    public static ToolAccount Nothing { get; } = new(null, null, null, null);
}

/// <summary>A tool that is attached. Disposing detaches it, whatever state it is in.</summary>
internal interface IAttachedTool : IDisposable
{
    /// <summary>Its process, whose memory is looked at during a run; null when it has none.</summary>
    BenchProcess? Process { get; }

    /// <summary>Ends it in good order and reads what it wrote.</summary>
    /// <exception cref="ToolException">It failed.</exception>
    ToolAccount Stop();
}

/// <summary>A way to trace, or a baseline.</summary>
/// <param name="Name">As <c>--tools</c> has it.</param>
/// <param name="Title">What it is, for tables.</param>
/// <param name="Kind">What it does with a call.</param>
internal abstract record Tool(string Name, string Title, ToolKind Kind)
{
    /// <summary>The name of the untraced run.</summary>
    public const string Untraced = "none";

    /// <summary>The name of the two empty programs.</summary>
    public const string Floor = "floor";

    /// <summary>Why it cannot be had here, and how to change that; null when it can.</summary>
    public virtual string? Missing() => null;

    /// <summary>What its program says of its version, in a line; null when it has no program or says nothing.</summary>
    public virtual string? Version(WorkDirectory work) => null;

    /// <summary>
    /// The words before the workload's command of a tool that starts what it traces, where that can be started; null of one that attaches.
    /// </summary>
    public virtual IReadOnlyList<string>? Launcher(WorkDirectory work) => null;

    /// <summary>Why it cannot trace a workload as a whole; null when it can.</summary>
    public virtual string? Unfit(Workload workload) => null;

    /// <summary>Attaches; returns when it is attached indeed.</summary>
    /// <exception cref="ToolException">It failed, or was not attached in time.</exception>
    public abstract IAttachedTool Attach(ToolContext context);
}
