using System.Text.RegularExpressions;
using Scry.Tests.Kernels.Harness;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Kernels;

/// <summary>The flight recorder.</summary>
public abstract partial class KernelTests
{
    /// <summary>Each trigger freezes the past up to it; asking does too.</summary>
    [InMachine("""
        cgroup=/sys/fs/cgroup/loop
        mkdir $cgroup
        scry loop start flight -G $cgroup --memory 8M --cooldown 1ms --on fatal --on exit=7 --on errno=ENOTDIR --on slow=300ms
        inside $cgroup 'cat /mark/1; kill -SEGV $$'
        inside $cgroup 'cat /mark/2; exit 7'
        inside $cgroup 'cat /mark/3 /etc/passwd/x'
        inside $cgroup 'cat /mark/4; sleep 0.5'
        inside $cgroup 'cat /mark/5'
        scry loop trigger flight
        inside $cgroup 'cat /mark/6'
        scry loop list flight >list
        for incident in 1 2 3 4 5; do scry loop dump flight --incident $incident -e %file >incident-$incident; done
        scry loop dump flight -e %file >past
        scry loop stop flight 2>refused || scry loop stop flight --discard
        scry loop list >left
        rmdir $cgroup
        """, Shows = "triggers")]
    public void TriggersFreezeThePast()
    {
        string list = Ran()["list"];
        foreach (string why in new[] { "SIGSEGV", "exit code 7", "ENOTDIR", "a call of 0." })
            Assert.Contains(why, list);
        for (int i = 1; i <= 5; i++)
            Assert.Equal([$"{i}"], Marks($"incident-{i}"));
        Assert.Equal(["6"], Marks("past"));
        Assert.Contains("has 5 incidents that nobody saved", Ran()["refused"]);
        Assert.DoesNotContain("flight", Ran()["left"]);

        // The path is in the call that opens it, and in the execve before it.
        string[] Marks(string file) => [.. Mark().Matches(Ran(nameof(TriggersFreezeThePast))[file]).Select(mark => mark.Groups[1].Value).Distinct()];
    }

    /// <summary>Each time is as the clock on the wall was then, though it is set: while a run lasts, in a recording, in a recorder's past.</summary>
    [InMachine("""
        now=$(date +%s)
        cgroup=/sys/fs/cgroup/loop
        mkdir $cgroup
        scry loop start flight -G $cgroup --memory 4M
        inside $cgroup 'cat /mark/before'
        scry trace -ttt -e openat -o trace -- sh -c 'cat /mark/before; sleep 0.5; date -s @2000000000; sleep 0.5; cat /mark/after; :' 2>&1
        date -s @$now
        scry record -o set.scry -- sh -c 'cat /mark/before; sleep 1; date -s @2000000000; sleep 1; cat /mark/after; :' 2>&1
        inside $cgroup 'dd if=/dev/zero of=/dev/null bs=1 count=500; cat /mark/after' 2>&1
        scry loop dump flight -ttt -e openat >dump
        scry report -ttt -e openat set.scry >report
        date -s @$now
        scry loop stop flight
        rmdir $cgroup
        """)]
    public void TheClockMayBeSet()
    {
        foreach (string file in (string[])["trace", "report", "dump"])
        {
            string[] lines = [.. Ran()[file].Split('\n').Where(line => line.Contains("/mark/", StringComparison.Ordinal))];
            Assert.All(lines, line => Assert.Equal(line.Contains("/mark/after", StringComparison.Ordinal), line.Contains("20000000", StringComparison.Ordinal)));
            Assert.Contains(lines, line => line.Contains("/mark/after", StringComparison.Ordinal));
            Assert.Contains(lines, line => line.Contains("/mark/before", StringComparison.Ordinal));
        }
    }

    /// <summary>Recording goes on when whatever is killed: who is recorded, who reads, who starts and who stops.</summary>
    [InMachine("""
        cgroup=/sys/fs/cgroup/loop
        mkdir $cgroup
        scry loop start flight -G $cgroup --memory 8M
        sh -c "echo \$\$ >$cgroup/cgroup.procs; exec count 0 1" &
        victim=$!
        sleep 1
        scry loop dump flight -e lseek | tail -n 100 >dump-1
        for moment in 0.2 0.7 1.5; do
            scry loop start half$moment -G $cgroup --memory 4M & killed=$!
            scry loop dump flight >/dev/null & reader=$!
            sleep $moment
            kill -KILL $killed $reader || :
            wait $killed $reader || :
        done
        kill -KILL $victim
        wait $victim || :
        scry loop dump flight | tail -n 5000 >dump-2
        scry loop list >list
        for half in /sys/fs/bpf/scry/half*; do ! [ -d $half ] || scry loop stop ${half##*/}; done
        scry loop stop flight
        find /sys/fs/bpf/scry -mindepth 1 >left || :
        rmdir $cgroup
        """, Shows = "loop")]
    public void RecordingGoesOnWhoeverIsKilled()
    {
        long before = Counts.Check(Ran()["dump-1"]);
        Assert.True(Counts.Check(Ran()["dump-2"]) > before);
        Assert.Contains("+++ killed by SIGKILL +++", Ran()["dump-2"]);
        Assert.Contains(", 0 lost,", Ran()["list"]);
        Assert.Equal("", Ran()["left"]);
    }

    [GeneratedRegex(@"""/mark/(\d)""")]
    private static partial Regex Mark();
}
