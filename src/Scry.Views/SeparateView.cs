using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Wire;

namespace Scry.Views;

/// <summary>Each thread's records in a view and an output of its own (strace -ff).</summary>
/// <param name="view">Makes the view of an output.</param>
/// <param name="open">Opens a thread's output; again, behind what it has, where the flag says so.</param>
/// <param name="mostOpen">Outputs that are open at a time, at most.</param>
public sealed class SeparateView(Func<OutputWriter, IRecordView> view, Func<uint, bool, OutputWriter> open, int mostOpen) : IRecordView, IDisposable
{
    private readonly Dictionary<uint, (OutputWriter Output, IRecordView View)> _open = [];
    // Threads whose outputs were closed before they ended.
    private readonly HashSet<uint> _closed = [];

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> record)
    {
        if (record.Length < Unsafe.SizeOf<RecordHeader>())
            return;
        ref readonly RecordHeader header = ref MemoryMarshal.AsRef<RecordHeader>(record);
        ViewOf(header.Tid).Write(record);
        if (header.Kind != RecordKind.Exit)
            return;
        Close(header.Tid);
        _closed.Remove(header.Tid);
    }

    /// <inheritdoc/>
    public void Skip(ReadOnlySpan<byte> record, bool gaps)
    {
        if (record.Length >= Unsafe.SizeOf<RecordHeader>())
            ViewOf(MemoryMarshal.AsRef<RecordHeader>(record).Tid).Skip(record, gaps);
    }

    /// <inheritdoc/>
    public void Finish(in RunSummary summary)
    {
        foreach ((_, IRecordView one) in _open.Values)
            one.Finish(in summary);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((OutputWriter output, _) in _open.Values)
            output.Dispose();
        _open.Clear();
    }

    private IRecordView ViewOf(uint tid)
    {
        if (_open.TryGetValue(tid, out (OutputWriter, IRecordView View) known))
            return known.View;
        if (_open.Count >= mostOpen)
        {
            foreach (uint other in _open.Keys.ToArray())
                Close(other);
        }
        OutputWriter output = open(tid, _closed.Contains(tid));
        IRecordView made = view(output);
        _open[tid] = (output, made);
        return made;
    }

    private void Close(uint tid)
    {
        if (!_open.Remove(tid, out (OutputWriter Output, IRecordView) one))
            return;
        one.Output.Flush();
        one.Output.Dispose();
        _closed.Add(tid);
    }
}
