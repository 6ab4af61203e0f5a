using System.Diagnostics;
using System.Globalization;

namespace Scry.Targets;

/// <summary>
/// CLOCK_MONOTONIC as the kernel side reads it, which is that of the initial time namespace: in another one, the clock that this process
/// reads is set off from it (time_namespaces(7)).
/// </summary>
public static class KernelClock
{
    private static readonly long s_offset = OffsetOf("self");

    /// <summary>Nanoseconds.</summary>
    public static ulong Now => (ulong)(Own - s_offset);

    /// <summary>The same as a process reads it.</summary>
    public static ulong NowOf(int pid) => (ulong)(Own - s_offset + OffsetOf(pid.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Nanoseconds to add to <see cref="Now"/> to have CLOCK_REALTIME, as that is set now.</summary>
    public static long RealtimeOffset()
    {
        (long Took, long Offset) best = (long.MaxValue, 0);
        // Whoever takes the CPU away between two readings takes it from one of them, rarely from all.
        for (int i = 0; i < 3; i++)
        {
            long before = Own;
            long realtime = (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;
            long took = Own - before;
            if (took < best.Took)
                best = (took, realtime - (before + took / 2 - s_offset));
        }
        return best.Offset;
    }

    /// <summary>Reads timens_offsets: <c>monotonic SECONDS NANOSECONDS</c> on a line.</summary>
    internal static long Offset(IEnumerable<string> lines)
    {
        foreach (string line in lines)
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words is ["monotonic", var seconds, var nanoseconds]
                && long.TryParse(seconds, CultureInfo.InvariantCulture, out long s) && long.TryParse(nanoseconds, CultureInfo.InvariantCulture, out long ns))
                return s * 1_000_000_000 + ns;
        }
        return 0;
    }

    private static long Own => Stopwatch.GetTimestamp() * (1_000_000_000 / Stopwatch.Frequency);

    private static long OffsetOf(string process)
    {
        try
        {
            return Offset(File.ReadLines($"/proc/{process}/timens_offsets"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A kernel without time namespaces has one clock; of a process that ended nobody asks more.
            return 0;
        }
    }
}
