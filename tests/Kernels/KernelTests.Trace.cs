using Scry.Tests.Kernels.Harness;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Kernels;

/// <summary>Tracing, and what it records.</summary>
public abstract partial class KernelTests
{
    /// <summary>The machine is fit, and that is said.</summary>
    [InMachine("scry doctor", Shows = "doctor")]
    public void DoctorIsContent()
    {
        string findings = Ran().Output;
        Assert.Contains("scry can trace this machine", findings);
        Assert.DoesNotContain("MISSING", findings);
    }

    /// <summary>Each call of each thread is there, in order.</summary>
    [InMachine("scry trace -e lseek -o lines -- count 2000 4", Shows = "trace")]
    public void EveryCallOfACommandIsThere()
    {
        Assert.Contains("complete: 8000 calls", Ran().Error);
        Assert.Equal(8000, Ran().Lines("lines", "lseek(-1, "));
    }

    /// <summary>What descriptors and ids are is told by programs of their own, which each kernel takes.</summary>
    [InMachine("scry strace -f -yy -Y -i --decode-pids=comm,pidns -e trace=openat,read,close -o lines -- sh -c 'exec 3</proc/version; read word <&3'", Shows = "trace")]
    public void DescriptorsStandForFiles()
    {
        Assert.Contains("\"/proc/version\", O_RDONLY", Ran()["lines"]);
        Assert.Contains("</proc/version>", Ran()["lines"]);
        Assert.Matches(@"(?m)^\d+<sh> \[[0-9a-f]{16}\] openat\(AT_FDCWD</[^>]*>, ""/proc/version""", Ran()["lines"]);
    }

    /// <summary>Each kind of target has exactly its calls.</summary>
    [InMachine("""
        mkdir /sys/fs/cgroup/target
        mkfifo gate
        sh -c 'echo $$ >/sys/fs/cgroup/target/cgroup.procs; exec su nobody -s /bin/sh -c "read go <gate; exec count 1000 2"' &
        victim=$!
        for target in "-p $victim" "-t $victim --no-follow" "--comm count" "-u nobody" "-G /sys/fs/cgroup/target" -a; do
            name=${target%% *}
            scry trace $target -e lseek -o lines$name 2>said$name &
            tracers="$tracers $!"
        done
        for tracer in $tracers; do attached $tracer 7; done
        sleep 1
        echo go >gate
        wait $victim
        for tracer in $tracers; do ended $tracer; done
        rmdir /sys/fs/cgroup/target
        """, Shows = "targets")]
    public void EachTargetHasItsCalls()
    {
        foreach ((string target, int calls) in new[] { ("-p", 2000), ("-t", 1000), ("--comm", 2000), ("-u", 2000), ("-G", 2000) })
        {
            Assert.Contains($"complete: {calls} calls", Ran()["said" + target]);
            Assert.Equal(calls, Ran().Lines("lines" + target, "lseek(-1, "));
        }
        Assert.Contains("complete: ", Ran()["said-a"]);
        Assert.Equal(2000, Ran().Lines("lines-a", "lseek(-1, "));
    }

    /// <summary>Lines are strace's, of the same processes at the same time, in both ways of capturing.</summary>
    [InMachine("""
        scry trace --capture entry -o scry -- scry trace --capture exit -o exit -- strace -f -o strace sh -c 'ls -l / | sort -r | wc -l; pointers file; hostile; signals; unknown; threads 20; brood 5; (exit 3); cat /no/such/file; :' </dev/null
        """, Shows = "as strace")]
    public void LinesAreThoseOfStrace()
    {
        Assert.Equal(3, Ran().Error.Split("complete: ").Length);
        Assert.True(Comparison.Check(Ran().Path("strace"), Ran().Path("scry")) > 1000);
        Assert.True(Comparison.Check(Ran().Path("strace"), Ran().Path("exit"), Comparison.ExitDifferences) > 1000);
    }

    /// <summary>Calls of 32-bit programs have their own names and arguments.</summary>
    [InMachine("""
        scry trace --capture entry -o scry -- scry trace --capture exit -o exit -- strace -f -o strace sh -c 'compat32; echo $?; ! [ -e /files/ia32 ] || ia32; :'
        """, Shows = "32-bit")]
    public void ThirtyTwoBitCallsHaveTheirNames()
    {
        Assert.Contains("complete: ", Ran().Error);
        Assert.StartsWith("7\n", Ran().Output);
        Assert.True(Ran().Lines("scry", " ugetrlimit(RLIMIT_STACK, {rlim_cur=") > 0);
        Assert.True(Ran().Lines("scry", " fstat64(3, {st_mode=S_IFREG|0644, st_size=") > 0);
        // Debian's strace for arm64 does not know the structures of 32-bit Arm.
        string[] unknown = machine.Kernel.EndsWith("arm64", StringComparison.Ordinal) ? ["fstat64"] : [];
        Comparison.Check(Ran().Path("strace"), Ran().Path("scry"), unknown);
        Comparison.Check(Ran().Path("strace"), Ran().Path("exit"), [.. unknown, .. Comparison.ExitDifferences]);
    }

    /// <summary>A recording has all of it, and is read without the kernel.</summary>
    [InMachine("""
        scry record -o calls.scry -- count 2000 2
        scry report calls.scry -e lseek >lines
        scry report calls.scry -s >table
        rm calls.scry
        """, Shows = "record")]
    public void ARecordingHasEveryCall()
    {
        Assert.Equal(4000, Ran().Lines("lines", "lseek(-1, "));
        Assert.Matches(@"(?m)\b4000\s+4000\s+lseek$", Ran()["table"]);
    }

    /// <summary>Threads of real-time priorities that come in on each other within the programs lose nothing, and break nothing.</summary>
    [InMachine("""
        mkfifo gate
        sh -c 'read go <gate; exec rt 3000' &
        victim=$!
        scry trace --comm rt -e lseek --buffer 64M >lines 2>said &
        trace=$!
        scry stat --attach tracepoint --comm rt -e lseek --json -o counts 2>said-stat &
        stat=$!
        scry loop start rt --comm rt -e lseek --memory 64M
        attached $trace 7
        attached $stat 6
        sleep 1
        echo go >gate
        wait $victim
        ended $trace
        ended $stat
        scry loop dump rt -e lseek >dump
        scry loop list rt >list
        scry loop stop rt
        """, Shows = "real time")]
    public void RealTimeThreadsLoseNothing()
    {
        Assert.Contains("complete: 12000 calls", Ran()["said"]);
        Assert.Equal(12000, Ran().Lines("lines", "lseek(-1, "));
        Assert.Equal(2999, Counts.Check(Ran()["lines"]));
        Assert.Contains("\"calls\":12000,", Ran()["counts"]);
        Assert.Equal(12000, Ran().Lines("dump", "lseek(-1, "));
        Assert.Equal(2999, Counts.Check(Ran()["dump"]));
        Assert.Contains(", 0 lost,", Ran()["list"]);
    }
}
