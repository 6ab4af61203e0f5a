namespace Scry.Targets;

/// <summary>Units of systemd by name: each that runs has a cgroup of that name.</summary>
public static class Units
{
    private const string Slice = ".slice";

    /// <summary>The kinds of unit that may have a cgroup, systemd.unit(5).</summary>
    private static readonly string[] Suffixes = [".service", ".scope", Slice, ".socket", ".mount", ".swap"];

    /// <summary>Finds a unit's cgroup on this machine: v2 before v1's perf_event.</summary>
    /// <param name="unit"><c>nginx.service</c>, or <c>nginx</c> for the same.</param>
    /// <exception cref="TargetException">No cgroup has that name, or several at the same depth.</exception>
    public static Cgroup Resolve(string unit) => Resolve(unit, CgroupMounts.Find());

    /// <summary>As <see cref="Resolve(string)"/>, among these mounts.</summary>
    /// <exception cref="TargetException">No cgroup has that name, or several at the same depth.</exception>
    public static Cgroup Resolve(string unit, IReadOnlyList<CgroupMount> mounts) => Cgroup.Resolve(Find(unit, mounts), mounts);

    /// <summary>
    /// The unit that a cgroup belongs to: the outermost one that is no slice, else the innermost slice. Null when it is none's.
    /// </summary>
    /// <param name="cgroupPath">The path below the hierarchy, as <see cref="CgroupNames.Find"/> gives it.</param>
    public static string? Of(string cgroupPath)
    {
        string[] names = cgroupPath.Split('/', StringSplitOptions.RemoveEmptyEntries);
        string? unit = names.FirstOrDefault(name => !name.EndsWith(Slice, StringComparison.Ordinal) && IsUnit(name)) ?? names.LastOrDefault(IsUnit);
        return unit is not null && unit.StartsWith('_') ? unit[1..] : unit;
    }

    private static bool IsUnit(string name) => Suffixes.Any(suffix => name.Length > suffix.Length && name.EndsWith(suffix, StringComparison.Ordinal));

    /// <summary>The directory of a unit. The shallowest counts: users and containers run units of the same names deeper down.</summary>
    internal static string Find(string unit, IReadOnlyList<CgroupMount> mounts)
    {
        Cgroup.RequireHierarchy(mounts);
        if (unit.Length == 0 || unit.Contains('/'))
            throw new TargetException($"'{unit}' is not a unit's name", "'systemctl' lists the units; -G takes a cgroup's path");
        string name = Suffixes.Any(suffix => unit.EndsWith(suffix, StringComparison.Ordinal)) ? unit : unit + ".service";
        foreach (CgroupMount mount in mounts)
        {
            foreach (IReadOnlyList<string> level in CgroupWalk.Levels(mount.Path))
            {
                List<string> matches = [.. level.Where(directory => IsNamed(directory, name))];
                if (matches.Count == 1)
                    return matches[0];
                if (matches.Count > 1)
                    throw new TargetException($"{matches.Count} cgroups are named '{name}': {TargetException.List(matches)}", "give one of them: -G PATH");
            }
        }
        throw new TargetException($"no cgroup is named '{name}' below {Cgroup.Places(mounts)}",
            $"a unit has one while it runs: 'systemctl status {name}' tells");
    }

    /// <summary>systemd puts _ before a name that would clash with the kernel's files: _cpu.service.</summary>
    private static bool IsNamed(string directory, string name)
    {
        ReadOnlySpan<char> last = Path.GetFileName(directory.AsSpan());
        return last.SequenceEqual(name) || (last.StartsWith('_') && last[1..].SequenceEqual(name));
    }
}
