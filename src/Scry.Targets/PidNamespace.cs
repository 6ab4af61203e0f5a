namespace Scry.Targets;

/// <summary>Which pid namespace Scry runs in: records carry the ids of the initial one.</summary>
public static class PidNamespace
{
    /// <summary>PROC_PID_INIT_INO of <c>&lt;linux/nsfs.h&gt;</c>: the initial pid namespace, on every kernel since 3.8.</summary>
    private const string Initial = "pid:[4026531836]";

    /// <summary>Whether this process is in the initial pid namespace.</summary>
    public static bool IsInitial =>
        new FileInfo("/proc/self/ns/pid").LinkTarget is not { } target || target == Initial;

    /// <summary>Refuses to go on in another pid namespace.</summary>
    /// <exception cref="TargetException">This process is in a pid namespace of its own.</exception>
    public static void RequireInitial()
    {
        if (!IsInitial)
        {
            throw new TargetException("Scry runs in a pid namespace of its own, where pids are not the kernel's",
                "run it on the host, or in a container that has the host's pid namespace (--pid=host)");
        }
    }
}
