using Scry.Tests.Kernels.Harness;
using Xunit;

namespace Scry.Tests.Kernels;

/// <summary>Machines that have mounted less, or otherwise.</summary>
public abstract partial class KernelTests
{
    /// <summary>A cgroup of version 1 alone, beside one of version 2, and none.</summary>
    [InMachine("""
        count_in() {
            scry trace -G $1 -e lseek -o lines-$2 2>said-$2 &
            tracer=$!
            attached $tracer 7
            sleep 1
            inside $1 'exec count 500 2'
            ended $tracer
        }
        umount /sys/fs/cgroup
        scry trace -e lseek -o lines-none -- count 500 2 2>said-none
        ! scry trace -G /target 2>refused-none
        mkdir /tmp/perf_event /tmp/unified
        mount -t cgroup -o perf_event cgroup /tmp/perf_event
        mkdir /tmp/perf_event/target
        count_in /tmp/perf_event/target v1
        scry loop start v1 -G /tmp/perf_event/target --on exit=3
        inside /tmp/perf_event/target 'cat /mark/1; exit 3'
        scry loop list v1 >list-v1
        scry loop dump v1 --incident last >incident-v1
        scry loop stop v1 --discard
        mount -t cgroup2 cgroup2 /tmp/unified
        mkdir /tmp/unified/target
        count_in /tmp/unified/target hybrid-v2
        count_in /tmp/perf_event/target hybrid-v1
        rmdir /tmp/unified/target /tmp/perf_event/target
        """, Shows = "cgroups")]
    public void EachKindOfCgroupIsATarget()
    {
        foreach (string kind in new[] { "none", "v1", "hybrid-v2", "hybrid-v1" })
        {
            Assert.Contains("complete: 1000 calls", Ran()["said-" + kind]);
            Assert.Equal(1000, Ran().Lines("lines-" + kind, "lseek(-1, "));
        }
        Assert.Contains("exit code 3", Ran()["list-v1"]);
        Assert.Contains("/mark/1", Ran()["incident-v1"]);
        Assert.Equal(1, Ran().Lines("refused-none", "scry: "));
    }

    /// <summary>Without tracefs and bpffs everything is traced, and the recorder finds a bpffs or says how to get one.</summary>
    [InMachine("""
        umount /sys/kernel/tracing /sys/fs/bpf
        scry doctor >doctor
        scry trace -e lseek -o lines -- count 500 2 2>said
        scry loop start bare -a 2>started && scry loop stop bare || :
        """, Shows = "bare")]
    public void NothingNeedsToBeMounted()
    {
        Assert.Contains("complete: 1000 calls", Ran()["said"]);
        Assert.Contains("scry can trace this machine", Ran()["doctor"]);
        Assert.Matches("^scry: (recording as 'bare'|.*mount -t bpf)", Ran()["started"]);
    }
}
