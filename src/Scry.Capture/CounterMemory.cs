using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Bpf;
using Scry.Wire;

namespace Scry.Capture;

/// <summary>The memory of rows, chunks and groups, shared with the kernel, and the giving back of what is over.</summary>
internal sealed unsafe class CounterMemory
{
    // A program writes a row in well under a microsecond, unless its CPU is taken from the machine meanwhile: then in milliseconds.
    private const int Spins = 1000, Tries = 2 * Spins;
    private const int ErrnoChunks = 4; // row.bpf.h

    private readonly CountState* _state;
    private readonly CountRow* _rows;
    private readonly CountChunk* _chunks;
    private readonly CountGroup* _groups;
    private readonly CountText* _texts;
    private readonly BpfMap _rowOf, _groupOf, _wraps;
    private readonly FreedRing _freeRows, _freeChunks, _freeGroups;
    private readonly uint _rowCount, _chunkCount, _groupCount;
    private Dictionary<CountWrap, uint> _wrapped = [];

    /// <summary>Maps all of it.</summary>
    public CounterMemory(BpfObject programs, List<MappedMap> mappings, bool texts)
    {
        BpfMap rows = programs.FindMap("rows"), chunks = programs.FindMap("chunks"), groups = programs.FindMap("groups");
        (_rowCount, _chunkCount, _groupCount) = (rows.MaxEntries, chunks.MaxEntries, groups.MaxEntries);
        // SAFETY: the owner of the mappings owns this object too; every index below is checked against the counts of entries.
        _state = (CountState*)Map(programs.FindMap("counts"), sizeof(CountState));
        _rows = (CountRow*)Map(rows, (long)_rowCount * sizeof(CountRow));
        _chunks = (CountChunk*)Map(chunks, (long)_chunkCount * sizeof(CountChunk));
        _groups = (CountGroup*)Map(groups, (long)_groupCount * sizeof(CountGroup));
        _texts = texts ? (CountText*)Map(programs.FindMap("texts"), (long)_groupCount * sizeof(CountText)) : null;
        (_rowOf, _groupOf, _wraps) = (programs.FindMap("row_of"), programs.FindMap("group_of"), programs.FindMap("wraps"));
        (_freeRows, _freeChunks, _freeGroups) = (Ring("free_rows", _rowCount), Ring("free_chunks", _chunkCount), Ring("free_groups", _groupCount));

        byte* Map(BpfMap map, long length)
        {
            MappedMap mapping = map.Mmap(0, length);
            mappings.Add(mapping);
            return mapping.Pointer;
        }

        FreedRing Ring(string name, uint size) => new((ulong*)Map(programs.FindMap(name), (size + FreedRing.Head) * sizeof(ulong)), size);
    }

    /// <summary>Pools' use and losses.</summary>
    public ref CountState State => ref *_state;

    /// <summary>Rows that may be in use: indexes below it.</summary>
    public uint RowsUsed => Math.Min(Volatile.Read(ref _state->RowsUsed), _rowCount);

    /// <summary>Groups that may be in use: indexes below it.</summary>
    public uint GroupsUsed => Math.Min(Volatile.Read(ref _state->GroupsUsed), _groupCount);

    /// <summary>Whether more than half of some pool was used.</summary>
    public bool IsShort =>
        RowsUsed > _rowCount / 2 || GroupsUsed > _groupCount / 2 || Volatile.Read(ref _state->ChunksUsed) > _chunkCount / 2;

    /// <summary>Prepares the pools: entry 0 of each means none, group 0 and a row for each CPU are for others.</summary>
    public void Begin(int cpus, ulong othersKey)
    {
        _state->GroupsUsed = 1;
        _state->ChunksUsed = 1;
        _state->RowsUsed = (uint)cpus + 1;
        for (int cpu = 0; cpu < cpus; cpu++)
        {
            // SAFETY: Counters sizes the pool so that these fit.
            CountRow* row = _rows + 1 + cpu;
            row->Min = ulong.MaxValue;
            row->Octave = 1;
            row->Key = othersKey | (ulong)cpu << 48;
        }
    }

    /// <summary>The key of a row, 0 when it is free, and its calls.</summary>
    public (ulong Key, ulong Calls) Peek(uint row) => (Volatile.Read(ref _rows[row].Key), Volatile.Read(ref _rows[row].Calls));

    /// <summary>A group as it is now.</summary>
    public ref CountGroup Group(uint index) => ref _groups[Math.Min(index, _groupCount - 1)];

    /// <summary>The paths of a group.</summary>
    public CountText Text(uint index) => _texts == null ? default : _texts[Math.Min(index, _groupCount - 1)];

    /// <summary>A row's sums, all of one moment.</summary>
    /// <returns>False when it was being written for seconds.</returns>
    public bool TryRead(uint index, out CallSums sums)
    {
        CountRow* row = _rows + index;
        for (int i = 0; i < Tries; i++)
        {
            uint seq = Volatile.Read(ref row->Seq);
            if ((seq & 1) != 0)
            {
                if (i < Spins)
                    Thread.SpinWait(4);
                else
                    Thread.Sleep(1);
                continue;
            }
            sums = new CallSums
            {
                Calls = row->Calls,
                Errors = row->Errors,
                Untimed = row->Untimed,
                Unbucketed = row->Unbucketed,
                Total = row->Total,
                Squares = new UInt128(row->Squares[1], row->Squares[0]),
                Min = row->Min,
                Max = row->Max,
            };
            Thread.MemoryBarrier();
            if (Volatile.Read(ref row->Seq) == seq)
                return true;
        }
        sums = default;
        return false;
    }

    /// <summary>Reads which buckets came round, for the histograms that follow.</summary>
    public void ReadWraps()
    {
        if (_wrapped.Count > 0)
            _wrapped = [];
        CountWrap key = default, next = default;
        bool first = true;
        uint times = 0;
        while (_wraps.TryNextKey(first ? [] : Bytes(ref key), Bytes(ref next)) && _wrapped.Count < 4096)
        {
            (key, first) = (next, false);
            if (_wraps.TryLookup(Bytes(ref key), Bytes(ref times)))
                _wrapped[key] = times;
        }
    }

    /// <summary>Adds a row's buckets.</summary>
    public void AddBuckets(uint index, DurationHistogram to)
    {
        CountRow* row = _rows + index;
        for (int octave = 0; octave < Layout.CountOctaves; octave++)
        {
            uint chunk = row->Chunks[octave];
            if (chunk == 0 || chunk >= _chunkCount)
                continue;
            for (int bucket = 0; bucket < Layout.CountBuckets; bucket++)
            {
                ulong count = Volatile.Read(ref _chunks[chunk].Buckets[bucket]);
                if (_wrapped.Count > 0 && _wrapped.TryGetValue(new CountWrap(chunk, (uint)bucket), out uint times))
                    count += (ulong)times << 32;
                to.AddTo(octave, bucket, count);
            }
        }
    }

    /// <summary>Adds a row's errors by errno.</summary>
    public void AddErrnos(uint index, Dictionary<int, ulong> to)
    {
        foreach (uint chunk in ErrnoChain(_rows[index].Errnos))
        {
            // SAFETY: ErrnoChain gives indexes of chunks; errnos lie in a chunk's place.
            CountErrnos* errnos = (CountErrnos*)(_chunks + chunk);
            for (int i = 0; i < Layout.CountErrnos && errnos->Errnos[i] != 0; i++)
                CollectionsMarshal.GetValueRefOrAddDefault(to, errnos->Errnos[i], out _) += errnos->Calls[i];
        }
    }

    /// <summary>Lets no thread find rows of these keys any more.</summary>
    public void HideRows(ReadOnlySpan<ulong> keys)
    {
        try
        {
            if (keys.Length > 0)
                _rowOf.DeleteBatch(MemoryMarshal.AsBytes(keys), keys.Length);
        }
        catch (NativeException)
        {
            // One was never found, for want of memory: the batch ends there.
            foreach (ulong hidden in keys)
            {
                ulong key = hidden;
                _rowOf.Delete(Bytes(ref key));
            }
        }
    }

    /// <summary>Gives a row and its chunks back, that was hidden. Nobody counts there any more.</summary>
    public void FreeRow(uint index)
    {
        CountRow* row = _rows + index;
        if (row->Errnos != 0)
        {
            foreach (uint chunk in ErrnoChain(row->Errnos))
                FreeChunk(chunk);
        }
        for (int octave = 0; octave < Layout.CountOctaves; octave++)
        {
            if (row->Chunks[octave] is > 0 and var chunk && chunk < _chunkCount)
                FreeChunk(chunk);
        }
        *row = default;
        _freeRows.Give(index);
    }

    /// <summary>Lets no thread find a group any more.</summary>
    /// <returns>Whether one could have found it until now.</returns>
    public bool HideGroup(uint index)
    {
        CountKey key = _groups[index].Key;
        uint found = 0;
        // Two may have been made at once: the other one is found.
        return _groupOf.TryLookup(Bytes(ref key), Bytes(ref found)) && found == index && _groupOf.Delete(Bytes(ref key));
    }

    /// <summary>Gives a group back, whose rows were.</summary>
    public void FreeGroup(uint index)
    {
        _groups[index] = default;
        if (_texts != null)
            _texts[index] = default;
        _freeGroups.Give(index);
    }

    private void FreeChunk(uint index)
    {
        for (uint bucket = 0; _wrapped.Count > 0 && bucket < Layout.CountBuckets; bucket++)
        {
            var wrap = new CountWrap(index, bucket);
            _wraps.Delete(Bytes(ref wrap));
        }
        _chunks[index] = default;
        _freeChunks.Give(index);
    }

    private uint[] ErrnoChain(uint first)
    {
        var chain = new List<uint>();
        for (uint chunk = first; chunk != 0 && chunk < _chunkCount && chain.Count < ErrnoChunks; chunk = ((CountErrnos*)(_chunks + chunk))->Next)
            chain.Add(chunk);
        return [.. chain];
    }

    private static Span<byte> Bytes<T>(ref T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new Span<T>(ref value));
}
