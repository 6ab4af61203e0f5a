using Scry.Cli;
using Scry.Cli.CommandLine;
using Scry.Targets;
using Xunit;

namespace Scry.Tests.Unit.Targets;

public sealed class ContainerTests : IDisposable
{
    private static readonly string A = "aaaaaa1" + new string('0', 57);
    private static readonly string B = "aaaaaa2" + new string('0', 57);
    private static readonly string C = "cccccc3" + new string('0', 57);

    private readonly Tree _tree = new();

    public void Dispose() => _tree.Dispose();

    private string Find(string nameOrId) => _tree.Containers.Find(nameOrId);

    private TargetException Refused(string nameOrId) => Assert.Throws<TargetException>(() => Find(nameOrId));

    [Theory]
    [InlineData("system.slice/docker-ID.scope", "docker")]
    [InlineData("docker/ID", "docker")]
    [InlineData("user.slice/user-1000.slice/user@1000.service/user.slice/docker-ID.scope", "docker")]
    [InlineData("kubepods.slice/kubepods-pod1.slice/cri-containerd-ID.scope", "containerd")]
    [InlineData("kubepods/burstable/pod1-2/ID", "container")]
    [InlineData("kubepods.slice/kubepods-besteffort.slice/crio-ID.scope", "cri-o")]
    [InlineData("machine.slice/libpod-ID.scope", "podman")]
    [InlineData("machine.slice/libpod-ID.scope/container", "podman")]
    [InlineData("libpod_parent/libpod-ID", "podman")]
    [InlineData("system.slice/nerdctl-ID.scope", "containerd")]
    [InlineData("k8s.io/ID", "containerd")]
    [InlineData("default/ID", "containerd")]
    [InlineData("system.slice/other-ID.scope", "container")]
    public void Every_runtimes_cgroup_is_found_and_described_by_its_id(string path, string runtime)
    {
        path = path.Replace("ID", A, StringComparison.Ordinal);
        string directory = _tree.Cgroup(path).Replace("/container", "", StringComparison.Ordinal);
        Assert.Equal(directory, Find(A));
        Assert.Equal(directory, Find(A[..7]));
        Assert.Equal(new Container(runtime, A, null), _tree.Containers.Describe("/" + path));
    }

    [Theory]
    [InlineData("machine.slice/libpod-conmon-ID.scope")]
    [InlineData("kubepods.slice/crio-conmon-ID.scope")]
    [InlineData("machine.slice/machine-libpod_pod_ID.slice")]
    [InlineData("system.slice/IDa")]
    [InlineData("system.slice/IDg")]
    [InlineData("system.slice/docker-ID.service")]
    [InlineData("system.slice/nginx.service")]
    [InlineData("")]
    [InlineData("..")]
    public void What_is_no_containers_cgroup_is_neither_found_nor_described(string path)
    {
        path = path.Replace("ID", A, StringComparison.Ordinal);
        _tree.Cgroup(path);
        Assert.StartsWith("no container is named", Refused(A[..7]).Message);
        Assert.Null(_tree.Containers.Describe("/" + path));
    }

    [Fact]
    public void A_prefix_of_6_characters_has_to_be_of_one_id()
    {
        string one = _tree.Cgroup($"system.slice/docker-{A}.scope");
        _tree.Cgroup($"system.slice/docker-{B}.scope");
        string three = _tree.Cgroup($"system.slice/docker-{C}.scope");
        Assert.Equal(three, Find("cccccc"));
        Assert.Equal(one, Find("aaaaaa1"));
        TargetException error = Refused("aaaaaa");
        Assert.Equal($"'aaaaaa' is 2 containers: {A}, {B}", error.Message);
        Assert.Equal("no container is named 'ccccc'", Refused("ccccc").Message);
        Assert.Contains("6 characters", Refused("ccccc").Hint);
        Assert.Contains("no container's id begins so", Refused("cccccc4").Message);
    }

    [Fact]
    public void Many_meanings_are_not_all_listed()
    {
        for (int i = 10; i < 22; i++)
            _tree.Cgroup($"docker/aaaaaa{i}{new string('0', 56)}");
        Assert.EndsWith(" and 4 more", Refused("aaaaaa").Message);
    }

    [Fact]
    public void A_docker_container_has_a_name()
    {
        _tree.Docker(A, """{"ID":"x","Name":"/web","State":{"Running":true}}""");
        string directory = _tree.Cgroup($"system.slice/docker-{A}.scope");
        Assert.Equal(directory, Find("web"));
        Assert.Equal(new Container("docker", A, "web"), _tree.Containers.Describe($"/system.slice/docker-{A}.scope"));
    }

    [Fact]
    public void A_container_of_kubernetes_on_containerd_has_its_annotated_name()
    {
        _tree.Containerd("k8s.io", A, $$"""
            {"annotations":{"io.kubernetes.cri.container-name":"web","io.kubernetes.cri.sandbox-id":"1"},
             "linux":{"cgroupsPath":"kubepods-burstable-pod1.slice:cri-containerd:{{A}}" } }
            """);
        string path = $"kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-{A}.scope";
        string directory = _tree.Cgroup(path);
        Assert.Equal(directory, Find("web"));
        Assert.Equal(directory, Find(A));
        Assert.Equal(new Container("containerd", A, "web"), _tree.Containers.Describe("/" + path));
    }

    [Fact]
    public void A_container_of_ctr_has_its_id_for_a_name_wherever_its_cgroup_lies()
    {
        _tree.Containerd("space", "web", """{"linux":{"cgroupsPath":"/space/web"}}""");
        _tree.Containerd("space", "db", """{"linux":{"cgroupsPath":"my-own.slice:pre:db"}}""");
        _tree.Containerd("space", "cache", """{"linux":{"cgroupsPath":":pre:cache"}}""");
        string web = _tree.Cgroup("space/web/below");
        string db = _tree.Cgroup("my.slice/my-own.slice/pre-db.scope");
        string cache = _tree.Cgroup("system.slice/pre-cache.scope");
        Assert.Equal(Path.GetDirectoryName(web), Find("web"));
        Assert.Equal(db, Find("db"));
        Assert.Equal(cache, Find("cache"));
        Assert.Equal(new Container("containerd", "web", "web"), _tree.Containers.Describe("/space/web/below"));
        Assert.Null(_tree.Containers.Describe("/space/other"));
        File.Copy($"{_tree.Roots.Containerd}/io.containerd.runtime.v2.task/space/web/config.json", $"{_tree.Roots.Containerd}/config.json");
        Assert.Null(_tree.Containers.Describe("/space/.."));
        Assert.Null(_tree.Containers.Describe("/../."));
    }

    [Fact]
    public void A_container_of_ctr_is_found_without_a_record_too()
    {
        string web = _tree.Cgroup("default/web");
        Assert.Equal(web, Find("web"));
    }

    [Fact]
    public void A_container_of_nerdctl_has_its_annotated_name()
    {
        _tree.Containerd("default", A, """{"annotations":{"nerdctl/name":"web"}}""");
        string directory = _tree.Cgroup($"system.slice/nerdctl-{A}.scope");
        Assert.Equal(directory, Find("web"));
    }

    [Theory]
    [InlineData("containers.json")]
    [InlineData("volatile-containers.json")]
    public void A_container_of_podman_has_its_names(string file)
    {
        _tree.Crio(A, """{"annotations":{"io.container.manager":"libpod"}}""");
        _tree.Storage(file, $$"""[{"id":"{{B}}","names":["db"]},{"id":"{{A}}","names":["web","alias"],"layer":"x"}]""");
        string directory = _tree.Cgroup($"machine.slice/libpod-{A}.scope");
        Assert.Equal(directory, Find("web"));
        Assert.Equal(directory, Find("alias"));
        Assert.Equal(new Container("podman", A, "web"), _tree.Containers.Describe($"/machine.slice/libpod-{A}.scope/container"));
        Assert.Equal($"container 'db' has no cgroup: {B}", Refused("db").Message);
    }

    [Theory]
    [InlineData("web")]
    [InlineData("k8s_web_pod_default_uid_0")]
    public void A_container_of_cri_o_has_kubernetes_name_and_its_own(string name)
    {
        _tree.Crio(A, """
            {"annotations":{"io.kubernetes.container.name":"web","io.kubernetes.cri-o.Name":"k8s_web_pod_default_uid_0"}}
            """);
        _tree.Storage("containers.json", $$"""[{"id":"{{A}}","names":["k8s_web_pod_default_uid_0"]}]""");
        string directory = _tree.Cgroup($"kubepods.slice/crio-{A}.scope");
        _tree.Cgroup($"kubepods.slice/crio-conmon-{A}.scope");
        Assert.Equal(directory, Find(name));
        Assert.Equal(new Container("cri-o", A, "web"), _tree.Containers.Describe($"/kubepods.slice/crio-{A}.scope"));
    }

    [Fact]
    public void A_plain_id_is_described_by_the_runtime_that_has_a_record()
    {
        _tree.Containerd("k8s.io", A, """{"annotations":{"io.kubernetes.cri.container-name":"web"}}""");
        Assert.Equal(new Container("containerd", A, "web"), _tree.Containers.Describe($"/kubepods/besteffort/pod1/{A}"));
    }

    [Fact]
    public void A_name_of_several_running_containers_is_ambiguous_and_one_that_ended_does_not_count()
    {
        _tree.Containerd("k8s.io", A, """{"annotations":{"io.kubernetes.cri.container-name":"web"}}""");
        _tree.Containerd("k8s.io", B, """{"annotations":{"io.kubernetes.cri.container-name":"web"}}""");
        Assert.Equal($"container 'web' has no cgroup: {A}, {B}", Refused("web").Message);
        Assert.Equal($"container '{A}' has no cgroup", Refused(A).Message);
        string one = _tree.Cgroup($"kubepods/pod1/{A}");
        Assert.Equal(one, Find("web"));
        _tree.Cgroup($"kubepods/pod2/{B}");
        TargetException error = Refused("web");
        Assert.Equal($"'web' is 2 containers: {A}, {B}", error.Message);
        Assert.Equal("give one of these ids", error.Hint);
        Assert.Equal(one, Find(A));
    }

    [Fact]
    public void An_id_comes_before_a_name_and_a_name_before_a_prefix()
    {
        _tree.Docker(B, $$"""{"Name":"/{{A}}"}""");
        _tree.Docker(C, $$"""{"Name":"/{{A[..7]}}"}""");
        string one = _tree.Cgroup($"docker/{A}");
        _tree.Cgroup($"docker/{B}");
        string three = _tree.Cgroup($"docker/{C}");
        Assert.Equal(one, Find(A));
        Assert.Equal(three, Find(A[..7]));
    }

    [Fact]
    public void Of_several_cgroups_of_a_container_the_shallowest_counts_and_two_at_a_depth_are_listed()
    {
        string one = _tree.Cgroup($"docker/{A}/system.slice/docker-{A}.scope").Replace($"/system.slice/docker-{A}.scope", "", StringComparison.Ordinal);
        Directory.CreateDirectory($"{_tree.V1}/{A}");
        Assert.Equal(one, Find(A));
        string two = _tree.Cgroup($"other/{A}");
        Assert.Equal($"container {A} has 2 cgroups: {one}, {two}", Refused(A).Message);
    }

    [Fact]
    public void V1_is_searched_too()
    {
        string old = Directory.CreateDirectory($"{_tree.V1}/docker/{A}").FullName;
        Assert.Equal(old, Find(A));
    }

    [Fact]
    public void Of_nested_containers_the_outermost_is_described_since_it_chose_the_names_below()
    {
        Assert.Equal(new Container("docker", A, null), _tree.Containers.Describe($"/docker/{A}/kubepods/pod1/cri-containerd-{B}.scope"));
    }

    [Fact]
    public void A_missing_container_is_named_with_what_was_searched()
    {
        TargetException error = Refused("no-such");
        Assert.Equal("no container is named 'no-such', and no container's id begins so", error.Message);
        foreach (string place in (string[])[_tree.V2, _tree.V1, _tree.Roots.Docker, _tree.Roots.Containerd, _tree.Roots.Storage, _tree.Roots.RunStorage])
            Assert.Contains(place, error.Hint);
        Assert.Throws<TargetException>(() => Find(""));
    }

    public static TheoryData<string> BadConfigurations =>
    [
        "", "{", "[]", "null", "7", "\"web\"", "\0", "{}", """{"Name":7}""", """{"Name":"\ud800"}""", """{"\ud800":1}""", """{"Name":"/"}""",
        """{"annotations":[],"linux":[]}""", """{"annotations":{"io.kubernetes.cri.container-name":{}},"linux":{"cgroupsPath":7}}""",
        """{"linux":{"cgroupsPath":"/../../etc"}}""", """{"linux":{"cgroupsPath":"a/../..:b:c"}}""", """{"linux":{"cgroupsPath":"a\u0000b"}}""",
        """{"linux":{"cgroupsPath":"::"}}""", """{"linux":{"cgroupsPath":"/"}}""", """[{"id":7,"names":7},{"id":"","names":[7]},7,{"names":["web"]}]""",
        new string('[', 100_000),
    ];

    [Theory]
    [MemberData(nameof(BadConfigurations))]
    public void A_record_that_is_malformed_is_skipped_and_the_others_count(string text)
    {
        WriteEverywhere(C, text);
        _tree.Docker(A, """{"Name":"/web"}""");
        string directory = _tree.Cgroup($"docker/{A}");
        Assert.Equal(directory, Find("web"));
        Assert.NotNull(Refused(C));
        Assert.Null(_tree.Containers.Describe($"/docker/{C}")?.Name);
    }

    [Theory]
    [InlineData("/../v1/other")]
    [InlineData("..:../v1/other:x.slice")]
    [InlineData("/")]
    public void A_record_cannot_point_out_of_the_hierarchy(string cgroupsPath)
    {
        _tree.Containerd("space", "web", $$"""{"linux":{"cgroupsPath":"{{cgroupsPath}}" } }""");
        Directory.CreateDirectory(_tree.V1 + "/other");
        Assert.Equal("container 'web' has no cgroup", Refused("web").Message);
    }

    [Fact]
    public void A_file_of_more_than_1_MB_is_skipped()
    {
        string record = """{"Name":"/big"}""";
        _tree.Cgroup($"docker/{A}");
        _tree.Docker(A, record + new string(' ', (1 << 20) - record.Length));
        Assert.NotNull(Find("big"));
        _tree.Docker(A, record + new string(' ', (2 << 20) - record.Length));
        Assert.StartsWith("no container is named 'big'", Refused("big").Message);
    }

    [Fact]
    public void Files_that_are_links_to_themselves_or_devices_and_directories_are_skipped()
    {
        string file = _tree.Docker(A, "");
        File.Delete(file);
        File.CreateSymbolicLink(file, file);
        file = _tree.Docker(B, "");
        File.Delete(file);
        File.CreateSymbolicLink(file, "/dev/zero");
        Directory.CreateDirectory(Path.GetDirectoryName(_tree.Docker(C, ""))!);
        Directory.CreateSymbolicLink($"{_tree.Roots.Docker}/containers/loop", $"{_tree.Roots.Docker}/containers");
        Directory.CreateSymbolicLink($"{_tree.V2}/loop", _tree.V2);
        Directory.CreateDirectory($"{_tree.Roots.Storage}/overlay-containers/containers.json");
        Assert.StartsWith("no container is named", Refused("no-such").Message);
    }

    [Fact]
    public void Escape_sequences_in_names_do_not_reach_the_terminal()
    {
        _tree.Storage("containers.json", """[{"id":"\u001b[31mred","names":["web"]},{"id":"\u001b]0;x\u0007","names":["web"]}]""");
        foreach (string name in (string[])["web", "\u001b[2Jgone"])
        {
            (string message, string? hint, int exitCode) = Runner.Describe(Refused(name));
            Assert.DoesNotContain(message + hint, char.IsControl);
            Assert.Contains("\\x1b[", message);
            Assert.Equal(ExitCode.Failed, exitCode);
        }
        string escape = "\u001b[2J";
        (string unit, string? advice, _) = Runner.Describe(Assert.Throws<TargetException>(() => Units.Find(escape, _tree.Mounts)));
        Assert.DoesNotContain(unit + advice, char.IsControl);
    }

    private void WriteEverywhere(string id, string text)
    {
        _tree.Docker(id, text);
        _tree.Containerd("default", id, text);
        _tree.Crio(id, text);
        _tree.Storage("containers.json", text);
        _tree.Storage("volatile-containers.json", text);
    }
}
