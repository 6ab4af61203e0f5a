using System.Globalization;
using Scry.Capture;
using Scry.Cli.Tracing;
using Scry.Stacks;
using Scry.Views.Slow;
using Scry.Wire;

namespace Scry.Cli.Slow;

/// <summary>Names the running kernel's functions, and the places in programs that calls come from.</summary>
internal sealed class LiveStacks : IStackNames, IDisposable
{
    private readonly CallStacks? _callers;

    /// <param name="callers">Whether calls carry their callers' stacks.</param>
    public LiveStacks(bool callers) => _callers = callers ? CallStacks.Open(new CallStacksOptions()) : null;

    /// <summary>Whether the kernel tells the addresses of its functions.</summary>
    public static bool NamesKernel => KernelSymbols.Running.Known;

    /// <summary>Why callers' stacks cannot be had, or not those of processes to come; null: they can.</summary>
    public string? Missing => _callers?.Missing;

    /// <summary>Takes in what the target's processes have mapped. To be called before anything of them is recorded.</summary>
    /// <param name="target">The target.</param>
    /// <param name="command">The process of a command that waits for its start; null: there is none.</param>
    public void Begin(TraceTarget target, int? command)
    {
        int[] tgids = command is { } pid ? [pid] : [.. target.Threads().Select(thread => thread.Tgid).Distinct()];
        _callers?.Begin(target.Kind == TargetKind.Tasks ? tgids : null);
    }

    /// <summary>Takes in what was mapped since.</summary>
    public void Learn() => _callers?.Learn();

    /// <summary>A record with its caller's stack as numbers of places.</summary>
    public ReadOnlySpan<byte> Complete(ReadOnlySpan<byte> record)
    {
        if (_callers is null)
            return record;
        // What it had mapped by then has been told by now.
        _callers.Learn();
        return _callers.Complete(record);
    }

    /// <inheritdoc/>
    public KernelFunction Kernel(ulong address) => KernelSymbols.Running.Find(address) is { } name
        ? new KernelFunction(name, KernelSymbols.Running.IsScheduler(address))
        : new KernelFunction(string.Create(CultureInfo.InvariantCulture, $"0x{address:x}"), false);

    /// <inheritdoc/>
    public Place? Place(uint number) => _callers?.Place(number);

    /// <summary>The places that are new since this was asked before.</summary>
    public IReadOnlyList<(uint Number, Place Place)> NewPlaces() => _callers?.NewPlaces() ?? [];

    /// <inheritdoc/>
    public void Dispose() => _callers?.Dispose();
}
