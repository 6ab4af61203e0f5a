using System.Globalization;
using Scry.Capture;
using Scry.Cli.Launch;
using Scry.Targets;

namespace Scry.Cli;

/// <summary>A right that the kernel gives, capabilities(7), and what Scry does with it.</summary>
/// <param name="Bit">Its number in <c>&lt;linux/capability.h&gt;</c>.</param>
/// <param name="Name">As the manual spells it.</param>
/// <param name="Allows">What it is for.</param>
/// <param name="Needed">Whether nothing is traced without it; else only what it is for is left out.</param>
internal sealed record Right(int Bit, string Name, string Allows, bool Needed = false)
{
    /// <summary>Whether these capabilities include it. CAP_SYS_ADMIN includes the two that are needed.</summary>
    public bool IsIn(ulong capabilities) =>
        (capabilities >> Bit & 1) != 0 || (Needed && (capabilities >> Privileges.SysAdmin.Bit & 1) != 0);
}

/// <summary>Whether this process may load and attach tracing programs, on a kernel that takes them; and what else it may. docs/RIGHTS.md has the whole.</summary>
internal static class Privileges
{
    /// <summary>PROC_USER_INIT_INO of <c>&lt;linux/nsfs.h&gt;</c>: rights in another user namespace are none over the kernel.</summary>
    private const string InitialUsers = "user:[4026531837]";

    /// <summary>To load.</summary>
    public static readonly Right Bpf = new(39, "CAP_BPF", "programs and maps are loaded", Needed: true);
    /// <summary>To attach.</summary>
    public static readonly Right Perfmon = new(38, "CAP_PERFMON", "programs read what they trace, and are attached", Needed: true);
    /// <summary>To look at others' memory from outside.</summary>
    public static readonly Right SysPtrace = new(19, "CAP_SYS_PTRACE", "stuck and loop dump read memory and descriptors of other users' processes");
    /// <summary>To see the kernel's symbols.</summary>
    public static readonly Right Syslog = new(34, "CAP_SYSLOG", "stuck names the kernel's functions, trace the calls that are newer than itself");
    /// <summary>To measure and to mount.</summary>
    public static readonly Right SysAdmin = new(21, "CAP_SYS_ADMIN", "loop list, doctor, stat and top measure what programs cost; a missing bpf filesystem is mounted");
    /// <summary>To read what runtimes keep for root.</summary>
    public static readonly Right DacReadSearch = new(2, "CAP_DAC_READ_SEARCH", "containers have their names: runtimes keep them for root alone");

    /// <summary>All, the needed ones first.</summary>
    public static IReadOnlyList<Right> All { get; } = [Bpf, Perfmon, SysPtrace, Syslog, SysAdmin, DacReadSearch];

    // Programs, maps and links; a cgroup's or a recorder's files besides.
    private const int LeastFiles = 64;

    /// <summary>Refuses to go on without the rights, or on a kernel that is too old, before anything is loaded.</summary>
    /// <exception cref="ToolException">They are missing, what tells of them is, or it is too old.</exception>
    public static void Require()
    {
        if (!KernelSupport.Suffices(KernelSupport.Running))
        {
            throw new ToolException($"this kernel is Linux {KernelSupport.Running}, and tracing needs {KernelSupport.Oldest} or later",
                "'scry report' shows recordings here too");
        }
        if (NativeMethods.FileLimit() is var files and < LeastFiles)
            throw new ToolException($"no more than {files} files may be open, and tracing needs {LeastFiles}", $"raise the limit: ulimit -n {LeastFiles}");
        KernelFiles.Require();
        if (InOtherUserNamespace)
        {
            throw new ToolException("Scry runs in a user namespace of its own, whose root has no rights over the kernel",
                "run it outside: of a rootless container, on the host");
        }
        if (Missing(Effective()) is { } missing)
            throw new ToolException($"tracing needs {Bpf.Name} and {Perfmon.Name}, of which this process lacks {missing}", Mend);
    }

    /// <summary>What to do when they are missing.</summary>
    public const string Mend = "run it with sudo, or give them to the binary: setcap cap_bpf,cap_perfmon+ep /PATH/TO/scry";

    /// <summary>The names of the needed rights that are missing; null: none is.</summary>
    public static string? Missing(ulong capabilities)
    {
        string[] names = [.. All.Where(right => right.Needed && !right.IsIn(capabilities)).Select(right => right.Name)];
        return names.Length == 0 ? null : string.Join(" and ", names);
    }

    /// <summary>Whether rights are those of another user namespace than the initial one.</summary>
    public static bool InOtherUserNamespace => Users.Namespace is { } name && name != InitialUsers;

    /// <summary>Whether this process has a right.</summary>
    public static bool Has(Right right) => right.IsIn(Effective());

    /// <summary>The effective capabilities of this process, one bit each.</summary>
    public static ulong Effective()
    {
        foreach (string line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith("CapEff:", StringComparison.Ordinal)
                && ulong.TryParse(line.AsSpan(7).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong bits))
            {
                return bits;
            }
        }
        return 0;
    }
}
