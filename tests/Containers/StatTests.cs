using System.Text.Json;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Containers;

/// <summary>Calls of containers are counted under their names, also when the container is gone.</summary>
public sealed class StatTests(Engine engine)
{
    private const int Markers = 300;

    [Fact]
    public void EachContainerHasItsOwnCalls()
    {
        using var workspace = new Workspace();
        HashSet<string> before = Attached.Now();
        using Child scry = Child.Start(ScryBinary.Path, ["stat", "-a", "--json", "--by", "container", "-e", "openat", "-o", workspace["json"]]);
        Eventually.True(() => Attached.Links(before) >= Attached.Programs, "scry is attached");
        using Container one = engine.Run("one", ["/bin/crash", "3"]);
        using Container other = engine.Run("other", ["/bin/sh", "-c", "read line; cat /etc/other"]);
        one.Go();
        one.Wait().Expect(3);
        other.Go();
        other.Wait().Expect(1);
        scry.Signal(2);
        scry.Wait().Expect();
        JsonElement[] rows = [.. File.ReadLines(workspace["json"]).Select(line => JsonDocument.Parse(line).RootElement).Where(row => row.GetProperty("type").GetString() == "stat")];
        Assert.InRange(Failures(rows, one.Id), Markers, Markers + 50);
        Assert.InRange(Failures(rows, other.Id), 1, 50);
    }

    private static long Failures(JsonElement[] rows, string id) =>
        Assert.Single(rows, row => row.GetProperty("container").GetString() == id).GetProperty("errors").GetInt64();
}
