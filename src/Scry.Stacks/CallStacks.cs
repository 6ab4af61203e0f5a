using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Wire;

namespace Scry.Stacks;

/// <summary>
/// The stacks of callers, as places in code. A record that has a copy of a stack, or addresses, gets numbers of places instead. Whatever
/// belongs to traced programs is read by a <see cref="Worker"/> that has no rights. For one thread.
/// </summary>
public sealed class CallStacks : IDisposable
{
    private const int MostCached = 1 << 19;
    private const int MostStack = 64 * 1024; // SCRY_STACK_MAX
    private const ulong UserCode32 = 0x23; // __USER32_CS of x86
    private const int CodeSegment = 17; // the word of struct pt_regs

    private readonly Opener _opener = new();
    private readonly Worker _worker;
    private readonly MappedFiles _files;
    private readonly ProcessImages _images;
    private readonly Symbols _symbols;
    private readonly PerfMaps _perfMaps;
    private readonly PlaceTable _places;
    private readonly Dictionary<(MappedFile File, ulong Offset, bool Exact), uint[]> _known = [];
    private readonly ArrayBufferWriter<byte> _record = new();
    private readonly List<uint> _numbers = [];
    private ImageFollower? _follower;

    private CallStacks(CallStacksOptions options)
    {
        _worker = new Worker(options.Program, options.PatienceMs);
        _files = new MappedFiles(_opener);
        _images = new ProcessImages(_files, OwnVdso());
        _symbols = new Symbols(_worker, _opener);
        _perfMaps = new PerfMaps(_opener);
        _places = new PlaceTable(options.MostPlaces);
    }

    /// <summary>Starts the worker.</summary>
    public static CallStacks Open(CallStacksOptions options)
    {
        var opened = new CallStacks(options);
        opened._worker.Ready();
        return opened;
    }

    /// <summary>Why no stacks can be read, or not those of processes that start later; null: all can be.</summary>
    public string? Missing => _worker.Gone ?? _follower?.Missing;

    /// <summary>The worker's pid, for tests; 0 when there is none.</summary>
    internal int WorkerPid => _worker.Pid;

    /// <summary>Takes in the mappings of processes that run, and hears of what they, their children and those to come map from then on.</summary>
    /// <param name="tgids">The processes; null: all.</param>
    public void Begin(IReadOnlyCollection<int>? tgids)
    {
        _images.OnlyKnown = tgids is not null;
        _follower = new ImageFollower(_images, _files, tgids);
        foreach (int tgid in tgids ?? Running())
            _images.Read((uint)tgid);
        Learn();
    }

    /// <summary>Takes in what the kernel told since. It costs little when there was nothing.</summary>
    public void Learn() => _follower?.Learn();

    /// <summary>A record whose stack, or addresses, are places: others are as they were.</summary>
    /// <param name="record">The record.</param>
    /// <returns>Borrowed until the next call.</returns>
    public ReadOnlySpan<byte> Complete(ReadOnlySpan<byte> record)
    {
        if (record.Length < Unsafe.SizeOf<CallFixed>() || MemoryMarshal.AsRef<RecordHeader>(record).Kind != RecordKind.Call)
            return record;
        var call = new CallRecord(record);
        int at = Unsafe.SizeOf<CallFixed>() + call.Args.Length * sizeof(ulong);
        foreach (Capture capture in call)
        {
            int next = at + Unsafe.SizeOf<CaptureHeader>() + ((capture.Data.Length + 7) & ~7);
            if ((capture.Header.Flags & (CaptureFlags.Stack | CaptureFlags.Frames)) != 0)
                return Replace(record, capture, at, Math.Min(next, record.Length));
            at = next;
        }
        return record;
    }

    /// <summary>A place by its number.</summary>
    public Place Place(uint number) => _places[number];

    /// <summary>The places that are new since this was asked before.</summary>
    public IReadOnlyList<(uint Number, Place Place)> NewPlaces() => _places.New();

    /// <inheritdoc/>
    public void Dispose()
    {
        _follower?.Dispose();
        _worker.Dispose();
        _perfMaps.Dispose();
        _files.Dispose();
        _opener.Dispose();
    }

    private ReadOnlySpan<byte> Replace(ReadOnlySpan<byte> record, Capture capture, int from, int to)
    {
        ref readonly RecordHeader header = ref MemoryMarshal.AsRef<RecordHeader>(record);
        _numbers.Clear();
        // Nothing is told: what is mapped now stands for what was.
        if (_follower is not { Missing: null })
            _images.Read(header.Tgid, header.Time);
        if (_images.Find(header.Tgid, header.Time) is not { } image)
            End("its process ended before it was looked at", null, 0);
        else if ((capture.Header.Flags & CaptureFlags.Frames) != 0)
            AddFrames(image, header.Time, MemoryMarshal.Cast<byte, ulong>(capture.Data[..(capture.Data.Length & ~7)]));
        else
            AddStack(image, header.Time, capture);
        _record.ResetWrittenCount();
        _record.Write(record[..from]);
        CaptureHeader head = capture.Header;
        head.Flags = CaptureFlags.Places;
        head.Length = (uint)(_numbers.Count * sizeof(uint));
        _record.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<CaptureHeader>(in head)));
        _record.Write(MemoryMarshal.AsBytes(CollectionsMarshal.AsSpan(_numbers)));
        if ((_numbers.Count & 1) != 0)
            _record.Write(stackalloc byte[sizeof(uint)]);
        _record.Write(record[to..]);
        MemoryMarshal.AsRef<RecordHeader>(MemoryMarshal.AsMemory(_record.WrittenMemory).Span).Size = (uint)_record.WrittenCount;
        return _record.WrittenSpan;
    }

    private void AddFrames(ProcessImage image, ulong time, ReadOnlySpan<ulong> addresses)
    {
        Mapping[] mappings = image.At(time);
        foreach (ulong address in addresses)
        {
            // Code without frame pointers has something else in that register.
            if (ProcessImage.Find(mappings, address - 1) is null)
            {
                End("frame pointers lead nowhere", null, 0);
                return;
            }
            Add(image, mappings, new Frame { Pc = address });
        }
    }

    private void AddStack(ProcessImage image, ulong time, Capture capture)
    {
        int registers = Unsafe.SizeOf<CallerRegisters>();
        if (capture.Data.Length < registers || image.Failures >= Symbols.MostFailures || _worker.Gone is not null)
        {
            End(_worker.Gone is { } gone ? $"stacks cannot be read: {gone}" : "reading stacks of this process failed before", null, 0);
            return;
        }
        var request = new UnwindRequest { Stack = capture.Header.Address, Words = MemoryMarshal.Read<CallerRegisters>(capture.Data).Words };
        request.Is32Bit = RuntimeInformation.ProcessArchitecture == Architecture.X64 && request.Words[CodeSegment] == UserCode32 ? 1u : 0;
        Mapping[] mappings = image.At(time);
        if (!_symbols.Unwind(request, mappings, capture.Data[registers..Math.Min(capture.Data.Length, registers + MostStack)], out UnwindAnswer answer))
        {
            image.Failures++;
            End(_worker.Gone is { } gone ? $"stacks cannot be read: {gone}" : "reading it failed", null, 0);
            return;
        }
        // Symbols are asked of the same worker, which lends its answers.
        (UnwindEnd end, ulong pc) = (answer.End, answer.Pc);
        foreach (Frame frame in answer.Frames.ToArray())
            Add(image, mappings, frame);
        if (end != UnwindEnd.Complete)
            End(Why(end, ProcessImage.Find(mappings, pc - 1)?.Name ?? ProcessImage.Find(mappings, pc)?.Name, pc), null, pc);
    }

    private static string Why(UnwindEnd end, string? module, ulong pc) => end switch
    {
        UnwindEnd.Short => "the copy of the stack ends",
        UnwindEnd.NoRules => $"{module ?? "the code"} has no unwind information",
        UnwindEnd.NoCode => $"no code is mapped at 0x{pc:x}",
        UnwindEnd.Deep => "it goes deeper than is read",
        UnwindEnd.Foreign => "stacks of 32-bit Arm programs are not read",
        _ => $"the unwind information of {module ?? "the code"} leads nowhere",
    };

    private void End(string why, string? module, ulong address) => _numbers.Add(_places.Number(new Place("", null, 0, module, null, address, 0, false, why)));

    private void Add(ProcessImage image, Mapping[] mappings, in Frame frame)
    {
        if (ProcessImage.Find(mappings, frame.Inside) is not { } mapping)
        {
            _numbers.Add(_places.Number(new Place("", null, 0, null, null, frame.Pc, 0, false)));
            return;
        }
        ulong offset = frame.Inside - mapping.Start + mapping.Offset;
        if (mapping.File is { } file)
        {
            var key = (file, offset, frame.Exact != 0);
            if (_known.TryGetValue(key, out uint[]? numbers) || Known(file, offset, frame.Exact != 0) is var found && (numbers = found) is not null)
            {
                _known[key] = numbers;
                _numbers.AddRange(numbers);
                return;
            }
        }
        _numbers.Add(_places.Number(Made(image, mapping, frame)));
    }

    // Null: the file does not tell.
    private uint[]? Known(MappedFile file, ulong offset, bool exact)
    {
        if (_symbols.Find(file, offset, exact) is not { } answer || answer.Functions.Count == 0 && answer.Address == 0)
            return null;
        if (_known.Count >= MostCached)
            _known.Clear();
        string? build = file.Answer?.BuildId;
        if (answer.Functions.Count == 0)
            return [_places.Number(new Place("", null, 0, file.Path, build, answer.Address, 0, false))];
        return [.. answer.Functions.Select(function =>
            _places.Number(new Place(FunctionNames.OfSymbol(function.Name, function.Source, file.Path), function.Source, function.Line, file.Path, build, answer.Address, function.Offset, function.IsInlined)))];
    }

    // Code that was made at run time, or that no file tells of.
    private Place Made(ProcessImage image, Mapping mapping, in Frame frame)
    {
        if (_perfMaps.Find(image, frame.Inside) is { } found)
        {
            (string name, string? source, int line) = FunctionNames.OfJit(found.Name);
            return new Place(name, source, line, mapping.Name, null, frame.Pc, found.Offset + (frame.Pc - frame.Inside), false);
        }
        ulong address = mapping.File is null ? frame.Pc : frame.Pc - mapping.Start + mapping.Offset;
        return new Place("", null, 0, mapping.Name, mapping.File?.Answer?.BuildId, address, 0, false);
    }

    // The file of it is memory: it is in each process, and Scry's is as good as another's.
    private MappedFile? OwnVdso()
    {
        Mapping? vdso = Array.Find(ProcessImages.MappingsOf((uint)Environment.ProcessId, static (_, _, _, _) => null) ?? [], mapping => mapping.Name == ProcMaps.Vdso);
        if (vdso is null)
            return null;
        var bytes = new byte[vdso.End - vdso.Start];
        Marshal.Copy((nint)vdso.Start, bytes, 0, bytes.Length);
        return _files.InMemory(ProcMaps.Vdso, bytes);
    }

    private static IEnumerable<int> Running() => Directory.EnumerateDirectories("/proc")
        .Select(Path.GetFileName)
        .Where(name => int.TryParse(name, out _))
        .Select(name => int.Parse(name!, System.Globalization.CultureInfo.InvariantCulture));
}
