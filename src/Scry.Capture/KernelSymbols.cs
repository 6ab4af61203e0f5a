using System.Globalization;
using Scry.Wire;

namespace Scry.Capture;

/// <summary>The names of the kernel's functions by address, from /proc/kallsyms; and which of them are the scheduler's own.</summary>
public sealed class KernelSymbols
{
    // A function's name goes no further than this: beyond lies what has no symbol.
    private const ulong LongestFunction = 1 << 20;

    // Between two ways in, where a table of them is laid out.
    private const ulong NearBy = 64;

    private readonly ulong[] _addresses;
    private readonly string[] _names;
    private readonly ulong _schedulerStart, _schedulerEnd;

    private static readonly Lazy<KernelSymbols> s_running = new(() => new KernelSymbols());

    /// <summary>Those of the running kernel, read once.</summary>
    public static KernelSymbols Running => s_running.Value;

    /// <summary>Reads them; takes some tens of milliseconds.</summary>
    public KernelSymbols()
        : this(Lines())
    {
    }

    /// <summary>Reads the lines of /proc/kallsyms.</summary>
    internal KernelSymbols(IEnumerable<string> lines)
    {
        var symbols = new List<(ulong Address, string Name)>();
        foreach (string line in lines)
        {
            // "ffffffff81249030 T x64_sys_call", "ffffffffc0201000 t fuse_init\t[fuse]"
            int space = line.IndexOf(' ');
            if (space <= 0 || space + 3 >= line.Length || line[space + 1] is not ('t' or 'T' or 'w' or 'W')
                || !ulong.TryParse(line.AsSpan(0, space), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong address)
                || address == 0)
            {
                continue;
            }
            int end = line.IndexOf('\t');
            string name = end < 0 ? line[(space + 3)..] : line[(space + 3)..end];
            if (name == "__sched_text_start")
                _schedulerStart = address;
            else if (name == "__sched_text_end")
                _schedulerEnd = address;
            else
                symbols.Add((address, name));
        }
        // Of several names for one place the first counts, as in the kernel's own messages.
        (ulong Address, string Name)[] sorted = [.. symbols.OrderBy(symbol => symbol.Address)];
        _addresses = [.. sorted.Select(symbol => symbol.Address)];
        _names = [.. sorted.Select(symbol => symbol.Name)];
    }

    /// <summary>Whether the kernel tells addresses: kernel.kptr_restrict may forbid it.</summary>
    public bool Known => _addresses.Length > 0;

    /// <summary>The function that a return address lies in; null when it is none's.</summary>
    public string? Find(ulong address)
    {
        // What is called last may return to the next function's first byte.
        int at = Array.BinarySearch(_addresses, address - 1);
        if (at < 0)
            at = ~at - 1;
        while (at > 0 && _addresses[at - 1] == _addresses[at])
            at--;
        return at >= 0 && address - 1 - _addresses[at] < LongestFunction ? _names[at] : null;
    }

    /// <summary>Whether an address lies in the scheduler's functions, which a wait channel leaves out: schedule, mutex_lock and the like.</summary>
    public bool IsScheduler(ulong address) => address >= _schedulerStart && address < _schedulerEnd;

    /// <summary>
    /// The code that interrupts come in by: it lies in the stack of whoever one interrupted. Exceptions that a program's own
    /// code brings about are none.
    /// </summary>
    public IReadOnlyList<CodeRange> Interrupts()
    {
        var ranges = new List<CodeRange>();
        foreach (string prefix in (ReadOnlySpan<string>)["asm_sysvec_", "asm_common_interrupt", "el1h_64_irq", "el0t_64_irq", "el0t_32_irq", "call_on_irq_stack"])
        {
            for (int i = 0; i < _names.Length; i++)
            {
                if (!_names[i].StartsWith(prefix, StringComparison.Ordinal))
                    continue;
                int next = i + 1;
                while (next < _names.Length && _addresses[next] == _addresses[i])
                    next++;
                Add(ranges, _addresses[i], next < _names.Length ? _addresses[next] : _addresses[i] + LongestFunction);
            }
        }
        return ranges;
    }

    // They stand one behind the other.
    private static void Add(List<CodeRange> ranges, ulong start, ulong end)
    {
        for (int i = 0; i < ranges.Count; i++)
        {
            CodeRange range = ranges[i];
            if (start > range.End + NearBy || end + NearBy < range.Start)
                continue;
            ranges[i] = new CodeRange { Start = Math.Min(start, range.Start), End = Math.Max(end, range.End) };
            return;
        }
        ranges.Add(new CodeRange { Start = start, End = end });
    }

    private static IEnumerable<string> Lines()
    {
        try
        {
            return File.ReadLines("/proc/kallsyms");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
