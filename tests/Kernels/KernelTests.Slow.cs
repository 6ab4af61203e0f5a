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
        scry slow --over 20ms --chain 3 --json -o calls -- sh -c 'waits ways; holders ways' 2>said
        """, Shows = "slow")]
    public void WaitsAreKnownForWhatTheyAre()
    {
        Assert.Equal(1, Ran().Lines("said", "complete: "));
        SlowCall[] calls = SlowCalls.Read(Ran()["calls"]);
        foreach ((string way, _, _) in KnownWaits.All)
            KnownWaits.Check(calls, way);
        foreach ((string way, _, _) in KnownWaits.Held)
            KnownWaits.CheckHeld(calls, way);
    }

    /// <summary>A CPU that is not to be had, since another has it or since the cgroup's time is used up, is told apart from both waits and work.</summary>
    [InMachine("""
        echo +cpu >/sys/fs/cgroup/cgroup.subtree_control
        mkdir /sys/fs/cgroup/limit
        echo 5000 50000 >/sys/fs/cgroup/limit/cpu.max
        scry slow --over 60ms --chain 2 --json -o calls -- sh -c 'scarce queued; scarce preempted; echo 0 >/sys/fs/cgroup/limit/cgroup.procs; exec scarce limited' 2>said
        """, Shows = "slow")]
    public void ScarceCpusAreToldFromWaits()
    {
        Assert.Equal(1, Ran().Lines("said", "complete: "));
        SlowCall[] calls = SlowCalls.Read(Ran()["calls"]);
        SlowCall queued = calls.One("queued", call => call.Number("waits") > 0);
        Assert.InRange(queued.Ms("queued_ns"), 90, 1000);
        Assert.Equal("pipe", queued.Cause);
        Assert.Equal("hog:write", queued.Wakers[0]);
        SlowCall preempted = calls.One("preempted", call => call.Name == "getrandom");
        Assert.InRange(preempted.Ms("preempted_ns"), 90, 10000);
        Assert.Equal("", preempted.Cause);
        SlowCall limited = calls.One("limited", call => call.Name == "getrandom");
        Assert.InRange(limited.Ms("cpu_limit_ns"), limited.Ms("preempted_ns") / 2, limited.Ms("preempted_ns"));
        Assert.InRange(limited.Ms("preempted_ns"), 40, 10000);
    }

    /// <summary>Both ways of having the caller's stack are loaded, and tell it.</summary>
    [InMachine("""
        mkdir ways
        scry slow --over 60ms --stacks -o dwarf -- waits ways pipe 2>said
        scry slow --over 60ms --call-graph fp -o fp -- waits ways pipe 2>>said
        """, Shows = "slow")]
    public void SlowCallsHaveTheirCallers()
    {
        Assert.Equal(2, Ran().Lines("said", "complete: "));
        Assert.Matches(@"(?m)^\d+ +read\(\d+, .*\n.* waited .*\n.* until waker.*\n    at read\b.*\n(?:       read_page\b.*\n)?       way_pipe\b.*\n       main\b", Ran()["dwarf"]);
        // The C library's own code keeps no frame pointers.
        Assert.Matches(@"(?m)^\d+ +read\(\d+, .*\n.* waited .*\n.* until waker.*\n    at read\b", Ran()["fp"]);
    }
}
