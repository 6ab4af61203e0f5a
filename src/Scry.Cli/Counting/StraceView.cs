using Scry.Capture;
using Scry.Cli.Strace;
using Scry.Syscalls;
using Scry.Views;
using Scry.Wire;

namespace Scry.Cli.Counting;

/// <summary>The output of <c>scry strace -c</c>: strace's table, when the run ends.</summary>
internal sealed class StraceView(StraceArguments arguments) : ICountView
{
    // strace's place, whatever it traces.
    private readonly OutputWriter _writer = CountOutput.Open(arguments.Trace.OutputFile, toError: true).Writer;
    private readonly SyscallNames _names = CountOutput.Names();

    /// <inheritdoc/>
    public void See(Counters counters, IReadOnlyList<CounterRow> changed, long elapsed)
    {
    }

    /// <inheritdoc/>
    public void Interval(Counters counters, long elapsed)
    {
    }

    /// <inheritdoc/>
    public void Finish(Counters counters, in StatSummary summary)
    {
        var calls = new Dictionary<(Abi, uint, string), CallSums>();
        foreach (CounterRow row in counters.Rows.Where(row => row.Sums.Calls > 0))
        {
            var key = (row.Abi, row.Nr, row.IsOther ? StatLabel.Other.ToString() : _names.Name(row.Abi, row.Nr));
            CallSums sums = calls.GetValueOrDefault(key, new CallSums()), more = row.Sums;
            sums.Add(in more);
            calls[key] = sums;
        }
        new StraceSummary(arguments.Columns, arguments.Sort).Write(_writer, calls.Select(one => new StraceCall(one.Key.Item1, one.Key.Item2, one.Key.Item3, one.Value)));
    }

    /// <inheritdoc/>
    public void Dispose() => _writer.Dispose();
}
