using Scry.Wire;

namespace Scry.Views.Top;

/// <summary>What the rows of a table are told apart by.</summary>
public enum TopDimension
{
    /// <summary>Name of the thread.</summary>
    Comm,
    /// <summary>Process.</summary>
    Process,
    /// <summary>Thread.</summary>
    Thread,
    /// <summary>The mapped file whose code made the call.</summary>
    Object,
    /// <summary>Syscall.</summary>
    Syscall,
    /// <summary>Cgroup of the v2 hierarchy.</summary>
    Cgroup,
    /// <summary>Container.</summary>
    Container,
    /// <summary>Unit of systemd.</summary>
    Unit,
    /// <summary>Effective user.</summary>
    User,
}

/// <summary>Names of dimensions, and what the kernel has to count for them.</summary>
public static class TopDimensions
{
    private static readonly (TopDimension Dimension, string Name, CountBy By)[] s_all =
    [
        (TopDimension.Comm, "comm", CountBy.Comm),
        (TopDimension.Process, "pid", CountBy.Process),
        (TopDimension.Thread, "tid", CountBy.Thread),
        (TopDimension.Object, "dso", CountBy.Object),
        (TopDimension.Syscall, "syscall", CountBy.None),
        (TopDimension.Cgroup, "cgroup", CountBy.Cgroup),
        (TopDimension.Container, "container", CountBy.Cgroup),
        (TopDimension.Unit, "unit", CountBy.Cgroup),
        (TopDimension.User, "user", CountBy.User),
    ];

    /// <summary>All names, as <c>--sort</c> takes them.</summary>
    public static IEnumerable<string> Names => s_all.Select(one => one.Name);

    /// <summary>How many there are.</summary>
    public static int Count => s_all.Length;

    /// <summary>The name: <c>comm</c>.</summary>
    public static string Name(this TopDimension dimension) => s_all[(int)dimension].Name;

    /// <summary>What the kernel has to count by.</summary>
    public static CountBy By(this TopDimension dimension) => s_all[(int)dimension].By;

    /// <summary>What the kernel has to count by for several.</summary>
    public static CountBy By(IEnumerable<TopDimension> dimensions) =>
        dimensions.Aggregate(CountBy.None, (by, dimension) => by | dimension.By());

    /// <summary>The dimension of a name.</summary>
    public static bool TryParse(string name, out TopDimension dimension)
    {
        int at = Array.FindIndex(s_all, one => one.Name == name);
        if (at < 0)
            at = name switch { "process" => (int)TopDimension.Process, "thread" => (int)TopDimension.Thread, _ => -1 };
        dimension = (TopDimension)Math.Max(at, 0);
        return at >= 0;
    }
}

/// <summary>What the rows of a table are ordered by; all but the name with the largest first.</summary>
public enum TopOrder
{
    /// <summary>Calls.</summary>
    Calls,
    /// <summary>Calls that failed.</summary>
    Errors,
    /// <summary>Time in calls.</summary>
    Time,
    /// <summary>Mean time of a call.</summary>
    Average,
    /// <summary>The first dimension.</summary>
    Name,
}
