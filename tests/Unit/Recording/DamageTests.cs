using Scry.Recording;
using Xunit;

namespace Scry.Tests.Unit.Recording;

/// <summary>Files that were cut or changed by accident: all up to the damage is read, and the damage is told.</summary>
public sealed class DamageTests : IDisposable
{
    private const int Records = 1000;
    private const int HeaderSize = 48;

    private readonly Samples _samples = new();
    private readonly byte[] _whole;
    private readonly RecordingBlock[] _blocks;

    public DamageTests()
    {
        string path = _samples.Write(Records, flushEvery: 50);
        _whole = File.ReadAllBytes(path);
        using RecordingReader reader = RecordingReader.Open(path);
        _blocks = [.. reader.Blocks()];
    }

    public void Dispose() => _samples.Dispose();

    [Fact]
    public void ACutFileIsReadUpToItsLastWholeBlock()
    {
        var random = new Random(1);
        int[] ends = [.. _blocks.Select(block => (int)block.Offset)];
        foreach (int at in Enumerable.Range(0, 200).Select(_ => random.Next(_whole.Length)).Concat(ends).Append(0))
            HoldsUpTo(_whole[..at], at, $"cut at {at}");
    }

    [Fact]
    public void AFlippedBitIsFoundWhereverItIs()
    {
        var random = new Random(2);
        IEnumerable<int> headers = Enumerable.Range((int)_blocks[3].Offset, HeaderSize).Concat(Enumerable.Range(0, 8));
        foreach (int at in Enumerable.Range(0, 200).Select(_ => random.Next(_whole.Length)).Concat(headers))
        {
            byte[] bytes = [.. _whole];
            bytes[at] ^= (byte)(1 << random.Next(8));
            HoldsUpTo(bytes, at, $"flipped at {at}", PayloadAt(at));
        }
    }

    [Fact]
    public void ABlockThatIsMissingIsFound()
    {
        byte[] bytes = [.. _whole[..(int)_blocks[2].Offset], .. _whole[(int)_blocks[3].Offset..]];
        File.WriteAllBytes(_samples.Path("b"), bytes);
        using RecordingReader reader = RecordingReader.Open(_samples.Path("b"));
        reader.ForEachRecord(_ => true);
        Assert.Equal("the END tells of 1000 records, but 950 are there", reader.Damage?.What);
    }

    [Fact]
    public void WhatFollowsTheEndIsFound()
    {
        HoldsUpTo([.. _whole, 0], _whole.Length, "one byte more");
    }

    /// <param name="bytes">The file, damaged.</param>
    /// <param name="at">Where.</param>
    /// <param name="what">How, for the message.</param>
    /// <param name="payloadOf">The kind of block whose payload alone is damaged: a pass for others does not look into it.</param>
    private void HoldsUpTo(byte[] bytes, int at, string what, BlockKind? payloadOf = null)
    {
        File.WriteAllBytes(_samples.Path("b"), bytes);
        RecordingBlock[] whole = [.. _blocks.Where(block => block.Offset + HeaderSize + block.StoredSize <= at)];
        int expectedRecords = payloadOf == BlockKind.Names ? Records : RecordsIn(whole);
        bool expectNames = payloadOf == BlockKind.Records || whole.Any(block => block.Kind == BlockKind.Names);

        (int records, int names, RecordingDamage? damage) = Samples.Read(_samples.Path("b"));
        Assert.True(damage is not null, what);
        Assert.True(records == expectedRecords, $"{what}: {records} records of {expectedRecords}");
        Assert.True(names == (expectNames ? Samples.Names.Length : 0), $"{what}: {names} names");
        Assert.InRange(damage.Offset, 0, at);
    }

    // The i-th record's time is i.
    private static int RecordsIn(RecordingBlock[] blocks) =>
        blocks.Where(block => block.Kind == BlockKind.Records).Sum(block => (int)(block.LastTime - block.FirstTime) + 1);

    private BlockKind? PayloadAt(int at) => _blocks
        .Where(block => at >= block.Offset + HeaderSize && at < block.Offset + HeaderSize + block.StoredSize)
        .Select(block => (BlockKind?)block.Kind).SingleOrDefault();
}
