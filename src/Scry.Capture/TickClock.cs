using System.Runtime.InteropServices;
using Scry.Bpf;
using Scry.Wire;

namespace Scry.Capture;

/// <summary>The kernel's ticks on CLOCK_MONOTONIC, by which it counts them: what a load tells instead of a clock.</summary>
internal static class TickClock
{
    private const int Edges = 9;
    private const ulong MostNs = 200_000_000;

    /// <summary>Watches some ticks go by: at most a fifth of a second.</summary>
    /// <returns>Nanoseconds of a tick, and the time of tick 0, wrapped.</returns>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public static (ulong Tick, ulong Base) Measure()
    {
        using BpfObject programs = BpfObject.Open(Programs.Read("peek.bpf.o"), "scry_peek");
        programs.Load();
        BpfProgram program = programs.FindProgram("peek_clock");
        var edges = new List<ClockPair> { Edge(program, Read(program)) };
        while (edges.Count < Edges && edges[^1].Time - edges[0].Time < MostNs)
            edges.Add(Edge(program, edges[^1]));
        ulong tick = BpfSystem.TickNs;
        return (tick, Base(edges, tick));
    }

    /// <summary>The time of tick 0, wrapped, by edges that were each seen late by an unknown time: the least late one tells.</summary>
    internal static ulong Base(IReadOnlyList<ClockPair> edges, ulong tick) =>
        unchecked(edges[0].Time - edges[0].Jiffies * tick
            + (ulong)edges.Min(edge => (long)(edge.Time - edges[0].Time - (edge.Jiffies - edges[0].Jiffies) * tick)));

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
