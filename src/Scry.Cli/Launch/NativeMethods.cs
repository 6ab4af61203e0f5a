using System.Runtime.InteropServices;

namespace Scry.Cli.Launch;

/// <summary>native/launch.c, native/places.c and native/terminal.c, which are linked into the binary; what each does and gives is said there.</summary>
internal static partial class NativeMethods
{
    private const string Library = "scry_launch";

    [LibraryImport(Library, EntryPoint = "scry_command_start")]
    public static partial int Start(ReadOnlySpan<byte> words, int count, int noTerminal);

    [LibraryImport(Library, EntryPoint = "scry_command_user")]
    public static partial int SetUser(uint uid, uint gid, ReadOnlySpan<uint> groups, int count);

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Set(string name, string value, int overwrite);

    [LibraryImport("libc", EntryPoint = "unsetenv", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int Unset(string name);

    [LibraryImport(Library, EntryPoint = "scry_command_go")]
    public static partial int Go();

    [LibraryImport(Library, EntryPoint = "scry_command_error")]
    public static partial int Error();

    [LibraryImport(Library, EntryPoint = "scry_reap")]
    public static partial void Reap();

    [LibraryImport(Library, EntryPoint = "scry_reader_start")]
    public static partial int StartReader(ReadOnlySpan<byte> words, int count);

    [LibraryImport(Library, EntryPoint = "scry_reader_end")]
    public static partial void EndReader(int descriptor);

    [LibraryImport(Library, EntryPoint = "scry_command_ended")]
    public static partial int Ended(out int status);

    [LibraryImport(Library, EntryPoint = "scry_command_cancel")]
    public static partial void Cancel();

    [LibraryImport(Library, EntryPoint = "scry_signals_catch")]
    public static partial void CatchSignals();

    [LibraryImport(Library, EntryPoint = "scry_signals_take")]
    public static partial int TakeSignal();

    [LibraryImport(Library, EntryPoint = "scry_file_limit")]
    public static partial long FileLimit();

    [LibraryImport(Library, EntryPoint = "scry_write")]
    public static partial nint Write(int descriptor, ReadOnlySpan<byte> bytes, nuint length);

    [LibraryImport(Library, EntryPoint = "scry_nameless_file")]
    public static partial int NamelessFile();

    [LibraryImport(Library, EntryPoint = "scry_place_state")]
    public static partial int PlaceState(ReadOnlySpan<byte> path);

    [LibraryImport(Library, EntryPoint = "scry_is_terminal")]
    public static partial int IsTerminal(int descriptor);

    [LibraryImport(Library, EntryPoint = "scry_terminal_open")]
    public static partial int OpenTerminal(ReadOnlySpan<byte> leave, int length);

    [LibraryImport(Library, EntryPoint = "scry_terminal_retake")]
    public static partial int RetakeTerminal();

    [LibraryImport(Library, EntryPoint = "scry_terminal_restore")]
    public static partial void RestoreTerminal();

    [LibraryImport(Library, EntryPoint = "scry_terminal_stop")]
    public static partial void StopByTerminal();

    [LibraryImport(Library, EntryPoint = "scry_terminal_events")]
    public static partial int TakeTerminalEvents();

    [LibraryImport(Library, EntryPoint = "scry_terminal_size")]
    public static partial void TerminalSize(int descriptor, out int columns, out int rows);

    [LibraryImport(Library, EntryPoint = "scry_terminal_keys")]
    public static partial int ReadKeys(Span<byte> bytes, int size, int milliseconds);
}
