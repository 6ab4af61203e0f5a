using Scry.Targets;
using Xunit;

namespace Scry.Tests.Unit.Targets;

public sealed class UnitTests : IDisposable
{
    private readonly Tree _tree = new();

    public void Dispose() => _tree.Dispose();

    [Theory]
    [InlineData("nginx", "system.slice/nginx.service")]
    [InlineData("nginx.service", "system.slice/nginx.service")]
    [InlineData("getty@tty1", "system.slice/system-getty.slice/getty@tty1.service")]
    [InlineData("init.scope", "init.scope")]
    [InlineData("system-getty.slice", "system.slice/system-getty.slice")]
    [InlineData("dbus.socket", "system.slice/dbus.socket")]
    [InlineData("tmp.mount", "system.slice/tmp.mount")]
    [InlineData(@"fsck@dev-disk-by\x2dlabel", @"system.slice/fsck@dev-disk-by\x2dlabel.service")]
    public void A_unit_is_found_by_its_name_and_a_service_also_without_its_suffix(string unit, string path)
    {
        string expected = _tree.Cgroup(path);
        Assert.Equal(expected, Units.Find(unit, _tree.Mounts));
    }

    [Fact]
    public void A_name_that_systemd_escaped_is_found()
    {
        string expected = _tree.Cgroup("system.slice/_cpu.service");
        Assert.Equal(expected, Units.Find("cpu", _tree.Mounts));
    }

    [Fact]
    public void The_shallowest_counts_and_others_deeper_down_do_not_make_it_ambiguous()
    {
        _tree.Cgroup("a.slice/b.slice/nginx.service");
        _tree.Cgroup("a.slice/docker-x.scope/system.slice/nginx.service");
        string expected = _tree.Cgroup("system.slice/nginx.service");
        Assert.Equal(expected, Units.Find("nginx", _tree.Mounts));
    }

    [Fact]
    public void Two_at_the_same_depth_are_listed()
    {
        string one = _tree.Cgroup("a.slice/nginx.service");
        string two = _tree.Cgroup("b.slice/nginx.service");
        TargetException error = Assert.Throws<TargetException>(() => Units.Find("nginx", _tree.Mounts));
        Assert.Equal($"2 cgroups are named 'nginx.service': {one}, {two}", error.Message);
        Assert.Contains("-G", error.Hint);
    }

    [Fact]
    public void V1_is_searched_when_v2_has_no_such_unit()
    {
        string old = Directory.CreateDirectory(_tree.V1 + "/nginx.service").FullName;
        _tree.Cgroup("system.slice/other.service");
        Assert.Equal(old, Units.Find("nginx", _tree.Mounts));
        string unified = _tree.Cgroup("system.slice/nginx.service");
        Assert.Equal(unified, Units.Find("nginx", _tree.Mounts));
    }

    [Theory]
    [InlineData("nginx")]
    [InlineData("ngin")]
    [InlineData("system")]
    public void A_unit_without_a_cgroup_is_named_with_the_places_searched(string unit)
    {
        _tree.Cgroup("system.slice/nginx.service.d");
        TargetException error = Assert.Throws<TargetException>(() => Units.Find(unit, _tree.Mounts));
        Assert.Equal($"no cgroup is named '{unit}.service' below {_tree.V2} (v2) and {_tree.V1} (v1, perf_event)", error.Message);
        Assert.Contains($"systemctl status {unit}.service", error.Hint);
    }

    [Theory]
    [InlineData("")]
    [InlineData("../etc")]
    [InlineData("system.slice/nginx.service")]
    public void What_cannot_be_a_name_is_refused(string unit)
    {
        _tree.Cgroup("system.slice/nginx.service");
        Assert.Contains("is not a unit's name", Assert.Throws<TargetException>(() => Units.Find(unit, _tree.Mounts)).Message);
    }

    [Fact]
    public void Links_are_not_followed_so_loops_end()
    {
        string below = _tree.Cgroup("system.slice/a");
        Directory.CreateSymbolicLink(below + "/loop", _tree.V2);
        Directory.CreateSymbolicLink(_tree.V2 + "/nginx.service", below);
        Directory.CreateSymbolicLink(_tree.V2 + "/self", _tree.V2 + "/self");
        Assert.Throws<TargetException>(() => Units.Find("nginx", _tree.Mounts));
    }

    [Fact]
    public void Without_a_hierarchy_the_error_says_how_to_mount_one()
    {
        Assert.Contains("mount -t cgroup2", Assert.Throws<TargetException>(() => Units.Resolve("nginx", [])).Hint);
        Assert.Contains("mount -t cgroup2", Assert.Throws<TargetException>(() => new Containers(_tree.Roots, []).Resolve("web")).Hint);
    }

    [Fact]
    public void What_is_found_is_looked_up_as_a_cgroup()
    {
        // A temporary directory is not a hierarchy's root.
        _tree.Cgroup("system.slice/nginx.service");
        Cgroup found = Units.Resolve("nginx", _tree.Mounts);
        Assert.Equal((2, true), (found.Level, found.Top > 1));
        Assert.EndsWith("/system.slice/nginx.service", found.Path);
    }

    [Theory]
    [InlineData("/system.slice/nginx.service", "nginx.service")]
    [InlineData("/user.slice/user-1000.slice/user@1000.service/app.slice/shell.scope", "user@1000.service")]
    [InlineData("/system.slice/docker-0123.scope/inner.service", "docker-0123.scope")]
    [InlineData("/user.slice/user-1000.slice", "user-1000.slice")]
    [InlineData("/system.slice/_cpu.service", "cpu.service")]
    [InlineData("/k8s.io/web", null)]
    [InlineData("/", null)]
    [InlineData("/.service", null)]
    public void A_cgroup_belongs_to_a_unit(string path, string? unit) => Assert.Equal(unit, Units.Of(path));
}
