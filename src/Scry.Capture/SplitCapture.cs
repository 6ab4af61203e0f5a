using System.Runtime.InteropServices;
using Scry.Bpf;
using Scry.Targets;
using Scry.Wire;

namespace Scry.Capture;

/// <summary>What of a run follows the scheduler: where calls' time goes, spans without a CPU, sums; and where calls come from.</summary>
internal static class SplitCapture
{
    // Threads with a long wait that is remembered: 2.3 KB each. One is needed from the wait's end to the call's.
    private const uint MostWaits = 4096;
    // Sleepers of all the machine.
    private const uint MostAsleep = 16384;

    // Two of the longest ticks.
    private const ulong TicksTell = 2 * CallRecord.LongestTick;

    // Where threads have a CPU for themselves, it may not tick (nohz_full).
    private static bool EveryCpuTicks()
    {
        try
        {
            return File.ReadAllText("/sys/devices/system/cpu/nohz_full").Trim() is "" or "(null)";
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A kernel without it has no such CPUs; where it cannot be read that is not known.
            return error is FileNotFoundException && Directory.Exists("/sys/devices/system/cpu");
        }
    }

    private static bool FollowsScheduler(SessionOptions options) => options.Split || options.Spans || options.Sums;

    /// <summary>Its part of the configuration.</summary>
    public static void Configure(ref TraceConfig config, SessionOptions options)
    {
        config.LongWait = Math.Max(1, options.LongWaitNs);
        config.StackMax = (uint)Math.Clamp(options.StackMax, 0, Layout.StackMax);
        config.Caller = Flag(options.CallerFrames && options.StackMax == 0);
        config.Overs = Flag(options.Overs is not null);
        config.Ticks = Flag((options.Overs?.Min() ?? options.MinDurationNs) >= TicksTell && EveryCpuTicks());
        config.Split = Flag(options.Split);
        config.Spans = Flag(options.Spans);
        config.Sums = Flag(options.Sums);
        if (options.Split || options.Spans)
            SetInterrupts(ref config);
        config.Chain = Flag(options.Split && options.Chain);
    }

    // Where the kernel does not tell its addresses (kernel.kptr_restrict), whoever was interrupted passes for the waker.
    private static void SetInterrupts(ref TraceConfig config)
    {
        IReadOnlyList<CodeRange> ranges = KernelSymbols.Running.Interrupts();
        for (int i = 0; i < Math.Min(ranges.Count, Layout.Interrupts); i++)
            config.Interrupts[i] = ranges[i];
    }

    /// <summary>Chooses the programs and the sizes of maps.</summary>
    public static void Prepare(BpfObject programs, SessionOptions options, int threads)
    {
        bool all = options.Spans || options.Sums;
        programs.FindProgram("trace_switch").AutoLoad = FollowsScheduler(options);
        programs.FindProgram("trace_waking").AutoLoad = FollowsScheduler(options);
        programs.FindProgram("trace_waking_new").AutoLoad = all;
        if (options.Sums)
        {
            programs.FindProgram("trace_enter").AutoLoad = false;
            programs.FindProgram("trace_exit").AutoLoad = false;
        }
        foreach ((string map, bool used, uint entries) in (ReadOnlySpan<(string, bool, uint)>)
            [
                ("splits", FollowsScheduler(options), (uint)threads),
                ("waits", options.Split, MostWaits),
                ("asleep", options.Split && options.Chain, MostAsleep),
                ("overs", options.Overs is not null, Layout.AbiCount * Layout.MaxNr),
            ])
        {
            programs.FindMap(map).MaxEntries = used ? entries : 1;
        }
    }

    /// <summary>Hands over what the programs look up.</summary>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public static void Load(BpfObject programs, SessionOptions options)
    {
        if (options.Overs is not { } overs)
            return;
        BpfMap map = programs.FindMap("overs");
        for (uint place = 0; place < overs.Count; place++)
        {
            ulong over = overs[(int)place];
            map.Update(MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in place)), MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in over)));
        }
    }

    /// <summary>Tells the programs that the run has ended: what they say of threads afterwards is of what was before.</summary>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public static void End(BpfObject programs, SessionOptions options)
    {
        if (!options.Sums)
            return;
        uint key = 0;
        ulong now = KernelClock.Now;
        programs.FindMap(".data.run").Update(MemoryMarshal.AsBytes(new ReadOnlySpan<uint>(in key)), MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in now)));
    }

    private static byte Flag(bool set) => set ? (byte)1 : (byte)0;
}
