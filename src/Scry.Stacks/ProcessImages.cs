using Scry.Targets;

namespace Scry.Stacks;

/// <summary>
/// What processes have mapped as code, by process and time. It is told by the kernel as it happens (<see cref="ImageFollower"/>), and read from
/// /proc where nothing was told: of processes that were there before.
/// </summary>
/// <param name="files">The files.</param>
/// <param name="self">Scry's own vdso, which is that of all 64-bit processes.</param>
internal sealed class ProcessImages(MappedFiles files, MappedFile? self)
{
    private const int MostEnded = 8192, MostProcesses = 1 << 17;
    private const int MapsMost = 16 << 20;

    private readonly Dictionary<uint, List<ProcessImage>> _images = [];
    private readonly Queue<uint> _ended = new();

    /// <summary>Whether only those that were named, and their children, are of interest.</summary>
    public bool OnlyKnown { get; set; }

    /// <summary>Takes in what is mapped now.</summary>
    public void Read(uint tgid, ulong time = 0)
    {
        if (Mappings(tgid) is not { } mappings)
            return;
        lock (_images)
        {
            if (Last(tgid) is not { } image)
                Add(new ProcessImage(tgid, 0, mappings));
            else if (time != 0)
                image.Set(time, mappings);
        }
    }

    /// <summary>Takes in all processes again: something was not told.</summary>
    public void ReadAgain(ulong time)
    {
        uint[] known;
        lock (_images)
            known = [.. _images.Keys];
        foreach (uint tgid in known)
            Read(tgid, time);
    }

    /// <summary>Takes in what was told.</summary>
    public void Learn(in ImageEvent told)
    {
        lock (_images)
        {
            switch (told.Kind)
            {
                case ImageEventKind.Map:
                    Mapped(told);
                    break;
                case ImageEventKind.Exec when Wanted(told.Tgid):
                    Add(new ProcessImage(told.Tgid, told.Time, []));
                    break;
                case ImageEventKind.Fork when Last(told.Parent) is { } parent:
                    Add(new ProcessImage(told.Tgid, told.Time, parent.Latest) { Parent = parent });
                    break;
                // Its parent was never looked at: what it has is as it was from the begin.
                case ImageEventKind.Fork:
                    _images.Remove(told.Tgid);
                    break;
                case ImageEventKind.Exit when _images.ContainsKey(told.Tgid):
                    Ended(told.Tgid);
                    break;
            }
        }
    }

    /// <summary>What a process had at a time; null when nothing is known of it and it has ended.</summary>
    public ProcessImage? Find(uint tgid, ulong time)
    {
        for (int tries = 0; tries < 2; tries++)
        {
            lock (_images)
            {
                if (_images.TryGetValue(tgid, out List<ProcessImage>? images))
                    return images.FindLast(image => image.From <= time) ?? images[0];
            }
            Read(tgid);
        }
        return null;
    }

    private bool Wanted(uint tgid) => !OnlyKnown || _images.ContainsKey(tgid);

    private ProcessImage? Last(uint tgid) => _images.TryGetValue(tgid, out List<ProcessImage>? images) ? images[^1] : null;

    private void Mapped(in ImageEvent told)
    {
        // Of a process that was there before, /proc says more; when it has ended, this is better than nothing.
        if (Last(told.Tgid) is not { } image)
        {
            if (!Wanted(told.Tgid))
                return;
            Add(image = new ProcessImage(told.Tgid, 0, Mappings(told.Tgid) ?? []));
        }
        Mapping mapping = told.Mapping!;
        if (mapping.Name == ProcMaps.Vdso)
            mapping = mapping with { File = VdsoOf(told.Tgid, mapping.Start, mapping.End) };
        image.Add(told.Time, mapping);
    }

    private void Add(ProcessImage image)
    {
        const int mostOfOne = 16;
        if (!_images.TryGetValue(image.Tgid, out List<ProcessImage>? images))
        {
            if (_images.Count >= MostProcesses)
                return;
            _images.Add(image.Tgid, images = []);
        }
        images.Add(image);
        if (images.Count > mostOfOne)
            images.RemoveAt(0);
    }

    // Its pid may have another process before it is forgotten: that one's begin is later.
    private void Ended(uint tgid)
    {
        _ended.Enqueue(tgid);
        if (_ended.Count > MostEnded && _ended.Dequeue() is var old && !Directory.Exists($"/proc/{old}"))
            _images.Remove(old);
    }

    private Mapping[]? Mappings(uint tgid) => MappingsOf(tgid, (key, path, start, end) =>
        path == ProcMaps.Vdso ? VdsoOf(tgid, start, end) : files.Get(key, ProcMaps.NameOf(path), tgid, start, end));

    /// <summary>What a process has mapped now; null when it cannot be read.</summary>
    public static Mapping[]? MappingsOf(uint tgid, Func<FileKey, string, ulong, ulong, MappedFile?> files)
    {
        try
        {
            using FileStream file = File.OpenRead($"/proc/{tgid}/maps");
            var bytes = new MemoryStream();
            var buffer = new byte[65536];
            for (int count; bytes.Length < MapsMost && (count = file.Read(buffer)) > 0;)
                bytes.Write(buffer, 0, count);
            return ProcMaps.Read(bytes.GetBuffer().AsSpan(0, (int)bytes.Length), files);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // That of a 32-bit process is another: it is read from the process.
    private MappedFile? VdsoOf(uint tgid, ulong start, ulong end)
    {
        const ulong most = 64 * 1024;
        if (start >> 32 != 0 || end - start > most)
            return self;
        var bytes = new byte[end - start];
        using var memory = new TaskMemory(residentOnly: false);
        int read = memory.Read(tgid, start, bytes);
        return read == bytes.Length ? files.InMemory(ProcMaps.Vdso, bytes) : null;
    }
}
