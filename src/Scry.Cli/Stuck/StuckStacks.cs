using Scry.Capture;
using Scry.Cli.Slow;
using Scry.Views.Slow;

namespace Scry.Cli.Stuck;

/// <summary>Kernel stacks of blocked threads as names: what a call does, without the scheduler that put it to sleep and the entry that every call has.</summary>
internal sealed class StuckStacks(LiveStacks names)
{
    /// <summary>Whether there were stacks that could not be named, for want of a right.</summary>
    public bool AreRefused { get; private set; }

    /// <summary>The functions that a blocked thread is in, the innermost first; the first one is its wait channel.</summary>
    public IReadOnlyList<string> Of(StuckTask task)
    {
        List<KernelFunction> functions = LiveStacks.NamesKernel ? SplitParts.Functions(task.Stack, names) : FromProc(task.Record.Tid);
        AreRefused |= functions.Count == 0 && task.Stack.Length > 0;
        return SplitParts.Shown(functions);
    }

    // The kernel names them itself where it does not tell addresses (kernel.kptr_restrict): "[<0>] do_wait+0x5a/0x140".
    private static List<KernelFunction> FromProc(uint tid)
    {
        try
        {
            return [.. File.ReadLines($"/proc/{tid}/stack").Select(line => new KernelFunction(line[(line.IndexOf(' ') + 1)..].Split('+')[0], false))];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
