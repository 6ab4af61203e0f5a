namespace Scry.Stacks;

/// <summary>The perf maps of processes: those looked at last, in so much memory and no more.</summary>
internal sealed class PerfMaps(Opener opener) : IDisposable
{
    private const long MostBytes = 128 << 20, LookAgainMs = 1000;
    private const int Most = 256;

    private readonly LinkedList<ProcessImage> _images = new();

    /// <summary>The function at an address of code that no file has, also when the process's parent made it before the fork; null when nobody names it.</summary>
    public (string Name, ulong Offset)? Find(ProcessImage image, ulong address)
    {
        for (ProcessImage? at = image; at is not null; at = at.Parent)
        {
            if (Of(at).Find(address) is { } found)
                return found;
        }
        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (ProcessImage image in _images)
            image.PerfMap?.Dispose();
    }

    private PerfMap Of(ProcessImage image)
    {
        if (image.PerfMap is { } known && (!known.IsMissing || Environment.TickCount64 - known.Since < LookAgainMs))
            return known;
        // It may have come meanwhile.
        image.PerfMap = PerfMap.Open(image.Tgid, opener);
        if (!image.PerfMap.IsMissing)
            _images.AddLast(image);
        while (_images.Count > 1 && (_images.Count > Most || _images.Sum(one => one.PerfMap!.Size) > MostBytes))
        {
            _images.First!.Value.PerfMap!.Dispose();
            _images.First.Value.PerfMap = null;
            _images.RemoveFirst();
        }
        return image.PerfMap;
    }
}
