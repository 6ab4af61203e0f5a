using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>Each kind of wait that can be brought about is told for what it is, with who ended it, and what that one had waited for.</summary>
public sealed class SlowWaitTests(SlowWaitTests.Traced traced) : IClassFixture<SlowWaitTests.Traced>
{
    /// <summary>All of them at once, below one <c>scry slow</c>.</summary>
    public sealed class Traced
    {
        internal IReadOnlyList<SlowCall> Calls { get; } = Run("waits");
        internal IReadOnlyList<SlowCall> Held { get; } = Run("holders");

        private static SlowCall[] Run(string program)
        {
            using var workspace = new Workspace();
            return SlowCalls.Of(["--over", "60ms", "--chain", "3"], Programs.Path(program), Directory.CreateDirectory(workspace[program]).FullName);
        }
    }

    public static TheoryData<string> Ways => [.. KnownWaits.All.Select(known => known.Way)];

    [Theory]
    [MemberData(nameof(Ways))]
    public void WaitIsKnownForWhatItIs(string way) => KnownWaits.Check(traced.Calls, way);

    public static TheoryData<string> Locks => [.. KnownWaits.Held.Select(known => known.Way)];

    [Theory]
    [MemberData(nameof(Locks))]
    public void LockIsFollowedToWhatItsHolderWaitedFor(string way) => KnownWaits.CheckHeld(traced.Held, way);

    /// <summary>A stop ends most calls: the thread stands still on its way out of the one, and goes on in another.</summary>
    [Fact]
    public void StopIsBetweenTwoCalls()
    {
        SlowCall[] reads = [.. traced.Calls.Where(call => call.Comm == "halted")];
        Assert.Equal(["read pipe waker:kill", "read pipe waker:write"], reads.Select(read => $"{read.Name} {read.Cause} {read.Wakers[0]}"));
        Assert.All(reads, read => Assert.InRange(read.Ms("blocked_ns"), 90, 190));
    }
}
