using System.Runtime.InteropServices;
using Scry.Bpf;
using Scry.Targets;
using Scry.Wire;

namespace Scry.Capture;

/// <summary>Where this process lives, as the kernel side compares it: a process cannot know how deep its own namespaces lie.</summary>
internal static class OwnNamespaces
{
    /// <summary>The pid namespace; all zero when it is the initial one.</summary>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public static PidNamespaceFound PidNamespace()
    {
        PidNamespaceFound found = default;
        if (!Targets.PidNamespace.IsInitial)
            Ask("peek_pid_namespace", ref found);
        return found.Level == 0 ? default : found;
    }

    /// <summary>How deep a cgroup lies that is the root of what is mounted here; 0 of none.</summary>
    /// <exception cref="NativeException">The kernel refused.</exception>
    /// <exception cref="TargetException">It is not one that this process is in.</exception>
    public static int LevelOf(ulong cgroup)
    {
        if (cgroup == 0)
            return 0;
        var asked = new CgroupLevelAsked { Id = cgroup };
        Ask("peek_cgroup", ref asked);
        return asked.Level >= 0 ? (int)asked.Level : throw new TargetException("only a part of the cgroup hierarchy is mounted, and Scry is not in it",
            "run Scry on the host, or in a container that has the host's cgroup namespace");
    }

    private static void Ask<T>(string program, ref T question)
        where T : unmanaged
    {
        using BpfObject programs = BpfObject.Open(Programs.Read("peek.bpf.o"), "scry_peek");
        programs.Load();
        programs.FindProgram(program).Run(MemoryMarshal.AsBytes(new Span<T>(ref question)));
    }
}
