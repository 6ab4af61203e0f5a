using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>Slow calls of threads that come, go, or are not done.</summary>
public sealed class SlowEdgeTests : IDisposable
{
    private readonly Workspace _workspace = new();

    public void Dispose() => _workspace.Dispose();

    /// <summary>Slots are used again and again, beside processes that switch all the time; what a thread is told to have waited is its own.</summary>
    [Fact]
    public void ThreadsThatComeAndGoHaveTheirOwnSums()
    {
        SlowCall[] calls = SlowCalls.Of(["--over", "25ms"], Programs.Path("churn"), "5", "60");
        SlowCall[] sleeps = [.. calls.Where(call => call.Name == "clock_nanosleep")];
        // Some of those that sleep for 1 ms may have to wait for a CPU so long.
        Assert.True(sleeps.Length >= 150, $"{sleeps.Length} calls");
        Assert.Equal(150, sleeps.Count(call => call.Whole.GetProperty("args").GetProperty("request").GetProperty("tv_nsec").GetInt64() == 30_000_000));
        foreach (SlowCall call in sleeps)
        {
            double asleep = call.Whole.GetProperty("args").GetProperty("request").GetProperty("tv_nsec").GetInt64() / 1e6;
            Assert.True(call.Ms("blocked_ns") >= asleep && call.Number("waits") >= 1, call.ToString());
        }
    }

    [Fact]
    public void CallThatIsNotDoneAtTheEndIsToldSoFar()
    {
        using Child scry = Child.Start(ScryBinary.Path, ["slow", "--json", "--over", "300ms", "--comm", "sleep", "-o", _workspace["calls"]]);
        Eventually.True(() => scry.HasExited || Attached.LinksOf(scry.Id).Count >= Attached.Programs, "scry is attached");
        Thread.Sleep(200);
        using Child sleeper = Child.Start("sleep", ["9"]);
        Thread.Sleep(600);
        scry.Signal(15);
        scry.Wait().Expect();
        SlowCall call = SlowCalls.Read(File.ReadAllText(_workspace["calls"])).Single(call => call.Pid == sleeper.Id);
        Assert.True(call.Whole.GetProperty("unfinished").GetBoolean());
        Assert.Equal("timer", Assert.Single(call.Blocked).GetProperty("on").GetString());
        Assert.InRange(call.Ms("blocked_ns"), 300, 5000);
        Assert.Empty(call.Wakers);
    }

    [Fact]
    public void KilledThreadWasWokenByItsKiller()
    {
        SlowCall call = SlowCalls.Of(["--over", "60ms"], "sh", "-c", "sleep 5 & sleep 0.1; kill -9 $!; wait").Single(call => call.Comm == "sleep" && call.Wakers[0] != "a timer");
        Assert.Equal(("timer", "sh:kill"), (call.Cause, call.Wakers[0]));
    }

    /// <summary>Ids are those that Scry's own namespace has; the last thread of a process has none any more when it wakes who waits.</summary>
    [Fact]
    public void WakersOfAPidNamespaceHaveItsIds()
    {
        Directory.CreateDirectory(_workspace["waits"]);
        Child.Run("unshare", "-pf", "--mount-proc", ScryBinary.Path, "slow", "--json", "--over", "60ms", "--chain", "2", "-o", _workspace["calls"], "--", Programs.Path("waits"), _workspace["waits"], "pipe").Expect();
        SlowCall[] calls = SlowCalls.Read(File.ReadAllText(_workspace["calls"]));
        SlowCall read = calls.One("pipe");
        Assert.Equal(["waker:write", "a timer"], read.Wakers);
        int pid = read.Split.GetProperty("longest").GetProperty("woken_by")[0].GetProperty("pid").GetInt32();
        Assert.Equal(read.Pid, pid);
        Assert.InRange(pid, 2, 99);
        Assert.DoesNotContain("an interrupt", calls.One("waits").Wakers);
    }

    /// <summary>Who is in another pid namespace has no id in this one, and wakes all the same.</summary>
    [Fact]
    public void WakerOfAnotherPidNamespaceIsNoInterrupt()
    {
        string fifo = _workspace["fifo"], reads = _workspace["reads"];
        Child.Run("mkfifo", fifo).Expect();
        using Child outside = Child.Start("sh", ["-c", $"exec 3<>{fifo}; until [ -e {reads} ]; do sleep 0.05; done; sleep 0.5; echo >&3; sleep 9"]);
        Child.Run("unshare", "-pf", "--mount-proc", ScryBinary.Path, "slow", "--json", "--over", "200ms", "-o", _workspace["calls"], "--", "sh", "-c", $"echo >{reads}; read go <{fifo}").Expect();
        Assert.Equal(["sh:write"], SlowCalls.Read(File.ReadAllText(_workspace["calls"])).One("sh").Wakers);
    }
}
