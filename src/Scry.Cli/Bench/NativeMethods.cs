using System.Runtime.InteropServices;

namespace Scry.Cli.Bench;

/// <summary>native/bench.c, which is linked into the binary; what each does and gives is said there.</summary>
internal static partial class NativeMethods
{
    private const string Library = "scry_bench";

    [LibraryImport(Library, EntryPoint = "scry_bench_start")]
    public static partial int Start(ReadOnlySpan<byte> words, int count, ReadOnlySpan<byte> start, int gated, out int gate);

    [LibraryImport(Library, EntryPoint = "scry_bench_wait")]
    public static partial int Wait(int pid, int timeoutMs, out int status, out long cpuMicroseconds, out long ownMicroseconds);

    [LibraryImport(Library, EntryPoint = "scry_bench_signal")]
    public static partial int Signal(int pid, int signal);

    [LibraryImport(Library, EntryPoint = "scry_bench_close")]
    public static partial int Close(int descriptor);

    [LibraryImport(Library, EntryPoint = "scry_bench_environment")]
    public static partial void SetEnvironment(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value);

    [LibraryImport(Library, EntryPoint = "scry_bench_mount")]
    public static partial int Mount(ReadOnlySpan<byte> path);

    [LibraryImport(Library, EntryPoint = "scry_bench_unmount")]
    public static partial int Unmount(ReadOnlySpan<byte> path);
}
