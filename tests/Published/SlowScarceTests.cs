using System.Globalization;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>A CPU, memory or a disk that has to be waited for is told by the part of the time that it took.</summary>
public sealed class SlowScarceTests : IDisposable
{
    private readonly Workspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    [Fact]
    public void WokenThreadWithoutCpuIsQueued()
    {
        SlowCall read = SlowCalls.Of(["--over", "60ms", "--chain", "2"], Programs.Path("scarce"), "queued").One("queued");
        Assert.InRange(read.Ms("queued_ns"), 95, 1000);
        Assert.InRange(read.Ms("blocked_ns"), 30, 90);
        Assert.Equal(("pipe", 1), (read.Cause, read.Number("waits")));
        Assert.Equal(["hog:write", "a timer"], read.Wakers);
        Assert.Equal(0, read.Number("preempted_ns"));
    }

    [Fact]
    public void ThreadThatLosesItsCpuIsPreempted()
    {
        SlowCall call = SlowCalls.Of(["--over", "60ms"], Programs.Path("scarce"), "preempted").One("preempted");
        Assert.Equal("getrandom", call.Name);
        Assert.InRange(call.Ms("preempted_ns"), 95, 10000);
        Assert.InRange(call.Ms("cpu_ns"), 10, 1000);
        Assert.InRange(call.Number("preemptions"), 1, 1000);
        Assert.Equal("", call.Cause);
    }

    [Fact]
    public void FaultsAreCounted()
    {
        SlowCall read = SlowCalls.Of(["--over", "1ms", "-e", "read"], Programs.Path("scarce"), "faults").One("faults");
        // 32 MB, in pages.
        Assert.InRange(read.Number("minor_faults"), 8192, 8300);
        Assert.Equal(0, read.Number("major_faults"));
    }

    /// <summary>A disk that does ten reads in a second.</summary>
    [Fact]
    public void SlowDiskIsToldInReadsAndInFaults()
    {
        using Cgroup cgroup = Cgroup.BlockDevices();
        File.WriteAllBytes(_workspace["disk"], new byte[1 << 20]);
        string device = Child.Run("losetup", "-f", "--show", _workspace["disk"]).Expect().Output.Trim();
        try
        {
            cgroup.LimitReads(File.ReadAllText($"/sys/block/{Path.GetFileName(device)}/dev").Trim(), 10);
            foreach ((string way, string cause, int faults) in new[] { ("disk", "disk", 0), ("major-faults", "page fault", 1) })
            {
                SlowCall[] calls = [.. SlowCalls.Of(["--over", "60ms"], "sh", "-c", string.Create(CultureInfo.InvariantCulture, $"{cgroup.Enter}; exec {Programs.Path("scarce")} {way} {device}")).Where(call => call.Comm == way)];
                Assert.InRange(calls.Length, 3, 4);
                Assert.All(calls, call => Assert.Equal((cause, faults), (call.Cause, call.Number("major_faults"))));
                Assert.All(calls, call => Assert.InRange(call.Ms("blocked_ns"), 60, 400));
                Assert.All(calls, call => Assert.Matches("^(a disk|kworker/.*)$", call.Wakers.Single()));
            }
        }
        finally
        {
            Child.Run("losetup", "-d", device).Expect();
        }
    }
}
