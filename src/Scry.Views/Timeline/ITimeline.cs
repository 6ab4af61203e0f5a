namespace Scry.Views.Timeline;

/// <summary>A view of threads over time.</summary>
public interface ITimeline : IRecordView
{
    /// <summary>Spans, calls and marks that found no room.</summary>
    ulong Cut { get; }

    /// <summary>Spans that were seen: without them there are calls alone.</summary>
    ulong Spans { get; }
}
