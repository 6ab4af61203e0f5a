using System.Runtime.InteropServices;

namespace Scry.Bpf;

/// <summary>What libbpf knows of this machine.</summary>
public static class BpfSystem
{
    /// <summary>CPUs that there may ever be: per-CPU maps have as many values.</summary>
    /// <exception cref="NativeException">The kernel does not tell.</exception>
    public static int PossibleCpus => NativeException.Check(Libbpf.libbpf_num_possible_cpus(), "libbpf_num_possible_cpus");

    /// <summary>CPUs that run now, whichever of them this process may use.</summary>
    // _SC_NPROCESSORS_ONLN
    public static int OnlineCpus => (int)Math.Max(1, Libbpf.sysconf(84));

    /// <summary>Nanoseconds of a tick of the kernel (a jiffy): the resolution of CLOCK_MONOTONIC_COARSE, clock_getres(2).</summary>
    /// <exception cref="NativeException">The kernel does not tell.</exception>
    public static unsafe ulong TickNs
    {
        get
        {
            const int coarse = 6; // <linux/time.h>
            long* resolution = stackalloc long[2];
            // SAFETY: the callee writes a struct timespec, of two longs.
            if (Libbpf.clock_getres(coarse, resolution) != 0)
                throw new NativeException("clock_getres(CLOCK_MONOTONIC_COARSE)", Marshal.GetLastPInvokeError());
            return (ulong)(resolution[0] * 1_000_000_000 + resolution[1]);
        }
    }

    /// <summary>Nanoseconds to subtract from CLOCK_TAI to have CLOCK_REALTIME: leap seconds, as far as this machine was told of them.</summary>
    /// <exception cref="NativeException">The kernel does not tell.</exception>
    public static long TaiOffset => (long)Math.Round((Read(11) - Read(0)) / 1e9) * 1_000_000_000; // <linux/time.h>

    private static unsafe long Read(int clock)
    {
        long* time = stackalloc long[2];
        // SAFETY: the callee writes a struct timespec, of two longs.
        if (Libbpf.clock_gettime(clock, time) != 0)
            throw new NativeException("clock_gettime", Marshal.GetLastPInvokeError());
        return time[0] * 1_000_000_000 + time[1];
    }

    /// <summary>libbpf's version.</summary>
    public static Version LibraryVersion => new((int)Libbpf.libbpf_major_version(), (int)Libbpf.libbpf_minor_version());

    /// <summary>Has the kernel count the runs of all programs and their time, until the result is disposed.</summary>
    /// <exception cref="NativeException">The kernel refused.</exception>
    // BPF_STATS_RUN_TIME
    public static IDisposable EnableStats() => new StatsHandle(NativeException.Check(Libbpf.bpf_enable_stats(0), "bpf_enable_stats"));

    /// <summary>The ids of all loaded programs.</summary>
    public static unsafe IReadOnlyList<uint> ProgramIds => Ids(&Libbpf.bpf_prog_get_next_id);

    /// <summary>The ids of all maps.</summary>
    public static unsafe IReadOnlyList<uint> MapIds => Ids(&Libbpf.bpf_map_get_next_id);

    /// <summary>The ids of all links.</summary>
    public static unsafe IReadOnlyList<uint> LinkIds => Ids(&Libbpf.bpf_link_get_next_id);

    private static unsafe List<uint> Ids(delegate*<uint, uint*, int> next)
    {
        var ids = new List<uint>();
        // SAFETY: the callee writes one number.
        for (uint id = 0; next(id, &id) == 0;)
            ids.Add(id);
        return ids;
    }

    /// <summary>Mounts a bpf filesystem: what is pinned lives there.</summary>
    /// <param name="path">A directory.</param>
    /// <exception cref="NativeException">The kernel refused: no right, no such directory.</exception>
    public static unsafe void MountFileSystem(string path)
    {
        // SAFETY: the only pointer is null: no options.
        if (Libbpf.mount("bpf", path, "bpf", 0, null) != 0)
            throw new NativeException($"mount(bpf, {path})", Marshal.GetLastPInvokeError());
    }

    private sealed class StatsHandle : SafeHandle
    {
        public StatsHandle(int fd)
            : base(-1, ownsHandle: true) => handle = fd;

        public override bool IsInvalid => handle < 0;

        protected override bool ReleaseHandle() => Libbpf.close((int)handle) == 0;
    }
}
