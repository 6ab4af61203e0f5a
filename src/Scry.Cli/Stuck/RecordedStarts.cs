using Scry.Bpf;
using Scry.Capture;
using Scry.Cli.Loops;
using Scry.Wire;

namespace Scry.Cli.Stuck;

/// <summary>When calls began that a running flight recorder saw begin.</summary>
internal sealed class RecordedStarts
{
    // An entry by the kernel's ticks may seem to be later than the call's last run.
    private const ulong Tick = 20_000_000;

    private readonly Dictionary<uint, Start> _starts = [];

    private sealed record Start(uint Nr, Abi Abi, ulong Time, ulong[] Args, bool IsCoarse);

    /// <summary>Asks all recorders that run.</summary>
    public static RecordedStarts Read(CapturePlan[] plans)
    {
        var result = new RecordedStarts();
        foreach (string name in Names())
        {
            try
            {
                using FlightRecorder recorder = LoopStore.Open(LoopStore.Find(name), out LoopAbout about);
                if (about.HasIdsOfHere)
                    recorder.InFlight((abi, nr) => plans[CapturePlan.IndexOf(abi, nr)].ArgCount, record => result.Add(record, about.CoarseTimes));
            }
            catch (Exception error) when (error is ToolException or NativeException)
            {
                // One that is not whole, or was just stopped, knows nothing.
            }
        }
        return result;
    }

    private static IReadOnlyList<string> Names()
    {
        try
        {
            return LoopStore.Names();
        }
        catch (ToolException)
        {
            // Nobody's recorders that could be trusted.
            return [];
        }
    }

    /// <summary>Nanoseconds since the thread's call began; null when no recorder saw that.</summary>
    /// <param name="task">The thread.</param>
    /// <param name="coarse">Whether that is known by the kernel's ticks alone: it is then a number of whole ones.</param>
    public ulong? ElapsedOf(StuckTask task, out bool coarse)
    {
        ref readonly StuckRecord record = ref task.Record;
        bool same = _starts.TryGetValue(record.Tid, out Start? start) && task.InCall && start.Nr == record.Nr && start.Abi == record.Abi
            && start.Time < record.Time && start.Time <= record.Time - task.IdleNs + Tick
            && task.Args[..start.Args.Length].SequenceEqual(start.Args);
        coarse = same && start!.IsCoarse;
        if (!same)
            return null;
        ulong elapsed = record.Time - start!.Time;
        return Math.Max(coarse ? elapsed - elapsed % CallRecord.LongestTick : elapsed, task.IdleNs);
    }

    // One that has exact times knows better than one that has not.
    private void Add(ReadOnlySpan<byte> bytes, bool coarse)
    {
        var call = new CallRecord(bytes);
        if (call.Fixed.Duration > 0 && (!coarse || _starts.GetValueOrDefault(call.Header.Tid) is not { IsCoarse: false }))
            _starts[call.Header.Tid] = new Start(call.Nr, call.Header.Abi, call.Header.Time - call.Fixed.Duration, call.Args.ToArray(), coarse);
    }
}
