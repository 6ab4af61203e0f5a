namespace Scry.Capture;

/// <summary>What the running kernel can do, asked once: which versions are supported, and what programs are specialized by.</summary>
public static class KernelSupport
{
    private static readonly Version s_cast = new(6, 2), s_prepareExec = new(6, 10);

    /// <summary>
    /// The oldest version that is supported, since it is the oldest that the tests boot. What the programs need at least: bpf_loop
    /// (5.17), <c>cgroup.ancestors</c> (6.1).
    /// </summary>
    public static Version Oldest { get; } = new(6, 1);

    /// <summary>The running kernel's version, as uname(2) tells it.</summary>
    public static Version Running { get; } = Environment.OSVersion.Version;

    /// <summary>Why programs cannot be attached to the functions of chosen calls (<see cref="AttachMode.Function"/>): tried.</summary>
    /// <returns>Null: they can.</returns>
    public static string? WhyNoFunctions() => FunctionAttach.WhyNot();

    /// <summary>How many calls may be selected at most where <see cref="AttachMode.Auto"/> is to choose them.</summary>
    public static int FunctionsMost => CallFunctions.Most;

    /// <summary>How it was built, as uname(2) tells it: <c>#1 SMP PREEMPT_DYNAMIC Debian …</c>; empty when nobody tells.</summary>
    internal static string Build => File.Exists(BuildFile) ? File.ReadAllText(BuildFile) : "";

    private const string BuildFile = "/proc/sys/kernel/version";

    /// <summary>Whether the kernel has the kfunc bpf_rdonly_cast (6.2).</summary>
    internal static bool CanCast => Running >= s_cast;

    /// <summary>Whether the kernel has the tracepoint sched_prepare_exec (6.10).</summary>
    internal static bool TellsExecs => Running >= s_prepareExec;

    /// <summary>Whether a kernel of that version is new enough.</summary>
    public static bool Suffices(Version kernel) => kernel >= Oldest;
}
