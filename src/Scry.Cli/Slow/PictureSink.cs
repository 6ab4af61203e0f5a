using Scry.Cli.CommandLine;
using Scry.Cli.Tracing;
using Scry.Targets;
using Scry.Views;
using Scry.Views.Slow;
using Scry.Views.Timeline;

namespace Scry.Cli.Slow;

/// <summary>An output, and pictures of what it is given: a flame graph, written at the end, and a trace for Perfetto.</summary>
internal sealed class PictureSink : IRecordOutput
{
    private readonly IRecordOutput _output;
    private readonly OutputFile? _picture, _text;
    private readonly PictureFiles _files;
    private readonly string _title;
    private readonly FlameGraph _graph = new();
    private readonly FlameView _view;
    private readonly IRecordOutput? _trace;

    private PictureSink(IRecordOutput output, PictureFiles files, IStackNames names, string title, IRecordOutput? trace)
    {
        (_output, _files, _title, _trace) = (output, files, title, trace);
        // Told before anything is recorded in vain.
        _picture = files.FlameGraph is { } picture ? Make(picture) : null;
        _text = files.Folded is { } text ? Make(text) : null;
        _view = new FlameView(_graph, names);
    }

    /// <summary>An output with the pictures that are asked for; itself when none is.</summary>
    /// <param name="output">The output.</param>
    /// <param name="files">The pictures.</param>
    /// <param name="names">Names addresses.</param>
    /// <param name="title">What they are of.</param>
    /// <param name="open">Opens the trace for Perfetto: its file, and its view.</param>
    public static IRecordOutput Around(IRecordOutput output, PictureFiles files, IStackNames? names, string title, Func<string, MakeView, IRecordOutput> open)
    {
        if (!files.NeedSplit && files.Perfetto is null)
            return output;
        IRecordOutput? trace = files.Perfetto is not { } file ? null : open(file, (decoder, writer, clock) =>
            new PerfettoView(decoder, writer, new TimelineOptions { Title = title, Clock = clock }));
        return new PictureSink(output, files, names ?? new RecordedStacks(), title, trace);
    }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> record)
    {
        _view.Write(record);
        _trace?.Write(record);
        _output.Write(record);
    }

    /// <inheritdoc/>
    public void Skip(ReadOnlySpan<byte> record, bool gaps)
    {
        _view.Skip(record, gaps);
        _trace?.Skip(record, gaps);
        _output.Skip(record, gaps);
    }

    /// <inheritdoc/>
    public void Pause(bool idle)
    {
        _trace?.Pause(idle);
        _output.Pause(idle);
    }

    /// <inheritdoc/>
    public void Finish(in RunSummary summary)
    {
        _output.Finish(in summary);
        _trace?.Finish(in summary);
        Write(_picture, _files.FlameGraph, to => _graph.WriteSvg(to, new FlameOptions { Title = _title }));
        Write(_text, _files.Folded, to => _graph.WriteFolded(to, byCount: false));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _picture?.Dispose();
        _text?.Dispose();
        _trace?.Dispose();
        _output.Dispose();
    }

    private static OutputFile Make(string path)
    {
        try
        {
            return OutputFile.Replace(path, forOwner: false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new ToolException($"cannot write '{Printable.Escape(path)}': {ErrnoText.Describe(error)}");
        }
    }

    private static void Write(OutputFile? file, string? path, Action<Stream> write)
    {
        if (file is null)
            return;
        try
        {
            var buffered = new BufferedStream(file.Stream, 1 << 16);
            write(buffered);
            buffered.Flush();
            file.Keep();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SinkException($"cannot write '{Printable.Escape(path!)}': {ErrnoText.Describe(error)}", error);
        }
    }
}
