using Scry.Syscalls;
using Scry.Wire;

namespace Scry.Views;

/// <summary>Which members of siginfo_t's union a signal has.</summary>
internal enum SignalShape
{
    /// <summary>None: sent by the kernel for its own reasons.</summary>
    Bare,
    /// <summary>si_pid, si_uid.</summary>
    Sender,
    /// <summary>si_pid, si_uid, si_int, si_ptr.</summary>
    Value,
    /// <summary>si_timerid, si_overrun, si_int, si_ptr.</summary>
    Timer,
    /// <summary>si_pid, si_uid, si_status, si_utime, si_stime.</summary>
    Child,
    /// <summary>si_addr.</summary>
    Fault,
    /// <summary>si_band, si_fd.</summary>
    Poll,
    /// <summary>si_call_addr, si_syscall, si_arch.</summary>
    SystemCall,
}

/// <summary>The members of a signal's siginfo_t, named as the manual page sigaction(2) names them.</summary>
internal readonly ref struct SignalInfo(ref readonly SignalRecord record)
{
    private readonly ref readonly SignalRecord _record = ref record;

    public uint Signal => _record.Header.Detail;
    public int Code => _record.Code;
    public int Errno => _record.Errno;

    public int Pid => (int)_record.Fields[0];
    public uint Uid => (uint)(_record.Fields[0] >> 32);
    public int Int => (int)_record.Fields[1];
    public ulong Pointer => _record.Fields[1];
    public int Status => (int)_record.Fields[1];
    public long UserTicks => (long)_record.Fields[2];
    public long SystemTicks => (long)_record.Fields[3];
    public int TimerId => Pid;
    public int Overrun => (int)Uid;
    public ulong Address => _record.Fields[0];
    public long Band => (long)_record.Fields[0];
    public int Descriptor => (int)_record.Fields[1];
    public uint SystemCallNumber => (uint)_record.Fields[1];
    public uint Architecture => (uint)(_record.Fields[1] >> 32);

    public SignalShape Shape
    {
        get
        {
            switch (Code)
            {
                case SignalNames.User or SignalNames.Tkill:
                    return SignalShape.Sender;
                case SignalNames.Timer:
                    return SignalShape.Timer;
                case SignalNames.SigIo:
                    return SignalShape.Poll;
            }
            if (Code > 0)
            {
                switch (Signal)
                {
                    case SignalNames.Child:
                        return SignalShape.Child;
                    case 4 or 5 or 7 or 8 or 11:
                        return SignalShape.Fault;
                    case SignalNames.Poll when Code != SignalNames.Kernel:
                        return SignalShape.Poll;
                    case SignalNames.BadSystemCall when Code != SignalNames.Kernel:
                        return SignalShape.SystemCall;
                }
            }
            if (Pointer != 0)
                return SignalShape.Value;
            return Code < 0 || _record.Fields[0] != 0 ? SignalShape.Sender : SignalShape.Bare;
        }
    }
}
