using System.Runtime.InteropServices;

namespace Scry.Bpf;

/// <summary>An event of perf_event_open(2) on one CPU, to attach a program to.</summary>
public sealed unsafe class PerfEvent : SafeHandle
{
    // <asm/unistd.h>: perf_event_open.
    private static readonly nint s_syscallNumber = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 241 : 298;
    private const uint Software = 1; // PERF_TYPE_SOFTWARE
    private const ulong UseFrequency = 1 << 10; // attr.freq
    private const nint CloseOnExec = 8; // PERF_FLAG_FD_CLOEXEC

    private PerfEvent(nint fd)
        : base(-1, ownsHandle: true) => handle = fd;

    /// <inheritdoc/>
    public override bool IsInvalid => handle < 0;

    internal int Fd => (int)handle;

    /// <summary>A software event that fires so many times a second on a CPU.</summary>
    /// <param name="config">Which one: 0 is the CPU's clock (<c>PERF_COUNT_SW_*</c>).</param>
    /// <param name="cpu">The CPU's number; it must be online.</param>
    /// <param name="frequency">Times a second, at most what the sysctl kernel.perf_event_max_sample_rate allows.</param>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public static PerfEvent OpenSoftware(ulong config, int cpu, ulong frequency) => Open(config, cpu, frequency, UseFrequency);

    /// <summary>A software event that fires each time so much was counted on a CPU.</summary>
    /// <param name="config">As for <see cref="OpenSoftware"/>.</param>
    /// <param name="cpu">As for <see cref="OpenSoftware"/>.</param>
    /// <param name="period">How much: nanoseconds for the CPU's clock, occurrences for events that count them.</param>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public static PerfEvent OpenSoftwarePeriod(ulong config, int cpu, ulong period) => Open(config, cpu, period, 0);

    private static PerfEvent Open(ulong config, int cpu, ulong amount, ulong flags)
    {
        var attributes = new Libbpf.perf_event_attr
        {
            type = Software,
            size = (uint)sizeof(Libbpf.perf_event_attr),
            config = config,
            sample_period_or_freq = amount,
            flags = flags,
        };
        // SAFETY: the kernel reads as many bytes of the attributes as their size says.
        nint fd = Libbpf.syscall(s_syscallNumber, &attributes, -1, cpu, -1, CloseOnExec);
        return fd >= 0 ? new PerfEvent(fd) : throw new NativeException("perf_event_open", Marshal.GetLastPInvokeError());
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libbpf.close((int)handle) == 0;
}
