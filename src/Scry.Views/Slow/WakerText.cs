using System.Globalization;
using Scry.Wire;

namespace Scry.Views.Slow;

/// <summary>Who ended a wait, in words.</summary>
internal static class WakerText
{
    private const string Timer = "a timer", Device = "a disk", Network = "the network", Other = "an interrupt";

    // Functions that an interrupt's own code runs, by how they begin. Names of Linux 6.1 to 6.18.
    private static readonly (string Prefix, string Source)[] s_sources =
    [
        ("hrtimer_", Timer), ("__hrtimer_", Timer), ("run_timer", Timer), ("__run_timer", Timer), ("call_timer", Timer), ("process_timeout", Timer),
        ("blk_", Device), ("bio_", Device), ("nvme_", Device), ("virtblk_", Device), ("scsi_", Device), ("ata_", Device), ("end_bio", Device), ("folio_end", Device),
        ("net_rx", Network), ("napi_", Network), ("__napi", Network), ("tcp_", Network), ("udp_", Network), ("ip_rcv", Network), ("process_backlog", Network),
    ];

    /// <summary>What an interrupt came from.</summary>
    /// <param name="functions">Where in the kernel the wait was ended, the innermost first; empty: not known.</param>
    /// <param name="cause">What the wait was for.</param>
    public static string Source(IEnumerable<KernelFunction> functions, string cause)
    {
        foreach (KernelFunction function in functions)
        {
            foreach ((string prefix, string source) in s_sources)
            {
                if (function.Name.StartsWith(prefix, StringComparison.Ordinal))
                    return source;
            }
        }
        return cause switch
        {
            WaitCause.Timer => Timer,
            WaitCause.Disk => Device,
            WaitCause.Socket => Network,
            _ => Other,
        };
    }

    /// <summary>What the wait was for that the waker of such a place in the chain ended.</summary>
    public static string CauseOf(in CallWaits waits, int link, IStackNames names)
    {
        if (link > 0)
            return WaitCause.Of(SplitParts.Functions(waits.Chain[link - 1].Frames, names), 0);
        ref readonly WaitSite site = ref waits.Sites[(int)waits.Site];
        return WaitCause.Of(SplitParts.Functions(site.Frames, names), site.State);
    }

    /// <summary>Whether a link names a thread: of an interrupt, it is only the one that was interrupted, or that does its work later.</summary>
    public static bool IsThread(in WakerLink link) => (link.Flags & LinkFlags.Interrupt) == 0
        && ((link.Flags & LinkFlags.Kernel) == 0 || !DoesInterrupts(link.Comm.Text));

    /// <summary>Its ids, as <c>[12]</c> or <c>[12/13]</c>; one of another pid namespace has none here, nor one at its very end.</summary>
    public static string Ids(in WakerLink link) => link.Tid == 0 ? "[?]"
        : link.Tid == link.Tgid ? string.Create(CultureInfo.InvariantCulture, $"[{link.Tgid}]") : string.Create(CultureInfo.InvariantCulture, $"[{link.Tgid}/{link.Tid}]");

    /// <summary>How many links of a chain tell something: behind an interrupt there is nobody.</summary>
    public static int Links(in CallWaits waits)
    {
        int links = (int)Math.Min(waits.Links, Layout.Chain);
        for (int i = 0; i < links; i++)
        {
            if (!IsThread(in waits.Chain[i]))
                return i + 1;
        }
        return links;
    }

    // With PREEMPT_RT most of what interrupts do is done by these; otherwise, what a busy CPU leaves for later.
    private static bool DoesInterrupts(ReadOnlySpan<byte> comm) => comm.StartsWith("ktimers/"u8) || comm.StartsWith("ksoftirqd/"u8) || comm.StartsWith("irq/"u8);
}
