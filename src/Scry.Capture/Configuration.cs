using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Bpf;
using Scry.Targets;
using Scry.Wire;

namespace Scry.Capture;

/// <summary>The programs' read-only configuration, as options ask for it.</summary>
internal static class Configuration
{
    private const int PathMax = 4096; // <linux/limits.h>

    /// <summary>Slots for four times the threads that there are, since colliding ids are rare then; at most so many.</summary>
    /// <returns>A power of two, and whether there are fewer slots than thread ids.</returns>
    public static (int Slots, bool Probes) Threads(int most)
    {
        int slots = Math.Min(most, (int)BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(4 * ThreadsNow(), 8192, 131072)));
        return (slots, slots < PidMax());
    }

    // proc_loadavg(5): the fourth field is runnable/existing scheduling entities.
    private static int ThreadsNow() =>
        int.TryParse(Text("/proc/loadavg").Split(' ', '/').ElementAtOrDefault(4), out int threads) ? threads : 8192;

    private static int PidMax() =>
        int.TryParse(Text("/proc/sys/kernel/pid_max"), out int most) ? most : int.MaxValue;

    // A /proc that shows processes alone (subset=pid) has neither file.
    private static string Text(string file) => File.Exists(file) ? File.ReadAllText(file) : "";

    /// <summary>What a session and a flight recorder have in common.</summary>
    public static TraceConfig Of(SessionOptions options, int threads, bool probes)
    {
        PidNamespaceFound ids = OwnNamespaces.PidNamespace();
        var config = new TraceConfig
        {
            CgroupId = options.CgroupId,
            MinDuration = options.MinDurationNs,
            Target = options.Target,
            SelfTgid = (uint)Environment.ProcessId,
            Uid = options.Uid,
            CgroupLevel = (uint)(options.CgroupLevel + OwnNamespaces.LevelOf(options.CgroupTop)),
            DataMax = (uint)Math.Clamp(options.DataMax, 0, 65536),
            StringMax = (ushort)Math.Clamp(options.StringMax, 0, ushort.MaxValue),
            PathMax = PathMax,
            PidNamespace = ids.Address,
            PidLevel = ids.Level,
            CanCast = KernelSupport.CanCast ? (byte)1 : (byte)0,
            ThreadMask = (uint)threads - 1,
            ThreadProbes = probes ? (byte)1 : (byte)0,
            FailedOnly = options.FailedOnly ? (byte)1 : (byte)0,
            ErrnoFilter = options.Errnos.Count > 0 ? (byte)1 : (byte)0,
            Follow = options.Follow ? (byte)1 : (byte)0,
            Durations = options.Durations || options.MinDurationNs > 0 || options.Overs is not null || options.Split ? (byte)1 : (byte)0,
            AtExit = ExitCapture.Of(options) ? (byte)1 : (byte)0,
            Files = options.Descriptors is not null ? (byte)1 : (byte)0,
            Pids = options.Pids ? (byte)1 : (byte)0,
            Ip = options.InstructionPointer ? (byte)1 : (byte)0,
        };
        SplitCapture.Configure(ref config, options);
        // The whole field: 16 bytes with their NULs, of which a name has at most 15.
        Span<byte> comm = stackalloc byte[16], mask = stackalloc byte[16];
        comm.Clear();
        options.Comm.AsSpan(0, Math.Min(15, options.Comm.Length)).CopyTo(comm);
        mask.Clear();
        mask[..(Math.Min(15, options.Comm.Length) + 1)].Fill(0xff);
        MemoryMarshal.Cast<byte, ulong>(comm).CopyTo(config.Comm);
        MemoryMarshal.Cast<byte, ulong>(mask).CopyTo(config.CommMask);
        foreach (int errno in options.Errnos)
            config.Errnos[errno / 64] |= 1UL << (errno % 64);
        return config;
    }

    /// <summary>What programs.bpf.h has of maps and programs, before it is loaded: a slot for each thread, a place for each CPU.</summary>
    public static void Prepare(BpfObject programs, SessionOptions options, int cpus, int threads)
    {
        foreach ((string name, int entries) in (ReadOnlySpan<(string, int)>)
            [
                ("rings", cpus), ("cells", cpus), ("threads", threads), ("stages", threads), ("homes", threads),
                ("variants", Math.Max(1, options.Variants.Count)),
            ])
        {
            programs.FindMap(name).MaxEntries = (uint)entries;
        }
        ExitCapture.Prepare(programs, options);
        programs.FindProgram("trace_signal").AutoLoad = options.Signals;
        programs.FindProgram("trace_signal_sent").AutoLoad = options.Signals;
    }

    /// <summary>Loads what <see cref="Prepare"/> prepared, configured.</summary>
    /// <exception cref="NativeException">The kernel refused.</exception>
    /// <exception cref="TargetException">There is not enough memory.</exception>
    public static void Load(BpfObject programs, in TraceConfig config, SessionOptions options, long loading)
    {
        Write(programs.FindMap(".rodata").InitialValue, in config, options.Plans);
        MapMemory.Require(programs, loading);
        programs.Load();
        BpfMap variants = programs.FindMap("variants");
        foreach ((VariantKey key, CapturePlan plan) in options.Variants)
            variants.Update(MemoryMarshal.AsBytes(new ReadOnlySpan<VariantKey>(in key)), MemoryMarshal.AsBytes(new ReadOnlySpan<CapturePlan>(in plan)));
    }

    /// <summary>Writes it where the programs will read it, the plans behind it.</summary>
    public static void Write(Span<byte> rodata, in TraceConfig config, CapturePlan[] plans)
    {
        int count = Layout.AbiCount * Layout.MaxNr;
        if (plans.Length != count || rodata.Length != Unsafe.SizeOf<TraceConfig>() + count * Unsafe.SizeOf<CapturePlan>())
            throw new InvalidOperationException("the programs' configuration has another size than this binary's");
        MemoryMarshal.Write(rodata, in config);
        MemoryMarshal.AsBytes(plans.AsSpan()).CopyTo(rodata[Unsafe.SizeOf<TraceConfig>()..]);
    }
}
