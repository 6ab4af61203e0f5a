using Scry.Targets;
using Scry.Recording;
using Scry.Tests.Unit.Views;
using Xunit;

namespace Scry.Tests.Unit.Recording;

/// <summary>What the writer does to the file system and to the collector.</summary>
public sealed class WriterTests : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly Dictionary<string, ulong> s_none = [];

    private readonly Samples _samples = new();

    public void Dispose() => _samples.Dispose();

    [Fact]
    public void OnlyTheOwnerMayReadARecording()
    {
        Assert.Equal(OwnerOnly, File.GetUnixFileMode(_samples.Write(1)));
    }

    [Fact]
    public void AFileThatIsThereIsLeftAlone()
    {
        File.WriteAllText(_samples.Path(), "precious");
        RecordingException e = Assert.Throws<RecordingException>(() => RecordingWriter.Create(_samples.Path(), Samples.About, Samples.New));
        Assert.Equal($"cannot make the recording {_samples.Path()}: the file exists", e.Message);
        Assert.NotNull(e.Hint);
        Assert.Equal("precious", File.ReadAllText(_samples.Path()));
    }

    [Fact]
    public void AFullDiskIsToldInOneSentence()
    {
        UnixFileMode mode = File.GetUnixFileMode("/dev/full");
        RecordingException e = Assert.Throws<RecordingException>(() => RecordingWriter.Create("/dev/full", Samples.About, path => OutputFile.Replace(path).Stream));
        Assert.Equal("cannot write the recording /dev/full: the disk is full", e.Message);
        Assert.Equal(mode, File.GetUnixFileMode("/dev/full"));
    }

    [Fact]
    public void ADeviceKeepsItsMode()
    {
        // Not /dev/null: were the writer wrong, everyone on the machine would miss it.
        const string Device = "/dev/zero";
        UnixFileMode mode = File.GetUnixFileMode(Device);
        try
        {
            using RecordingWriter writer = RecordingWriter.Create(Device, Samples.About, path => OutputFile.Replace(path).Stream);
            writer.Finish(s_none, complete: true);
            Assert.Equal(mode, File.GetUnixFileMode(Device));
        }
        finally
        {
            if (File.GetUnixFileMode(Device) != mode)
                File.SetUnixFileMode(Device, mode);
        }
    }

    [Fact]
    public void ADirectoryThatIsNotThereIsToldInOneSentence()
    {
        string path = _samples.Path("no/a.scry");
        RecordingException e = Assert.Throws<RecordingException>(() => RecordingWriter.Create(path, Samples.About, Samples.New));
        Assert.Equal($"cannot make the recording {path}: no such file or directory", e.Message);
        e = Assert.Throws<RecordingException>(() => RecordingWriter.Create("", Samples.About, Samples.New));
        Assert.Equal("cannot make the recording : not the name of a file", e.Message);
        e = Assert.Throws<RecordingException>(() => RecordingReader.Open(path));
        Assert.Equal($"cannot read the recording {path}: no such file or directory", e.Message);
    }

    [Fact]
    public void WhatIsNoRecordIsRefused()
    {
        using RecordingWriter writer = RecordingWriter.Create(_samples.Path(), Samples.About, Samples.New);
        byte[] record = Samples.Record(0);
        Assert.Throws<ArgumentException>(() => writer.Write([]));
        Assert.Throws<ArgumentException>(() => writer.Write(record.AsSpan(0, 24)));
        Assert.Throws<ArgumentException>(() => writer.Write(record.AsSpan(0, 40)));
        Assert.Throws<ArgumentException>(() => writer.Write([.. record, .. record]));
        Assert.Equal(0UL, writer.Records);
    }

    [Fact]
    public void AMillionRecordsAllocateNothing()
    {
        using RecordingWriter writer = RecordingWriter.Create(_samples.Path(), Samples.About, Samples.New);
        byte[][] records = [.. Enumerable.Range(0, 100).Select(Samples.Record)];
        Write(writer, records, 1000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Write(writer, records, 10_000);
        // A collection in between counts what was left of the thread's room: not a byte for each.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16384);
        Assert.Equal(1_100_000UL, writer.Records);
    }

    private static void Write(RecordingWriter writer, byte[][] records, int rounds)
    {
        for (int i = 0; i < rounds; i++)
        {
            foreach (byte[] record in records)
                writer.Write(record);
        }
        writer.Flush();
    }
}
