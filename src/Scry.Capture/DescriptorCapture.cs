using System.Runtime.InteropServices;
using Scry.Bpf;
using Scry.Wire;

namespace Scry.Capture;

/// <summary>What of a run tells where calls' descriptors stand.</summary>
internal static class DescriptorCapture
{
    /// <summary>Chooses the size of the map.</summary>
    public static void Prepare(BpfObject programs, SessionOptions options)
    {
        if (options.Descriptors is { } descriptors)
            programs.FindMap("fd_plans").MaxEntries = (uint)Math.Max(1, descriptors.Count);
    }

    /// <summary>Hands over what the programs look up.</summary>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public static void Load(BpfObject programs, SessionOptions options)
    {
        if (options.Descriptors is not { } descriptors)
            return;
        BpfMap map = programs.FindMap("fd_plans");
        foreach ((VariantKey key, FdPlan plan) in descriptors)
            map.Update(MemoryMarshal.AsBytes(new ReadOnlySpan<VariantKey>(in key)), MemoryMarshal.AsBytes(new ReadOnlySpan<FdPlan>(in plan)));
    }
}
