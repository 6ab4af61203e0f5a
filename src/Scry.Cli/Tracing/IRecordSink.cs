using Scry.Views;

namespace Scry.Cli.Tracing;

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

/// <summary>Records cannot be written any more.</summary>
/// <param name="message">Why, without a full stop; null when nobody is to be told.</param>
/// <param name="inner">What the writer said.</param>
internal sealed class SinkException(string? message, Exception inner) : Exception(message ?? "", inner)
{
    /// <summary>Whether it is no failure: who read the output wants no more.</summary>
    public bool IsSilent => message is null;
}
