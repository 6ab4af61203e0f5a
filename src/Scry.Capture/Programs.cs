using Scry.Bpf;

namespace Scry.Capture;

/// <summary>The kernel side's objects, which travel inside the binary, and what they have in common.</summary>
internal static class Programs
{
    /// <summary>The bytes of one, by its file's name.</summary>
    public static byte[] Read(string name)
    {
        using Stream stream = typeof(Programs).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"{name} is missing from the binary");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>
    /// Those that are to be attached, in order: the ends of threads are seen before their calls are, since what is known of
    /// a thread by its stack must not outlive it. Those of <see cref="FunctionAttach"/> are its own. They are detached in the opposite order.
    /// </summary>
    public static IEnumerable<BpfProgram> InOrder(BpfObject programs) => programs.Programs
        .Where(program => program.AutoLoad && !program.Name.StartsWith(FunctionAttach.Prefix, StringComparison.Ordinal))
        .OrderBy(program => program.Name.EndsWith("_enter", StringComparison.Ordinal) || program.Name.EndsWith("_exit", StringComparison.Ordinal));
}
