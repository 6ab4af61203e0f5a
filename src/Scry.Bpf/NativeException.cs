using System.Runtime.InteropServices;

namespace Scry.Bpf;

/// <summary>A call to libbpf or the kernel failed.</summary>
public sealed class NativeException : Exception
{
    /// <summary>Says that <paramref name="call"/> failed with <paramref name="errno"/>.</summary>
    /// <param name="call">The C name of what was called, and what it was called on.</param>
    /// <param name="errno">The error, positive.</param>
    /// <param name="log">What the verifier or libbpf said, if anything.</param>
    public NativeException(string call, int errno, string log = "")
        : this(call, errno, log, ReasonIn(log))
    {
    }

    private NativeException(string call, int errno, string log, (string? Program, string? Text) reason)
        : base($"{call}: {Marshal.GetPInvokeErrorMessage(errno)}{(reason.Program is null ? "" : $": prog '{reason.Program}'")}{(reason.Text is null ? "" : $": {reason.Text}")}")
    {
        Call = call;
        Errno = errno;
        Log = log;
        Program = reason.Program;
        Reason = reason.Text;
    }

    /// <summary>What was called.</summary>
    public string Call { get; }

    /// <summary>The error's number, as in errno(3).</summary>
    public int Errno { get; }

    /// <summary>What the verifier or libbpf said; may have many lines, may be empty.</summary>
    public string Log { get; }

    /// <summary>The program that the verifier refused; null when it was something else that failed.</summary>
    public string? Program { get; }

    /// <summary>
    /// One line of the log: the verifier's last before its statistics, since it stops at what it refuses; else libbpf's first
    /// complaint, since the others follow from it; not that about memory limits, which it makes before it tries, whatever comes.
    /// </summary>
    public string? Reason { get; }

    private static (string? Program, string? Text) ReasonIn(string log)
    {
        const string prefix = "libbpf: ", begin = ": -- BEGIN PROG LOAD LOG --", end = "-- END PROG LOAD LOG --";
        string? complaint = null, program = null, verdict = null;
        foreach (string line in log.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            string text = line.StartsWith(prefix, StringComparison.Ordinal) ? line[prefix.Length..] : line;
            if (text.EndsWith(begin, StringComparison.Ordinal))
                program = text[..^begin.Length].Replace("prog '", "", StringComparison.Ordinal).TrimEnd('\'');
            else if (program is null)
                complaint ??= text.StartsWith("Failed to bump RLIMIT_MEMLOCK", StringComparison.Ordinal) ? null : text;
            else if (text.StartsWith("processed ", StringComparison.Ordinal) || text.EndsWith(end, StringComparison.Ordinal))
                break;
            else
                verdict = text;
        }
        return verdict is null ? (null, complaint) : (program, verdict);
    }

    /// <summary>Throws when <paramref name="result"/> is a negative errno, as libbpf returns it.</summary>
    internal static int Check(int result, string call) => result >= 0 ? result : throw new NativeException(call, -result);

    /// <summary>Throws when <paramref name="pointer"/> is null: errno has the cause.</summary>
    internal static nint Check(nint pointer, string call) => pointer != 0 ? pointer : throw new NativeException(call, Marshal.GetLastPInvokeError());
}
