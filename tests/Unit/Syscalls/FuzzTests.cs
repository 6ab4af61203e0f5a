using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Scry.Syscalls;
using Scry.Tests.Unit.Views;
using Scry.Wire;
using Xunit;
using Decoder = Scry.Syscalls.Decoder;

namespace Scry.Tests.Unit.Syscalls;

/// <summary>
/// Calls of the facts with arguments of their types and memory full of pointers into itself, then mutated: whatever is reached, the text is one
/// clean line and the JSON one object. SCRY_FUZZ_RECORDS and SCRY_FUZZ_SEED make longer and other runs.
/// </summary>
[Collection("alone")] // others measure time and memory
public sealed class FuzzTests
{
    private const int Rounds = 16;
    private static readonly TimeSpan Slow = TimeSpan.FromSeconds(5);
    // A member that stands twice is lost by most readers.
    private static readonly JsonDocumentOptions s_strict = new() { AllowDuplicateProperties = false };
    private static readonly SearchValues<byte> s_clean = SearchValues.Create([.. Enumerable.Range(0x20, 0x5f).Select(value => (byte)value)]);

    [Fact]
    public void WhateverIsReachedIsCleanTextAndJson()
    {
        int records = Setting("SCRY_FUZZ_RECORDS", 1_000_000), seed = Setting("SCRY_FUZZ_SEED", 1);
        Parallel.For(0, Rounds, round => Round(new FuzzMaker(new Random(seed * Rounds + round)), records / Rounds, round));
    }

    private static int Setting(string name, int standard) => int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int value) ? value : standard;

    private static void Round(FuzzMaker maker, int records, int round)
    {
        var decoder = new Decoder(new DecoderOptions { Abbreviate = round % 2 == 0, StringLimit = round % 3 == 0 ? 5 : 64 });
        var text = new Utf8Buffer();
        var json = new Utf8Buffer();
        for (int i = 0; i < records; i++)
        {
            ReadOnlySpan<byte> record = maker.Next();
            long start = Stopwatch.GetTimestamp();
            string? wrong;
            try
            {
                wrong = Wrong(decoder, new CallRecord(record), text, json);
            }
            catch (Exception error)
            {
                wrong = error.ToString();
            }
            wrong ??= Stopwatch.GetElapsedTime(start) > Slow ? $"took {Stopwatch.GetElapsedTime(start)}" : null;
            if (wrong is not null)
                Assert.Fail($"{maker.About}, round {round}, record {i}: {wrong}\n{Encoding.Latin1.GetString(text.Written)}\n{Encoding.Latin1.GetString(json.Written)}\n{Convert.ToHexString(record)}");
        }
    }

    private static string? Wrong(Decoder decoder, in CallRecord call, Utf8Buffer text, Utf8Buffer json)
    {
        text.Clear();
        json.Clear();
        decoder.WriteCall(call, text, 0);
        if (text.Written.ContainsAnyExcept(s_clean))
            return "a byte is not escaped";
        json.Append((byte)'{');
        decoder.WriteCallJson(call, json);
        json.Append((byte)'}');
        if (!Utf8.IsValid(json.Written))
            return "no UTF-8";
        // DEL to the last of C1's controls, as UTF-8, steer terminals too.
        if (json.Written.ContainsAnyInRange((byte)0, (byte)0x1f) || json.Written.Contains((byte)0x7f))
            return "a control byte";
        try
        {
            using JsonDocument document = JsonDocument.Parse(json.Written.ToArray(), s_strict);
        }
        catch (JsonException error)
        {
            return error.Message;
        }
        return null;
    }
}

/// <summary>Makes records; the last one's room is used again.</summary>
internal sealed class FuzzMaker
{
    private const int Memory = 1024, Images = 32;
    private const ulong At = 0x7f00_0000, Kernel = 0xffff_8880_0000_0000;
    private static readonly Abi[] s_abis = [Abi.X86_64, Abi.Ia32, Abi.Arm64, Abi.Arm, Abi.X86_64, Abi.Ia32];

    private readonly Random _random;
    private readonly byte[][] _images = new byte[2 * Images][];
    private readonly byte[] _record = new byte[Unsafe.SizeOf<CallFixed>() + 48 + 2 * (Unsafe.SizeOf<CaptureHeader>() + Memory)];
    private readonly int[][] _rows = new int[AbiTable.Count][];
    private readonly ulong[] _args = new ulong[6];
    private int _row;

    public FuzzMaker(Random random)
    {
        _random = random;
        for (int table = 0; table < AbiTable.Count; table++)
            _rows[table] = [.. Enumerable.Range(0, SyscallRow.Count).Where(id => new SyscallRow(id).Number(table) >= 0)];
        for (int i = 0; i < _images.Length; i++)
            _images[i] = Image(i < Images ? 8 : 4);
    }

    /// <summary>Which call the last record is of.</summary>
    public string About => Encoding.ASCII.GetString(new SyscallRow(_row).Name);

    public ReadOnlySpan<byte> Next()
    {
        Abi abi = s_abis[_random.Next(s_abis.Length)];
        int table = SyscallRow.TableOf(abi);
        _row = _rows[table][_random.Next(_rows[table].Length)];
        var row = new SyscallRow(_row);
        Arguments(row, table);
        Span<byte> record = _record;
        ref CallFixed call = ref MemoryMarshal.AsRef<CallFixed>(record);
        int registers = _random.Next(10) == 0 ? _random.Next(7) : 6;
        byte[] made = RecordMaker.Call((uint)row.Number(table), (uint)_random.Next(1, 100), 0, 1, result: Result(), flags: (CallFlags)(_random.Next(8) == 0 ? _random.Next(16) : 0), args: _args[..registers]);
        made.CopyTo(record);
        call.Header.Abi = abi;
        int at = made.Length;
        int phases = _random.Next(16) == 0 ? _random.Next(3) : 2;
        for (int phase = 0; phase < phases; phase++)
            at = Capture(record, at, phase, AbiTable.Is32Bit(table));
        call.Header.Size = (uint)at;
        return record[..at];
    }

    private long Result() => _random.Next(8) switch
    {
        0 => _random.Next(-530, 0),
        1 => -22,
        2 => _random.NextInt64(long.MinValue, long.MaxValue),
        3 => 0,
        _ => _random.Next(1, Memory),
    };

    private int Capture(Span<byte> record, int at, int phase, bool narrow)
    {
        int length = _random.Next(8) == 0 ? _random.Next(Memory + 1) : Memory;
        ref CaptureHeader head = ref MemoryMarshal.AsRef<CaptureHeader>(record[at..]);
        head = new CaptureHeader { Address = At, Length = (uint)length, Phase = _random.Next(16) == 0 ? CapturePhase.Late : (CapturePhase)phase };
        at += Unsafe.SizeOf<CaptureHeader>();
        Span<byte> data = record.Slice(at, Memory);
        _images[(narrow ? Images : 0) + _random.Next(Images)].CopyTo(data);
        for (int i = _random.Next(24); i > 0; i--)
            Mutate(data, narrow ? 4 : 8);
        return at + (length + 7 & ~7);
    }

    private void Mutate(Span<byte> data, int word)
    {
        int place = _random.Next(Memory / word) * word;
        switch (_random.Next(6))
        {
            case 0:
                data[_random.Next(Memory)] = (byte)_random.Next(256);
                break;
            case 1:
                Put(data[place..], word, Number());
                break;
            case 2:
                Put(data[place..], word, Pointer());
                break;
            case 3:
                Put(data[place..], 2, (ulong)_random.Next(64));
                break;
            case 4:
                data.Slice(place, _random.Next(Memory - place)).Fill((byte)_random.Next(256));
                break;
            default:
                _random.NextBytes(data.Slice(place, _random.Next(Math.Min(64, Memory - place))));
                break;
        }
    }

    private void Arguments(SyscallRow row, int table)
    {
        for (int i = 0; i < 6; i++)
            _args[i] = _random.Next(3) == 0 ? Pointer() : Number();
        for (int i = 0; i < row.ArgumentCount; i++)
        {
            ArgumentRow argument = row.Argument(i);
            if (_random.Next(8) != 0)
                _args[argument.Register] = Argument(new TypeNode(argument.Type), table);
        }
        if (row.VariantCount > 0 && _random.Next(8) != 0)
        {
            var variant = new VariantRow(row.FirstVariant + _random.Next(row.VariantCount));
            if (!variant.Any)
            {
                _args[variant.Register1] = variant.Register2 < 0 ? variant.Key : variant.Key >> 32;
                if (variant.Register2 >= 0)
                    _args[variant.Register2] = (uint)variant.Key;
            }
        }
        if (AbiTable.Is32Bit(table))
        {
            for (int i = 0; i < 6; i++)
                _args[i] = (uint)_args[i];
        }
    }

    private ulong Argument(TypeNode node, int table)
    {
        switch (node.Kind)
        {
            case TypeKind.Enum or TypeKind.Flags or TypeKind.Bits:
                var names = new XlatRow(node.A, table);
                return names.Count == 0 || _random.Next(8) == 0 ? Number()
                    : names.Value(_random.Next(names.Count)) | (names.Flags ? names.Value(_random.Next(names.Count)) : 0);
            case TypeKind.Int or TypeKind.Fd or TypeKind.DirFd or TypeKind.Signal or TypeKind.Uid or TypeKind.Gid or TypeKind.Mode or TypeKind.Time:
                return Number();
            default:
                return Pointer();
        }
    }

    private ulong Pointer() => _random.Next(24) switch
    {
        0 => 0,
        1 => At + Memory - (ulong)_random.Next(16),
        2 => (ulong)_random.NextInt64(),
        3 => Kernel,
        4 => At + (ulong)_random.Next(Memory),
        _ => At + 8 * (ulong)_random.Next(Memory / 8),
    };

    private ulong Number() => _random.Next(8) switch
    {
        0 => (ulong)_random.NextInt64(long.MinValue, long.MaxValue),
        1 => ulong.MaxValue,
        2 => 1UL << _random.Next(64),
        3 => (ulong)_random.Next(Memory),
        4 => (ulong)-_random.Next(200),
        _ => (ulong)_random.Next(24),
    };

    // Pointers and lengths in turn, small numbers, headers with lengths, text, anything: in pieces.
    private byte[] Image(int word)
    {
        byte[] image = new byte[Memory];
        for (int at = 0; at < Memory; at += 64)
        {
            Span<byte> piece = image.AsSpan(at, 64);
            int kind = _random.Next(8);
            if (kind == 0)
                _random.NextBytes(piece);
            else if (kind == 1)
                "a/path\nwith\u009bbytes \"\\\u202e\0"u8.CopyTo(piece);
            else if (kind == 2)
                piece.Fill(0xff);
            else if (kind > 3)
                Words(piece, kind == 4 ? 2 : kind == 5 ? 4 : word, kind);
        }
        return image;
    }

    private void Words(Span<byte> piece, int size, int kind)
    {
        for (int i = 0; i < piece.Length; i += size)
            Put(piece[i..], size, kind > 5 && i / size % 2 == 0 ? Pointer() : (ulong)_random.Next(40));
    }

    private static void Put(Span<byte> to, int size, ulong value) => BitConverter.GetBytes(value).AsSpan(0, size).CopyTo(to);
}
