using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Win32.SafeHandles;
using Scry.Wire;
using ZstdSharp;

namespace Scry.Recording;

/// <summary>Where a recording stops making sense.</summary>
/// <param name="Offset">Bytes from the file's start: of the block, or of its payload.</param>
/// <param name="What">What is wrong, without a full stop.</param>
public sealed record RecordingDamage(long Offset, string What);

/// <summary>Is lent one record, until it returns.</summary>
/// <returns>Whether to go on.</returns>
public delegate bool RecordHandler(ReadOnlySpan<byte> record);

/// <summary>
/// Reads a recording, by one thread. Nothing in the file is trusted: a pass over it reads up to the first damage, tells
/// of it in <see cref="Damage"/>, and never throws because of what the file holds. Each pass starts anew, so that a
/// file still being written can be read again.
/// </summary>
public sealed class RecordingReader : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly Decompressor _decompressor = new();
    private readonly RecordingDamage? _opening;
    private byte[] _stored = [];
    private byte[] _plain = [];

    private RecordingReader(SafeFileHandle file)
    {
        _file = file;
        About = ReadAbout();
        _opening = Damage;
    }

    /// <summary>The first block; null when it cannot be read.</summary>
    public RecordingAbout? About { get; }

    /// <summary>The END block, when the last pass reached it.</summary>
    public RecordingSummary? Summary { get; private set; }

    /// <summary>
    /// Where the last pass had to stop, or what opening found; null when all was well. A recording without an END is
    /// damaged at its end. Blocks that a pass had no use for are not looked into.
    /// </summary>
    public RecordingDamage? Damage { get; private set; }

    /// <summary>Opens a recording and reads <see cref="About"/>. A file that is none opens too, with <see cref="Damage"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="open">What opens it; NotSupportedException: it is no regular file. Null: as .NET does, which waits for a pipe's other end.</param>
    /// <exception cref="RecordingException">There is no such regular file, or it may not be read.</exception>
    public static RecordingReader Open(string path, Func<string, SafeFileHandle>? open = null)
    {
        try
        {
            SafeFileHandle file = open is not null ? open(path) : File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            try
            {
                RandomAccess.GetLength(file);
                return new RecordingReader(file);
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }
        catch (NotSupportedException e)
        {
            throw new RecordingException($"cannot read the recording {path}: not a regular file", cause: e);
        }
        catch (Exception e) when (RecordingException.IsOfFile(e))
        {
            throw new RecordingException($"cannot read the recording {path}: {RecordingException.Reason(e)}", cause: e);
        }
    }

    /// <summary>The blocks in their order, by their headers alone; <see cref="Damage"/> is set when it ends.</summary>
    public IEnumerable<RecordingBlock> Blocks()
    {
        Damage = _opening;
        Summary = null;
        long offset = Format.FileHeaderSize;
        while (Damage is null && TryHeader(offset, out RecordingBlock block))
        {
            offset += BlockHeader.Size + block.StoredSize;
            if (block.Kind == BlockKind.End)
            {
                ReadEnd(block, offset);
                if (Summary is not null)
                    yield return block;
                yield break;
            }
            yield return block;
        }
    }

    /// <summary>
    /// Lends every record whose time is in [<paramref name="from"/>, <paramref name="to"/>] (nanoseconds of
    /// CLOCK_MONOTONIC). A block that holds none of them is not read. Of a record no more is certain than that it has a
    /// header, and that its size is its length.
    /// </summary>
    public void ForEachRecord(RecordHandler handler, ulong from = 0, ulong to = ulong.MaxValue)
    {
        ulong seen = 0;
        bool all = true;
        foreach (RecordingBlock block in Blocks())
        {
            if (block.Kind == BlockKind.End && all && Summary!.Records != seen)
                Fail(block.Offset, $"the END tells of {Summary.Records} records, but {seen} are there");
            if (block.Kind != BlockKind.Records)
                continue;
            if (block.LastTime < from || block.FirstTime > to)
            {
                all = false;
                continue;
            }
            if (!TryLoad(block, out ReadOnlySpan<byte> rest))
                return;
            while (!rest.IsEmpty)
            {
                if (!TryRecord(block, ref rest, out ReadOnlySpan<byte> record))
                    return;
                seen++;
                ulong time = MemoryMarshal.AsRef<RecordHeader>(record).Time;
                if (time >= from && time <= to && !handler(record))
                    return;
            }
        }
    }

    /// <summary>Hands over every name, in the order in which they were written. RECORDS are passed over.</summary>
    public void ForEachName(Action<RecordedName> handler) => ForEachLine(BlockKind.Names, RecordingJson.Default.RecordedName, handler);

    /// <summary>The same of names of code.</summary>
    public void ForEachCode(Action<RecordedCode> handler) => ForEachLine(BlockKind.Code, RecordingJson.Default.RecordedCode, handler);

    private void ForEachLine<T>(BlockKind kind, JsonTypeInfo<T> type, Action<T> handler)
        where T : class
    {
        foreach (RecordingBlock block in Blocks())
        {
            if (block.Kind != kind)
                continue;
            if (!TryLoad(block, out ReadOnlySpan<byte> lines))
                return;
            while (!lines.IsEmpty)
            {
                int end = lines.IndexOf((byte)'\n');
                if (end < 0)
                    end = lines.Length;
                if (!TryParse(block, lines[..end], type, out T? name))
                    return;
                handler(name!);
                lines = lines[Math.Min(lines.Length, end + 1)..];
            }
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        _file.Dispose();
        _decompressor.Dispose();
    }

    private RecordingAbout? ReadAbout()
    {
        Span<byte> header = stackalloc byte[Format.FileHeaderSize];
        if (!TryRead(0, header) || MemoryMarshal.Cast<byte, uint>(header)[0] != Format.FileMagic)
        {
            Damage = new RecordingDamage(0, "not a recording of Scry");
            return null;
        }
        uint version = MemoryMarshal.Cast<byte, uint>(header)[1];
        if (version != Format.Version)
        {
            Fail(sizeof(uint), $"the format has version {version}; this Scry reads {Format.Version}");
            return null;
        }
        if (!TryHeader(Format.FileHeaderSize, out RecordingBlock block))
            return null;
        if (block.Kind != BlockKind.About)
        {
            Fail(block.Offset, "the first block is not ABOUT");
            return null;
        }
        if (!TryLoad(block, out ReadOnlySpan<byte> json)
            || !TryParse(block, json, RecordingJson.Default.RecordingAbout, out RecordingAbout? about))
            return null;
        // The serializer does not look into a list.
        if (about!.CommandLine.Contains(null!))
        {
            Fail(block.Offset, "ABOUT has a command line with a null");
            return null;
        }
        if (about.WireVersion != Layout.Version)
            Fail(block.Offset, $"the records have version {about.WireVersion}; this Scry reads {Layout.Version}");
        return about;
    }

    private void ReadEnd(RecordingBlock block, long end)
    {
        if (!TryLoad(block, out ReadOnlySpan<byte> json)
            || !TryParse(block, json, RecordingJson.Default.RecordingSummary, out RecordingSummary? summary))
            return;
        Summary = summary;
        long after = Length() - end;
        if (after != 0)
            Fail(end, $"{after} bytes follow the END");
    }

    private bool TryHeader(long offset, out RecordingBlock block)
    {
        block = default;
        Span<byte> bytes = stackalloc byte[BlockHeader.Size];
        long rest = Length() - offset;
        if (rest < bytes.Length)
            return Fail(offset, rest == 0 ? "no END: the recording was not finished" : "cut inside a block's header");
        if (!TryRead(offset, bytes))
            return Fail(offset, "a block's header cannot be read");
        BlockHeader header = MemoryMarshal.Read<BlockHeader>(bytes);
        if (header.Magic != Format.BlockMagic || header.HeaderHash != BlockHeader.HashOf(bytes))
            return Fail(offset, "a block's header is not as it was written");
        if (header.PlainSize > Format.MaxPlainSize || header.StoredSize > Format.MaxStoredSize)
            return Fail(offset, "a block is too large");
        if (header.StoredSize > rest - bytes.Length)
            return Fail(offset, "cut inside a block");
        block = new RecordingBlock(
            offset, (BlockKind)header.Kind, (int)header.StoredSize, (int)header.PlainSize, header.FirstTime, header.LastTime);
        return true;
    }

    /// <summary>The block's payload, decompressed; valid until the next one is loaded.</summary>
    private bool TryLoad(RecordingBlock block, out ReadOnlySpan<byte> plain)
    {
        plain = default;
        if (_stored.Length < BlockHeader.Size + block.StoredSize)
            _stored = new byte[BlockHeader.Size + block.StoredSize];
        if (_plain.Length < block.PlainSize)
            _plain = new byte[block.PlainSize];
        Span<byte> bytes = _stored.AsSpan(0, BlockHeader.Size + block.StoredSize);
        if (!TryRead(block.Offset, bytes))
            return Fail(block.Offset, "a block cannot be read");
        ReadOnlySpan<byte> stored = bytes[BlockHeader.Size..];
        if (XxHash64.HashToUInt64(stored) != MemoryMarshal.Read<BlockHeader>(bytes).PayloadHash)
            return Fail(block.Offset, "a block's payload is not as it was written");
        try
        {
            // The room is as large as the header said and no larger: what does not fit is an error of zstd's.
            if (!_decompressor.TryUnwrap(stored, _plain.AsSpan(0, block.PlainSize), out int size) || size != block.PlainSize)
                return Fail(block.Offset, "a block's payload has another size than its header says");
        }
        catch (ZstdException)
        {
            return Fail(block.Offset, "a block's payload cannot be decompressed");
        }
        plain = _plain.AsSpan(0, block.PlainSize);
        return true;
    }

    private bool TryRecord(RecordingBlock block, ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> record)
    {
        record = default;
        int head = Unsafe.SizeOf<RecordHeader>();
        if (rest.Length < head)
            return Fail(block.Offset, "a record reaches beyond its block");
        uint size = MemoryMarshal.AsRef<RecordHeader>(rest).Size;
        if (size < head || size % 8 != 0 || size > rest.Length)
            return Fail(block.Offset, $"a record says that it has {size} bytes");
        record = rest[..(int)size];
        rest = rest[(int)size..];
        return true;
    }

    private bool TryParse<T>(RecordingBlock block, ReadOnlySpan<byte> json, JsonTypeInfo<T> type, out T? value)
        where T : class
    {
        value = null;
        try
        {
            value = JsonSerializer.Deserialize(json, type);
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or InvalidOperationException)
        {
            // What is wrong with it is of no use to a reader; that it is wrong is told below.
        }
        return value is not null || Fail(block.Offset, $"{block.Kind} is not the JSON that it should be");
    }

    private long Length()
    {
        try
        {
            return RandomAccess.GetLength(_file);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private bool TryRead(long offset, Span<byte> bytes)
    {
        try
        {
            while (!bytes.IsEmpty)
            {
                int count = RandomAccess.Read(_file, bytes, offset);
                if (count <= 0)
                    return false;
                bytes = bytes[count..];
                offset += count;
            }
            return true;
        }
        catch (Exception e) when (RecordingException.IsOfFile(e))
        {
            return false;
        }
    }

    private bool Fail(long offset, string what)
    {
        Damage = new RecordingDamage(offset, what);
        return false;
    }
}
