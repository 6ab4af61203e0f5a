using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>Many cgroups in one budget of memory.</summary>
public sealed partial class LoopManyTests
{
    [Fact]
    public void AThousandCgroupsEachHaveTheirPast()
    {
        const int many = 1000;
        using Cgroup parent = Cgroup.Unified();
        using Cgroup crowd = parent.Below("crowd"), noisy = parent.Below("noisy");
        using var loop = new Loop("-G", parent.Path, "--memory", "64M");
        try
        {
            Child.Run(Programs.Path("cgroups"), crowd.Path, "0", $"{many}", "keep").Expect();
            // More than all the memory holds, from one of them.
            Child.Shell($"{noisy.Enter}; {Programs.Path("count")} 400000 2").Expect();
            Assert.Contains("overwritten", loop.Dump("-G", noisy.Path).Output);
            string past = loop.Dump("-e", "openat", "-G", crowd.Path).Output;
            Assert.Equal(Enumerable.Range(0, many), Marks(past));
            Assert.DoesNotContain("overwritten", past);
            Assert.Equal([many / 2], Marks(loop.Dump("-e", "openat", "-G", $"{crowd.Path}/{many / 2}").Output));
            JsonElement[] groups = Groups(loop, out long lost);
            Assert.Equal(many, groups.Count(group => State(group) == "live" && group.GetProperty("cgroup").GetString()!.Contains("/crowd/", StringComparison.Ordinal)));
            Assert.Equal(0, lost);
        }
        finally
        {
            foreach (string directory in Directory.GetDirectories(crowd.Path))
                Directory.Delete(directory);
        }
    }

    [Fact]
    public void TenThousandShortLivedCgroupsTakeNoMoreMemory()
    {
        const int many = 10_000, newest = 100;
        using Cgroup parent = Cgroup.Unified();
        using var loop = new Loop("-G", parent.Path, "--memory", "16M");
        Child.Run(Programs.Path("cgroups"), parent.Path, "0", $"{newest}").Expect();
        long memory = Memory(loop);
        Child.Run(Programs.Path("cgroups"), parent.Path, $"{newest}", $"{many}").Expect();
        Assert.Equal(memory, Memory(loop));
        Assert.InRange(memory, 1, 17_500_000);
        // The last of them still find groups of their own: those that are gone give theirs up, the longest gone first.
        JsonElement[] groups = Groups(loop, out long lost);
        Assert.Equal(0, lost);
        string[] paths = [.. groups.Select(group => group.GetProperty("cgroup").GetString()!)];
        for (int i = many; i < many + newest; i++)
            Assert.Single(paths, path => path.EndsWith($"/{i}", StringComparison.Ordinal));
        Assert.Equal(0, groups.Where(group => group.GetProperty("cgroup_id").GetString() == "0").Sum(group => group.GetProperty("bytes").GetInt64()));
        int[] marks = Marks(loop.Dump("-e", "openat").Output);
        Assert.Equal(Enumerable.Range(many, newest), marks[^newest..]);
        Assert.Equal(Enumerable.Range(marks[0], marks.Length), marks);
    }

    // Sorted: the files /mark/number-.
    private static int[] Marks(string past) =>
        [.. Mark().Matches(past).Select(match => int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture)).Order()];

    private static string? State(JsonElement group) => group.GetProperty("state").GetString();

    private static JsonElement[] Groups(Loop loop, out long lost)
    {
        using JsonDocument list = JsonDocument.Parse(loop.List("--json").Output);
        lost = list.RootElement.GetProperty("lost").GetInt64();
        return [.. list.RootElement.GetProperty("groups").EnumerateArray().Select(group => group.Clone())];
    }

    // What the kernel says that it holds for the maps, the one that is not pinned included: all that its programs use.
    private static long Memory(Loop loop)
    {
        IEnumerable<string> ids = Directory.GetFiles(loop.Directory, "link_*").SelectMany(pin => MapsOf(pin)).Distinct();
        return ids.Sum(id =>
        {
            using JsonDocument map = JsonDocument.Parse(Child.Run("bpftool", "--json", "map", "show", "id", id).Expect().Output);
            return map.RootElement.GetProperty("bytes_memlock").GetInt64();
        });
    }

    private static string[] MapsOf(string link)
    {
        using JsonDocument about = JsonDocument.Parse(Child.Run("bpftool", "--json", "link", "show", "pinned", link).Expect().Output);
        using JsonDocument program = JsonDocument.Parse(
            Child.Run("bpftool", "--json", "prog", "show", "id", $"{about.RootElement.GetProperty("prog_id").GetInt64()}").Expect().Output);
        return [.. program.RootElement.GetProperty("map_ids").EnumerateArray().Select(id => $"{id.GetInt64()}")];
    }

    [GeneratedRegex("\"/mark/(\\d+)-\"")]
    private static partial Regex Mark();
}
