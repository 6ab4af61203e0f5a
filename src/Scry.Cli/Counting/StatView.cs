using System.Text;
using Scry.Capture;
using Scry.Cli.CommandLine;
using Scry.Cli.Tracing;
using Scry.Targets;
using Scry.Views;
using Scry.Wire;

namespace Scry.Cli.Counting;

/// <summary>The output of <c>scry stat</c>: a table, JSON or CSV of each interval or of the run, perf's tables, and a picture.</summary>
internal sealed class StatView : ICountView
{
    private readonly StatArguments _arguments;
    private readonly OutputWriter _writer;
    private readonly Dimensions _dimensions;
    private readonly StatTables _tables;
    private readonly StatText _text;
    private readonly StatJson _json;
    private readonly StatCsv _csv;
    private readonly HeatMap? _heat;
    private readonly FileStream? _heatFile;
    private readonly Dictionary<CounterRow, DurationHistogram> _heatBefore = [];
    private long _heatAt;

    /// <summary>Opens the outputs.</summary>
    /// <exception cref="ToolException">A file cannot be written.</exception>
    public StatView(StatArguments arguments)
    {
        _arguments = arguments;
        _dimensions = new Dimensions(arguments.By);
        _tables = new StatTables(_dimensions, CountOutput.Names(), !arguments.OnlyGroups, arguments.Sort, arguments.Top);
        (_writer, int width) = CountOutput.Open(arguments.Trace.OutputFile, arguments.Trace.Target == TargetChoice.Command);
        _text = new StatText(_writer, width);
        _json = new StatJson(_writer);
        _csv = new StatCsv(_writer);
        if (arguments.HeatMap is null)
            return;
        _heat = new HeatMap(arguments.Title);
        try
        {
            // Before the run: it would be a pity to learn afterwards that it cannot be written.
            _heatFile = OutputFile.Live(arguments.HeatMap);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _writer.Dispose();
            throw new ToolException($"cannot write '{Printable.Escape(arguments.HeatMap)}': {ErrnoText.Describe(error)}");
        }
    }

    /// <inheritdoc/>
    public void See(Counters counters, IReadOnlyList<CounterRow> changed, long elapsed)
    {
        _tables.See(changed);
        if (_heat is null)
            return;
        var came = new DurationHistogram();
        foreach (CounterRow row in changed)
        {
            DurationHistogram now = counters.Histogram(row);
            came.Add(_heatBefore.TryGetValue(row, out DurationHistogram? before) ? now.Since(before) : now);
            _heatBefore[row] = now;
        }
        foreach (CounterRow gone in _heatBefore.Keys.Where(row => row.IsGone))
            _heatBefore.Remove(gone);
        _heat.Add(_heatAt / 1e9, elapsed / 1e9, came);
        _heatAt = elapsed;
    }

    /// <inheritdoc/>
    public void Interval(Counters counters, long elapsed)
    {
        StatTable table = _tables.Since(counters, elapsed, Now());
        // The run may have ended with an interval.
        if (table.Rows.Count > 0 || table.Elapsed > 1_000_000)
            Write(table);
        Garbage.GiveBack();
    }

    /// <inheritdoc/>
    public void Finish(Counters counters, in StatSummary summary)
    {
        if (_arguments.Perf is { } mode)
            WritePerf(counters, mode);
        else if (_arguments.Interval is null)
            Write(_tables.Whole(counters, summary.Elapsed, Now()));
        if (_arguments.Trace.Json)
            _json.Finish(in summary);
        if (_heat is null || _heatFile is null)
            return;
        try
        {
            _heatFile.Write(Encoding.UTF8.GetBytes(_arguments.HeatMap!.EndsWith(".svg", StringComparison.OrdinalIgnoreCase) ? _heat.ToSvg() : _heat.ToHtml()));
            _heatFile.Flush();
        }
        catch (IOException error)
        {
            throw new ToolException($"cannot write '{Printable.Escape(_arguments.HeatMap!)}': {ErrnoText.Describe(error)}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _writer.Dispose();
        _heatFile?.Dispose();
    }

    private static long Now() => (DateTime.UtcNow - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick;

    private void Write(StatTable table)
    {
        if (_arguments.Trace.Json)
        {
            _json.Write(table);
        }
        else if (_arguments.Csv)
        {
            _csv.Write(table);
        }
        else
        {
            _text.Write(table);
            if (_arguments.Histograms)
                _text.WriteHistograms(table);
        }
    }

    private void WritePerf(Counters counters, PerfMode mode)
    {
        StatTable table = _tables.Whole(counters, 0, 0);
        List<PerfGroup> groups =
        [
            .. table.Rows.GroupBy(row => row.Labels.Count > 0 && row.Labels[0] == StatLabel.Other ? StatLabel.Other.ToString() : mode switch
            {
                PerfMode.Thread => $"{row.Labels[1]} ({row.Labels[0]})",
                PerfMode.Cgroup => $"cgroup {row.Labels[0]}",
                _ => "total",
            }).Select(group => new PerfGroup(group.Key, [.. group])),
        ];
        new PerfSummary(_writer, mode, _arguments.ErrnoSummary).Write(groups);
    }
}
