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

    [Fact]
    public void FromWithinItsPidNamespace()
    {
        using Container target = engine.Run("target", ["/bin/sh", "-c", "read line; cat /etc/from-within; read line"]);
        using Container neighbour = engine.Run("neighbour", ["/bin/sh", "-c", "read line; cat /etc/neighbour"]);
        HashSet<string> before = Attached.Now();
        using Child scry = Child.Start("nsenter", ["--target", $"{target.Pid}", "--pid", "unshare", "--mount", "/bin/sh", "-c",
            $"mount -t proc proc /proc && exec {ScryBinary.Path} trace -a -e openat,execve 1>&2"]);
        Eventually.True(() => scry.HasExited || Attached.Links(before) >= Attached.Programs, "scry is attached");
        neighbour.Go();
        neighbour.Wait().Expect(1);
        target.Go();
        Eventually.True(() => scry.Error.Contains("\"/etc/from-within\"", StringComparison.Ordinal), "cat has run");
        // Before the container's first process, with which all in its namespace end.
        Child.Run("pkill", "-INT", "-P", $"{scry.Id}").Expect();
        string[] lines = scry.Wait().Expect().Error.Split('\n');
        target.Go();
        target.Wait().Expect();
        Assert.DoesNotContain(lines, line => line.Contains("/etc/neighbour", StringComparison.Ordinal));
        int[] ids = [.. lines.Where(line => line.StartsWith("[pid ", StringComparison.Ordinal)).Select(line => int.Parse(line[5..line.IndexOf(']', StringComparison.Ordinal)], System.Globalization.CultureInfo.InvariantCulture))];
        Assert.NotEmpty(ids);
        Assert.All(ids, id => Assert.InRange(id, 1, 1000));
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
