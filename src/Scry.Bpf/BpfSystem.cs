namespace Scry.Bpf;

/// <summary>What libbpf knows of this machine.</summary>
public static class BpfSystem
{
    /// <summary>CPUs that there may ever be: per-CPU maps have as many values.</summary>
    /// <exception cref="NativeException">The kernel does not tell.</exception>
    public static int PossibleCpus => NativeException.Check(Libbpf.libbpf_num_possible_cpus(), "libbpf_num_possible_cpus");

    /// <summary>libbpf's version.</summary>
    public static Version LibraryVersion => new((int)Libbpf.libbpf_major_version(), (int)Libbpf.libbpf_minor_version());
}
