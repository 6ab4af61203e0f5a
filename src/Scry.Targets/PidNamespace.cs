namespace Scry.Targets;

/// <summary>Which pid namespace Scry runs in: all ids that it takes and shows are those of that one.</summary>
public static class PidNamespace
{
    /// <summary>PROC_PID_INIT_INO of <c>&lt;linux/nsfs.h&gt;</c>: the initial pid namespace, on every kernel since 3.8.</summary>
    private const string Initial = "pid:[4026531836]";

    /// <summary>The namespace as the kernel names it: <c>pid:[4026531836]</c>; null when /proc does not tell.</summary>
    public static string? Name => Native.ReadLink("/proc/self/ns/pid");

    /// <summary>Whether it is known to be the initial one.</summary>
    public static bool IsInitial => Name == Initial;

    /// <summary>Whether /proc has the ids of another namespace, as after <c>unshare --pid</c> alone.</summary>
    public static bool HasForeignProc =>
        Native.ReadLink("/proc/self") is { } self && self != Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>Refuses to go on where a pid would mean one process to /proc and another one to this namespace.</summary>
    /// <exception cref="TargetException">/proc is that of another pid namespace.</exception>
    public static void RequireOwnProc()
    {
        if (HasForeignProc)
            throw new TargetException("/proc shows another pid namespace than the one that Scry runs in", "mount -t proc proc /proc");
    }
}
