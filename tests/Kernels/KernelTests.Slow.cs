using Scry.Tests.Kernels.Harness;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Kernels;

/// <summary>Why calls took long.</summary>
public abstract partial class KernelTests
{
    /// <summary>Each kind of wait is told for what it is, with who ended it, and what that one had waited for.</summary>
    [InMachine("""
        mkdir /dev/pts ways
        mount -t devpts devpts /dev/pts
        scry slow --over 60ms --chain 3 --json -o waits -- waits ways 2>said
        scry slow --over 60ms --chain 3 --json -o held -- holders ways 2>>said
        """, Shows = "slow")]
    public void WaitsAreKnownForWhatTheyAre()
    {
        Assert.Equal(2, Ran().Lines("said", "complete: "));
        SlowCall[] waits = SlowCalls.Read(Ran()["waits"]), held = SlowCalls.Read(Ran()["held"]);
        foreach ((string way, _, _) in KnownWaits.All)
            KnownWaits.Check(waits, way);
        foreach ((string way, _, _) in KnownWaits.Held)
            KnownWaits.CheckHeld(held, way);
    }
}
