namespace Scry.Syscalls;

/// <summary>
/// What lies at the stack pointer of a return from a signal handler: the mask that it restores is uc_sigmask of a struct ucontext
/// (<c>asm/ucontext.h</c>).
/// </summary>
internal static class SignalFrames
{
    /// <summary>Bytes of the mask.</summary>
    public const int MaskSize = 8;

    private const int SigInfo = 128; // struct siginfo, on every ABI

    /// <summary>Where the mask lies; -1 for a call that is no such return, or whose frame is not known.</summary>
    public static int MaskOffset(SyscallRow row, int table)
    {
        bool rt = row.Is("rt_sigreturn"u8);
        if (!rt && !row.Is("sigreturn"u8))
            return -1;
        return table switch
        {
            AbiTable.X86_64 => 296,
            // The frame begins with a siginfo: arch/arm64/kernel/signal.c, struct rt_sigframe.
            AbiTable.Arm64 => SigInfo + 40,
            // arch/arm/kernel/signal.h: struct rt_sigframe, struct sigframe.
            AbiTable.Arm => (rt ? SigInfo : 0) + 104,
            _ => -1,
        };
    }
}
