using Scry.Targets;

namespace Scry.Tests.Unit.Targets;

/// <summary>A directory that stands for a machine: a v2 hierarchy, v1's perf_event, and the records of the runtimes.</summary>
internal sealed class Tree : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("scry-targets-").FullName;

    public Tree()
    {
        Directory.CreateDirectory(V2);
        Directory.CreateDirectory(V1);
    }

    public string V2 => _root + "/v2";
    public string V1 => _root + "/v1";

    public IReadOnlyList<CgroupMount> Mounts => [new(CgroupVersion.V2, V2, "/"), new(CgroupVersion.V1PerfEvent, V1, "/")];

    public ContainerRoots Roots => new()
    {
        Containerd = _root + "/containerd",
        Docker = _root + "/docker",
        Storage = _root + "/storage",
        RunStorage = _root + "/run",
    };

    public Scry.Targets.Containers Containers => new(Roots, Mounts);

    /// <summary>Makes a cgroup of the v2 hierarchy.</summary>
    public string Cgroup(string path) => Directory.CreateDirectory($"{V2}/{path}").FullName;

    public string Docker(string id, string text) => Write($"{Roots.Docker}/containers/{id}/config.v2.json", text);

    public string Containerd(string space, string id, string text) =>
        Write($"{Roots.Containerd}/io.containerd.runtime.v2.task/{space}/{id}/config.json", text);

    public string Crio(string id, string text) => Write($"{Roots.RunStorage}/overlay-containers/{id}/userdata/config.json", text);

    public string Storage(string file, string text) => Write($"{Roots.Storage}/overlay-containers/{file}", text);

    private static string Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
        return path;
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);
}
