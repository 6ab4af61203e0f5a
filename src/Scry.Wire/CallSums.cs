namespace Scry.Wire;

/// <summary>What a number of calls have in common: how many, how many failed, how long they took. Times are nanoseconds.</summary>
public record struct CallSums
{
    /// <summary>Calls.</summary>
    public ulong Calls;
    /// <summary>Those that failed.</summary>
    public ulong Errors;
    /// <summary>Those that began before the run and have no duration.</summary>
    public ulong Untimed;
    /// <summary>Those with a duration that is in no histogram.</summary>
    public ulong Unbucketed;
    /// <summary>Time of all.</summary>
    public ulong Total;
    /// <summary>Sum of the squares of times.</summary>
    public UInt128 Squares;
    /// <summary>The shortest time; meaningless without <see cref="Timed"/> calls.</summary>
    public ulong Min = ulong.MaxValue;
    /// <summary>The longest time.</summary>
    public ulong Max;

    /// <summary>No calls.</summary>
    public CallSums()
    {
    }

    /// <summary>Calls that have a duration.</summary>
    public readonly ulong Timed => Calls - Untimed;

    /// <summary>The mean time; 0 without calls that have one.</summary>
    public readonly double Mean => Timed > 0 ? (double)Total / Timed : 0;

    /// <summary>The standard deviation of the times.</summary>
    public readonly double Deviation
    {
        get
        {
            if (Timed < 2)
                return 0;
            double variance = ((double)Squares - Mean * Total) / (Timed - 1);
            return Math.Sqrt(Math.Max(0, variance));
        }
    }

    /// <summary>The standard error of the mean in percent of the mean: what perf prints as stddev.</summary>
    public readonly double RelativeError => Mean > 0 ? 100 * Deviation / Math.Sqrt(Timed) / Mean : 0;

    /// <summary>Adds other calls.</summary>
    public void Add(in CallSums other)
    {
        Calls += other.Calls;
        Errors += other.Errors;
        Untimed += other.Untimed;
        Unbucketed += other.Unbucketed;
        Total += other.Total;
        Squares += other.Squares;
        Min = Math.Min(Min, other.Min);
        Max = Math.Max(Max, other.Max);
    }

    /// <summary>What came since <paramref name="earlier"/>, an earlier state of the same; the extremes are those of all.</summary>
    public readonly CallSums Since(in CallSums earlier) => this with
    {
        Calls = Calls - earlier.Calls,
        Errors = Errors - earlier.Errors,
        Untimed = Untimed - earlier.Untimed,
        Unbucketed = Unbucketed - earlier.Unbucketed,
        Total = Total - earlier.Total,
        Squares = Squares - earlier.Squares,
    };
}
