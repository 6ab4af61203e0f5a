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

    /// <summary>A CPU that is not to be had, since another has it or since the cgroup's time is used up, is told apart from both waits and work.</summary>
    [InMachine("""
        echo +cpu >/sys/fs/cgroup/cgroup.subtree_control
        mkdir /sys/fs/cgroup/limit
        echo 5000 50000 >/sys/fs/cgroup/limit/cpu.max
        for way in queued preempted limited; do
            scry slow --over 60ms --chain 2 --json -o $way -- sh -c "[ $way != limited ] || echo 0 >/sys/fs/cgroup/limit/cgroup.procs; exec scarce $way" 2>>said
        done
        """, Shows = "slow")]
    public void ScarceCpusAreToldFromWaits()
    {
        SlowCall queued = SlowCalls.Read(Ran()["queued"]).One("queued", call => call.Number("waits") > 0);
        Assert.InRange(queued.Ms("queued_ns"), 90, 1000);
        Assert.Equal("pipe", queued.Cause);
        Assert.Equal("hog:write", queued.Wakers[0]);
        SlowCall preempted = SlowCalls.Read(Ran()["preempted"]).One("preempted", call => call.Name == "getrandom");
        Assert.InRange(preempted.Ms("preempted_ns"), 90, 10000);
        Assert.Equal("", preempted.Cause);
        SlowCall limited = SlowCalls.Read(Ran()["limited"]).One("limited", call => call.Name == "getrandom");
        Assert.InRange(limited.Ms("cpu_limit_ns"), limited.Ms("preempted_ns") / 2, limited.Ms("preempted_ns"));
        Assert.InRange(limited.Ms("preempted_ns"), 40, 10000);
    }
}
