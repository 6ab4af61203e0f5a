using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;
using Scry.Recording;
using Scry.Wire;
using Xunit;
using ZstdSharp;

namespace Scry.Tests.Unit.Recording;

/// <summary>Files made to do harm: every hash is right, and what it guards lies.</summary>
public sealed class HostileFileTests : IDisposable
{
    private const uint About = 1, Records = 2, Names = 3, End = 4;

    private readonly Samples _samples = new();
    private readonly string _about = $$"""
        {"scry_version":"","kernel_release":"","machine":"","boot_id":"","host_name":"","cpus":-1,"wire_version":{{Layout.Version}},
        "facts_version":"","clocks":[],"command_line":[],"target":"","selection":"","payload_limit":0}
        """;

    public void Dispose() => _samples.Dispose();

    [Fact]
    public void BlocksOfUnknownKindsArePassedOver()
    {
        Assert.Equal((1, null), Read(Block(About, _about), Block(77, "?"), Block(Records, Samples.Record(0)), Block(End, """{"records":1,"lost":{},"complete":true,"new":1}""")));
    }

    [Fact]
    public void ADecompressionBombStaysSmall()
    {
        byte[] bomb = new Compressor().Wrap(new byte[256 << 20]).ToArray();
        long before = GC.GetAllocatedBytesForCurrentThread();
        foreach (uint size in new uint[] { 0, 32, 4 << 20 })
        {
            (int records, string? damage) = Read(Block(About, _about), Block(Records, bomb, size));
            Assert.Equal(0, records);
            Assert.StartsWith("a block's payload", damage);
        }
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 8 << 20);
    }

    [Theory]
    [InlineData(uint.MaxValue, null)]
    [InlineData((4u << 20) + 1, null)]
    [InlineData(31u, null)]
    [InlineData(33u, null)]
    [InlineData(null, uint.MaxValue)]
    [InlineData(null, 0x80000000)]
    [InlineData(null, 1u << 20)]
    [InlineData(null, 0u)]
    [InlineData(null, 5u)]
    public void SizesThatLieAreFound(uint? plainSize, uint? storedSize)
    {
        byte[] record = Samples.Record(3);
        (int records, string? damage) = Read(Block(About, _about), Block(Records, Pack(record), plainSize ?? (uint)record.Length, storedSize));
        Assert.Equal(0, records);
        Assert.NotNull(damage);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(8u)]
    [InlineData(24u)]
    [InlineData(36u)]
    [InlineData(72u)]
    [InlineData(0x80000000)]
    [InlineData(uint.MaxValue - 7)]
    public void ARecordThatIsNotInsideItsBlockIsNotLent(uint size)
    {
        byte[] good = Samples.Record(3);
        byte[] bad = [.. good];
        BinaryPrimitives.WriteUInt32LittleEndian(bad.AsSpan(8), size);
        Assert.Equal((1, $"a record says that it has {size} bytes"), Read(Block(About, _about), Block(Records, [.. good, .. bad, .. new byte[24]])));
    }

    [Fact]
    public void LessThanAHeaderIsNoRecord()
    {
        Assert.Equal((1, "a record reaches beyond its block"), Read(Block(About, _about), Block(Records, [.. Samples.Record(0), .. new byte[8]])));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"is":"other","time":1}""")]
    [InlineData("""{"time":1}""")]
    [InlineData("""{"is":"fd","time":1,"tgid":1,"fd":1,"path":null}""")]
    [InlineData("""{"is":"fd","time":-1,"tgid":1,"fd":1,"path":""}""")]
    [InlineData("{\"is\":\"fd\",\"time\":1,\"tgid\":1,\"fd\":1,\"path\":\"\xff\"}")]
    [InlineData("{\"is\":\"fd\",\"time\":1,\"tgid\":1,\"fd\":1,\"path\":\"\\ud800\"}")]
    public void JsonThatIsSomethingElseIsDamage(string json)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(json + "\n");
        Assert.EndsWith("is not the JSON that it should be", Read(Block(About, _about), Block(Names, bytes)).Damage);
        Assert.EndsWith("is not the JSON that it should be", Read(Block(About, bytes)).Damage);
        Assert.EndsWith("is not the JSON that it should be", Read(Block(About, _about), Block(End, bytes)).Damage);
    }

    [Fact]
    public void JsonNestedWithoutEndIsDamage()
    {
        Assert.NotNull(Read(Block(About, new string('[', 4 << 20))).Damage);
    }

    [Fact]
    public void ANullInTheCommandLineIsDamage()
    {
        Assert.Equal("ABOUT has a command line with a null", Read(Block(About, _about.Replace("\"command_line\":[", "\"command_line\":[null"))).Damage);
    }

    [Fact]
    public void RecordsOfAnotherWireVersionAreNotLent()
    {
        string about = _about.Replace($"\"wire_version\":{Layout.Version}", "\"wire_version\":9");
        Assert.Equal((0, $"the records have version 9; this Scry reads {Layout.Version}"), Read(Block(About, about), Block(Records, Samples.Record(0))));
    }

    [Fact]
    public void AFormatThatIsNewerIsToldFromAFileThatIsNoRecording()
    {
        Assert.Equal((0, "the format has version 2; this Scry reads 1"), ReadRaw("SCRY\x02\0\0\0"u8.ToArray()));
        Assert.Equal((0, "not a recording of Scry"), ReadRaw("#!/bin/sh"u8.ToArray()));
        Assert.Equal((0, "the first block is not ABOUT"), Read(Block(Records, Samples.Record(0))));
    }

    private (int Records, string? Damage) Read(params byte[][] blocks) =>
        ReadRaw([.. "SCRY\x01\0\0\0"u8, .. blocks.SelectMany(block => block)]);

    private (int Records, string? Damage) ReadRaw(byte[] bytes)
    {
        File.WriteAllBytes(_samples.Path("b"), bytes);
        using RecordingReader reader = RecordingReader.Open(_samples.Path("b"));
        int records = 0;
        reader.ForEachRecord(_ => ++records > 0);
        string? damage = reader.Damage?.What;
        if (damage is null or "no END: the recording was not finished")
        {
            reader.ForEachName(_ => { });
            damage = reader.Damage?.What;
        }
        return (records, damage);
    }

    private static byte[] Block(uint kind, string text) => Block(kind, Encoding.UTF8.GetBytes(text));

    private static byte[] Block(uint kind, byte[] plain) => Block(kind, Pack(plain), (uint)plain.Length);

    private static byte[] Block(uint kind, byte[] stored, uint plainSize, uint? storedSize = null)
    {
        byte[] block = new byte[48 + stored.Length];
        stored.CopyTo(block, 48);
        uint hashed = Math.Min(storedSize ?? (uint)stored.Length, (uint)stored.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(block, 0x4b4c4253);
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(4), kind);
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(8), storedSize ?? (uint)stored.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(block.AsSpan(12), plainSize);
        BinaryPrimitives.WriteUInt64LittleEndian(block.AsSpan(24), ulong.MaxValue);
        BinaryPrimitives.WriteUInt64LittleEndian(block.AsSpan(32), XxHash64.HashToUInt64(stored.AsSpan(0, (int)hashed)));
        BinaryPrimitives.WriteUInt64LittleEndian(block.AsSpan(40), XxHash64.HashToUInt64(block.AsSpan(0, 40)));
        return block;
    }

    private static byte[] Pack(byte[] plain) => new Compressor().Wrap(plain).ToArray();
}
