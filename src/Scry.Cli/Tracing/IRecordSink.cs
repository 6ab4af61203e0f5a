using Scry.Cli.Slow;
using Scry.Targets;
using Scry.Views;

namespace Scry.Cli.Tracing;

/// <summary>What names things in the records of a live run.</summary>
/// <param name="Cgroups">Cgroups.</param>
/// <param name="Stacks">Functions and places in code; null: no record has any.</param>
internal sealed record LiveNames(CgroupNames Cgroups, LiveStacks? Stacks);

/// <summary>Where the records of a run go: to a view, or into a recording.</summary>
internal interface IRecordSink : IDisposable
{
    /// <summary>Takes one record, which is borrowed.</summary>
    /// <exception cref="SinkException">It cannot be written.</exception>
    void Write(ReadOnlySpan<byte> record);

    /// <summary>Is called between rounds of records: time to write what is buffered.</summary>
    /// <param name="idle">Whether no records came in this round.</param>
    /// <exception cref="SinkException">It cannot be written.</exception>
    void Pause(bool idle);

    /// <summary>Ends the output.</summary>
    /// <exception cref="SinkException">It cannot be written.</exception>
    void Finish(in RunSummary summary);
}

/// <summary>A sink that shows records, and can be told of some that are not to be shown.</summary>
internal interface IRecordOutput : IRecordSink
{
    /// <summary>Takes note of a record that is not shown, as <see cref="IRecordView.Skip"/>.</summary>
    /// <exception cref="SinkException">A gap before it could not be written.</exception>
    void Skip(ReadOnlySpan<byte> record, bool gaps);
}

/// <summary>Records cannot be written any more.</summary>
/// <param name="message">Why, without a full stop; null when nobody is to be told.</param>
/// <param name="inner">What the writer said.</param>
internal sealed class SinkException(string? message, Exception inner) : Exception(message ?? "", inner)
{
    /// <summary>Whether it is no failure: who read the output wants no more.</summary>
    public bool IsSilent => message is null;
}
