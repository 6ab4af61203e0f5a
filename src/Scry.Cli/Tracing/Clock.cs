using System.Diagnostics;

namespace Scry.Cli.Tracing;

/// <summary>The two clocks of records: CLOCK_MONOTONIC, which they carry, and CLOCK_REALTIME, which people read.</summary>
internal static class Clock
{
    /// <summary>Nanoseconds of CLOCK_MONOTONIC, which Stopwatch reads on Linux.</summary>
    public static long Monotonic() => Stopwatch.GetTimestamp();

    /// <summary>The date and time (UTC) of an instant of CLOCK_MONOTONIC, in nanoseconds.</summary>
    public static DateTime DateOf(ulong monotonic) => DateTime.UnixEpoch.AddTicks(((long)monotonic + RealtimeOffset()) / TimeSpan.NanosecondsPerTick);

    /// <summary>Nanoseconds from CLOCK_MONOTONIC to CLOCK_REALTIME.</summary>
    public static long RealtimeOffset()
    {
        long monotonic = Monotonic();
        long realtime = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
        return realtime - monotonic;
    }
}
