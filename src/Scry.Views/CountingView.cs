using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Syscalls;
using Scry.Wire;

namespace Scry.Views;

/// <summary>A view with strace's summary behind its lines (strace -C): what is counted is what was shown. Times are wall time.</summary>
/// <param name="lines">The view.</param>
/// <param name="output">Where it writes.</param>
/// <param name="summary">The table.</param>
/// <param name="names">Names of calls.</param>
public sealed class CountingView(IRecordView lines, OutputWriter output, StraceSummary summary, SyscallNames names) : IRecordView
{
    private const int MaxErrno = 4095;

    private readonly Dictionary<(Abi Abi, uint Nr), CallSums> _sums = [];

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> record)
    {
        lines.Write(record);
        if (record.Length < Unsafe.SizeOf<CallFixed>() || MemoryMarshal.AsRef<RecordHeader>(record).Kind != RecordKind.Call)
            return;
        var call = new CallRecord(record);
        // A call that never came back is none, as with -c.
        if ((call.Flags & CallFlags.Unfinished) != 0)
            return;
        bool untimed = (call.Flags & CallFlags.NoEntry) != 0;
        ulong duration = call.Fixed.Duration;
        // As with -c: a process can make up numbers without end.
        bool far = call.Header.Abi.Is32Bit && call.Nr - Layout.FarFirst < Layout.FarCount;
        uint nr = far || call.Nr is < Layout.CountNrNone or uint.MaxValue ? call.Nr : Layout.CountNrMax;
        ref CallSums sums = ref CollectionsMarshal.GetValueRefOrAddDefault(_sums, (call.Header.Abi, nr), out bool known);
        if (!known)
            sums = new CallSums();
        var one = new CallSums { Calls = 1, Errors = call.Result is < 0 and >= -MaxErrno ? 1UL : 0, Untimed = untimed ? 1UL : 0, Total = duration, Max = duration };
        if (!untimed)
            one.Min = duration;
        sums.Add(in one);
    }

    /// <inheritdoc/>
    public void Skip(ReadOnlySpan<byte> record, bool gaps) => lines.Skip(record, gaps);

    /// <inheritdoc/>
    public void Finish(in RunSummary run)
    {
        lines.Finish(in run);
        summary.Write(output, _sums.Select(one => new StraceCall(one.Key.Abi, one.Key.Nr, names.Name(one.Key.Abi, one.Key.Nr), one.Value)));
    }
}
