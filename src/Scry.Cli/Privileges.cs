using System.Globalization;
using Scry.Capture;

namespace Scry.Cli;

/// <summary>Whether this process may load and attach tracing programs, on a kernel that takes them.</summary>
internal static class Privileges
{
    // Bits of <linux/capability.h>.
    private const int SysPtrace = 19;
    private const int SysAdmin = 21;
    private const int Perfmon = 38;
    private const int Bpf = 39;

    /// <summary>Refuses to go on without the rights, or on a kernel that is too old, before anything is loaded.</summary>
    /// <exception cref="ToolException">They are missing, or it is.</exception>
    public static void Require()
    {
        if (!KernelSupport.Suffices(KernelSupport.Running))
        {
            throw new ToolException($"this kernel is Linux {KernelSupport.Running}, and tracing needs {KernelSupport.Oldest} or later",
                "'scry report' shows recordings here too");
        }
        if (!Suffice(Effective()))
        {
            throw new ToolException("tracing needs root, or the capabilities CAP_BPF and CAP_PERFMON",
                "run it with sudo");
        }
    }

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

    /// <summary>CAP_SYS_ADMIN includes the other two (capabilities(7)).</summary>
    public static bool Suffice(ulong capabilities) =>
        Has(capabilities, SysAdmin) || (Has(capabilities, Bpf) && Has(capabilities, Perfmon));

    /// <summary>Whether the memory and the descriptors of any process can be read.</summary>
    public static bool SeeOtherProcesses(ulong capabilities) => Has(capabilities, SysPtrace);

    private static bool Has(ulong capabilities, int bit) => (capabilities >> bit & 1) != 0;
}
