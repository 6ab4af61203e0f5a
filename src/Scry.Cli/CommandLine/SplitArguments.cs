namespace Scry.Cli.CommandLine;

/// <summary>What of a run follows the scheduler, and where calls come from.</summary>
internal sealed record SplitArguments
{
    public static readonly SplitArguments None = new();

    /// <summary>Where calls' time went.</summary>
    public bool Split { get; init; }
    /// <summary>How many wakers of a chain are shown.</summary>
    public int Chain { get; init; } = 1;
    public CallGraph CallGraph { get; init; }
    /// <summary>Nanoseconds that calls must take, by their plans' places; null: all the same.</summary>
    public IReadOnlyList<ulong>? Overs { get; init; }
    /// <summary>Nanoseconds of a wait that is looked at closely; null: by how long calls must take.</summary>
    public ulong? LongWait { get; init; }
    /// <summary>What threads do without a CPU, each time.</summary>
    public bool Spans { get; init; }
    /// <summary>The scheduler's sums of threads, and no calls.</summary>
    public bool Sums { get; init; }

    /// <summary>Whether records carry anything of it.</summary>
    public bool IsNone => this == None;
}

/// <summary>How a call's stack is taken.</summary>
internal enum CallGraph
{
    /// <summary>It is not.</summary>
    None,
    /// <summary>The kernel follows frame pointers.</summary>
    FramePointers,
    /// <summary>The stack is copied, and unwound by call frame information.</summary>
    Dwarf,
}
