using System.Runtime.InteropServices;
using Scry.Bpf;
using Scry.Wire;

namespace Scry.Capture;

/// <summary>The kernel's ticks on CLOCK_MONOTONIC, by which it counts them: what a load tells instead of a clock.</summary>
internal static class TickClock
{
    private const int Ticks = 8;
    private const ulong MostNs = 200_000_000;
    // CONFIG_HZ of <kernel/Kconfig.hz>.
    private static readonly ulong[] s_rates = [100, 250, 300, 1000];

    /// <summary>Watches some ticks go by: at most a tenth of a second.</summary>
    /// <returns>Nanoseconds of a tick, and the time of tick 0, wrapped.</returns>
    public static (ulong Tick, ulong Base) Measure()
    {
        using BpfObject programs = BpfObject.Open(Programs.Read("peek.bpf.o"), "scry_peek");
        programs.Load();
        BpfProgram program = programs.FindProgram("peek_clock");
        ClockPair first = Edge(program, Read(program)), last = first;
        while (last.Jiffies < first.Jiffies + Ticks && last.Time - first.Time < MostNs)
            last = Edge(program, last);
        double seen = (double)(last.Time - first.Time) / Math.Max(1, last.Jiffies - first.Jiffies);
        ulong rate = s_rates.MinBy(rate => Math.Abs(1e9 / rate - seen));
        ulong tick = 1_000_000_000 / rate;
        // The earlier of the two bases has met with less delay.
        return (tick, Math.Min(unchecked(first.Time - first.Jiffies * tick), unchecked(last.Time - last.Jiffies * tick)));
    }

    private static ClockPair Edge(BpfProgram program, ClockPair from)
    {
        ClockPair now = from;
        while (now.Jiffies == from.Jiffies && now.Time - from.Time < MostNs)
            now = Read(program);
        return now;
    }

    private static ClockPair Read(BpfProgram program)
    {
        ClockPair clock = default;
        program.Run(MemoryMarshal.AsBytes(new Span<ClockPair>(ref clock)));
        return clock;
    }
}
