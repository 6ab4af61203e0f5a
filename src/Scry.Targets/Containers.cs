namespace Scry.Targets;

/// <summary>A container, as a cgroup's path and the runtimes' records tell of it. Hostile text.</summary>
/// <param name="Runtime"><c>docker</c>, <c>containerd</c>, <c>cri-o</c>, <c>podman</c>, or <c>container</c> when not known.</param>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name; null when it has none, or the records were not found.</param>
public sealed record Container(string Runtime, string Id, string? Name);

/// <summary>Containers by name or id, from the cgroups and the runtimes' files: no daemon is asked.</summary>
/// <param name="roots">Where the runtimes keep their records.</param>
/// <param name="mounts">The hierarchies to look for their cgroups in, in this order.</param>
public sealed class Containers(ContainerRoots roots, IReadOnlyList<CgroupMount> mounts)
{
    private const int MinPrefix = 6;

    private readonly ContainerRecords _records = new(roots);

    /// <summary>The containers of this machine.</summary>
    public Containers()
        : this(new ContainerRoots(), CgroupMounts.Find())
    {
    }

    /// <summary>Finds a running container's cgroup. An id comes before a name, and a name before the beginning of an id, as in Docker.</summary>
    /// <param name="nameOrId">A name, an id, or at least 6 characters that one id begins with.</param>
    /// <exception cref="TargetException">No running container is meant, or several are.</exception>
    public Cgroup Resolve(string nameOrId) => Cgroup.Resolve(Find(nameOrId), mounts);

    /// <summary>
    /// The container that a cgroup belongs to: the outermost one when they are nested, since what runs in a container
    /// may name the cgroups below as it likes. Null when it is not a container's. Reads files: keep the answer.
    /// </summary>
    /// <param name="cgroupPath">The path below the hierarchy, as <see cref="CgroupNames.Find"/> gives it.</param>
    public Container? Describe(string cgroupPath)
    {
        string[] names = cgroupPath.Split('/', StringSplitOptions.RemoveEmptyEntries);
        // Ids that people chose tell nothing by their form: /NAMESPACE/ID is a container when containerd has it.
        if (names.Length >= 2 && _records.FindInContainerd(names[0], names[1]) is { } chosen)
            return new Container(chosen.Runtime, chosen.Id, chosen.Names.Count > 0 ? chosen.Names[0] : chosen.Id);
        for (int i = 0; i < names.Length; i++)
        {
            if (ContainerPath.Parse(names[i]) is not { } found)
                continue;
            ContainerRecord? record = _records.Find(found.Id);
            string? runtime = found.Runtime ?? record?.Runtime ?? (i > 0 ? ContainerPath.RuntimeOfParent(names[i - 1]) : null);
            return new Container(runtime ?? "container", found.Id, record is { Names.Count: > 0 } ? record.Names[0] : null);
        }
        // One that containerd has forgotten: its namespaces of everyday use hold nothing else.
        if (names is ["k8s.io" or "default", _, ..])
            return new Container("containerd", names[1], names[1]);
        return null;
    }

    /// <summary>The directory of a running container's cgroup.</summary>
    internal string Find(string nameOrId)
    {
        Cgroup.RequireHierarchy(mounts);
        if (nameOrId.Length == 0)
            throw new TargetException("the container's name is empty", "give its name, its id or how its id begins");
        Dictionary<string, List<string>> running = FindRunning();
        IReadOnlyList<ContainerRecord> records = _records.All();
        foreach (ContainerRecord record in records)
        {
            if (!running.ContainsKey(record.Id) && FindConfigured(record) is { } path)
                running[record.Id] = [path];
        }
        List<string> meant = Match(nameOrId, records, [.. running.Keys.Concat(records.Select(record => record.Id)).Distinct()]);
        List<string> live = [.. meant.Where(running.ContainsKey).Order(StringComparer.Ordinal)];
        if (live.Count == 0)
            throw meant.Count == 0 ? NotFound(nameOrId) : NotRunning(nameOrId, meant);
        if (live.Count > 1)
            throw new TargetException($"'{nameOrId}' is {live.Count} containers: {TargetException.List(live)}", "give one of these ids");
        List<string> directories = running[live[0]];
        return directories.Count == 1
            ? directories[0]
            : throw new TargetException($"container {live[0]} has {directories.Count} cgroups: {TargetException.List(directories)}", "give one of them: -G PATH");
    }

    private static List<string> Match(string nameOrId, IReadOnlyList<ContainerRecord> records, IReadOnlyList<string> ids)
    {
        if (ids.Contains(nameOrId))
            return [nameOrId];
        List<string> named = [.. records.Where(record => record.Names.Contains(nameOrId)).Select(record => record.Id)];
        if (named.Count > 0 || nameOrId.Length < MinPrefix)
            return named;
        return [.. ids.Where(id => id.StartsWith(nameOrId, StringComparison.Ordinal))];
    }

    /// <summary>The cgroups that are containers' by their names, by id: the shallowest in the first hierarchy that has any.</summary>
    private Dictionary<string, List<string>> FindRunning()
    {
        var running = new Dictionary<string, List<string>>();
        foreach (CgroupMount mount in mounts)
        {
            foreach (IReadOnlyList<string> level in CgroupWalk.Levels(mount.Path))
            {
                foreach (IGrouping<string?, string> same in level.GroupBy(directory => IdOf(directory, mount.Path)))
                {
                    if (same.Key is not null)
                        running.TryAdd(same.Key, [.. same]);
                }
            }
        }
        return running;
    }

    private static string? IdOf(string directory, string mount)
    {
        string name = Path.GetFileName(directory);
        if (ContainerPath.Parse(name) is { } found)
            return found.Id;
        // An id that a person chose, such as ctr's: /default/web.
        string parent = Path.GetDirectoryName(directory) ?? "";
        return Path.GetDirectoryName(parent) == mount && ContainerPath.RuntimeOfParent(Path.GetFileName(parent)) is not null ? name : null;
    }

    private string? FindConfigured(ContainerRecord record)
    {
        if (record.CgroupsPath is null || ContainerPath.Below(record.CgroupsPath) is not { Length: > 0 } below)
            return null;
        return mounts.Select(mount => $"{mount.Path}/{below}").FirstOrDefault(Directory.Exists);
    }

    private TargetException NotFound(string nameOrId) => new(
        nameOrId.Length < MinPrefix
            ? $"no container is named '{nameOrId}'"
            : $"no container is named '{nameOrId}', and no container's id begins so",
        $"searched: the cgroups of {Cgroup.Places(mounts)}; the records in {roots}. Give at least {MinPrefix} characters of an id, "
        + "and the id of a rootless container");

    private static TargetException NotRunning(string nameOrId, List<string> ids) => new(
        ids is [{ } id] && id == nameOrId
            ? $"container '{nameOrId}' has no cgroup"
            : $"container '{nameOrId}' has no cgroup: {TargetException.List(ids)}",
        "a container has one while it runs: start it first");
}
