using Scry.Syscalls;

namespace Scry.Views;

/// <summary>Writes names that a traced process chose, so that they can neither end a field nor steer a terminal.</summary>
internal static class Escape
{
    /// <summary>Without control bytes, blanks, bytes beyond ASCII and the brackets around a name: those as octal.</summary>
    public static void Name(Utf8Buffer to, ReadOnlySpan<byte> name)
    {
        for (int i = 0; i < name.Length; i++)
        {
            byte value = name[i];
            switch (value)
            {
                case (byte)'\n':
                    to.Append("\\n"u8);
                    break;
                case (byte)'\t':
                    to.Append("\\t"u8);
                    break;
                case (byte)'\\':
                    to.Append("\\\\"u8);
                    break;
                case < 0x20 or >= 0x7f or (byte)'<' or (byte)'>':
                    bool digitFollows = i + 1 < name.Length && name[i + 1] is >= (byte)'0' and <= (byte)'7';
                    Octal(to, value, digitFollows ? 3 : 1);
                    break;
                default:
                    to.Append(value);
                    break;
            }
        }
    }

    private static void Octal(Utf8Buffer to, byte value, int digits)
    {
        to.Append((byte)'\\');
        if (value >= 64 || digits == 3)
            to.Append((byte)('0' + (value >> 6)));
        if (value >= 8 || digits == 3)
            to.Append((byte)('0' + (value >> 3 & 7)));
        to.Append((byte)('0' + (value & 7)));
    }
}
