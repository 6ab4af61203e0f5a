namespace Scry.Stacks;

/// <summary>How stacks are read.</summary>
public sealed record CallStacksOptions
{
    internal const string Self = "/proc/self/exe";

    /// <summary>The program that serves as worker: Scry itself.</summary>
    public string Program { get; init; } = Self;

    /// <summary>How long one answer of the worker is waited for, in milliseconds.</summary>
    public int PatienceMs { get; init; } = 5000;

    /// <summary>How many places are kept apart.</summary>
    public int MostPlaces { get; init; } = 200_000;
}
