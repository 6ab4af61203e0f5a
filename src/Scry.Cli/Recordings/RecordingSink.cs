using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Cli.CommandLine;
using Scry.Cli.Tracing;
using Scry.Recording;
using Scry.Targets;
using Scry.Views;
using Scry.Wire;

namespace Scry.Cli.Recordings;

/// <summary>Writes the records of a run, and the names of the cgroups in them, into a recording.</summary>
internal sealed class RecordingSink : IRecordSink
{
    /// <summary>What waits in memory is younger than this: a sudden end costs no more.</summary>
    private const long FlushMs = 500;
    /// <summary>Cgroups that are named; of more, records have the ids.</summary>
    private const int MaxCgroups = 65536;
    /// <summary>How long a cgroup's name is looked for: each time, all of the hierarchy is walked.</summary>
    private const long LookMs = 3000;

    private readonly RecordingWriter _writer;
    private readonly OutputFile _file;
    private readonly bool _overwrite;
    private readonly CgroupNames _cgroups;
    private readonly Containers _containers = new();
    private readonly HashSet<ulong> _seen = [];
    private readonly Dictionary<ulong, (ulong Time, long Until)> _nameless = [];
    private readonly List<RecordedName> _names = [];
    private readonly WallClock _clock = new(Clock.RealtimeOffset());
    private long _flushedAt = Environment.TickCount64;
    private bool _finished;

    private readonly CodeNames? _code;

    private RecordingSink(RecordingWriter writer, OutputFile file, bool overwrite, LiveNames names)
    {
        (_writer, _file, _overwrite, _cgroups) = (writer, file, overwrite, names.Cgroups);
        _code = names.Stacks is { } stacks ? new CodeNames(stacks) : null;
    }

    /// <summary>Makes the file.</summary>
    /// <exception cref="ToolException">There is one already.</exception>
    /// <exception cref="RecordingException">It cannot be made.</exception>
    public static RecordingSink Open(RecordArguments arguments, LiveNames names)
    {
        string file = arguments.Trace.OutputFile!;
        if (OutputFile.IsTaken(file, out bool isFile, out _))
        {
            if (!isFile)
                throw new ToolException($"cannot make the recording {Printable.Escape(file)}: not a regular file", "name another file");
            if (!arguments.Overwrite)
                throw new ToolException($"'{Printable.Escape(file)}' is there already", "name another file, or give --overwrite");
        }
        OutputFile? made = null;
        try
        {
            RecordingWriter writer = RecordingWriter.Create(file, AboutRun.Describe(arguments),
                path => (made = arguments.Overwrite ? OutputFile.Replace(path) : OutputFile.New(path)).Stream);
            return new RecordingSink(writer, made!, arguments.Overwrite, names);
        }
        catch
        {
            made?.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> record)
    {
        try
        {
            // It can be read while it grows.
            if (_writer.Records == 0)
                Show();
            _writer.Write(record);
            _code?.Note(record);
        }
        catch (RecordingException error)
        {
            throw Failed(error);
        }
        if (MemoryMarshal.AsRef<RecordHeader>(record).Kind == RecordKind.Task && record.Length >= Unsafe.SizeOf<TaskRecord>())
            Note(in MemoryMarshal.AsRef<TaskRecord>(record));
    }

    /// <inheritdoc/>
    public void Pause(bool idle)
    {
        long now = Environment.TickCount64;
        if (now - _flushedAt < FlushMs)
            return;
        _flushedAt = now;
        try
        {
            WriteNames();
        }
        catch (RecordingException error)
        {
            throw Failed(error);
        }
    }

    /// <inheritdoc/>
    public void Finish(in RunSummary summary)
    {
        try
        {
            WriteNames();
            Show();
            _writer.Finish(LossNames.ByName(summary.Lost), summary.Complete);
            _finished = true;
        }
        catch (RecordingException error)
        {
            throw Failed(error);
        }
    }

    /// <summary>Closes the file; one that was made for a run that never began is taken away again.</summary>
    public void Dispose()
    {
        _writer.Dispose();
        if (!_finished && _writer.Records == 0 && !_overwrite)
            _file.Remove();
        _file.Dispose();
    }

    private void Show()
    {
        try
        {
            _file.Show();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SinkException($"cannot make the recording: {ErrnoText.Describe(error)}", error);
        }
    }

    // At once: a short-lived cgroup has no name later on.
    private void Note(in TaskRecord task)
    {
        if (_seen.Count < MaxCgroups && _seen.Add(task.CgroupId) && !TryName(task.CgroupId, task.Header.Time))
            _nameless[task.CgroupId] = (task.Header.Time, Environment.TickCount64 + LookMs);
    }

    private bool TryName(ulong id, ulong time)
    {
        if (_cgroups.Find(id) is not { } path)
            return false;
        Container? container = _containers.Describe(path);
        _names.Add(new CgroupName
        {
            Time = time,
            Id = id,
            Path = path,
            Runtime = container?.Runtime,
            ContainerId = container?.Id,
            ContainerName = container?.Name,
        });
        return true;
    }

    private void WriteNames()
    {
        foreach ((ulong id, (ulong time, long until)) in _nameless)
        {
            if (TryName(id, time) || Environment.TickCount64 > until)
                _nameless.Remove(id);
        }
        (ulong now, long offset) = ((ulong)Clock.Monotonic(), Clock.RealtimeOffset());
        if (_clock.Step(now, offset))
            _names.Add(new ClockStep { Time = now, Realtime = now + (ulong)offset });
        // Flushes the records that wait, also when there is no name.
        _writer.WriteNames(_names);
        _names.Clear();
        if (_code is not null)
            _writer.WriteCode(_code.New());
    }

    private static SinkException Failed(RecordingException error) => new(Printable.Escape(error.Message), error);
}
