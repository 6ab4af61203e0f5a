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
        var edges = new List<ClockPair> { Edge(program, Read(program)) };
        while (edges.Count <= Ticks && edges[^1].Time - edges[0].Time < MostNs)
            edges.Add(Edge(program, edges[^1]));
        return Of(edges);
    }

    /// <summary>The clock that some edges, each seen late by an unknown time, are of.</summary>
    internal static (ulong Tick, ulong Base) Of(IReadOnlyList<ClockPair> edges)
    {
        ulong tick = s_rates.Select(rate => 1_000_000_000 / rate).MinBy(tick => Spread(Bases(edges, tick)));
        // The earliest base has met with the least delay.
        return (tick, unchecked(edges[0].Time - edges[0].Jiffies * tick + (ulong)Bases(edges, tick)[0]));
    }

    // When tick 0 was, by each edge, as nanoseconds from what the first of them says; sorted.
    private static long[] Bases(IReadOnlyList<ClockPair> edges, ulong tick) =>
        [.. edges.Select(edge => unchecked((long)(edge.Time - edges[0].Time - (edge.Jiffies - edges[0].Jiffies) * tick))).Order()];

    // By a wrong tick all move away from each other; a delay moves one.
    private static double Spread(long[] bases) => bases.Sum(one => Math.Abs((double)(one - bases[bases.Length / 2])));

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
