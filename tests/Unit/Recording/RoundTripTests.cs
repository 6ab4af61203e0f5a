using System.Runtime.InteropServices;
using Scry.Recording;
using Scry.Tests.Unit.Views;
using Scry.Wire;
using Xunit;

namespace Scry.Tests.Unit.Recording;

/// <summary>What is written is what is read.</summary>
public sealed class RoundTripTests : IDisposable
{
    private const int Records = 10_000;

    private readonly Samples _samples = new();

    public void Dispose() => _samples.Dispose();

    [Fact]
    public void RecordsOfAllKindsComeBackInTheirOrder()
    {
        Assert.Equal((Records, Samples.Names.Length, null), Samples.Read(_samples.Write(Records)));
    }

    [Fact]
    public void AboutAndNamesAndTheSummaryComeBack()
    {
        using RecordingReader reader = RecordingReader.Open(_samples.Write(10));
        RecordingAbout about = Assert.IsType<RecordingAbout>(reader.About);
        Assert.Equal(Samples.About.Clocks, about.Clocks);
        Assert.Equal(Samples.About.CommandLine, about.CommandLine);
        Assert.Equal(Samples.About, about with { Clocks = Samples.About.Clocks, CommandLine = Samples.About.CommandLine });

        var names = new List<RecordedName>();
        reader.ForEachName(names.Add);
        // Half of a surrogate pair is no text: it alone is replaced.
        Assert.Equal(Samples.Names.Select(name => name is ThreadName thread ? thread with { Comm = thread.Comm.Replace('\ud800', '\ufffd') } : name), names);

        Assert.Equal(10UL, reader.Summary!.Records);
        Assert.Equal(3UL, reader.Summary.Lost["ring"]);
        Assert.False(reader.Summary.Complete);
    }

    [Fact]
    public void RecordsFillBlocksOfAMegabyte()
    {
        using RecordingReader reader = RecordingReader.Open(_samples.Write(40_000));
        RecordingBlock[] blocks = [.. reader.Blocks()];
        Assert.Equal([BlockKind.About, BlockKind.Records], blocks[..2].Select(block => block.Kind));
        Assert.Equal(BlockKind.End, blocks[^1].Kind);
        Assert.InRange(blocks.Max(block => block.PlainSize), (1 << 20) - 200, 1 << 20);
        Assert.Null(reader.Damage);
    }

    [Fact]
    public void OnlyRecordsOfTheRangeAreLent()
    {
        using RecordingReader reader = RecordingReader.Open(_samples.Write(1000, flushEvery: 100));
        var times = new List<ulong>();
        reader.ForEachRecord(record =>
        {
            times.Add(MemoryMarshal.Read<RecordHeader>(record).Time);
            return true;
        }, from: 250, to: 610);
        Assert.Equal(Enumerable.Range(250, 361).Select(time => (ulong)time), times);
        Assert.Null(reader.Damage);
    }

    [Fact]
    public void BlocksOutsideTheRangeAreNotReadAtAll()
    {
        string path = _samples.Write(1000, flushEvery: 100);
        RecordingBlock first;
        using (RecordingReader reader = RecordingReader.Open(path))
            first = reader.Blocks().First(block => block.Kind == BlockKind.Records);
        byte[] bytes = File.ReadAllBytes(path);
        bytes[first.Offset + 60] ^= 1;
        File.WriteAllBytes(path, bytes);

        using RecordingReader damaged = RecordingReader.Open(path);
        int count = 0;
        damaged.ForEachRecord(_ => ++count > 0, from: 100);
        Assert.Equal((900, null), (count, damaged.Damage));
        damaged.ForEachRecord(_ => true, from: 99);
        Assert.Equal(first.Offset, damaged.Damage?.Offset);
    }

    [Fact]
    public void AHandlerEndsThePassThatItHasSeenEnoughOf()
    {
        using RecordingReader reader = RecordingReader.Open(_samples.Write(1000));
        int count = 0;
        reader.ForEachRecord(_ => ++count < 5);
        Assert.Equal((5, null), (count, reader.Damage));
    }

    [Fact]
    public void WhatIsFlushedCanBeReadWhileTheRecordingGoesOn()
    {
        using RecordingWriter writer = RecordingWriter.Create(_samples.Path(), Samples.About, Samples.New);
        using RecordingReader reader = RecordingReader.Open(_samples.Path());
        for (int i = 1; i <= 3; i++)
        {
            writer.Write(RecordMaker.Exit(1, 0, 1, 0));
            writer.Flush();
            int count = 0;
            reader.ForEachRecord(_ => ++count > 0);
            Assert.Equal(i, count);
            Assert.Equal("no END: the recording was not finished", reader.Damage?.What);
        }
        writer.Finish(new Dictionary<string, ulong>(), complete: true);
        reader.ForEachRecord(_ => true);
        Assert.Null(reader.Damage);
        Assert.True(reader.Summary!.Complete);
    }

    [Fact]
    public void NamesOfMoreThanABlockComeBack()
    {
        RecordedName[] names = [.. Enumerable.Range(0, 20_000).Select(i => new DescriptorName { Time = 1, Tgid = 1, Fd = i, Path = new string('p', 100) })];
        using (RecordingWriter writer = RecordingWriter.Create(_samples.Path(), Samples.About, Samples.New))
        {
            writer.WriteNames(names);
            writer.Finish(new Dictionary<string, ulong>(), complete: true);
        }
        using RecordingReader reader = RecordingReader.Open(_samples.Path());
        Assert.InRange(reader.Blocks().Count(block => block.Kind == BlockKind.Names), 2, 5);
        var read = new List<RecordedName>();
        reader.ForEachName(read.Add);
        Assert.Equal(names, read);
    }

    [Fact]
    public void NamesOfCodeComeBackAsTheyWereAndApartFromOthers()
    {
        RecordedCode[] code =
        [
            new KernelCode { Address = ulong.MaxValue, Function = "do_wait", IsScheduler = true },
            new PlaceInCode { Number = 7, Place = new Place("f<int>(\u001b)", "/x/f.cpp", 12, "/x/prog", "abcd", 0x1234, 4, true) },
            new PlaceInCode { Number = 8, Place = new Place("", null, 0, null, null, 9, 0, false, "the copy of the stack ends") },
        ];
        using (RecordingWriter writer = RecordingWriter.Create(_samples.Path(), Samples.About, Samples.New))
        {
            writer.WriteNames(Samples.Names);
            writer.WriteCode(code);
            writer.Finish(new Dictionary<string, ulong>(), complete: true);
        }
        using RecordingReader reader = RecordingReader.Open(_samples.Path());
        var read = new List<RecordedCode>();
        reader.ForEachCode(read.Add);
        Assert.Equal(code, read);
        Assert.Null(reader.Damage);
        var names = new List<RecordedName>();
        reader.ForEachName(names.Add);
        Assert.Equal(Samples.Names.Length, names.Count);
    }
}
