using System.Runtime.InteropServices;
using System.Text;
using Scry.Views.Slow;
using Scry.Wire;
using Xunit;
using static Scry.Tests.Unit.Views.RecordMaker;

namespace Scry.Tests.Unit.Views;

/// <summary>The parts of calls in a flame graph.</summary>
public sealed class FlameViewTests
{
    private sealed class Names : IStackNames
    {
        public KernelFunction Kernel(ulong address) => new(address == 1 ? "schedule" : $"kernel{address}", address == 1);
        public Place? Place(uint number) => number < 10 ? new Place($"user{number}", null, 0, null, null, 0, 0, false) : null;
    }

    [Fact]
    public void A_call_is_its_thread_its_callers_itself_and_what_it_waited_in()
    {
        var graph = new FlameGraph();
        var view = new FlameView(graph, new Names());
        var split = new CallSplit { Queued = 2000, Preempted = 1000, Blocked = 5000, Waits = 1, Longest = 5000 };
        var waits = new CallWaits { Longest = 5000, Site = 0 };
        waits.Sites[0] = new WaitSite { Hash = 1, Total = 5000, Longest = 5000, Waits = 1, State = 1 };
        (waits.Sites[0].Frames[0], waits.Sites[0].Frames[1], waits.Sites[0].Frames[2]) = (1, 7, 8);
        byte[] call = Call(Getppid, 5, 1, 100_000, 10_000);
        call = With(call, 0, MemoryMarshal.AsBytes(new ReadOnlySpan<CallSplit>(in split)), flags: CaptureFlags.Split);
        call = With(call, 0, MemoryMarshal.AsBytes(new ReadOnlySpan<CallWaits>(in waits)), flags: CaptureFlags.Waits);
        call = With(call, 0, MemoryMarshal.AsBytes<uint>(new uint[] { 2, 1, 99 }), flags: CaptureFlags.Places);
        view.Write(Task(5, 0, 1, "prog"));
        view.Write(call);
        var text = new MemoryStream();
        graph.WriteFolded(text, byCount: false);
        Assert.Equal(
            ["prog;user1;user2;getppid 2", "prog;user1;user2;getppid;[waiting for a CPU]_[b] 3", "prog;user1;user2;getppid;kernel8;kernel7_[b] 5"],
            Encoding.UTF8.GetString(text.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_call_that_carries_no_split_is_left_out()
    {
        var graph = new FlameGraph();
        new FlameView(graph, new Names()).Write(Call(Getppid, 5, 0, 100_000, 10_000));
        Assert.Equal(0UL, graph.Nanoseconds);
    }
}
