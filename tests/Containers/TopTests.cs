using System.Globalization;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Containers;

/// <summary>scry top names containers, and counts each on its own.</summary>
public sealed class TopTests(Engine engine)
{
    private const int Markers = 300; // files that crash opens

    [Fact]
    public void ByContainerAndCgroup()
    {
        using var workspace = new Workspace();
        using Container target = engine.Run("target", ["/bin/crash", "3"]);
        using Container neighbour = engine.Run("neighbour", ["/bin/sh", "-c", "read line; cat /etc/neighbour"]);
        string file = workspace["tables"];
        using Child scry = Child.Start(ScryBinary.Path, ["top", "--sort", "container,cgroup,syscall,user", "-e", "openat", "-F", "20", "--batch", "100000", "-o", file]);
        // When the first table is there, calls are counted.
        Eventually.True(() => File.Exists(file) && File.ReadAllText(file).Contains(" calls, ", StringComparison.Ordinal), "the first table is written");
        neighbour.Go();
        neighbour.Wait().Expect(1);
        target.Go();
        target.Wait().Expect(3);
        scry.Signal(2);
        scry.Wait().Expect();
        List<string[]> rows = [.. File.ReadLines(file).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(words => words.Length == 8)];
        Assert.InRange(Sum(target), Markers, Markers + 20);
        Assert.InRange(Sum(neighbour), 1, 20);

        long Sum(Container container) => rows
            .Where(words => words[4..] is [var name, var cgroup, "openat", "root"] && name == container.Id && cgroup.EndsWith($"/{container.Id}", StringComparison.Ordinal))
            .Sum(words => long.Parse(words[0], CultureInfo.InvariantCulture));
    }
}
