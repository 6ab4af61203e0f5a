using System.Diagnostics;
using System.Globalization;
using Scry.Capture;
using Scry.Cli.Launch;
using Scry.Cli.Tracing;
using Scry.Views.Top;
using Scry.Wire;

namespace Scry.Cli.Top;

/// <summary>
/// The counters of a run. The kernel counts by what is shown and no finer; when something else is to be shown, new counters
/// take over from the old ones, so that every call is in one or the other.
/// </summary>
internal sealed class TopCounters : IDisposable
{
    private readonly SessionOptions _what;
    private readonly TopLookups _lookups = new();
    private Counters _counters;
    private TopNames _names;
    private CostSampler _cost;
    private long _readAt;

    /// <summary>Counts the target's calls from now on; a command is let go by the caller.</summary>
    /// <exception cref="ToolException">There are too many threads.</exception>
    public TopCounters(SessionOptions what, CountBy by, TraceTarget target, TracedCommand? command)
    {
        _what = what;
        (_counters, _names) = Open(by);
        _cost = Sampler();
        try
        {
            if (command is not null)
                TraceTarget.Add(_counters.AddTask, command.Pid, command.Pid, fromExecve: true);
            TraceTarget.AddAll(_counters.AddTask, target.Threads);
            _counters.Attach();
            // Again: for those that began in between.
            TraceTarget.AddAll(_counters.AddTask, target.Threads);
        }
        catch
        {
            Dispose();
            throw;
        }
        _readAt = Stopwatch.GetTimestamp();
    }

    /// <summary>What the kernel counts by.</summary>
    public CountBy By => _counters.Options.By;

    /// <summary>Whether the target is threads that have all ended.</summary>
    public bool HasEnded => _what.Target == TargetKind.Tasks && _counters.TaskCount == 0;

    /// <summary>Counts by something else from now on; what the old counters had since they were read last is dropped.</summary>
    public void Recount(CountBy by)
    {
        (Counters counters, TopNames names) = Open(by);
        try
        {
            TraceTarget.AddAll(counters.AddTask, _counters.Tasks);
            counters.Attach();
            TraceTarget.AddAll(counters.AddTask, _counters.Tasks);
        }
        catch
        {
            counters.Dispose();
            throw;
        }
        Dispose();
        (_counters, _names, _readAt) = (counters, names, Stopwatch.GetTimestamp());
        _cost = Sampler();
    }

    /// <summary>Gives the calls since the read before, or since counting by this began.</summary>
    public TopTick Read(TopSink sink)
    {
        long now = Stopwatch.GetTimestamp();
        foreach (CounterRow row in _counters.Read())
        {
            CallSums delta = row.Delta;
            sink(_names.Of(row), in delta);
        }
        _names.Prune(_counters.Rows);
        Garbage.GiveBack();
        double seconds = Stopwatch.GetElapsedTime(_readAt, now).TotalSeconds;
        _readAt = now;
        return new TopTick(seconds, DateTime.Now, By, Note(_counters.State)) { CpuShare = _cost.Last };
    }

    /// <summary>Gives durations and errors of the model's calls, as far as there is news.</summary>
    public void ReadLatency(TopModel model)
    {
        model.Latency.Begin();
        foreach (CounterRow row in _counters.Rows)
        {
            TopEntry entry = _names.Of(row);
            CallSums sums = row.Sums;
            if (model.Has(entry) && model.Latency.HasNews(entry, in sums))
                model.Latency.Add(entry, in sums, _counters.Histogram(row), _counters.Errnos(row));
        }
    }

    /// <summary>Looks now and then at what counting costs: to be called some times in a second.</summary>
    public void Poll() => _cost.Poll();

    public void Dispose()
    {
        _cost.Dispose();
        _counters.Dispose();
    }

    private CostSampler Sampler()
    {
        Counters counters = _counters;
        return new CostSampler(() => counters.Loaded);
    }

    private (Counters, TopNames) Open(CountBy by)
    {
        try
        {
            // Another key, another table: to detach from functions takes too long for that.
            return (Counters.Open(new CounterOptions { What = _what with { Attach = AttachMode.Tracepoint }, By = by, KeepEnded = false }), new TopNames(by, _lookups));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ToolException($"no counters could be made: {ErrnoText.Describe(error)}");
        }
    }

    private static string? Note(in CountState state)
    {
        var notes = new List<string>();
        if (state.RowsFull + state.GroupsFull > 0)
            notes.Add("no room for all: the rest is (other)");
        if (state.SlotsFull > 0)
            notes.Add(string.Create(CultureInfo.InvariantCulture, $"{state.SlotsFull} calls without times"));
        if (state.GivenUp > 0)
            notes.Add(string.Create(CultureInfo.InvariantCulture, $"{state.GivenUp} calls not counted"));
        return notes.Count > 0 ? string.Join("; ", notes) : null;
    }
}

/// <summary>Takes calls of one kind.</summary>
internal delegate void TopSink(TopEntry entry, in CallSums sums);
