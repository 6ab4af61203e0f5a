using Scry.Syscalls;
using Scry.Wire;

namespace Scry.Views;

/// <summary>
/// What stands before a call as strace has it: its number <c>[  39] </c> (-n), where its caller's code goes on
/// <c>[00007f08779e0d07] </c> (-i). Before a signal and an end it is the thread's last call's. Bounded.
/// </summary>
/// <param name="number">Whether numbers are written.</param>
/// <param name="address">Whether addresses are.</param>
internal sealed class CallMarks(bool number, bool address)
{
    private const int MaxThreads = 65536;

    private readonly Dictionary<uint, (uint Number, bool Narrow)> _last = [];

    /// <summary>Before a call.</summary>
    public void Call(Utf8Buffer to, in CallRecord call)
    {
        if (!number && !address)
            return;
        var entered = (uint)Decoder.EnteredBy(in call);
        bool narrow = call.Header.Abi.Is32Bit;
        if (_last.Count >= MaxThreads)
            _last.Clear();
        _last[call.Header.Tid] = (entered, narrow);
        Number(to, entered);
        Address(to, call.TryInstructionPointer(out ulong ip) ? ip : null, narrow);
    }

    /// <summary>Before a signal, or a thread's end, whose code goes nowhere.</summary>
    public void Other(Utf8Buffer to, uint tid, ulong? ip, bool ended = false)
    {
        if (!number && !address)
            return;
        bool known = _last.TryGetValue(tid, out (uint Number, bool Narrow) last);
        Number(to, known ? last.Number : null);
        Address(to, ip, known && last.Narrow);
        if (ended)
            _last.Remove(tid);
    }

    private void Number(Utf8Buffer to, uint? value)
    {
        if (!number)
            return;
        to.Append((byte)'[');
        if (value is not { } known)
        {
            to.Append("???"u8);
        }
        else
        {
            for (uint least = 1000; least > known && least > 1; least /= 10)
                to.Append((byte)' ');
            to.AppendDecimal((ulong)known);
        }
        to.Append("] "u8);
    }

    private void Address(Utf8Buffer to, ulong? value, bool narrow)
    {
        if (!address)
            return;
        to.Append((byte)'[');
        int digits = narrow ? 8 : 16;
        for (int i = digits - 1; i >= 0; i--)
            to.Append(value is { } known ? "0123456789abcdef"u8[(int)(known >> 4 * i & 15)] : (byte)'?');
        to.Append("] "u8);
    }
}
