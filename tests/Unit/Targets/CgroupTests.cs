using Scry.Targets;
using Xunit;

namespace Scry.Tests.Unit.Targets;

public sealed class CgroupTests
{
    private static readonly string[] Hybrid =
    [
        "24 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw",
        "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755",
        "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 master:2 - cgroup cgroup rw,cpu,cpuacct",
        "39 31 0:36 / /sys/fs/cgroup/perf_event rw,relatime - cgroup cgroup rw,perf_event",
        "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd",
        "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw",
    ];

    [Fact]
    public void Of_a_hybrid_machine_v2_comes_before_perf_event_and_nothing_else_counts()
    {
        Assert.Equal(
            [
                new CgroupMount(CgroupVersion.V2, "/sys/fs/cgroup/unified", "/"),
                new CgroupMount(CgroupVersion.V1PerfEvent, "/sys/fs/cgroup/perf_event", "/"),
            ],
            CgroupMounts.Parse(Hybrid));
    }

    [Theory]
    [InlineData("/sys/fs/cgroup/unified/a/b", "/a/b")]
    [InlineData("/sys/fs/cgroup/unified/", "/")]
    [InlineData("/sys/fs/cgroup/perf_event/a", "/a")]
    [InlineData("/sys/fs/cgroup/unifiedly/a", "/sys/fs/cgroup/unifiedly/a")]
    [InlineData("/a/b/", "/a/b")]
    [InlineData("a", "/a")]
    [InlineData("/", "/")]
    public void A_path_below_the_hierarchy_needs_no_cgroup(string path, string below) =>
        Assert.Equal(below, CgroupMounts.PathBelow(path, CgroupMounts.Parse(Hybrid)));

    [Theory]
    [InlineData("35 24 0:30 / /sys/fs/cgroup rw,nosuid,nodev,noexec,relatime shared:4 - cgroup2 cgroup2 rw,nsdelegate", "/sys/fs/cgroup", "/")]
    [InlineData("35 24 0:30 /../.. /sys/fs/cgroup ro - cgroup2 cgroup rw", "/sys/fs/cgroup", "/../..")]
    [InlineData(@"35 24 0:30 / /mnt/a\040b\134c\011 ro - cgroup2 cgroup rw", "/mnt/a b\\c\t", "/")]
    public void A_v2_mount_is_read_with_its_path_unescaped(string line, string path, string root)
    {
        Assert.Equal([new CgroupMount(CgroupVersion.V2, path, root)], CgroupMounts.Parse([line]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("35 24 0:30 / /sys/fs/cgroup rw - cgroup2")]
    [InlineData("35 24 0:30 / - cgroup2 cgroup rw")]
    [InlineData("35 24 0:30 / /sys/fs/cgroup rw cgroup2 cgroup rw")]
    public void A_line_that_is_not_a_mount_is_passed_over(string line) => Assert.Empty(CgroupMounts.Parse([line]));

    [Fact]
    public void Without_a_hierarchy_the_error_says_how_to_mount_one()
    {
        TargetException error = Assert.Throws<TargetException>(() => Cgroup.Resolve("a", []));
        Assert.Contains("mount -t cgroup2", error.Hint);
    }

    [Fact]
    public void A_cgroup_that_is_not_there_is_named_with_the_places_searched()
    {
        IReadOnlyList<CgroupMount> mounts = CgroupMounts.Parse(Hybrid);
        TargetException error = Assert.Throws<TargetException>(() => Cgroup.Resolve("no/such", mounts));
        Assert.Equal("no cgroup 'no/such' below /sys/fs/cgroup/unified (v2) and /sys/fs/cgroup/perf_event (v1, perf_event)", error.Message);
        error = Assert.Throws<TargetException>(() => Cgroup.Resolve("/usr", mounts));
        Assert.StartsWith("'/usr' is not a cgroup of", error.Message);
    }

    [Fact]
    public void Of_a_mount_that_shows_only_a_part_of_its_hierarchy_depth_is_counted_from_there_and_of_v1_it_is_refused()
    {
        // Any directory that is not a root of kernfs stands for one: its inode number is not 1.
        string directory = Directory.CreateTempSubdirectory("scry-cgroup-").FullName;
        try
        {
            Directory.CreateDirectory($"{directory}/below");
            Cgroup found = Cgroup.Resolve("below", [new(CgroupVersion.V2, directory, "/../x")]);
            Assert.Equal((1, true), (found.Level, found.Top > 1));
            CgroupMount[] mounts = [new(CgroupVersion.V1PerfEvent, directory, "/../x")];
            TargetException error = Assert.Throws<TargetException>(() => Cgroup.Resolve("below", mounts));
            Assert.StartsWith("only a part of the cgroup hierarchy is mounted", error.Message);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Fact]
    public void Names_are_found_by_inode_and_unknown_ids_have_none()
    {
        string directory = Directory.CreateTempSubdirectory("scry-cgroup-").FullName;
        try
        {
            Directory.CreateDirectory($"{directory}/a/b");
            Assert.True(InodeOf($"{directory}/a/b", out ulong id));
            var names = new CgroupNames(directory);
            Assert.Equal("/a/b", names.Find(id));
            Assert.Null(names.Find(ulong.MaxValue));
            Assert.Null(new CgroupNames(null).Find(id));
            // One that was made and removed meanwhile; told of only once.
            (ulong, string)[] news = [(7, "/gone")];
            names.News = () => Interlocked.Exchange(ref news, []);
            Assert.Equal("/gone", names.Find(7));
            Assert.Equal("/gone", names.Find(7));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static bool InodeOf(string path, out ulong id) => Native.TryInode(path, out id);
}
