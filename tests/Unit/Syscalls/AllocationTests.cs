using Scry.Syscalls;
using Scry.Wire;
using Xunit;

namespace Scry.Tests.Unit.Syscalls;

/// <summary>The decoder runs for each record of a busy machine: it must not make work for the collector.</summary>
public sealed class AllocationTests
{
    private const int Rounds = 100_000; // of ten calls

    private static readonly byte[][] s_calls =
    [
        Calls.Make("getppid", 1, []),
        Calls.Make("openat", 3, [unchecked((ulong)-100), Calls.At, 0x80000, 0]).In("/etc/passwd\0"u8),
        Calls.Make("openat", -2, [unchecked((ulong)-100), Calls.At, 0x241, 0x1b6]).In("/no/such\0"u8),
        Calls.Make("read", 5, [3, Calls.At, 4096]).Out("hello"u8),
        Calls.Make("write", 5, [1, Calls.At, 5]).In("a\n\x1b\"\\"u8),
        Calls.Make("close", 0, [3]),
        Calls.Make("mmap", 0x7f0000000000, [0, 4096, 3, 0x22, ulong.MaxValue, 0]),
        Calls.Make("newfstatat", 0, [unchecked((ulong)-100), Calls.At, Calls.At, 0]).In("/\0"u8).Out(new byte[144]),
        Calls.Make("futex", -11, [Calls.At, 0x80, 2, 0]),
        Calls.Make("rt_sigprocmask", 0, [0, Calls.At, 0, 8]).In(Calls.Words(0x4002)),
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AMillionCallsAllocateNothing(bool json)
    {
        var decoder = new Decoder();
        var to = new Utf8Buffer();
        Write(decoder, to, json);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Rounds; i++)
            Write(decoder, to, json);
        // A collection in between counts what was left of the thread's room: not a byte for each.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16384);
    }

    private static void Write(Decoder decoder, Utf8Buffer to, bool json)
    {
        foreach (byte[] call in s_calls)
        {
            to.Clear();
            if (json)
                decoder.WriteCallJson(new CallRecord(call), to);
            else
                decoder.WriteCall(new CallRecord(call), to, 0);
        }
    }
}
