namespace Scry.Cli.Bench;

/// <summary>All workloads, by name.</summary>
internal static class WorkloadList
{
    private static readonly (string Name, Func<Workload> Make)[] s_all =
    [
        ("getppid", () => new CallWorkload("getppid", "getppid in a loop")),
        ("openat", () => new CallWorkload("openat", "openat of a missing file in a loop")),
        ("dd", () => new DdWorkload()),
        ("neighbour", () => new NeighbourWorkload()),
        ("fileio-sync", () => new FileioWorkload("sync")),
        ("fileio-async", () => new FileioWorkload("async")),
        ("redis", () => new RedisWorkload()),
        ("pgbench", () => new PgbenchWorkload()),
        ("nginx", () => new NginxWorkload()),
        ("untar", () => new UntarWorkload()),
        ("build", () => new BuildWorkload()),
    ];

    /// <summary>Those that run when none is named: they need nothing that is not always there.</summary>
    public static IReadOnlyList<string> Default { get; } = ["getppid", "openat", "dd", "neighbour"];

    /// <summary>The workloads of a list of names, in order; <c>all</c> is every one, <c>fileio</c> both of its modes.</summary>
    /// <exception cref="ToolException">There is no such workload.</exception>
    public static IReadOnlyList<Workload> Parse(IEnumerable<string> names)
    {
        var asked = new HashSet<string>(names);
        if (asked.Remove("fileio"))
            asked.UnionWith(["fileio-sync", "fileio-async"]);
        if (asked.Remove("all"))
            asked.UnionWith(s_all.Select(entry => entry.Name));
        foreach (string name in asked)
        {
            if (s_all.All(entry => entry.Name != name))
                throw new ToolException($"--workload: there is no workload '{Printable.Escape(name)}'", $"there are {string.Join(", ", s_all.Select(entry => entry.Name))}, fileio, all", ExitCode.Usage);
        }
        return [.. s_all.Where(entry => asked.Contains(entry.Name)).Select(entry => entry.Make())];
    }
}
