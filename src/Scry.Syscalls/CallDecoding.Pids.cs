using Scry.Wire;

namespace Scry.Syscalls;

internal readonly ref partial struct CallDecoding<TWriter>
{
    // Kinds of the facts' types: those of PidKind, and a process that is a group when it is negative.
    private const int SignedProcess = 4;

    // An id of a thread, a process, a group or a session: 5<bash> /* 1234 in strace's PID NS */.
    private void Pid(int id, int kind)
    {
        _w.Number((long)id);
        if (!TWriter.IsText)
            return;
        if (kind != SignedProcess)
            _decoder.DescribePid(_w.To, _call.Header.Tid, id, (PidKind)kind);
        else if (id > 0)
            _decoder.DescribePid(_w.To, _call.Header.Tid, id, PidKind.Process);
        else if (id < -1)
            _decoder.DescribePid(_w.To, _call.Header.Tid, -id, PidKind.Group);
    }
}
