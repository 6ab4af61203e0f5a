using System.Runtime.InteropServices;
using System.Text;

namespace Scry.Bpf;

/// <summary>Keeps what libbpf would print, for the message of a failure; nothing reaches stderr.</summary>
internal static unsafe class LibbpfLog
{
    private const int Most = 1 << 20;
    private const int LargestMessage = 16 << 20;
    private const int Debug = 2; // LIBBPF_DEBUG

    [ThreadStatic] private static StringBuilder? s_text;

    public static void Install() => Libbpf.libbpf_set_print(&Print);

    public static void Clear() => s_text?.Clear();

    public static string Take()
    {
        string text = s_text?.ToString() ?? "";
        Clear();
        return text;
    }

    [UnmanagedCallersOnly]
    private static int Print(int level, byte* format, void* arguments)
    {
        try
        {
            if (level >= Debug)
                return 0;
            s_text ??= new StringBuilder();
            if (s_text.Length > Most)
                return 0;
            // The verifier's verdict ends a log of megabytes, and comes as one message.
            byte[] buffer = new byte[LargestMessage];
            // SAFETY: vsnprintf writes at most the buffer's length; the va_list is libbpf's own.
            fixed (byte* text = buffer)
            {
                int length = Libbpf.vsnprintf(text, (nuint)buffer.Length, format, arguments);
                s_text.Append(Encoding.UTF8.GetString(text, Math.Clamp(length, 0, buffer.Length - 1)));
            }
            return 0;
        }
        catch (Exception)
        {
            // An exception that leaves a native callback ends the process: a lost line of a log does not.
            return 0;
        }
    }
}
