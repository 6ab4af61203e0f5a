using Scry.Syscalls;
using Scry.Wire;

namespace Scry.Views;

/// <summary>Writes a signal as strace does: <c>--- SIGCHLD {si_signo=SIGCHLD, ...} ---</c>.</summary>
internal static class SignalText
{
    // The unit of si_utime and si_stime in user space: 1/100 s on every x86 kernel (USER_HZ).
    private const long TicksPerSecond = 100;

    /// <summary>Appends the text between the dashes.</summary>
    /// <param name="to">It is appended here.</param>
    /// <param name="info">The signal.</param>
    /// <param name="decoder">Says what ids are; null: nobody does.</param>
    /// <param name="tid">Who got it.</param>
    public static void Write(Utf8Buffer to, SignalInfo info, Decoder? decoder = null, uint tid = 0)
    {
        SignalNames.Append(to, info.Signal);
        to.Append(" {si_signo="u8);
        SignalNames.Append(to, info.Signal);
        to.Append(", si_code="u8);
        ReadOnlySpan<byte> code = SignalNames.Code(info.Signal, info.Code);
        to.Append(code);
        if (code.IsEmpty)
            to.AppendHex((uint)info.Code);
        if (info.Errno != 0)
        {
            to.Append(", si_errno="u8);
            to.AppendDecimal((long)info.Errno);
        }
        WriteMembers(to, info, decoder, tid);
        to.Append((byte)'}');
    }

    private static void WriteMembers(Utf8Buffer to, SignalInfo info, Decoder? decoder, uint tid)
    {
        switch (info.Shape)
        {
            case SignalShape.Sender:
                WriteSender(to, info, decoder, tid);
                break;
            case SignalShape.Value:
                WriteSender(to, info, decoder, tid);
                WriteValue(to, info);
                break;
            case SignalShape.Timer:
                to.Append(", si_timerid="u8);
                if (info.TimerId == 0)
                    to.Append((byte)'0');
                else
                    to.AppendHex((uint)info.TimerId);
                Member(to, ", si_overrun="u8, info.Overrun);
                WriteValue(to, info);
                break;
            case SignalShape.Child:
                WriteSender(to, info, decoder, tid);
                WriteChild(to, info);
                break;
            case SignalShape.Fault:
                to.Append(", si_addr="u8);
                WritePointer(to, info.Address);
                break;
            case SignalShape.Poll:
                Member(to, ", si_band="u8, info.Band);
                Member(to, ", si_fd="u8, info.Descriptor);
                break;
            case SignalShape.SystemCall:
                WriteSystemCall(to, info);
                break;
        }
    }

    private static void WriteSender(Utf8Buffer to, SignalInfo info, Decoder? decoder, uint tid)
    {
        Member(to, ", si_pid="u8, info.Pid);
        decoder?.DescribePid(to, tid, info.Pid, PidKind.Process);
        Member(to, ", si_uid="u8, info.Uid);
    }

    private static void WriteValue(Utf8Buffer to, SignalInfo info)
    {
        Member(to, ", si_int="u8, info.Int);
        to.Append(", si_ptr="u8);
        WritePointer(to, info.Pointer);
    }

    private static void WriteChild(Utf8Buffer to, SignalInfo info)
    {
        const int exited = 1;
        to.Append(", si_status="u8);
        if (info.Code == exited)
            to.AppendDecimal((long)info.Status);
        else
            SignalNames.Append(to, (uint)info.Status);
        Ticks(to, ", si_utime="u8, info.UserTicks);
        Ticks(to, ", si_stime="u8, info.SystemTicks);
    }

    private static void WriteSystemCall(Utf8Buffer to, SignalInfo info)
    {
        to.Append(", si_call_addr="u8);
        WritePointer(to, info.Address);
        Member(to, ", si_syscall="u8, info.SystemCallNumber);
        to.Append(", si_arch="u8);
        to.AppendHex(info.Architecture);
    }

    private static void Member(Utf8Buffer to, ReadOnlySpan<byte> name, long value)
    {
        to.Append(name);
        to.AppendDecimal(value);
    }

    private static void Ticks(Utf8Buffer to, ReadOnlySpan<byte> name, long ticks)
    {
        Member(to, name, ticks);
        if (ticks <= 0)
            return;
        to.Append(" /* "u8);
        TimeText.WriteSeconds(to, (ulong)ticks * (ulong)(1_000_000_000 / TicksPerSecond), 2);
        to.Append(" s */"u8);
    }

    private static void WritePointer(Utf8Buffer to, ulong value)
    {
        if (value == 0)
            to.Append("NULL"u8);
        else
            to.AppendHex(value);
    }
}
