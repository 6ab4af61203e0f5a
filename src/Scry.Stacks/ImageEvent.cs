using System.Runtime.InteropServices;
using Scry.Wire;

namespace Scry.Stacks;

/// <summary>What the kernel tells of a process's code.</summary>
internal enum ImageEventKind
{
    Map,
    Exec,
    Fork,
    Exit,
    Lost,
}

/// <summary>One thing that it told (<c>PERF_RECORD_*</c> of linux/perf_event.h).</summary>
internal readonly record struct ImageEvent(ImageEventKind Kind, ulong Time, uint Tgid, uint Parent = 0, Mapping? Mapping = null)
{
    private const uint Lost = 2, Comm = 3, Exit = 4, Fork = 7, Mmap2 = 10;
    private const ushort CommIsExec = 1 << 13, HasBuildId = 1 << 14;
    private const int Header = 8, MiscOffset = 4, NameOffset = 72;
    private const uint Executable = 4; // PROT_EXEC

    /// <summary>Whether a record concerns only those that are interested in a process: it tells of a mapping of it, or that it forked.</summary>
    public static bool IsOf(ReadOnlySpan<byte> record, out uint tgid)
    {
        tgid = 0;
        if (record.Length < Header + 16 || MemoryMarshal.Read<uint>(record) is var type && type is not (Mmap2 or Fork))
            return false;
        uint pid = MemoryMarshal.Read<uint>(record[Header..]), parent = MemoryMarshal.Read<uint>(record[(Header + 4)..]);
        tgid = type == Fork ? parent : pid;
        return true;
    }

    /// <summary>Reads a record.</summary>
    /// <param name="record">Its bytes.</param>
    /// <param name="files">Opens what is mapped; null: it is not opened.</param>
    /// <param name="told">What it says.</param>
    /// <returns>False when it says nothing of interest.</returns>
    public static bool TryRead(ReadOnlySpan<byte> record, Func<FileKey, string, uint, ulong, ulong, MappedFile?> files, out ImageEvent told)
    {
        told = default;
        if (record.Length < Header + 16)
            return false;
        uint type = MemoryMarshal.Read<uint>(record), pid = MemoryMarshal.Read<uint>(record[Header..]);
        uint second = MemoryMarshal.Read<uint>(record[(Header + 4)..]);
        ushort misc = MemoryMarshal.Read<ushort>(record[MiscOffset..]);
        ulong time = MemoryMarshal.Read<ulong>(record[^8..]);
        switch (type)
        {
            case Lost:
                told = new ImageEvent(ImageEventKind.Lost, time, 0);
                return true;
            case Comm when (misc & CommIsExec) != 0:
                told = new ImageEvent(ImageEventKind.Exec, time, pid);
                return true;
            // pid, parent's pid: threads have their process's.
            case Fork when pid != second:
                told = new ImageEvent(ImageEventKind.Fork, time, pid, second);
                return true;
            // pid, ppid, tid: the thread that the process began with.
            case Exit when MemoryMarshal.Read<uint>(record[(Header + 8)..]) == pid:
                told = new ImageEvent(ImageEventKind.Exit, time, pid);
                return true;
            case Mmap2 when record.Length > NameOffset + 8 && (misc & HasBuildId) == 0:
                return TryMapping(record, pid, time, files, out told);
            default:
                return false;
        }
    }

    // pid, tid, address, length, offset, major, minor, inode, generation, protection, flags, name.
    private static bool TryMapping(ReadOnlySpan<byte> record, uint pid, ulong time, Func<FileKey, string, uint, ulong, ulong, MappedFile?> files, out ImageEvent told)
    {
        told = default;
        ulong start = MemoryMarshal.Read<ulong>(record[16..]), length = MemoryMarshal.Read<ulong>(record[24..]), offset = MemoryMarshal.Read<ulong>(record[32..]);
        if ((MemoryMarshal.Read<uint>(record[64..]) & Executable) == 0 || length == 0 || start + length < start)
            return false;
        ReadOnlySpan<byte> name = record[NameOffset..^8];
        int end = name.IndexOf((byte)0);
        string text = ByteText.Of(end < 0 ? name : name[..end]);
        var key = new FileKey(MemoryMarshal.Read<uint>(record[40..]), MemoryMarshal.Read<uint>(record[44..]), MemoryMarshal.Read<ulong>(record[48..]));
        MappedFile? file = key.Inode == 0 && text != ProcMaps.Vdso ? null : files(key, text, pid, start, start + length);
        told = new ImageEvent(ImageEventKind.Map, time, pid, 0, new Mapping(start, start + length, offset, ProcMaps.NameOf(text), file));
        return true;
    }
}
