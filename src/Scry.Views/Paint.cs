using Scry.Syscalls;

namespace Scry.Views;

/// <summary>Colour for a terminal, by ECMA-48's SGR sequences.</summary>
internal sealed class Paint(Utf8Buffer to, bool enabled)
{
    public static ReadOnlySpan<byte> Name => "\e[36m"u8;
    public static ReadOnlySpan<byte> Error => "\e[31m"u8;
    public static ReadOnlySpan<byte> Signal => "\e[33m"u8;
    public static ReadOnlySpan<byte> Exit => "\e[35m"u8;
    private static ReadOnlySpan<byte> Reset => "\e[m"u8;

    /// <summary>Begins a colour.</summary>
    public void Begin(ReadOnlySpan<byte> color)
    {
        if (enabled)
            to.Append(color);
    }

    /// <summary>Ends it.</summary>
    public void End() => Begin(Reset);

    /// <summary>Colours the name and a failed result of the call that was written from <paramref name="start"/> on.</summary>
    public void Call(int start)
    {
        int name = to.Written[start..].IndexOf((byte)'(');
        if (name > 0)
        {
            Insert(start + name, Reset);
            Insert(start, Name);
        }
        // The result comes last, and has no quoted text in it.
        int result = to.Written[start..].LastIndexOf(" = -1 E"u8);
        if (result > 0)
        {
            Insert(start + result + 3, Error);
            End();
        }
    }

    private void Insert(int at, ReadOnlySpan<byte> bytes)
    {
        int moved = to.Length - at;
        to.Append(bytes);
        Span<byte> rest = to.Written[at..];
        rest[..moved].CopyTo(rest[bytes.Length..]);
        bytes.CopyTo(rest);
    }
}
