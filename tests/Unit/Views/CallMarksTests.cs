using System.Text;
using Scry.Syscalls;
using Scry.Views;
using Scry.Views.Slow;
using Scry.Wire;
using Xunit;
using static Scry.Tests.Unit.Views.RecordMaker;
using Decoder = Scry.Syscalls.Decoder;

namespace Scry.Tests.Unit.Views;

/// <summary>What stands before calls and behind their lines: strace's -n, -i, -Y and -k.</summary>
public sealed class CallMarksTests
{
    private static string[] Lines(LineOptions options, params byte[][] records)
    {
        var stream = new MemoryStream();
        var view = new LineView(new Decoder(new DecoderOptions { ResultColumn = 0 }), OutputWriter.To(stream, false), options);
        foreach (byte[] record in records)
            view.Write(record);
        view.Finish(new RunSummary());
        return Encoding.UTF8.GetString(stream.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    [Fact]
    public void NumberAndAddress()
    {
        byte[] call = With(Call(Getppid, 9, 0, 5, result: 42), 0x7f08779e0d07, [], flags: CaptureFlags.Ip);
        byte[] signal = [.. Signal(9, 1, 6, 10, 0), .. BitConverter.GetBytes(0x401000UL)];
        string[] lines = Lines(new() { Number = true, InstructionPointer = true }, call, signal, Exit(9, 2, 7, 0));
        Assert.Equal("[ 110] [00007f08779e0d07] getppid() = 42", lines[0]);
        Assert.StartsWith("[ 110] [0000000000401000] --- SIGUSR1 {", lines[1], StringComparison.Ordinal);
        Assert.Equal("[ 110] [????????????????] +++ exited with 0 +++", lines[2]);
        Assert.Equal("[????????????????] getppid() = 42", Lines(new() { InstructionPointer = true }, Call(Getppid, 9, 0, 5, result: 42))[0]);
    }

    [Fact]
    public void NamesOfThreads()
    {
        var options = new LineOptions { Thread = ThreadColumn.Plain, ThreadNames = true };
        Assert.Equal("9<a\\74b> getppid() = 42", Lines(options, Task(9, 0, 1, "a<b"), Call(Getppid, 9, 1, 5, result: 42))[0]);
    }

    private sealed class Names : IStackNames
    {
        public KernelFunction Kernel(ulong address) => default;

        public Place? Place(uint number) => number switch
        {
            1 => new Place("getppid", null, 0, "/lib/libc.so.6", null, 0xd5e8b, 0xb, false),
            2 => new Place("inner", "a.c", 3, "/bin/a", null, 0x1200, 0x4, true),
            3 => new Place("main", "a.c", 9, "/bin/a", null, 0x1200, 0x20, false),
            4 => new Place("", null, 0, "/bin/b\u001b", null, 0x77, 0, false),
            5 => new Place("", null, 0, null, null, 0x88, 0, false),
            _ => null,
        };
    }

    [Fact]
    public void Stacks()
    {
        byte[] places = [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 9, 0, 0, 0];
        Assert.Equal(
            ["getppid() = 42", " > /lib/libc.so.6(getppid+0xb) [0xd5e8b]", " > /bin/a(main+0x20) [0x1200]", " > /bin/b\\u001b() [0x77]", " > [0x88]"],
            Lines(new() { Stacks = new Names() }, With(Call(Getppid, 9, 0, 5, result: 42), 0, places, CapturePhase.Exit, CaptureFlags.Places)));
    }
}
