using System.Globalization;
using Scry.Recording;
using Scry.Views.Slow;
using Scry.Wire;

namespace Scry.Cli.Slow;

/// <summary>Names what a recording has names for. Its texts are hostile.</summary>
internal sealed class RecordedStacks : IStackNames
{
    /// <summary>More than a recording of Scry's has: a small file can hold names without end.</summary>
    private const int Capacity = 1 << 20;

    private readonly Dictionary<ulong, KernelFunction> _kernel = [];
    private readonly Dictionary<uint, Place> _places = [];

    /// <summary>Takes note of a name.</summary>
    public void Add(RecordedCode code)
    {
        if (code is KernelCode kernel && _kernel.Count < Capacity)
            _kernel[kernel.Address] = new KernelFunction(kernel.Function, kernel.IsScheduler);
        else if (code is PlaceInCode place && _places.Count < Capacity)
            _places[place.Number] = place.Place;
    }

    /// <inheritdoc/>
    public KernelFunction Kernel(ulong address) => _kernel.TryGetValue(address, out KernelFunction function) ? function
        : new KernelFunction(string.Create(CultureInfo.InvariantCulture, $"0x{address:x}"), false);

    /// <inheritdoc/>
    public Place? Place(uint number) => _places.GetValueOrDefault(number);
}
