namespace Scry.Capture;

/// <summary>Kernel stacks as names: what a call does, without the scheduler that put it to sleep and the entry that every call has.</summary>
public sealed class KernelStacks
{
    // What stands between user space and a call's own function, the outermost first.
    private static readonly string[] s_entries =
    [
        "entry_", "asm_", "do_syscall_64", "x64_sys_call", "ia32_sys_call", "do_int80_", "do_fast_syscall_32", "__do_fast_syscall_32",
        "do_SYSENTER_32", "ret_from_fork", "__x64_sys_", "__ia32_sys_", "__ia32_compat_sys_", "__se_sys_", "__do_sys_",
        // arm64: vectors by exception level, then their common ways to the call.
        "el0t_", "el0_", "do_el0_svc", "invoke_syscall", "__arm64_sys_", "__arm64_compat_sys_",
    ];

    private readonly Lazy<KernelSymbols> _symbols = new(() => new KernelSymbols());

    /// <summary>Whether there were stacks that could not be named, for want of a right.</summary>
    public bool AreRefused { get; private set; }

    /// <summary>The functions that a blocked thread is in, the innermost first; the first one is its wait channel.</summary>
    public IReadOnlyList<string> Of(StuckTask task)
    {
        var names = new List<string>();
        if (_symbols.Value.Known)
        {
            foreach (ulong address in task.Stack)
            {
                if ((names.Count > 0 || !_symbols.Value.IsScheduler(address)) && address != 0)
                    names.Add(_symbols.Value.Find(address) ?? $"0x{address:x}");
            }
        }
        else
        {
            names.AddRange(FromProc(task.Record.Tid));
            AreRefused |= names.Count == 0 && task.Stack.Length > 0;
        }
        int end = names.Count;
        while (end > 1 && s_entries.Any(entry => names[end - 1].StartsWith(entry, StringComparison.Ordinal)))
            end--;
        return names[..end];
    }

    // The kernel names them itself where it does not tell addresses (kernel.kptr_restrict): "[<0>] do_wait+0x5a/0x140".
    private static IEnumerable<string> FromProc(uint tid)
    {
        try
        {
            return [.. File.ReadLines($"/proc/{tid}/stack").Select(line => line[(line.IndexOf(' ') + 1)..].Split('+')[0])];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
