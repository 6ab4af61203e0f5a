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

    private sealed record Start(uint Nr, Abi Abi, ulong Time, ulong[] Args);

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
                    recorder.InFlight((abi, nr) => plans[CapturePlan.IndexOf(abi, nr)].ArgCount, result.Add);
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
    public ulong? ElapsedOf(StuckTask task)
    {
        ref readonly StuckRecord record = ref task.Record;
        bool same = _starts.TryGetValue(record.Tid, out Start? start) && task.InCall && start.Nr == record.Nr && start.Abi == record.Abi
            && start.Time < record.Time && start.Time <= record.Time - task.IdleNs + Tick
            && task.Args[..start.Args.Length].SequenceEqual(start.Args);
        return same ? Math.Max(record.Time - start!.Time, task.IdleNs) : null;
    }

    private void Add(ReadOnlySpan<byte> bytes)
    {
        var call = new CallRecord(bytes);
        if (call.Fixed.Duration > 0)
            _starts[call.Header.Tid] = new Start(call.Nr, call.Header.Abi, call.Header.Time - call.Fixed.Duration, call.Args.ToArray());
    }
}
