using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Json;
using Scry.Syscalls;
using Scry.Tests.Unit.Views;
using Scry.Wire;
using Xunit;

namespace Scry.Tests.Unit.Syscalls;

/// <summary>Whatever a traced process puts into its arguments and its memory.</summary>
public sealed class HostileTests
{
    private const int Records = 100_000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void AnyRecordIsOneLineOfCleanTextAndOneObjectOfJson(int seed)
    {
        var random = new Random(seed);
        var decoder = new Decoder(new DecoderOptions { Abbreviate = seed == 1 });
        var text = new Utf8Buffer();
        var json = new Utf8Buffer();
        for (int i = 0; i < Records / 2; i++)
        {
            byte[] record = Any(random);
            text.Clear();
            decoder.WriteCall(new CallRecord(record), text, 0);
            Assert.DoesNotContain(text.Written.ToArray(), b => b is < 0x20 or >= 0x7f);
            json.Clear();
            json.Append((byte)'{');
            decoder.WriteCallJson(new CallRecord(record), json);
            json.Append((byte)'}');
            using JsonDocument document = Calls.Parse(json.Written.ToArray());
            Assert.Equal(JsonValueKind.Object, document.RootElement.ValueKind);
        }
    }

    // Numbers that exist, mostly; addresses that meet what was captured, mostly; captures that lie about their lengths, at times.
    private static byte[] Any(Random random)
    {
        const ulong room = 0x7fff_0000_0000;
        ulong[] args = new ulong[random.Next(7)];
        for (int i = 0; i < args.Length; i++)
        {
            args[i] = random.Next(6) switch
            {
                0 => (ulong)random.NextInt64(long.MinValue, long.MaxValue),
                1 => (ulong)random.Next(-3, 300),
                2 => 0,
                3 => 1UL << random.Next(64),
                _ => room + 64 * (ulong)random.Next(4),
            };
        }
        byte[] record = RecordMaker.Call(
            (uint)(random.Next(50) == 0 ? random.Next() : random.Next(480)), 1, 0, 1, result: random.Next(-520, 200), flags: (CallFlags)random.Next(16), args: args);
        MemoryMarshal.AsRef<RecordHeader>(record.AsSpan()).Abi = (Abi)random.Next(5);
        for (int i = random.Next(5); i > 0; i--)
        {
            byte[] data = new byte[random.Next(4) == 0 ? 4 * random.Next(100) : random.Next(300)];
            random.NextBytes(data);
            if (random.Next(2) == 0)
                MemoryMarshal.Cast<byte, ulong>(data.AsSpan()).Fill(random.Next(3) == 0 ? room : (ulong)random.Next(9));
            int head = record.Length;
            record = RecordMaker.With(record, room + 8 * (ulong)random.Next(32), data, (CapturePhase)random.Next(3), random.Next(8) == 0 ? CaptureFlags.Count : CaptureFlags.None);
            if (random.Next(20) == 0)
                MemoryMarshal.AsRef<CaptureHeader>(record.AsSpan(head)).Length = (uint)random.Next(int.MinValue, int.MaxValue);
        }
        return random.Next(20) == 0 ? record[..random.Next(Unsafe.SizeOf<CallFixed>(), record.Length + 1)] : record;
    }
}
