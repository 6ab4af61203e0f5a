using System.Globalization;
using Scry.Recording;
using Scry.Views;

namespace Scry.Cli.Recordings;

/// <summary>What a flight recorder gave up for its budget, in words.</summary>
internal static class GivenUpText
{
    /// <summary><c>1 %</c>, <c>0.42 %</c>: a share of the machine's CPU time.</summary>
    public static string Percent(double share) => (100 * share).ToString("0.##", CultureInfo.InvariantCulture) + " %";

    /// <summary><c>given up from 12:00:01 to 12:00:09: exact durations; …</c></summary>
    /// <param name="span">What.</param>
    /// <param name="wall">Nanoseconds since the epoch of a time of CLOCK_MONOTONIC.</param>
    /// <param name="budget">The budget, from 0 to 1.</param>
    public static string Of(GivenUpSpan span, Func<ulong, ulong> wall, double budget)
    {
        string when = span.To is { } to ? $"from {Time(wall(span.From))} to {Time(wall(to))}" : $"since {Time(wall(span.From))}";
        return $"given up {when}: {What(span)}; the recorder took {Percent(span.CpuShare)} of the machine's CPU time, its budget is {Percent(budget)}";
    }

    /// <summary>What it is, without the times.</summary>
    public static string What(GivenUpSpan span) => span.What switch
    {
        "durations" => "exact durations",
        "memory" => "the memory of calls (paths, structures, payload)",
        PastGivenUp.OfCgroup => $"{span.Calls} {(span.Calls == 1 ? "call" : "calls")} of {(span.Cgroup is { } path ? $"the cgroup {Printable.Escape(path)}" : "cgroups without a name")}",
        _ => Printable.Escape(span.What),
    };

    // A recording's times are hostile.
    private static string Time(ulong unixNs) => DateTime.UnixEpoch.AddTicks((long)(unixNs / 100)).ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture);
}
