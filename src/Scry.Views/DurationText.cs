using System.Globalization;

namespace Scry.Views;

/// <summary>Nanoseconds for people: three digits that count, and a unit.</summary>
public static class DurationText
{
    private static readonly (double Scale, string Unit)[] Units = [(1e9, "s"), (1e6, "ms"), (1e3, "us")];

    /// <summary>As <c>412ns</c>, <c>1.24us</c>, <c>35.0ms</c>, <c>1200s</c>.</summary>
    public static string Of(double nanoseconds)
    {
        foreach ((double scale, string unit) in Units)
        {
            // What would round up to the next unit belongs there.
            if (nanoseconds < scale * 0.9995)
                continue;
            double value = nanoseconds / scale;
            string format = value < 9.995 ? "F2" : value < 99.95 ? "F1" : "F0";
            return value.ToString(format, CultureInfo.InvariantCulture) + unit;
        }
        return nanoseconds.ToString("F0", CultureInfo.InvariantCulture) + "ns";
    }
}
