using Scry.Syscalls;

namespace Scry.Views;

/// <summary>Writes names that a traced process chose, so that they can neither end a field nor steer a terminal.</summary>
internal static class Escape
{
    /// <summary>Without control bytes, blanks, bytes beyond ASCII and the brackets around a name: those as octal.</summary>
    public static void Name(Utf8Buffer to, ReadOnlySpan<byte> name) => Quote.Name(to, name);
}
