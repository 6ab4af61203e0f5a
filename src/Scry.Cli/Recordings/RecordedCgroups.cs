using Scry.Recording;
using Scry.Targets;

namespace Scry.Cli.Recordings;

/// <summary>The cgroups that a recording names. Its texts are hostile.</summary>
internal sealed class RecordedCgroups
{
    private const string UsualMount = "/sys/fs/cgroup/";
    private const int MinPrefix = 6; // as Scry.Targets has it
    /// <summary>More than a recording of Scry's has: a small file can hold names without end.</summary>
    private const int Capacity = 1 << 20;

    private readonly Dictionary<ulong, CgroupName> _cgroups = [];

    /// <summary>Takes note of a name.</summary>
    public void Add(RecordedName name)
    {
        if (name is CgroupName cgroup && _cgroups.Count < Capacity)
            _cgroups[cgroup.Id] = cgroup;
    }

    /// <summary>A cgroup's path; null when it has no name.</summary>
    public string? Path(ulong id) => _cgroups.GetValueOrDefault(id)?.Path;

    /// <summary>The ids of a cgroup and all below it.</summary>
    /// <param name="path">Below the hierarchy, or a directory of a mount of this machine or of the usual one.</param>
    /// <exception cref="ToolException">There is none.</exception>
    public IReadOnlySet<ulong> Below(string path)
    {
        string below = CgroupMounts.PathBelow(path);
        string wanted = below.StartsWith(UsualMount, StringComparison.Ordinal) ? below[(UsualMount.Length - 1)..] : below;
        string inside = wanted == "/" ? "/" : wanted + "/";
        return Find(cgroup => cgroup.Path == wanted || cgroup.Path.StartsWith(inside, StringComparison.Ordinal), "cgroup", path);
    }

    /// <summary>The ids of a unit's cgroups.</summary>
    /// <exception cref="ToolException">There is none.</exception>
    public IReadOnlySet<ulong> OfUnit(string unit)
    {
        string name = unit.Contains('.', StringComparison.Ordinal) ? unit : unit + ".service";
        return Find(cgroup => cgroup.Path.Split('/').Contains(name), "unit", unit);
    }

    /// <summary>The ids of a container's cgroups: by its id, its name, or how its id begins.</summary>
    /// <exception cref="ToolException">There is none, or there are several.</exception>
    public IReadOnlySet<ulong> OfContainer(string nameOrId)
    {
        string[] ids = [.. _cgroups.Values.Where(cgroup => cgroup.ContainerId is not null).Select(cgroup => cgroup.ContainerId!).Distinct()];
        string[] meant = [.. ids.Where(id => id == nameOrId)];
        if (meant.Length == 0)
            meant = [.. _cgroups.Values.Where(cgroup => cgroup.ContainerName == nameOrId).Select(cgroup => cgroup.ContainerId).OfType<string>().Distinct()];
        if (meant.Length == 0 && nameOrId.Length >= MinPrefix)
            meant = [.. ids.Where(id => id.StartsWith(nameOrId, StringComparison.Ordinal))];
        if (meant.Length > 1)
            throw new ToolException($"'{Printable.Escape(nameOrId)}' is {meant.Length} containers of the recording", $"give more of an id: {Printable.Escape(string.Join(", ", meant))}");
        return Find(cgroup => meant.Length > 0 && cgroup.ContainerId == meant[0], "container", nameOrId);
    }

    private HashSet<ulong> Find(Func<CgroupName, bool> wanted, string what, string name)
    {
        HashSet<ulong> ids = [.. _cgroups.Values.Where(wanted).Select(cgroup => cgroup.Id)];
        return ids.Count > 0
            ? ids
            : throw new ToolException($"the recording has no {what} '{Printable.Escape(name)}'", "--show-cgroup shows those that it has");
    }
}
