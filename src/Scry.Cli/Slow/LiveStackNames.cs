using System.Globalization;
using Scry.Capture;
using Scry.Views.Slow;
using Scry.Wire;

namespace Scry.Cli.Slow;

/// <summary>Names the running kernel's functions; of programs there are no places yet.</summary>
internal sealed class LiveStackNames : IStackNames
{
    private readonly Lazy<KernelSymbols> _kernel = new(() => new KernelSymbols());

    /// <inheritdoc/>
    public KernelFunction Kernel(ulong address) => _kernel.Value.Find(address) is { } name
        ? new KernelFunction(name, _kernel.Value.IsScheduler(address))
        : new KernelFunction(string.Create(CultureInfo.InvariantCulture, $"0x{address:x}"), false);

    /// <inheritdoc/>
    public Place? Place(uint number) => null;
}
