using System.Collections.Concurrent;
using System.Globalization;
using System.Runtime.InteropServices;
using Scry.Bpf;
using Scry.Targets;

namespace Scry.Stacks;

/// <summary>
/// Hears from the kernel of each executable mapping, execve, fork and end, by an event for each CPU. A thread opens mapped files at once, since
/// their process may end at any time; what was told is taken in when stacks are read.
/// </summary>
internal sealed class ImageFollower : IDisposable
{
    private const int RingSize = 256 * 1024, WaitMs = 200, MostQueued = 1 << 20;

    private readonly List<PerfEvent> _events = [];
    private readonly ConcurrentQueue<ImageEvent> _told = new();
    private readonly ProcessImages _images;
    private readonly MappedFiles _files;
    private readonly Lock _reading = new();
    // Those of interest; null: all. And what others told: they may turn out to be children of these.
    private readonly HashSet<uint>? _wanted;
    private List<byte[]> _unwanted = [];
    private readonly Thread? _thread;
    private volatile bool _over;
    private volatile bool _lost;

    /// <summary>Begins to listen.</summary>
    /// <param name="images">What is told goes there.</param>
    /// <param name="files">Mapped files are opened there.</param>
    /// <param name="tgids">The processes that are of interest with their children; null: all.</param>
    public ImageFollower(ProcessImages images, MappedFiles files, IReadOnlyCollection<int>? tgids)
    {
        _wanted = tgids is null ? null : [.. tgids.Select(tgid => (uint)tgid)];
        (_images, _files) = (images, files);
        try
        {
            foreach (int cpu in Cpus(File.ReadAllText("/sys/devices/system/cpu/online")))
                _events.Add(PerfEvent.OpenMappings(cpu, RingSize));
            _thread = new Thread(Listen) { IsBackground = true, Name = "mappings" };
            _thread.Start();
        }
        catch (Exception error) when (error is NativeException or IOException or UnauthorizedAccessException)
        {
            Missing = error.Message;
        }
    }

    /// <summary>Why nothing is heard, or not from all CPUs; null: all is.</summary>
    public string? Missing { get; }

    /// <summary>Has the images take in what was told so far, in the order of time.</summary>
    public void Learn()
    {
        Drain();
        if (!_told.IsEmpty)
        {
            var told = new List<ImageEvent>(_told.Count);
            while (_told.TryDequeue(out ImageEvent one))
                told.Add(one);
            foreach (ImageEvent one in told.OrderBy(one => one.Time))
                _images.Learn(one);
        }
        if (_lost)
        {
            _lost = false;
            _images.ReadAgain(KernelClock.Now);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _over = true;
        _thread?.Join();
        foreach (PerfEvent one in _events)
            one.Dispose();
    }

    /// <summary>The CPUs of a list as the kernel writes them: <c>0-3,8</c>.</summary>
    internal static IEnumerable<int> Cpus(string list)
    {
        foreach (string range in list.Trim().Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] ends = range.Split('-');
            int first = int.Parse(ends[0], CultureInfo.InvariantCulture), last = int.Parse(ends[^1], CultureInfo.InvariantCulture);
            for (int cpu = first; cpu <= last; cpu++)
                yield return cpu;
        }
    }

    private void Listen()
    {
        while (!_over)
        {
            PerfEvent.Wait(_events, WaitMs);
            Drain();
        }
    }

    private void Drain()
    {
        lock (_reading)
        {
            // A fork may be told by another CPU, and be read after what the child did: that is kept until the next time.
            List<byte[]> before = _unwanted, now = _unwanted = [];
            foreach (PerfEvent one in _events)
                one.Read(Take);
            List<byte[]> still = _unwanted = [];
            foreach (byte[] record in now.OrderBy(record => MemoryMarshal.Read<ulong>(record.AsSpan()[^8..])))
                Take(record);
            _unwanted = [];
            foreach (byte[] record in before)
                Take(record);
            _unwanted = still;
        }
    }

    private void Take(ReadOnlySpan<byte> record)
    {
        if (_wanted is not null && ImageEvent.IsOf(record, out uint tgid) && !_wanted.Contains(tgid))
        {
            _unwanted.Add(record.ToArray());
            return;
        }
        if (!ImageEvent.TryRead(record, Open, out ImageEvent told))
            return;
        if (told.Kind == ImageEventKind.Fork && _wanted?.Contains(told.Parent) == true)
            _wanted.Add(told.Tgid);
        if (told.Kind == ImageEventKind.Lost || _told.Count >= MostQueued)
            _lost = true;
        else
            _told.Enqueue(told);
    }

    private MappedFile? Open(FileKey key, string path, uint tgid, ulong start, ulong end) =>
        key.Inode == 0 ? null : _files.Get(key, ProcMaps.NameOf(path), tgid, start, end);
}
