namespace Scry.Cli.Bench;

/// <summary>A middle and how far half of the values lie from it.</summary>
/// <param name="Median">The median; NaN of nothing.</param>
/// <param name="Spread">The median of the distances from it (MAD).</param>
internal readonly record struct Middle(double Median, double Spread)
{
    /// <summary>Whether it says anything: of a figure whose spread is larger than itself not even the sign is known.</summary>
    public bool IsResult => !(Spread > Math.Abs(Median));
}

/// <summary>Statistics that a single bad run does not move.</summary>
internal static class Statistics
{
    /// <summary>The median and the median absolute deviation of some values.</summary>
    public static Middle Of(IEnumerable<double> values)
    {
        double[] all = [.. values];
        double median = Median(all);
        return new Middle(median, Median([.. all.Select(value => Math.Abs(value - median))]));
    }

    /// <summary>The median; the mean of the middle two of an even number, NaN of nothing.</summary>
    public static double Median(double[] values)
    {
        if (values.Length == 0)
            return double.NaN;
        double[] sorted = [.. values.Order()];
        int middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
