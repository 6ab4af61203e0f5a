using Scry.Tests.Published.Harness;

namespace Scry.Tests.Kernels.Harness;

/// <summary>The programs that are traced in the machine: those of tests/Published and of tests/Kernels, statically linked for its architecture.</summary>
internal static class GuestPrograms
{
    private static readonly string[] Shared = ["brood", "count", "hostile", "holders", "pointers", "scarce", "signals", "stuck", "threads", "unknown", "waits"];

    /// <summary>Compiles them into a directory.</summary>
    public static void Compile(string architecture, string folder)
    {
        Directory.CreateDirectory(folder);
        string published = Path.Combine(ScryBinary.Repository, "tests/Published/programs"), own = Path.Combine(ScryBinary.Repository, "tests/Kernels/programs");
        string[] native = architecture == "amd64" ? ["gcc"] : ["clang", "--target=aarch64-linux-gnu", "-fuse-ld=lld"];
        string[] compat = architecture == "amd64" ? ["gcc", "-m32"] : ["clang", "--target=arm-linux-gnueabihf", "-fuse-ld=lld"];
        foreach (string name in Shared)
            Build(native, name, published, "-pthread");
        Build(native, "rt", own, "-pthread");
        Build(native, "gates", own);
        Build(compat, "compat32", own, "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-fno-pic");
        if (architecture == "amd64")
            Build(native, "ia32", published);

        void Build(string[] compiler, string name, string from, params string[] options) =>
            Child.Run(compiler[0], [.. compiler[1..], "-O1", "-static", .. options, "-o", Path.Combine(folder, name), Path.Combine(from, name + ".c")]).Expect();
    }
}
