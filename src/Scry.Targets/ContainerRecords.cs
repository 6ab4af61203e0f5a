using System.Text.Json;

namespace Scry.Targets;

/// <summary>What a runtime's files tell of a container. Hostile text, but for the id where it names a directory.</summary>
/// <param name="Runtime"><c>docker</c>, <c>containerd</c>, <c>cri-o</c> or <c>podman</c>.</param>
/// <param name="Id">Its id.</param>
/// <param name="Names">Its names, the best first; none when the runtime has only ids.</param>
/// <param name="CgroupsPath"><c>linux.cgroupsPath</c> of its OCI configuration; null when not known.</param>
internal sealed record ContainerRecord(string Runtime, string Id, IReadOnlyList<string> Names, string? CgroupsPath);

/// <summary>The containers that the runtimes of this machine have records of, running or not.</summary>
internal sealed class ContainerRecords(ContainerRoots roots)
{
    private const int MaxRecords = 1 << 16;

    /// <summary>All, each id once.</summary>
    public IReadOnlyList<ContainerRecord> All() => [.. Read(null).Take(MaxRecords).GroupBy(record => record.Id).Select(Merge)];

    /// <summary>The one with this id, which has to be a plain file name; null when there is none.</summary>
    public ContainerRecord? Find(string id) => Read(id).GroupBy(record => record.Id).Select(Merge).FirstOrDefault();

    /// <summary>The one with this id in a namespace of containerd, both names without a slash; null when there is none.</summary>
    public ContainerRecord? FindInContainerd(string space, string id) =>
        space is "." or ".." || id is "." or ".." ? null : ReadBundle(space, id);

    /// <summary>Several runtimes tell of one container: Docker runs on containerd, and CRI-O shares its storage with Podman.</summary>
    private static ContainerRecord Merge(IEnumerable<ContainerRecord> same)
    {
        List<ContainerRecord> records = [.. same];
        return new ContainerRecord(
            records[0].Runtime,
            records[0].Id,
            [.. records.SelectMany(record => record.Names).Distinct()],
            records.Select(record => record.CgroupsPath).FirstOrDefault(path => path is not null));
    }

    /// <summary>The runtime that knows a container best comes first.</summary>
    private IEnumerable<ContainerRecord> Read(string? id) => ReadDocker(id).Concat(ReadRunStorage(id)).Concat(ReadStorage(id)).Concat(ReadContainerd(id));

    private IEnumerable<ContainerRecord> ReadDocker(string? id) => Present(
        Ids($"{roots.Docker}/containers", id),
        found => JsonFile.Read($"{roots.Docker}/containers/{found}/config.v2.json",
            root => new ContainerRecord("docker", found, Texts(root.Member("Name").Text()?.TrimStart('/')), null)));

    private IEnumerable<ContainerRecord> ReadContainerd(string? id) => CgroupWalk.Below(Tasks)
        .Select(directory => Path.GetFileName(directory))
        .SelectMany(space => Present(Ids($"{Tasks}/{space}", id), found => ReadBundle(space, found)));

    private string Tasks => $"{roots.Containerd}/io.containerd.runtime.v2.task";

    /// <summary>Kubernetes' name of the container, or nerdctl's; ctr has only the id.</summary>
    private ContainerRecord? ReadBundle(string space, string id) => JsonFile.Read($"{Tasks}/{space}/{id}/config.json", root =>
    {
        JsonElement annotations = root.Member("annotations");
        return new ContainerRecord(
            space == "moby" ? "docker" : "containerd",
            id,
            Texts(annotations.Member("io.kubernetes.cri.container-name").Text(), annotations.Member("nerdctl/name").Text()),
            CgroupsPath(root));
    });

    private IEnumerable<ContainerRecord> ReadRunStorage(string? id) => Present(
        Ids($"{roots.RunStorage}/overlay-containers", id),
        found => JsonFile.Read($"{roots.RunStorage}/overlay-containers/{found}/userdata/config.json", root =>
        {
            JsonElement annotations = root.Member("annotations");
            IReadOnlyList<string> names = Texts(
                annotations.Member("io.kubernetes.container.name").Text(), annotations.Member("io.kubernetes.cri-o.Name").Text());
            // Podman writes the same file without these annotations.
            return new ContainerRecord(names.Count > 0 ? "cri-o" : "podman", found, names, CgroupsPath(root));
        }));

    /// <summary>The lists of containers/storage; those of <c>podman run --rm</c> are volatile.</summary>
    private IEnumerable<ContainerRecord> ReadStorage(string? id) => ((string[])["containers.json", "volatile-containers.json"])
        .SelectMany(file => JsonFile.Read($"{roots.Storage}/overlay-containers/{file}", ReadList) ?? [])
        .Where(record => id is null || record.Id == id);

    private static List<ContainerRecord> ReadList(JsonElement root) =>
    [
        .. root.Elements()
            .Select(item => (Id: item.Member("id").Text(), Names: item.Member("names").Elements().Select(name => name.Text())))
            .Where(item => item.Id is not null)
            .Select(item => new ContainerRecord("podman", item.Id!, Texts([.. item.Names]), null)),
    ];

    private static string? CgroupsPath(JsonElement root) => root.Member("linux").Member("cgroupsPath").Text();

    private static IEnumerable<string> Ids(string directory, string? id) =>
        id is not null ? [id] : CgroupWalk.Below(directory).Select(path => Path.GetFileName(path));

    private static IEnumerable<ContainerRecord> Present(IEnumerable<string> ids, Func<string, ContainerRecord?> read) =>
        ids.Select(read).OfType<ContainerRecord>();

    private static IReadOnlyList<string> Texts(params string?[] texts) => [.. texts.OfType<string>().Where(text => text.Length > 0)];
}
