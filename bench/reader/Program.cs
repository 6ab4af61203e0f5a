using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Syscalls;
using Scry.Views;
using Scry.Wire;

// How many lines a second the views write on one core, from a ring's worth of records; argument: how many.
long lines = args.Length > 0 ? long.Parse(args[0]) : 10_000_000;
foreach ((string name, byte[] ring) in new[] { ("getppid", Ring.Of(Ring.Getppid)), ("read, openat, close", Ring.Of(Ring.Read, Ring.Openat, Ring.Close)) })
{
    foreach (bool json in (bool[])[false, true])
    {
        OutputWriter output = OutputWriter.To(Stream.Null, lineBuffered: false);
        IRecordView view = json
            ? new JsonView(new Decoder(), output, 0, null)
            : new LineView(new Decoder(), output, new LineOptions { Thread = ThreadColumn.Plain });
        Ring.Show(ring, view, lines / 10);
        long before = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        Ring.Show(ring, view, lines);
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Console.WriteLine($"| {name}, {(json ? "JSON" : "text")} | {lines / seconds / 1e6:F2} million | {allocated} |");
    }
}

/// <summary>Records as a ring holds them, one after the other.</summary>
internal static class Ring
{
    private const int Size = 4 << 20;
    private const ulong PathAddress = 0x7ffd_1234_5678, BufferAddress = 0x55d0_9876_5000;

    public static byte[] Getppid() => Call(110, 4242, []);

    public static byte[] Read() => Call(0, 64, [3, BufferAddress, 64], (BufferAddress, CapturePhase.Exit, 1,
        "127.0.0.1 localhost\n127.0.1.1 example.org\texample\n# a comment..\n"u8.ToArray()));

    public static byte[] Openat() => Call(257, -2, [unchecked((ulong)-100L), PathAddress, 0x80000, 0], (PathAddress, CapturePhase.Entry, 1,
        "/usr/lib/x86_64-linux-gnu/libpthread.so.0\0"u8.ToArray()));

    public static byte[] Close() => Call(3, 0, [3]);

    public static byte[] Of(params Func<byte[]>[] makers)
    {
        var bytes = new List<byte>(Size);
        for (int i = 0; bytes.Count < Size; i++)
            bytes.AddRange(makers[i % makers.Length]());
        return [.. bytes];
    }

    /// <summary>Shows so many records, going round and round; each time as the next of its thread.</summary>
    public static void Show(byte[] ring, IRecordView view, long count)
    {
        int at = 0;
        uint seq = 0;
        for (long i = 0; i < count; i++)
        {
            ref RecordHeader header = ref MemoryMarshal.AsRef<RecordHeader>(ring.AsSpan(at));
            header.Seq = seq++;
            header.Time += 1000;
            view.Write(ring.AsSpan(at, (int)header.Size));
            at += (int)header.Size;
            if (at >= ring.Length)
                at = 0;
        }
    }

    private static byte[] Call(uint nr, long result, ulong[] args, params (ulong Address, CapturePhase Phase, byte Arg, byte[] Data)[] captures)
    {
        int head = Unsafe.SizeOf<CallFixed>() + 8 * args.Length;
        byte[] record = new byte[head + captures.Sum(capture => Unsafe.SizeOf<CaptureHeader>() + (capture.Data.Length + 7 & ~7))];
        ref CallFixed call = ref MemoryMarshal.AsRef<CallFixed>(record.AsSpan());
        call.Header = new RecordHeader
        {
            Size = (uint)record.Length, Tgid = 1234, Tid = 1234, Time = 1_000_000_000, Detail = nr, Kind = RecordKind.Call, ArgCount = (byte)args.Length,
        };
        call.Duration = 345;
        call.Result = result;
        MemoryMarshal.AsBytes<ulong>(args).CopyTo(record.AsSpan(Unsafe.SizeOf<CallFixed>()));
        int at = head;
        foreach ((ulong address, CapturePhase phase, byte arg, byte[] data) in captures)
        {
            MemoryMarshal.AsRef<CaptureHeader>(record.AsSpan(at)) = new CaptureHeader { Address = address, Length = (uint)data.Length, Arg = arg, Phase = phase };
            data.CopyTo(record.AsSpan(at + Unsafe.SizeOf<CaptureHeader>()));
            at += Unsafe.SizeOf<CaptureHeader>() + (data.Length + 7 & ~7);
        }
        return record;
    }
}
