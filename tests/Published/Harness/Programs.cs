namespace Scry.Tests.Published.Harness;

/// <summary>The small C programs of tests/Published/programs, compiled once for a run.</summary>
internal static class Programs
{
    private static readonly Lazy<string> Folder = new(Compile);

    public static string Path(string name) => System.IO.Path.Combine(Folder.Value, name);

    /// <summary>Whether a program built for i386 exists: only where a 32-bit libc is installed.</summary>
    public static bool Has32Bit => File.Exists(Path("hostile32"));

    private static string Compile()
    {
        string folder = Directory.CreateTempSubdirectory("scry-programs-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        string sources = System.IO.Path.Combine(ScryBinary.Repository, "tests/Published/programs");
        foreach (string source in Directory.GetFiles(sources, "*.c"))
        {
            string name = System.IO.Path.GetFileNameWithoutExtension(source);
            Child.Run("gcc", "-O1", "-pthread", "-o", System.IO.Path.Combine(folder, name), source).Expect();
        }
        Child.Run("gcc", "-m32", "-O1", "-o", System.IO.Path.Combine(folder, "hostile32"), System.IO.Path.Combine(sources, "hostile.c"));
        // Other users run them too.
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        return folder;
    }
}
