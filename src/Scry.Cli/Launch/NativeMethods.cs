using System.Runtime.InteropServices;

namespace Scry.Cli.Launch;

/// <summary>native/launch.c, which is linked into the binary; what each does and gives is said there.</summary>
internal static partial class NativeMethods
{
    private const string Library = "scry_launch";

    [LibraryImport(Library, EntryPoint = "scry_command_start")]
    public static partial int Start(ReadOnlySpan<byte> words, int count);

    [LibraryImport(Library, EntryPoint = "scry_command_go")]
    public static partial int Go();

    [LibraryImport(Library, EntryPoint = "scry_command_error")]
    public static partial int Error();

    [LibraryImport(Library, EntryPoint = "scry_command_ended")]
    public static partial int Ended(out int status);

    [LibraryImport(Library, EntryPoint = "scry_command_cancel")]
    public static partial void Cancel();

    [LibraryImport(Library, EntryPoint = "scry_signals_catch")]
    public static partial void CatchSignals();

    [LibraryImport(Library, EntryPoint = "scry_signals_take")]
    public static partial int TakeSignal();

    [LibraryImport(Library, EntryPoint = "scry_write")]
    public static partial nint Write(int descriptor, ReadOnlySpan<byte> bytes, nuint length);
}
