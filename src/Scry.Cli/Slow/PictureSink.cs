using Scry.Cli.CommandLine;
using Scry.Cli.Tracing;
using Scry.Targets;
using Scry.Views;
using Scry.Views.Slow;

namespace Scry.Cli.Slow;

/// <summary>An output, and a flame graph of what it is given: written at the end.</summary>
internal sealed class PictureSink : IRecordOutput
{
    private readonly IRecordOutput _output;
    private readonly PictureFiles _files;
    private readonly string _title;
    private readonly FlameGraph _graph = new();
    private readonly FlameView _view;

    private PictureSink(IRecordOutput output, PictureFiles files, IStackNames names, string title)
    {
        (_output, _files, _title) = (output, files, title);
        _view = new FlameView(_graph, names);
    }

    /// <summary>An output with the pictures that are asked for; itself when none is.</summary>
    public static IRecordOutput Around(IRecordOutput output, PictureFiles files, IStackNames names, string title) =>
        files.NeedSplit ? new PictureSink(output, files, names, title) : output;

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> record)
    {
        _view.Write(record);
        _output.Write(record);
    }

    /// <inheritdoc/>
    public void Skip(ReadOnlySpan<byte> record, bool gaps)
    {
        _view.Skip(record, gaps);
        _output.Skip(record, gaps);
    }

    /// <inheritdoc/>
    public void Pause(bool idle) => _output.Pause(idle);

    /// <inheritdoc/>
    public void Finish(in RunSummary summary)
    {
        _output.Finish(in summary);
        if (_files.FlameGraph is { } picture)
            Write(picture, to => _graph.WriteSvg(to, new FlameOptions { Title = _title }));
        if (_files.Folded is { } text)
            Write(text, to => _graph.WriteFolded(to, byCount: false));
    }

    /// <inheritdoc/>
    public void Dispose() => _output.Dispose();

    private static void Write(string path, Action<Stream> write)
    {
        try
        {
            using OutputFile file = OutputFile.Replace(path, forOwner: false);
            using (var buffered = new BufferedStream(file.Stream, 1 << 16))
            {
                write(buffered);
                buffered.Flush();
                file.Keep();
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new SinkException($"cannot write '{Printable.Escape(path)}': {ErrnoText.Describe(error)}", error);
        }
    }
}
