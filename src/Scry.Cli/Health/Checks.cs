using System.Globalization;
using System.Runtime.InteropServices;
using Scry.Capture;
using Scry.Cli.Loops;
using Scry.Targets;
using Scry.Wire;

namespace Scry.Cli.Health;

/// <summary>What Scry needs of a machine, checked one by one.</summary>
internal static class Checks
{
    private const string Btf = "/sys/kernel/btf/vmlinux";
    private const string Jit = "/proc/sys/net/core/bpf_jit_enable";
    private const string Lockdown = "/sys/kernel/security/lockdown";
    private const string UnprivilegedBpf = "/proc/sys/kernel/unprivileged_bpf_disabled";
    private const string PerfParanoid = "/proc/sys/kernel/perf_event_paranoid";

    /// <summary>All findings, in the order in which they matter.</summary>
    public static IEnumerable<Finding> All()
    {
        Finding files = Files();
        yield return files;
        if (files.State == FindingState.Missing)
            yield break;
        string[] mounts = Lines("/proc/self/mounts");
        IReadOnlyList<CgroupMount> cgroups = CgroupMounts.Find();
        ulong capabilities = Privileges.Effective();
        Finding rights = Rights(capabilities, Privileges.InOtherUserNamespace);
        yield return rights;
        foreach (Right right in Privileges.All)
            yield return OneRight(right, capabilities);
        yield return Unprivileged(FirstLine(UnprivilegedBpf));
        yield return Paranoid(FirstLine(PerfParanoid));
        yield return Kernel(KernelSupport.Running, FirstLine("/proc/sys/kernel/osrelease"));
        yield return TypeInformation(File.Exists(Btf));
        yield return LockedDown(FirstLine(Lockdown));
        yield return Namespace(PidNamespace.IsInitial, PidNamespace.HasForeignProc);
        yield return rights.State == FindingState.Ok ? Programs()
            : new Finding("programs", FindingState.Missing, "not tried without these rights", rights.Mend);
        if (rights.State == FindingState.Ok)
            yield return Attachment(KernelSupport.WhyNoFunctions());
        yield return JustInTime(FirstLine(Jit));
        yield return Cgroup(cgroups, CgroupVersion.V2);
        yield return Cgroup(cgroups, CgroupVersion.V1PerfEvent);
        yield return Mount(mounts, "tracefs", "tracefs", "not needed to trace", "mount -t tracefs none /sys/kernel/tracing");
        yield return Mount(mounts, "bpffs", "bpf", "not needed to trace", "mount -t bpf none /sys/fs/bpf");
        yield return Recorders();
        yield return LockedMemory(Lines("/proc/self/limits"));
        yield return Calls32(HasCalls32(), FirstLine("/proc/cmdline"));
    }

    /// <summary>What all other checks read.</summary>
    private static Finding Files()
    {
        try
        {
            IReadOnlyList<string> own = KernelFiles.Require();
            return new Finding("kernel's files", FindingState.Ok, own.Count == 0 ? "/proc and /sys"
                : $"{string.Join(" and ", own)}: not mounted, instances of Scry's own serve");
        }
        catch (ToolException error)
        {
            return new Finding("kernel's files", FindingState.Missing, error.Message, error.Hint);
        }
    }

    internal static Finding Rights(ulong capabilities, bool otherUsers)
    {
        if (otherUsers)
            return new Finding("rights", FindingState.Missing, "those of a user namespace of its own: none over the kernel", "run it outside of that");
        return Privileges.Missing(capabilities) is { } missing
            ? new Finding("rights", FindingState.Missing, $"without {missing}", Privileges.Mend)
            : new Finding("rights", FindingState.Ok, Users.Own == 0 ? "root" : "enough, without being root");
    }

    internal static Finding OneRight(Right right, ulong capabilities)
    {
        if (right.IsIn(capabilities))
            return new Finding(right.Name, FindingState.Ok, right.Allows);
        string add = $"sudo, or setcap cap_bpf,cap_perfmon{(right.Needed ? "" : "," + right.Name.ToLowerInvariant())}+ep /PATH/TO/scry";
        return new Finding(right.Name, right.Needed ? FindingState.Missing : FindingState.Optional, $"not here: with it {right.Allows}", add);
    }

    internal static Finding Unprivileged(string? value) => new("BPF for others", FindingState.Ok, value switch
    {
        "0" => "kernel.unprivileged_bpf_disabled=0: others may load programs too, but none that trace",
        "1" or "2" => $"kernel.unprivileged_bpf_disabled={value}: only with CAP_BPF",
        _ => "not told",
    });

    internal static Finding Paranoid(string? value) =>
        new("perf events", FindingState.Ok, $"kernel.perf_event_paranoid={value ?? "not told"}; does not matter: Scry opens none, but in 'scry bench'");

    internal static Finding Kernel(Version version, string? release) => KernelSupport.Suffices(version)
        ? new Finding("kernel", FindingState.Ok, release ?? version.ToString())
        : new Finding("kernel", FindingState.Missing, version.ToString(), $"Linux {KernelSupport.Oldest} or later is needed");

    internal static Finding TypeInformation(bool there) => there
        ? new Finding("BTF", FindingState.Ok, Btf)
        : new Finding("BTF", FindingState.Missing, $"no {Btf}", "a kernel built with CONFIG_DEBUG_INFO_BTF=y is needed (Debian's, Ubuntu's, Fedora's are)");

    internal static Finding Attachment(string? whyNoFunctions) => new("attachment", FindingState.Ok, whyNoFunctions is null
        ? $"the tracepoints of all calls, and the functions of chosen calls: by themselves of up to {KernelSupport.FunctionsMost}, with --attach function"
        : $"the tracepoints of all calls, not the functions of chosen calls: {whyNoFunctions}");

    /// <summary>Reads for example <c>none [integrity] confidentiality</c>; kernel_lockdown(7).</summary>
    internal static Finding LockedDown(string? modes) => modes?.Contains("[confidentiality]", StringComparison.Ordinal) == true
        ? new Finding("lockdown", FindingState.Missing, "confidentiality: programs may not read the kernel's memory",
            "boot with lockdown=integrity or none")
        : new Finding("lockdown", FindingState.Ok, modes ?? "none");

    internal static Finding Namespace(bool initial, bool foreignProc) => foreignProc
        ? new Finding("pid namespace", FindingState.Missing, "/proc shows another one than the one that Scry runs in", "mount -t proc proc /proc")
        : new Finding("pid namespace", FindingState.Ok, initial ? "the initial one"
            : "one of its own: its processes are traced, by its ids; others need the host's (--pid=host)");

    internal static Finding JustInTime(string? value) => value switch
    {
        "0" => new Finding("BPF JIT", FindingState.Optional, "off: tracing costs several times more", "sysctl -w net.core.bpf_jit_enable=1"),
        null => new Finding("BPF JIT", FindingState.Ok, "not told"),
        _ => new Finding("BPF JIT", FindingState.Ok, "on"),
    };

    internal static Finding LockedMemory(string[] limits)
    {
        string? line = limits.FirstOrDefault(limit => limit.StartsWith("Max locked memory", StringComparison.Ordinal));
        string? soft = line?["Max locked memory".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();
        string text = soft == "unlimited" ? soft : $"{soft ?? "unknown"} bytes";
        return new Finding("locked memory", FindingState.Ok, $"limit {text}; does not matter since Linux 5.11");
    }

    // On x86 a kernel with 32-bit calls has a sysctl, on arm64 nothing but the function that they come to.
    private static bool HasCalls32() => RuntimeInformation.ProcessArchitecture == Architecture.Arm64
        ? Lines("/proc/kallsyms").Any(line => line.EndsWith(" do_el0_svc_compat", StringComparison.Ordinal))
        : File.Exists("/proc/sys/abi/vsyscall32");

    /// <summary>Since Linux 6.7 those of x86 can be switched off at boot.</summary>
    internal static Finding Calls32(bool built, string? commandLine)
    {
        bool off = commandLine?.Split(' ').Any(word => word is "ia32_emulation=0" or "ia32_emulation=off" or "ia32_emulation=false") == true;
        return built && !off
            ? new Finding("32-bit calls", FindingState.Ok, "the kernel has them, and they are traced")
            : new Finding("32-bit calls", FindingState.Ok, "the kernel has none");
    }

    private static Finding Cgroup(IReadOnlyList<CgroupMount> mounts, CgroupVersion version)
    {
        bool v2 = version == CgroupVersion.V2;
        string name = v2 ? "cgroup v2" : "cgroup v1";
        string controller = v2 ? "" : " (perf_event)";
        CgroupMount mount = mounts.FirstOrDefault(known => known.Version == version);
        if (mount.Path is { } path)
            return new Finding(name, FindingState.Ok, path + controller);
        // A machine with one hierarchy needs no other.
        bool other = mounts.Count > 0;
        return new Finding(name, other ? FindingState.Ok : FindingState.Optional,
            other ? $"not mounted{controller}" : $"not mounted{controller}: -G cannot be used",
            other ? null : v2 ? "mount -t cgroup2 none /sys/fs/cgroup" : "only where v2 is not used: mount -t cgroup -o perf_event none DIRECTORY");
    }

    private static Finding Mount(string[] mounts, string name, string type, string without, string mend)
    {
        string[]? mount = mounts.Select(line => line.Split(' ')).FirstOrDefault(words => words.Length > 2 && words[2] == type);
        return mount is not null
            ? new Finding(name, FindingState.Ok, mount[1])
            : new Finding(name, FindingState.Optional, $"not mounted: {without}", mend);
    }

    private static Finding Recorders()
    {
        try
        {
            IReadOnlyList<string> removed = LoopStore.RemoveLeftOvers(), names = LoopStore.Names();
            IReadOnlyDictionary<string, double> costs = LoopCost.Of(names);
            return new Finding("recorders", FindingState.Ok, (names.Count == 0 ? "none" : string.Join(", ", names.Select(name => Recorder(name, costs))))
                + (removed.Count == 0 ? "" : $"; removed what was left of {string.Join(", ", removed)}, whose start or stop was cut short"));
        }
        catch (Exception error) when (error is ToolException or IOException or UnauthorizedAccessException)
        {
            (string message, string? hint, _) = CommandLine.Runner.Describe(error);
            return new Finding("recorders", FindingState.Optional, message, hint);
        }
    }

    private static string Recorder(string name, IReadOnlyDictionary<string, double> costs) =>
        costs.TryGetValue(name, out double share) ? string.Create(CultureInfo.InvariantCulture, $"{name} takes {100 * share:F2} % of the machine's CPU time") : name;

    private static Finding Programs()
    {
        try
        {
            using Session session = Session.Open(new SessionOptions
            {
                Target = TargetKind.Tasks,
                Plans = new CapturePlan[Layout.AbiCount * Layout.MaxNr],
            });
            session.Attach();
            return new Finding("programs", FindingState.Ok, "load and attach");
        }
        catch (Exception error)
        {
            (string message, string? hint, _) = CommandLine.Runner.Describe(error);
            return new Finding("programs", FindingState.Missing, message, hint);
        }
    }

    private static string? FirstLine(string path) => Lines(path).FirstOrDefault();

    private static string[] Lines(string path)
    {
        try
        {
            return File.ReadAllLines(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
