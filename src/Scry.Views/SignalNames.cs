using System.Text;
using Scry.Syscalls;

namespace Scry.Views;

/// <summary>Names of signals and of why they were sent: asm/signal.h and asm-generic/siginfo.h, kernel 6.18.</summary>
public static class SignalNames
{
    internal const uint Kill = 9, Child = 17, Poll = 29, BadSystemCall = 31;
    internal const int User = 0, Kernel = 0x80, Timer = -2, SigIo = -5, Tkill = -6;
    private const uint RealTimeMin = 32, RealTimeMax = 64;

    /// <summary>SIGTERM, SIGRT_3, or the number.</summary>
    public static string Of(uint signal)
    {
        var text = new Utf8Buffer();
        Append(text, signal);
        return Encoding.ASCII.GetString(text.Written);
    }

    /// <summary>The number of a signal that is none of the real-time ones, by its name with or without SIG, in any case; null when there is none.</summary>
    public static uint? Find(string name) => Find(name, RealTimeMin - 1);

    /// <summary>The number of a signal by its number or name, real-time ones too; null when there is none.</summary>
    public static uint? Parse(string text)
    {
        if (uint.TryParse(text, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out uint number))
            return number is > 0 and <= RealTimeMax ? number : null;
        return Find(text, RealTimeMax);
    }

    private static uint? Find(string name, uint last)
    {
        string wanted = name.StartsWith("SIG", StringComparison.OrdinalIgnoreCase) ? name : "SIG" + name;
        for (uint signal = 1; signal <= last; signal++)
        {
            if (Of(signal).Equals(wanted, StringComparison.OrdinalIgnoreCase))
                return signal;
        }
        return null;
    }

    /// <summary>Appends SIGTERM, SIGRT_3, or the number.</summary>
    internal static void Append(Utf8Buffer to, uint signal)
    {
        ReadOnlySpan<byte> name = signal switch
        {
            1 => "SIGHUP"u8,
            2 => "SIGINT"u8,
            3 => "SIGQUIT"u8,
            4 => "SIGILL"u8,
            5 => "SIGTRAP"u8,
            6 => "SIGABRT"u8,
            7 => "SIGBUS"u8,
            8 => "SIGFPE"u8,
            9 => "SIGKILL"u8,
            10 => "SIGUSR1"u8,
            11 => "SIGSEGV"u8,
            12 => "SIGUSR2"u8,
            13 => "SIGPIPE"u8,
            14 => "SIGALRM"u8,
            15 => "SIGTERM"u8,
            16 => "SIGSTKFLT"u8,
            17 => "SIGCHLD"u8,
            18 => "SIGCONT"u8,
            19 => "SIGSTOP"u8,
            20 => "SIGTSTP"u8,
            21 => "SIGTTIN"u8,
            22 => "SIGTTOU"u8,
            23 => "SIGURG"u8,
            24 => "SIGXCPU"u8,
            25 => "SIGXFSZ"u8,
            26 => "SIGVTALRM"u8,
            27 => "SIGPROF"u8,
            28 => "SIGWINCH"u8,
            29 => "SIGIO"u8,
            30 => "SIGPWR"u8,
            31 => "SIGSYS"u8,
            RealTimeMin => "SIGRTMIN"u8,
            > RealTimeMin and <= RealTimeMax => "SIGRT_"u8,
            _ => default,
        };
        to.Append(name);
        if (name.IsEmpty)
            to.AppendDecimal((long)signal);
        else if (signal is > RealTimeMin and <= RealTimeMax)
            to.AppendDecimal((long)(signal - RealTimeMin));
    }

    /// <summary>The name of si_code, or nothing when it has none for that signal.</summary>
    internal static ReadOnlySpan<byte> Code(uint signal, int code) => code switch
    {
        User => "SI_USER"u8,
        Kernel => "SI_KERNEL"u8,
        -1 => "SI_QUEUE"u8,
        Timer => "SI_TIMER"u8,
        -3 => "SI_MESGQ"u8,
        -4 => "SI_ASYNCIO"u8,
        SigIo => "SI_SIGIO"u8,
        Tkill => "SI_TKILL"u8,
        -7 => "SI_DETHREAD"u8,
        -60 => "SI_ASYNCNL"u8,
        < 0 => default,
        _ => CodeOfSignal(signal, code),
    };

    private static ReadOnlySpan<byte> CodeOfSignal(uint signal, int code) => (signal, code) switch
    {
        (4, 1) => "ILL_ILLOPC"u8,
        (4, 2) => "ILL_ILLOPN"u8,
        (4, 3) => "ILL_ILLADR"u8,
        (4, 4) => "ILL_ILLTRP"u8,
        (4, 5) => "ILL_PRVOPC"u8,
        (4, 6) => "ILL_PRVREG"u8,
        (4, 7) => "ILL_COPROC"u8,
        (4, 8) => "ILL_BADSTK"u8,
        (4, 9) => "ILL_BADIADDR"u8,
        (5, 1) => "TRAP_BRKPT"u8,
        (5, 2) => "TRAP_TRACE"u8,
        (5, 3) => "TRAP_BRANCH"u8,
        (5, 4) => "TRAP_HWBKPT"u8,
        (5, 5) => "TRAP_UNK"u8,
        (5, 6) => "TRAP_PERF"u8,
        (7, 1) => "BUS_ADRALN"u8,
        (7, 2) => "BUS_ADRERR"u8,
        (7, 3) => "BUS_OBJERR"u8,
        (7, 4) => "BUS_MCEERR_AR"u8,
        (7, 5) => "BUS_MCEERR_AO"u8,
        (8, 1) => "FPE_INTDIV"u8,
        (8, 2) => "FPE_INTOVF"u8,
        (8, 3) => "FPE_FLTDIV"u8,
        (8, 4) => "FPE_FLTOVF"u8,
        (8, 5) => "FPE_FLTUND"u8,
        (8, 6) => "FPE_FLTRES"u8,
        (8, 7) => "FPE_FLTINV"u8,
        (8, 8) => "FPE_FLTSUB"u8,
        (8, 14) => "FPE_FLTUNK"u8,
        (8, 15) => "FPE_CONDTRAP"u8,
        (11, 1) => "SEGV_MAPERR"u8,
        (11, 2) => "SEGV_ACCERR"u8,
        (11, 3) => "SEGV_BNDERR"u8,
        (11, 4) => "SEGV_PKUERR"u8,
        (11, 5) => "SEGV_ACCADI"u8,
        (11, 6) => "SEGV_ADIDERR"u8,
        (11, 7) => "SEGV_ADIPERR"u8,
        (11, 8) => "SEGV_MTEAERR"u8,
        (11, 9) => "SEGV_MTESERR"u8,
        (11, 10) => "SEGV_CPERR"u8,
        (17, 1) => "CLD_EXITED"u8,
        (17, 2) => "CLD_KILLED"u8,
        (17, 3) => "CLD_DUMPED"u8,
        (17, 4) => "CLD_TRAPPED"u8,
        (17, 5) => "CLD_STOPPED"u8,
        (17, 6) => "CLD_CONTINUED"u8,
        (29, 1) => "POLL_IN"u8,
        (29, 2) => "POLL_OUT"u8,
        (29, 3) => "POLL_MSG"u8,
        (29, 4) => "POLL_ERR"u8,
        (29, 5) => "POLL_PRI"u8,
        (29, 6) => "POLL_HUP"u8,
        (31, 1) => "SYS_SECCOMP"u8,
        (31, 2) => "SYS_USER_DISPATCH"u8,
        _ => default,
    };
}
