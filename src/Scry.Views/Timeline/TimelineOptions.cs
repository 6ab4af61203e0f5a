namespace Scry.Views.Timeline;

/// <summary>What a timeline is of, and how much of it is kept.</summary>
public sealed record TimelineOptions
{
    /// <summary>What was traced; may be hostile.</summary>
    public required string Title { get; init; }

    /// <summary>What the clock on the wall showed.</summary>
    public WallClock Clock { get; init; } = 0;

    /// <summary>Bytes of the output, about: what comes later is counted and left out.</summary>
    public long MostBytes { get; init; } = 64 << 20;

    /// <summary>Threads that are told apart.</summary>
    internal const int MostThreads = 65536;
}
