using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Scry.Syscalls;
using Scry.Tests.Unit.Views;
using Scry.Wire;
using Decoder = Scry.Syscalls.Decoder;

namespace Scry.Tests.Unit.Syscalls;

/// <summary>Calls by name, and what the decoder makes of them.</summary>
internal static class Calls
{
    public const ulong At = 0x7f0000001000;

    private static readonly Decoder s_decoder = new(new DecoderOptions { ResultColumn = 0 });

    public static byte[] Make(string name, long result, ulong[] args, Abi abi = Abi.X86_64)
    {
        byte[] record = RecordMaker.Call(Number(name, abi), 1, 0, 1, result: result, args: args);
        MemoryMarshal.AsRef<RecordHeader>(record.AsSpan()).Abi = abi;
        return record;
    }

    public static byte[] In(this byte[] call, ReadOnlySpan<byte> data) => RecordMaker.With(call, At, data);

    public static byte[] Out(this byte[] call, ReadOnlySpan<byte> data) => RecordMaker.With(call, At, data, CapturePhase.Exit);

    public static byte[] Exchange(this byte[] call, ulong address, ReadOnlySpan<byte> before, ReadOnlySpan<byte> after) =>
        RecordMaker.With(RecordMaker.With(call, address, before), address, after, CapturePhase.Exit);

    public static byte[] With(this byte[] bytes, int at, byte value)
    {
        bytes[at] = value;
        return bytes;
    }

    public static byte[] Words(params ulong[] words) => MemoryMarshal.AsBytes<ulong>(words).ToArray();

    public static byte[] Ints(params int[] words) => MemoryMarshal.AsBytes<int>(words).ToArray();

    public static uint Number(string name, Abi abi)
    {
        for (int row = 0; row < SyscallRow.Count; row++)
        {
            if (new SyscallRow(row).Is(Encoding.ASCII.GetBytes(name)) && new SyscallRow(row).Number(SyscallRow.TableOf(abi)) is var nr and >= 0)
                return (uint)nr;
        }
        throw new ArgumentException($"no {name} on {abi}", nameof(name));
    }

    public static string Text(byte[] call, Decoder? decoder = null)
    {
        var to = new Utf8Buffer();
        (decoder ?? s_decoder).WriteCall(new CallRecord(call), to, 0);
        return Encoding.Latin1.GetString(to.Written);
    }

    /// <summary>Parses; a failure shows the text.</summary>
    public static JsonDocument Parse(byte[] json)
    {
        try
        {
            return JsonDocument.Parse(json);
        }
        catch (JsonException error)
        {
            throw new FormatException($"{error.Message}: {Encoding.Latin1.GetString(json)}");
        }
    }

    public static string Json(byte[] call, Decoder? decoder = null)
    {
        var to = new Utf8Buffer();
        (decoder ?? s_decoder).WriteCallJson(new CallRecord(call), to);
        return "{" + Encoding.Latin1.GetString(to.Written) + "}";
    }
}
