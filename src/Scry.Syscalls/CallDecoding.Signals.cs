using Scry.Wire;

namespace Scry.Syscalls;

internal readonly ref partial struct CallDecoding<TWriter>
{
    private void Signal(int number)
    {
        var names = new XlatRow(XlatTable.Signal, _table);
        int at = names.Find((ulong)(uint)number);
        if (at >= 0 && number > 0)
            Constant(names.Name(at), (ulong)number, NumberBase.Signed);
        else
            _w.Number((long)number);
    }

    private void Handler(ulong handler)
    {
        switch (handler)
        {
            case 0: Constant("SIG_DFL"u8, 0); break;
            case 1: Constant("SIG_IGN"u8, 1); break;
            case ulong.MaxValue or uint.MaxValue: Constant("SIG_ERR"u8, handler); break;
            default: _w.Address(handler); break;
        }
    }

    private bool SignalSetAt(TypeNode node, ulong address)
    {
        if (!Read(address, node.Way, out ReadOnlySpan<byte> bytes))
            return false;
        int length = (int)Math.Min(Length(node), 8);
        if (bytes.Length < length || length == 0)
            return false;
        SignalSet(bytes[..length]);
        return true;
    }

    // [CHLD INT]; ~[…] where fewer are missing than present, as strace chooses it.
    private void SignalSet(ReadOnlySpan<byte> bytes)
    {
        ulong set = 0;
        for (int i = 0; i < Math.Min(8, bytes.Length); i++)
            set |= (ulong)bytes[i] << (8 * i);
        int bits = Math.Min(64, bytes.Length * 8);
        bool inverted = TWriter.IsText && System.Numerics.BitOperations.PopCount(set) >= bits * 2 / 3;
        if (inverted)
        {
            _w.To.Append((byte)'~');
            set = ~set & (bits == 64 ? ulong.MaxValue : (1UL << bits) - 1);
        }
        _w.Open((byte)'[');
        var names = new XlatRow(XlatTable.Signal, _table);
        for (int number = 1; number <= bits; number++)
        {
            if ((set >> (number - 1) & 1) == 0)
                continue;
            if (!TWriter.IsText)
            {
                _w.Element();
                Signal(number);
                continue;
            }
            if (_w.To.Written[^1] != (byte)'[')
                _w.To.Append((byte)' ');
            int at = names.Find((ulong)number);
            if (at >= 0)
                _w.To.Append(names.Name(at)[3..]);
            else
                _w.Number((long)number);
        }
        _w.Close((byte)'[', false);
    }

    // The mask that a return from a handler restores.
    private void SignalFrame()
    {
        int mask = SignalFrames.MaskOffset(new SyscallRow(_row), _table);
        if (mask < 0 || !_call.TryRead(Register(0) + (uint)mask, CapturePhase.Entry, out ReadOnlySpan<byte> bytes) || bytes.Length < SignalFrames.MaskSize)
            return;
        if (TWriter.IsText)
            _w.Open((byte)'{');
        _w.Field("mask"u8);
        SignalSet(bytes[..SignalFrames.MaskSize]);
        if (TWriter.IsText)
            _w.Close((byte)'{', false);
    }

    // <sys/wait.h>'s tests, as strace writes a status.
    private void WaitStatus(int status)
    {
        if (!TWriter.IsText)
        {
            _w.Number((long)status);
            return;
        }
        Utf8Buffer to = _w.To;
        to.Append((byte)'{');
        int signal = status & 0x7f;
        if (signal == 0)
        {
            to.Append("WIFEXITED(s) && WEXITSTATUS(s) == "u8);
            _w.Number((long)(status >> 8 & 0xff));
        }
        else if ((status & 0xff) == 0x7f && status != 0xffff)
        {
            to.Append("WIFSTOPPED(s) && WSTOPSIG(s) == "u8);
            int stop = status >> 8 & 0xff;
            Signal(stop & 0x7f);
            if ((stop & 0x80) != 0)
                to.Append(" | 0x80"u8);
        }
        else if (status == 0xffff)
        {
            to.Append("WIFCONTINUED(s)"u8);
        }
        else
        {
            to.Append("WIFSIGNALED(s) && WTERMSIG(s) == "u8);
            Signal(signal);
            if ((status & 0x80) != 0)
                to.Append(" && WCOREDUMP(s)"u8);
        }
        to.Append((byte)'}');
    }
}
