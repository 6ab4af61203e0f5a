using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Containers;

/// <summary>A running container as a target: its calls and its end are seen, its neighbour's are not.</summary>
public sealed class TraceTests(Engine engine)
{
    private const int Markers = 300;

    [Fact]
    public void ContainerById()
    {
        using Container target = engine.Run("target", ["/bin/crash", "3"]);
        SeesTheTargetAlone(target, "--container", target.Id);
    }

    [Fact]
    public void ContainerByItsCgroup()
    {
        using Container target = engine.Run("target", ["/bin/crash", "3"]);
        SeesTheTargetAlone(target, "-G", target.Cgroup);
    }

    private void SeesTheTargetAlone(Container target, string option, string value)
    {
        using Container neighbour = engine.Run("neighbour", ["/bin/sh", "-c", "read line; cat /etc/neighbour"]);
        using Child scry = ScryBinary.StartAttached(option, value, "-e", "openat");
        neighbour.Go();
        neighbour.Wait().Expect(1);
        target.Go();
        target.Wait().Expect(3);
        scry.Signal(2);
        Finished run = scry.Wait().Expect();
        for (int i = 0; i < Markers; i++)
            Assert.Single(run.Lines, line => line.Contains($"\"/etc/marker-{i}\"", StringComparison.Ordinal));
        Assert.EndsWith("+++ exited with 3 +++", run.Lines[^1]);
        Assert.DoesNotContain("/etc/neighbour", run.Output);
        Assert.DoesNotContain("lost", run.Output + run.Error);
    }
}
