using System.Runtime.InteropServices;
using System.Text;
using Scry.Syscalls;
using Scry.Wire;

namespace Scry.Views.Slow;

/// <summary>Gathers the parts of calls into a flame graph: thread, caller's stack, call, and what it waited in.</summary>
/// <param name="graph">Where they go.</param>
/// <param name="names">Names addresses.</param>
public sealed class FlameView(FlameGraph graph, IStackNames names) : RecordView
{
    private const string WaitingForCpu = "[waiting for a CPU]";

    private readonly SyscallNames _calls = new();

    /// <inheritdoc/>
    public override void Finish(in RunSummary summary)
    {
    }

    /// <inheritdoc/>
    private protected override void WriteCall(in CallRecord call, in TaskState task)
    {
        if (SplitParts.Of(in call, names) is not { } parts)
            return;
        var frames = new List<string> { task.Named ? Encoding.UTF8.GetString(task.Name) : "[thread]" };
        ReadOnlySpan<uint> places = MemoryMarshal.Cast<byte, uint>(call.Find(CaptureFlags.Places).Data);
        for (int i = places.Length - 1; i >= 0; i--)
        {
            if (names.Place(places[i]) is { } place)
                frames.Add(PlaceText.Name(place));
        }
        frames.Add(_calls.Name(call.Header.Abi, call.Nr));
        if (parts.Cpu > 0)
            graph.Add(frames, parts.Cpu, blocked: false);
        ulong waiting = parts.Sums.Queued + parts.Sums.Preempted;
        if (waiting > 0)
            graph.Add([.. frames, WaitingForCpu], waiting, blocked: true);
        foreach (WaitPart wait in parts.Waits)
            graph.Add(wait.Functions.Count > 0 ? [.. frames, .. wait.Functions.Reverse()] : [.. frames, $"[{wait.Cause}]"], wait.Nanoseconds, blocked: true);
    }

    /// <inheritdoc/>
    private protected override void WriteSignal(in SignalRecord signal, in TaskState task)
    {
    }

    /// <inheritdoc/>
    private protected override void WriteExit(in RecordHeader header, in TaskState task)
    {
    }

    /// <inheritdoc/>
    private protected override void WriteGap(in RecordHeader header, in TaskState task, uint missing)
    {
    }
}
