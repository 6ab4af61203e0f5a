using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Scry.Wire;

namespace Scry.Syscalls;

/// <summary>What is said of the ids of threads and processes (strace --decode-pids).</summary>
[Flags]
public enum PidParts
{
    /// <summary>The numbers alone.</summary>
    None = 0,
    /// <summary>The name of the thread (-Y).</summary>
    Comm = 1,
    /// <summary>The number in the pid namespace that Scry runs in, where that is another one (--pidns-translation).</summary>
    Namespace = 2,
}

/// <summary>Finds ids that no record tells.</summary>
public interface IPidFinder
{
    /// <summary>An id where Scry runs; 0: not known.</summary>
    /// <param name="space">Inode number of the pid namespace that it is an id of.</param>
    /// <param name="id">The id there.</param>
    /// <param name="kind">What it is an id of.</param>
    uint Find(uint space, uint id, PidKind kind);

    /// <summary>The name of a thread, by its id where Scry runs; null: it is not there.</summary>
    string? Name(uint id);
}

/// <summary>What ids of pid namespaces are where Scry runs, and names of threads, as records tell. Bounded.</summary>
internal sealed class PidTable(IPidFinder? finder)
{
    private const int Most = 65536;

    private readonly Dictionary<(uint Space, uint Id, PidKind Kind), uint> _here = [];
    private readonly Dictionary<uint, uint> _spaces = [];
    private readonly Dictionary<uint, CommBytes> _names = [];

    /// <summary>Takes a record in.</summary>
    public void Learn(ReadOnlySpan<byte> record)
    {
        if (record.Length < Unsafe.SizeOf<RecordHeader>())
            return;
        ref readonly RecordHeader header = ref MemoryMarshal.AsRef<RecordHeader>(record);
        if (header.Kind == RecordKind.Task && record.Length >= Unsafe.SizeOf<TaskRecord>())
        {
            Bound(_names);
            _names[header.Tid] = MemoryMarshal.Read<TaskRecord>(record).Comm;
            if (PidFacts.TryOfTask(record, out PidFacts facts))
                Learn(header.Tid, in facts);
        }
        else if (header.Kind == RecordKind.Call && record.Length >= Unsafe.SizeOf<CallFixed>())
        {
            foreach (Capture capture in new CallRecord(record))
            {
                if (capture.Header.Flags == CaptureFlags.Pids && capture.Data.Length >= Unsafe.SizeOf<PidFacts>())
                    Learn(header.Tid, MemoryMarshal.Read<PidFacts>(capture.Data));
            }
        }
    }

    /// <summary>An id of a thread's pid namespace where Scry runs; itself where that is the same; 0: not known.</summary>
    public uint Translate(uint tid, uint id, PidKind kind)
    {
        if (!_spaces.TryGetValue(tid, out uint space) || space == 0)
            return id;
        if (_here.TryGetValue((space, id, kind), out uint here))
            return here;
        return finder?.Find(space, id, kind) ?? 0;
    }

    /// <summary>Appends the name of a thread, where it is known.</summary>
    public void Name(Utf8Buffer to, uint id)
    {
        if (_names.TryGetValue(id, out CommBytes name))
            Name(to, name.Text);
        else if (finder?.Name(id) is { } found)
            Name(to, Encoding.UTF8.GetBytes(found));
    }

    private static void Name(Utf8Buffer to, ReadOnlySpan<byte> name)
    {
        to.Append((byte)'<');
        Quote.Name(to, name);
        to.Append((byte)'>');
    }

    private void Learn(uint tid, in PidFacts facts)
    {
        Bound(_spaces);
        _spaces[tid] = facts.Spaces[0];
        for (int space = 0; space < Layout.PidSpaces && facts.Spaces[space] != 0; space++)
        {
            for (int kind = 0; kind < Layout.Pids; kind++)
            {
                uint id = facts.Ids[space * Layout.Pids + kind];
                if (id == 0 || facts.Here[kind] == 0)
                    continue;
                Bound(_here);
                _here[(facts.Spaces[space], id, (PidKind)kind)] = facts.Here[kind];
            }
        }
    }

    private static void Bound<TKey, TValue>(Dictionary<TKey, TValue> table)
        where TKey : notnull
    {
        if (table.Count >= Most)
            table.Clear();
    }
}
