using System.Runtime.InteropServices;
using Scry.Wire;

namespace Scry.Views.Slow;

/// <summary>What a call waited for, and how long.</summary>
/// <param name="Cause">In a word or two.</param>
/// <param name="Nanoseconds">All together.</param>
/// <param name="Waits">How many waits.</param>
/// <param name="Functions">Of the longest wait at one place: the functions of the kernel, the innermost first, without the scheduler's; empty for waits too short to be looked at.</param>
public sealed record WaitPart(string Cause, ulong Nanoseconds, ulong Waits, IReadOnlyList<string> Functions);

/// <summary>Where a call's time went, by name. Its parts add up to the call's duration.</summary>
public sealed class SplitParts
{
    // What stands between user space and a call's own function, the outermost first.
    private static readonly string[] s_entries =
    [
        "entry_", "asm_", "do_syscall_64", "x64_sys_call", "ia32_sys_call", "do_int80_", "do_fast_syscall_32", "__do_fast_syscall_32",
        "do_SYSENTER_32", "ret_from_fork", "__x64_sys_", "__ia32_sys_", "__ia32_compat_sys_", "__se_sys_", "__do_sys_",
        "el0t_", "el0_", "do_el0_svc", "invoke_syscall", "__arm64_sys_", "__arm64_compat_sys_",
    ];

    private readonly CallSplit _split;

    private SplitParts(in CallSplit split, ulong duration, IReadOnlyList<WaitPart> waits)
    {
        _split = split;
        Waits = waits;
        ulong off = split.Queued + split.Preempted + split.Blocked;
        Cpu = duration > off ? duration - off : 0;
    }

    /// <summary>As the kernel side summed it up.</summary>
    public ref readonly CallSplit Sums => ref _split;

    /// <summary>Nanoseconds on a CPU.</summary>
    public ulong Cpu { get; }

    /// <summary>What it waited for, the longest first; together <see cref="CallSplit.Blocked"/>.</summary>
    public IReadOnlyList<WaitPart> Waits { get; }

    /// <summary>The parts of a call; null when they were not asked for.</summary>
    public static SplitParts? Of(in CallRecord call, IStackNames names)
    {
        if (!call.TrySplit(out CallSplit split))
            return null;
        var waits = new List<WaitPart>();
        ulong known = 0, knownIo = 0, knownStopped = 0, knownUninterruptible = 0, count = 0;
        if (call.TryWaits(out CallWaits details))
        {
            foreach (ref readonly WaitSite site in (ReadOnlySpan<WaitSite>)details.Sites)
            {
                if (site.Hash == 0 || site.Total == 0)
                    continue;
                List<KernelFunction> functions = Functions(site.Frames, names);
                waits.Add(new WaitPart(WaitCause.Of(functions, site.State), site.Total, site.Waits, Shown(functions)));
                known += site.Total;
                count += site.Waits;
                string state = WaitCause.OfState(site.State);
                knownIo += state == WaitCause.Disk ? site.Total : 0;
                knownStopped += state == WaitCause.Stopped ? site.Total : 0;
                knownUninterruptible += state == WaitCause.Kernel ? site.Total : 0;
            }
        }
        ulong rest = Left(split.Blocked, known), others = Left(split.Waits, count);
        // The one that goes on at the end of a run was looked at a little earlier than it was summed up.
        if (others == 0 && rest > 0 && waits.Count > 0)
        {
            WaitPart longest = waits.MaxBy(wait => wait.Nanoseconds)!;
            waits[waits.IndexOf(longest)] = longest with { Nanoseconds = longest.Nanoseconds + rest };
            rest = 0;
        }
        Rest(waits, WaitCause.Disk, Left(split.Io, knownIo), ref rest, ref others);
        Rest(waits, WaitCause.Stopped, Left(split.Stopped, knownStopped), ref rest, ref others);
        Rest(waits, WaitCause.Kernel, Left(split.Uninterruptible, knownUninterruptible), ref rest, ref others);
        Rest(waits, "other waits", rest, ref rest, ref others);
        return new SplitParts(in split, call.Fixed.Duration, Merged(waits));
    }

    // Waits that were too short to be looked at are known by the thread's state alone.
    private static void Rest(List<WaitPart> waits, string cause, ulong part, ref ulong rest, ref ulong others)
    {
        part = Math.Min(part, rest);
        if (part == 0)
            return;
        waits.Add(new WaitPart(cause, part, others, []));
        rest -= part;
        others = 0;
    }

    private static List<WaitPart> Merged(List<WaitPart> waits) =>
    [
        .. waits.GroupBy(wait => wait.Cause, (cause, all) =>
        {
            WaitPart[] parts = [.. all.OrderByDescending(part => part.Nanoseconds)];
            return new WaitPart(cause, parts.Aggregate(0UL, (sum, part) => sum + part.Nanoseconds), parts.Aggregate(0UL, (sum, part) => sum + part.Waits), parts[0].Functions);
        }).OrderByDescending(wait => wait.Nanoseconds),
    ];

    private static ulong Left(ulong whole, ulong part) => whole > part ? whole - part : 0;

    /// <summary>The functions of a stack in the kernel, the innermost first.</summary>
    public static List<KernelFunction> Functions(ReadOnlySpan<ulong> frames, IStackNames names)
    {
        var functions = new List<KernelFunction>();
        foreach (ulong frame in frames)
        {
            if (frame == 0)
                break;
            functions.Add(names.Kernel(frame));
        }
        return functions;
    }

    /// <summary>The functions of a waker's stack, the innermost first: without those that wake, and Scry's own program in them.</summary>
    public static List<KernelFunction> WakerFunctions(in CallWaits waits, IStackNames names)
    {
        List<KernelFunction> functions = Functions(waits.Waker, names);
        return functions[(functions.FindIndex(function => function.Name == "try_to_wake_up") + 1)..];
    }

    /// <summary>Those that tell something: without the scheduler's own at the inner end, and what every call has at the outer.</summary>
    public static IReadOnlyList<string> Shown(List<KernelFunction> functions)
    {
        int start = functions.FindIndex(function => !function.IsScheduler), end = functions.Count;
        if (start < 0)
            return [];
        while (end > start + 1 && s_entries.Any(entry => functions[end - 1].Name.StartsWith(entry, StringComparison.Ordinal)))
            end--;
        return [.. functions[start..end].Select(function => function.Name)];
    }
}
