using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>Recorders that come and go: each command sees those that there are, whole, and what was cut short goes by itself.</summary>
public sealed class LoopStopTests
{
    private const string Own = "mount --make-rprivate / && umount -a -t bpf; mount -t bpf bpf /sys/fs/bpf && ";

    [Fact]
    public void StopSaysWhatItEndsAndLosesNoIncident()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using var loop = new Loop("-G", cgroup.Path, "--memory", "4M");
        Child.Shell($"{cgroup.Enter}; cat /mark/one");
        Child.Run(ScryBinary.Path, "loop", "trigger", loop.Name).Expect();
        Finished refused = Child.Run(ScryBinary.Path, "loop", "stop", loop.Name).Expect(1);
        Assert.Contains($"the recorder '{loop.Name}' has 1 incident that nobody saved: asked for; save with ", refused.Error);
        Assert.Contains("/mark/one", loop.Dump("--incident", "1").Output);
        Finished stopped = Child.Run(ScryBinary.Path, "loop", "stop", loop.Name, "--discard").Expect();
        Assert.Matches($"^scry: stopped '{loop.Name}', which recorded cgroup .* since .*: [0-9]+ records, 1 incident not saved\n$", stopped.Error);
        loop.Forget();
    }

    [Fact]
    public void WhatWasCutShortIsCleanedUpAndTheDirectoryOfAllGoesWithTheLast()
    {
        const string half = "mkdir -p /sys/fs/bpf/scry/half && ";
        Finished list = Private(half + "$SCRY loop list && ! ls -d /sys/fs/bpf/scry").Expect();
        Assert.Contains("removed what was left of the recorder 'half', whose start or stop was cut short", list.Error);
        Finished doctor = Private(half + "$SCRY doctor && ! ls -d /sys/fs/bpf/scry").Expect();
        Assert.Contains("recorders           none; removed what was left of half", doctor.Output);
        Private(half + "$SCRY loop start half -a --memory 4M && $SCRY loop list half && $SCRY loop stop half && ! ls -d /sys/fs/bpf/scry").Expect();
    }

    [Fact]
    public void WhatAnotherIsAtIsLeftToIt()
    {
        const string held = "mkdir -p /sys/fs/bpf/scry/held && exec 9< /sys/fs/bpf/scry/held && flock 9 && ";
        Finished run = Private(held + "! $SCRY loop start held -a --memory 4M && ! $SCRY loop stop held && $SCRY doctor > /dev/null && ls -d /sys/fs/bpf/scry/held").Expect();
        Assert.Equal(2, run.Error.Split("the recorder 'held' is being started or stopped by another command").Length - 1);
    }

    [Fact]
    public void CommandsThatRaceSeeRecordersWholeOrNotAtAll()
    {
        Finished run = Private("(for i in 1 2 3 4 5; do $SCRY loop start a -a --memory 4M && $SCRY loop stop a; done) & (for i in 1 2 3 4 5; do $SCRY loop start b -a --memory 4M && $SCRY loop stop b; done) & "
            + "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do $SCRY loop list || exit 1; done; wait; ! ls -d /sys/fs/bpf/scry").Expect();
        string[] said = run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(said, line => Assert.Matches("^scry: (recording as|stopped|no flight recorder is running)|^ls: cannot access", line));
        Assert.Equal(10, said.Count(line => line.StartsWith("scry: stopped", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("trace")]
    [InlineData("stat")]
    public void CtrlCWhileACommandStartsIsNoFailure(string command)
    {
        // timeout(1) sends it to the group, as a terminal does.
        Finished run = Child.Shell($"timeout -s INT --preserve-status 0.05 {ScryBinary.Path} {command} -- sleep 60; [ $? = 130 ]").Expect();
        // It may have begun by then.
        Assert.DoesNotMatch("(?m)^scry: (?!complete: )", run.Error);
    }

    private static Finished Private(string script) => Child.Run("unshare", "-m", "/bin/sh", "-c", $"SCRY={ScryBinary.Path}; {Own}{script}");
}
