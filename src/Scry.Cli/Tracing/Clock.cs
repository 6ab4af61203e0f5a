using Scry.Targets;

namespace Scry.Cli.Tracing;

/// <summary>The two clocks of records: the kernel's CLOCK_MONOTONIC, which they carry, and CLOCK_REALTIME, which people read.</summary>
internal static class Clock
{
    /// <summary>Nanoseconds of the kernel's CLOCK_MONOTONIC.</summary>
    public static long Monotonic() => (long)KernelClock.Now;

    /// <summary>The date and time (UTC) of an instant of CLOCK_MONOTONIC, in nanoseconds, as the clock is set now.</summary>
    public static DateTime DateOf(ulong monotonic) => DateTime.UnixEpoch.AddTicks(((long)monotonic + RealtimeOffset()) / TimeSpan.NanosecondsPerTick);

    /// <summary>Nanoseconds from CLOCK_MONOTONIC to CLOCK_REALTIME, as that is set now.</summary>
    public static long RealtimeOffset() => KernelClock.RealtimeOffset();
}
