using System.Globalization;
using System.Runtime.InteropServices;
using Scry.Syscalls;
using Scry.Views.Slow;
using Scry.Wire;

namespace Scry.Views;

/// <summary>The stack of a call's caller behind its line, as strace -k has it: <c> > /usr/lib/libc.so.6(getpid+0xb) [0xd5e8b]</c>.</summary>
internal static class StackLines
{
    /// <summary>Writes a line for each function; what is inlined into it has none.</summary>
    public static void Write(in CallRecord call, IStackNames names, OutputWriter output)
    {
        foreach (uint number in MemoryMarshal.Cast<byte, uint>(call.Find(CaptureFlags.Places).Data))
        {
            if (names.Place(number) is not { IsInlined: false } place)
                continue;
            Quote.Plain(output.Buffer, Line(place));
            output.EndLine();
        }
    }

    /// <summary>The line of a place; hostile text.</summary>
    public static string Line(Place place)
    {
        if (place.End is { } end)
            return $" > ({end})";
        string address = string.Create(CultureInfo.InvariantCulture, $"[0x{place.Address:x}]");
        if (place.Module is not { } module)
            return $" > {address}";
        return place.Function.Length > 0
            ? string.Create(CultureInfo.InvariantCulture, $" > {module}({place.Function}+0x{place.Offset:x}) {address}")
            : $" > {module}() {address}";
    }
}
