namespace Scry.Targets;

/// <summary>Units of systemd by cgroup.</summary>
public static class UnitNames
{
    private static readonly string[] s_suffixes = [".service", ".scope", ".socket", ".mount", ".swap"];

    /// <summary>
    /// The unit that a cgroup belongs to: the outermost one that is no slice, since what runs in it may name the cgroups below as it
    /// likes; else the innermost slice. Null when it is in none.
    /// </summary>
    /// <param name="cgroupPath">The path below the hierarchy, as <see cref="CgroupNames.Find"/> gives it.</param>
    public static string? Of(string cgroupPath)
    {
        string? slice = null;
        foreach (string name in cgroupPath.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            // systemd puts _ before a name that would clash with the kernel's files.
            if (s_suffixes.Any(suffix => name.EndsWith(suffix, StringComparison.Ordinal)))
                return name.TrimStart('_');
            if (!name.EndsWith(".slice", StringComparison.Ordinal))
                break;
            slice = name;
        }
        return slice;
    }
}
