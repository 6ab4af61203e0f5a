using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Cli.Slow;
using Scry.Recording;
using Scry.Views.Slow;
using Scry.Wire;

namespace Scry.Cli.Recordings;

/// <summary>Gathers the names of code that a recording's records need, each once.</summary>
internal sealed class CodeNames(LiveStacks stacks)
{
    /// <summary>Addresses of the kernel that are named; others are shown as they are.</summary>
    private const int MostAddresses = 65536;

    private readonly HashSet<ulong> _seen = [];
    private readonly List<RecordedCode> _new = [];

    /// <summary>Takes note of the addresses in a record.</summary>
    public void Note(ReadOnlySpan<byte> record)
    {
        if (MemoryMarshal.AsRef<RecordHeader>(record).Kind != RecordKind.Call || record.Length < Unsafe.SizeOf<CallFixed>()
            || !new CallRecord(record).TryWaits(out CallWaits waits))
            return;
        Note(waits.Waker);
        foreach (ref readonly WaitSite site in (ReadOnlySpan<WaitSite>)waits.Sites)
        {
            if (site.Hash != 0)
                Note(site.Frames);
        }
        for (int i = 0; i < (int)Math.Min(waits.Links, Layout.Chain); i++)
            Note(waits.Chain[i].Frames);
    }

    /// <summary>The names that are new since this was asked before.</summary>
    public IReadOnlyList<RecordedCode> New()
    {
        foreach ((uint number, Place place) in stacks.NewPlaces())
            _new.Add(new PlaceInCode { Number = number, Place = place });
        RecordedCode[] names = [.. _new];
        _new.Clear();
        return names;
    }

    private void Note(ReadOnlySpan<ulong> frames)
    {
        foreach (ulong address in frames)
        {
            if (address == 0 || _seen.Count >= MostAddresses || !_seen.Add(address))
                continue;
            KernelFunction function = stacks.Kernel(address);
            _new.Add(new KernelCode { Address = address, Function = function.Name, IsScheduler = function.IsScheduler });
        }
    }
}
