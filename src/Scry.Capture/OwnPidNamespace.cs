using System.Runtime.InteropServices;
using Scry.Bpf;
using Scry.Targets;
using Scry.Wire;

namespace Scry.Capture;

/// <summary>The pid namespace that this process runs in, as the kernel side compares it: a process cannot know how deep its own lies.</summary>
internal static class OwnPidNamespace
{
    /// <summary>Asks the kernel, unless it is the initial one.</summary>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public static PidNamespaceFound Find()
    {
        PidNamespaceFound found = default;
        if (PidNamespace.IsInitial)
            return found;
        using BpfObject programs = BpfObject.Open(Programs.Read("peek.bpf.o"), "scry_peek");
        programs.Load();
        programs.FindProgram("peek_pid_namespace").Run(MemoryMarshal.AsBytes(new Span<PidNamespaceFound>(ref found)));
        return found.Level == 0 ? default : found;
    }
}
