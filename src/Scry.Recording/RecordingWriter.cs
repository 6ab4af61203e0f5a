using System.IO.Hashing;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Scry.Wire;
using ZstdSharp;

namespace Scry.Recording;

/// <summary>
/// Writes a recording, by one thread. Records are gathered into blocks of 1 MB; <see cref="Flush"/> now and then bounds
/// what a sudden end can cost. <see cref="Finish"/> makes the file whole. After a failed write every further one fails
/// the same way; what is in the file stays readable.
/// </summary>
public sealed class RecordingWriter : IDisposable
{
    private const int Level = 1; // of zstd: the tracer must keep up

    private readonly string _path;
    private readonly FileStream _file;
    private readonly Compressor _compressor = new(Level);
    private readonly byte[] _plain = new byte[Format.BlockSize];
    private byte[] _stored = [];
    private int _length;
    private ulong _first = ulong.MaxValue;
    private ulong _last;
    private RecordingException? _failure;
    private bool _finished;

    private RecordingWriter(string path, FileStream file) => (_path, _file) = (path, file);

    /// <summary>Records written so far.</summary>
    public ulong Records { get; private set; }

    /// <summary>Bytes of the file so far, without what waits for <see cref="Flush"/>.</summary>
    public long Bytes { get; private set; }

    /// <summary>Begins a recording.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="about">Its first block.</param>
    /// <param name="make">Makes the file, empty.</param>
    /// <exception cref="RecordingException">The file cannot be made or written.</exception>
    public static RecordingWriter Create(string path, RecordingAbout about, Func<string, FileStream> make)
    {
        var writer = new RecordingWriter(path, OpenFile(path, make));
        try
        {
            writer.Begin();
            writer.WriteBlock(BlockKind.About, JsonSerializer.SerializeToUtf8Bytes(about, RecordingJson.Default.RecordingAbout), 0, 0);
            return writer;
        }
        catch
        {
            writer.Dispose();
            throw;
        }
    }

    /// <summary>Takes a copy of one record. Allocates nothing.</summary>
    /// <exception cref="ArgumentException">It is no record: its size is not its length, or is out of wire.h's range.</exception>
    /// <exception cref="RecordingException">A block was full and could not be written.</exception>
    public void Write(ReadOnlySpan<byte> record)
    {
        if (record.Length < Unsafe.SizeOf<RecordHeader>() || record.Length > Layout.MaxRecord || record.Length % 8 != 0
            || MemoryMarshal.AsRef<RecordHeader>(record).Size != record.Length)
            throw new ArgumentException("not one whole record", nameof(record));
        ObjectDisposedException.ThrowIf(_finished, this);
        if (record.Length > _plain.Length - _length)
            WriteRecords();
        record.CopyTo(_plain.AsSpan(_length));
        _length += record.Length;
        ulong time = MemoryMarshal.AsRef<RecordHeader>(record).Time;
        _first = Math.Min(_first, time);
        _last = Math.Max(_last, time);
        Records++;
    }

    /// <summary>Adds names. Records that wait are written first, so that blocks stay in order.</summary>
    /// <exception cref="RecordingException">It could not be written.</exception>
    public void WriteNames(IEnumerable<RecordedName> names) => WriteLines(BlockKind.Names, names, RecordingJson.Default.RecordedName);

    /// <summary>Adds names of code, as <see cref="WriteNames"/>.</summary>
    /// <exception cref="RecordingException">It could not be written.</exception>
    public void WriteCode(IEnumerable<RecordedCode> names) => WriteLines(BlockKind.Code, names, RecordingJson.Default.RecordedCode);

    private void WriteLines<T>(BlockKind kind, IEnumerable<T> names, JsonTypeInfo<T> type)
    {
        Flush();
        using var lines = new MemoryStream();
        foreach (T name in names)
        {
            byte[] line = JsonSerializer.SerializeToUtf8Bytes(name, type);
            if (lines.Length > 0 && lines.Length + line.Length >= Format.BlockSize)
                WriteLines(kind, lines);
            lines.Write(line);
            lines.WriteByte((byte)'\n');
        }
        if (lines.Length > 0)
            WriteLines(kind, lines);
    }

    /// <summary>Hands all records over to the kernel, so that they outlive this process.</summary>
    /// <exception cref="RecordingException">They could not be written.</exception>
    public void Flush()
    {
        ObjectDisposedException.ThrowIf(_finished, this);
        if (_length > 0)
            WriteRecords();
    }

    /// <summary>Writes what waits and the END block, and has the disk take it all. Nothing can be written after.</summary>
    /// <param name="lost">Records that were lost, by reason.</param>
    /// <param name="complete">Whether nothing was lost.</param>
    /// <param name="past">What a flight recorder remembered; null: the records are no flight recorder's.</param>
    /// <exception cref="RecordingException">It could not be written.</exception>
    public void Finish(IReadOnlyDictionary<string, ulong> lost, bool complete, RecordedPast? past = null)
    {
        Flush();
        var summary = new RecordingSummary { Records = Records, Lost = lost, Complete = complete, Past = past };
        WriteBlock(BlockKind.End, JsonSerializer.SerializeToUtf8Bytes(summary, RecordingJson.Default.RecordingSummary), 0, 0);
        try
        {
            _file.Flush(flushToDisk: true);
        }
        catch (Exception e) when (RecordingException.IsOfFile(e))
        {
            throw Fail(e);
        }
        _finished = true;
    }

    /// <summary>Closes the file. Records that were neither flushed nor finished are dropped.</summary>
    public void Dispose()
    {
        _finished = true;
        _file.Dispose();
        _compressor.Dispose();
    }

    private static FileStream OpenFile(string path, Func<string, FileStream> make)
    {
        try
        {
            return make(path);
        }
        catch (Exception e) when (RecordingException.IsOfFile(e))
        {
            throw new RecordingException($"cannot make the recording {path}: {RecordingException.Reason(e)}",
                e.HResult == RecordingException.Eexist ? "name another file, or ask for it to be overwritten" : null, e);
        }
    }

    private void Begin()
    {
        Span<byte> header = stackalloc byte[Format.FileHeaderSize];
        MemoryMarshal.Cast<byte, uint>(header)[0] = Format.FileMagic;
        MemoryMarshal.Cast<byte, uint>(header)[1] = Format.Version;
        Append(header);
    }

    private void WriteLines(BlockKind kind, MemoryStream lines)
    {
        WriteBlock(kind, lines.GetBuffer().AsSpan(0, (int)lines.Length), 0, 0);
        lines.SetLength(0);
    }

    private void WriteRecords()
    {
        WriteBlock(BlockKind.Records, _plain.AsSpan(0, _length), _first, _last);
        (_length, _first, _last) = (0, ulong.MaxValue, 0);
    }

    private void WriteBlock(BlockKind kind, ReadOnlySpan<byte> plain, ulong first, ulong last)
    {
        if (plain.Length > Format.MaxPlainSize)
            throw new RecordingException($"cannot write the recording {_path}: {kind} takes {plain.Length} bytes of at most {Format.MaxPlainSize}");
        int most = BlockHeader.Size + Compressor.GetCompressBound(plain.Length);
        if (_stored.Length < most)
            _stored = new byte[Math.Max(most, BlockHeader.Size + Compressor.GetCompressBound(Format.BlockSize))];
        int size = _compressor.Wrap(plain, _stored.AsSpan(BlockHeader.Size));
        ref BlockHeader header = ref MemoryMarshal.AsRef<BlockHeader>(_stored.AsSpan());
        header = new BlockHeader
        {
            Magic = Format.BlockMagic,
            Kind = (uint)kind,
            StoredSize = (uint)size,
            PlainSize = (uint)plain.Length,
            FirstTime = first,
            LastTime = last,
            PayloadHash = XxHash64.HashToUInt64(_stored.AsSpan(BlockHeader.Size, size)),
        };
        header.HeaderHash = BlockHeader.HashOf(_stored);
        Append(_stored.AsSpan(0, BlockHeader.Size + size));
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_failure is not null)
            throw _failure;
        try
        {
            _file.Write(bytes);
            Bytes += bytes.Length;
        }
        catch (Exception e) when (RecordingException.IsOfFile(e))
        {
            throw Fail(e);
        }
    }

    private RecordingException Fail(Exception e) =>
        _failure = new RecordingException($"cannot write the recording {_path}: {RecordingException.Reason(e)}", cause: e);
}
