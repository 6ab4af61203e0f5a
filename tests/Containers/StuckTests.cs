using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Containers;

/// <summary>What is blocked in a container: its processes alone, and who of them holds what the others wait for.</summary>
public sealed class StuckTests(Engine engine)
{
    [Fact]
    public void BlockedProcessesOfOneContainer()
    {
        using Container target = engine.Run("target", ["/bin/sh", "-c", "sleep 987 | cat"]);
        using Container neighbour = engine.Run("neighbour", ["/bin/sh", "-c", "sleep 986"]);
        Finished run = Stuck(target);
        Eventually.True(() => (run = Stuck(target)).Output.Contains("which is in", StringComparison.Ordinal) && run.Lines.Length > 6, "both processes are blocked");
        Assert.Contains(run.Lines, line => line.Contains("  cat[", StringComparison.Ordinal) && line.Contains("read(0<pipe:[", StringComparison.Ordinal));
        Assert.Matches(@"write end open in sleep\[\d+\] fd 1, which is in (clock_)?nanosleep", run.Output);
        Assert.Contains($"  sh[{target.Pid}]  wait4(-1, ", run.Output);
        Assert.Contains("tv_sec=987", run.Output);
        Assert.DoesNotContain("tv_sec=986", run.Output);
    }

    private static Finished Stuck(Container container) => Child.Run(ScryBinary.Path, "stuck", "--container", container.Id, "--over", "0").Expect();
}
