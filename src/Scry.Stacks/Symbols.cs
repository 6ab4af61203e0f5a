using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Scry.Wire;

namespace Scry.Stacks;

/// <summary>Asks the worker, and hands it the files that it needs for that.</summary>
internal sealed class Symbols(Worker worker, Opener opener)
{
    private const int MostLoaded = 512, MostTries = 64;
    /// <summary>So often the worker may fail at one thing before it is not tried again.</summary>
    public const int MostFailures = 2;

    private const string Failed = "reading it failed";

    private readonly DebugFiles _debug = new(opener);
    private readonly Dictionary<uint, MappedFile> _loaded = [];
    private readonly Stack<uint> _free = new();
    private uint _nextId = 1;
    private int _number;
    private long _clock;

    /// <summary>What stands at an offset in a file; null when that cannot be known.</summary>
    public SymbolAnswer? Find(MappedFile file, ulong offset, bool exact)
    {
        if (!Load(file))
            return null;
        AddDebug(file);
        // Its debug file may have been the end of the worker.
        if (!Load(file))
            return null;
        worker.Begin().Add(new AddressRequest { File = file.Id, Exact = exact ? 1u : 0, Offset = offset });
        if (worker.Ask(Request.Symbol, null, out ReadOnlySpan<byte> bytes))
        {
            if (SymbolAnswer.Read(bytes) is { } answer)
                return answer;
            worker.Failed();
        }
        Blame(file);
        return null;
    }

    // Its debug file first, if it may have been that; once it may have been something else that ended the worker.
    private static void Blame(MappedFile file)
    {
        if (++file.Failures < MostFailures)
            return;
        if (file.HasDebug && !file.DebugRefused)
            file.DebugRefused = true;
        else
            file.Refused = Failed;
    }

    /// <summary>The callers of a stack.</summary>
    /// <param name="request">Its head.</param>
    /// <param name="mappings">The mappings of its process.</param>
    /// <param name="stack">The copy.</param>
    /// <param name="answer">The frames; borrowed until the worker is asked again.</param>
    /// <returns>False when the worker failed at it, or there is none.</returns>
    public bool Unwind(UnwindRequest request, Mapping[] mappings, ReadOnlySpan<byte> stack, out UnwindAnswer answer)
    {
        answer = default;
        for (int tries = 0; tries < MostTries; tries++)
        {
            if (!Ready())
                return false;
            request.Mappings = (uint)mappings.Length;
            request.Length = (uint)stack.Length;
            worker.Begin().Add(request);
            foreach (Mapping mapping in mappings)
                worker.Add(Entry(mapping));
            if (!worker.Add(stack).Ask(Request.Unwind, null, out ReadOnlySpan<byte> bytes))
                return false;
            if (!UnwindAnswer.TryRead(bytes, out answer) || answer.End == UnwindEnd.NeedsFile && answer.Pc >= (ulong)mappings.Length)
            {
                worker.Failed();
                return false;
            }
            if (answer.End != UnwindEnd.NeedsFile)
                return true;
            Load(mappings[answer.Pc].File!);
        }
        return false;
    }

    private MappingEntry Entry(Mapping mapping)
    {
        bool loaded = mapping.File is { } file && file.Worker == worker.Number;
        return new MappingEntry
        {
            Start = mapping.Start,
            End = mapping.End,
            Offset = mapping.Offset,
            File = loaded ? mapping.File!.Id : 0,
            IsWanted = !loaded && mapping.File is { Refused: null, Handle: not null } ? 1u : 0,
        };
    }

    private bool Ready()
    {
        if (!worker.Ready())
            return false;
        if (_number == worker.Number)
            return true;
        _number = worker.Number;
        foreach (MappedFile old in _loaded.Values)
            old.Worker = 0;
        _loaded.Clear();
        _free.Clear();
        _nextId = 1;
        return true;
    }

    private bool Load(MappedFile file)
    {
        if (file.Refused is not null || !Ready())
            return false;
        file.Asked = ++_clock;
        if (file.Worker == worker.Number)
            return true;
        if (file.Handle is not { } handle)
            return false;
        MakeRoom();
        uint id = _free.Count > 0 ? _free.Pop() : _nextId++;
        if (!Tell(Request.File, new FileRequest { Id = id }, handle, out FileAnswer? answer))
        {
            Blame(file);
            return false;
        }
        if (answer is null)
        {
            file.Refused = handle.IsClosed ? null : "it is no ELF file";
            _free.Push(id);
            return false;
        }
        (file.Id, file.Worker, file.Answer, file.HasDebug) = (id, worker.Number, answer, false);
        _loaded.Add(id, file);
        return true;
    }

    private void MakeRoom()
    {
        if (_loaded.Count < MostLoaded)
            return;
        MappedFile old = _loaded.Values.MinBy(file => file.Asked)!;
        _loaded.Remove(old.Id);
        _free.Push(old.Id);
        old.Worker = 0;
        worker.Begin().Add(new FileRequest { Id = old.Id });
        worker.Ask(Request.Forget, null, out _);
        Ready();
    }

    private void AddDebug(MappedFile file)
    {
        if (file.HasDebug || file.DebugRefused)
            return;
        file.HasDebug = true;
        FileAnswer answer = file.Answer!;
        if (answer.HasDwarf)
        {
            AddAlt(file, answer);
            return;
        }
        foreach ((SafeFileHandle found, bool byCrc) in _debug.Of(file, answer))
        {
            using (found)
            {
                if (!Tell(Request.Debug, new FileRequest { Id = file.Id, CheckCrc = byCrc ? 1u : 0, Crc = answer.Crc }, found, out FileAnswer? debug))
                {
                    Blame(file);
                    return;
                }
                if (debug is null)
                    continue;
                AddAlt(file, debug);
                return;
            }
        }
    }

    private void AddAlt(MappedFile file, FileAnswer answer)
    {
        if (answer.AltBuildId is null)
            return;
        foreach (SafeFileHandle found in _debug.AltOf(file, answer))
        {
            using (found)
            {
                if (!Tell(Request.Alt, new FileRequest { Id = file.Id }, found, out FileAnswer? alt))
                    file.DebugRefused = true;
                if (alt is not null || file.DebugRefused)
                    return;
            }
        }
    }

    // False: the worker failed at it.
    private bool Tell(Request kind, FileRequest request, SafeFileHandle file, out FileAnswer? answer)
    {
        answer = null;
        bool held = false;
        try
        {
            // It may be closed for others meanwhile.
            file.DangerousAddRef(ref held);
            if (!worker.Begin().Add(request).Ask(kind, file, out ReadOnlySpan<byte> bytes))
                return false;
            answer = FileAnswer.Read(bytes);
            return true;
        }
        catch (ObjectDisposedException)
        {
            return true;
        }
        finally
        {
            if (held)
                file.DangerousRelease();
        }
    }
}
