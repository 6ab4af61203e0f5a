using Scry.Targets;
using Scry.Syscalls;
using Scry.Views;
using Scry.Wire;
using Xunit;
using static Scry.Tests.Unit.Views.RecordMaker;

namespace Scry.Tests.Unit.Views;

public sealed class OutputTests
{
    private const int Records = 1_000_000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void NoAllocationForEachRecord(bool json)
    {
        var output = OutputWriter.To(Stream.Null, lineBuffered: false);
        var options = new LineOptions
        {
            Thread = ThreadColumn.Plain, Time = TimeStyle.Microseconds, Duration = true, Comm = true, Cgroup = true,
            CgroupPath = id => "/c", Clock = 1_700_000_000_000_000_000,
        };
        IRecordView view = json
            ? new JsonView(new Decoder(), output, options.Clock, options.CgroupPath)
            : new LineView(new Decoder(), output, options);
        byte[][] cycle =
        [
            Task(7, 0, 1, "sh"), Call(Getppid, 7, 1, 2, 1, 42), Signal(7, 2, 3, 17, 1, 0, 5, 6, 7), Call(Getppid, 8, 5, 4),
            Exit(7, 3, 5, 0), Exit(8, 6, 5, 9),
        ];
        Run(view, cycle, 10_000);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(view, cycle, Records);
        // A collection in between counts what was left of the thread's room: not a byte for each.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16384);
    }

    [Fact]
    public void ThreadsWhoseEndWasLostAreForgotten()
    {
        var output = OutputWriter.To(Stream.Null, lineBuffered: false);
        var view = new LineView(new Decoder(), output, new LineOptions());
        for (uint tid = 1; tid < 500_000; tid++)
            view.Write(Call(Getppid, tid, 0, tid));
        Assert.InRange(view.LiveThreads, 1, 65536);
    }

    [Fact]
    public void FullDiskIsOneTypedError()
    {
        using OutputWriter output = OutputWriter.ToFile(OutputFile.Live("/dev/full"));
        output.Buffer.Append("x"u8);
        output.EndLine();
        var error = Assert.Throws<OutputException>(output.Flush);
        Assert.False(error.IsClosedPipe);
        Assert.Contains("space", error.Message);
        output.Buffer.Append("y"u8);
        output.Flush();
    }

    [Fact]
    public void TerminalHasEachLineAtOnce()
    {
        var stream = new MemoryStream();
        OutputWriter output = OutputWriter.To(stream, lineBuffered: true);
        output.Buffer.Append("x"u8);
        output.EndLine();
        Assert.Equal(2, stream.Length);
    }

    [Fact]
    public void FileHasLargeBlocks()
    {
        var stream = new MemoryStream();
        OutputWriter output = OutputWriter.To(stream, lineBuffered: false);
        for (int i = 0; i < 65536 / 2; i++)
        {
            output.Buffer.Append("x"u8);
            output.EndLine();
        }
        Assert.Equal(0, stream.Length);
        output.Flush();
        Assert.Equal(65536, stream.Length);
    }

    private static void Run(IRecordView view, byte[][] cycle, int count)
    {
        for (int i = 0; i < count; i++)
            view.Write(cycle[i % cycle.Length]);
    }
}
