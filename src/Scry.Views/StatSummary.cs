using System.Globalization;

namespace Scry.Views;

/// <summary>What a run counted, and what of it is not as exact as it might be. Times are nanoseconds.</summary>
public readonly record struct StatSummary
{
    /// <summary>Calls.</summary>
    public required ulong Calls { get; init; }
    /// <summary>Those that failed.</summary>
    public ulong Errors { get; init; }
    /// <summary>Time that the run lasted.</summary>
    public long Elapsed { get; init; }
    /// <summary>Calls that began before the run.</summary>
    public ulong Untimed { get; init; }
    /// <summary>Of these, calls that began in the run: their threads found no room for the time at which they began.</summary>
    public ulong Slotless { get; init; }
    /// <summary>Calls under (other).</summary>
    public ulong Other { get; init; }
    /// <summary>Groups that ended and were merged into others, for want of room.</summary>
    public ulong Folded { get; init; }
    /// <summary>Calls whose duration is in no percentile.</summary>
    public ulong Unbucketed { get; init; }
    /// <summary>Errors whose errno was not kept.</summary>
    public ulong ErrnosUnknown { get; init; }
    /// <summary>Calls that were not counted.</summary>
    public ulong GivenUp { get; init; }
    /// <summary>The share of the machine's CPU time that the programs took, from 0 to 1; null: nobody looked.</summary>
    public double? CpuShare { get; init; }

    /// <summary>Whether every call is counted where it belongs, with its duration and errno, but for those that began before the run.</summary>
    public bool IsExact => (Slotless | Other | Unbucketed | ErrnosUnknown | GivenUp) == 0;

    /// <summary><c>complete: 123 calls in 1.5 s</c>, and what is not exact.</summary>
    public override string ToString()
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{(GivenUp == 0 ? "complete: " : "")}{Calls} {(Calls == 1 ? "call" : "calls")} in {Elapsed / 1e9:F1} s");
        if (GivenUp > 0)
            text += string.Create(CultureInfo.InvariantCulture, $"; {GivenUp} were not counted: one program came upon another");
        if (Untimed > Slotless)
            text += string.Create(CultureInfo.InvariantCulture, $"; {Untimed - Slotless} began before, without a duration");
        if (Slotless > 0)
            text += string.Create(CultureInfo.InvariantCulture, $"; {Slotless} without a duration: no room for more threads");
        if (Other > 0)
            text += string.Create(CultureInfo.InvariantCulture, $"; {Other} under (other): no room for more");
        if (Folded > 0)
            text += string.Create(CultureInfo.InvariantCulture, $"; {Folded} that ended are one with others of their name, (ended): --memory gives room for more");
        if (Unbucketed > 0)
            text += string.Create(CultureInfo.InvariantCulture, $"; {Unbucketed} in no percentile: no room for more");
        if (ErrnosUnknown > 0)
            text += string.Create(CultureInfo.InvariantCulture, $"; {ErrnosUnknown} errors without an errno: no room for more");
        if (CpuShare is { } share)
            text += string.Create(CultureInfo.InvariantCulture, $"; it took {100 * share:F2} % of the machine's CPU time");
        return text;
    }
}
