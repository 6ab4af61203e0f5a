using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Wire;

namespace Scry.Views.Slow;

/// <summary>Holds back what another view writes of calls, and shows the longest at the end, the longest first.</summary>
/// <param name="view">Writes into <paramref name="output"/>, which must not write single lines out.</param>
/// <param name="output">Where the lines go.</param>
/// <param name="most">How many calls are shown.</param>
public sealed class TopCallsView(IRecordView view, OutputWriter output, int most) : IRecordView
{
    // The shortest first; of as long ones the latest.
    private readonly PriorityQueue<byte[], (ulong Duration, long Earlier)> _longest = new();
    private long _calls;

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> record)
    {
        int start = output.Buffer.Length;
        view.Write(record);
        if (record.Length < Unsafe.SizeOf<CallFixed>() || MemoryMarshal.AsRef<RecordHeader>(record).Kind != RecordKind.Call || output.Buffer.Length < start)
            return;
        ulong duration = MemoryMarshal.AsRef<CallFixed>(record).Duration;
        var rank = (duration, -_calls++);
        if (_longest.Count < most || _longest.TryPeek(out _, out (ulong, long) least) && rank.CompareTo(least) > 0)
        {
            if (_longest.Count == most)
                _longest.Dequeue();
            _longest.Enqueue(output.Buffer.Written[start..].ToArray(), rank);
        }
        output.Buffer.Length = start;
    }

    /// <inheritdoc/>
    public void Skip(ReadOnlySpan<byte> record, bool gaps) => view.Skip(record, gaps);

    /// <inheritdoc/>
    public void Finish(in RunSummary summary)
    {
        var lines = new Stack<byte[]>();
        while (_longest.TryDequeue(out byte[]? line, out _))
            lines.Push(line);
        foreach (byte[] line in lines)
            output.Buffer.Append(line);
        view.Finish(in summary);
    }
}
