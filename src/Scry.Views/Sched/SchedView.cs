using System.Globalization;
using System.Text;
using Scry.Syscalls;
using Scry.Wire;

namespace Scry.Views.Sched;

/// <summary>How the scheduler's table is shown.</summary>
public sealed record SchedOptions
{
    /// <summary>What a row is about.</summary>
    public SchedBy By { get; init; }
    /// <summary>What the rows are sorted by.</summary>
    public SchedSort Sort { get; init; }
    /// <summary>Rows that are shown.</summary>
    public int Top { get; init; } = int.MaxValue;
    /// <summary>JSON Lines (docs/JSON.md) in the place of a table.</summary>
    public bool Json { get; init; }
    /// <summary>Columns of the terminal; <see cref="int.MaxValue"/>: nothing is left out.</summary>
    public int Width { get; init; } = int.MaxValue;
    /// <summary>What the clock on the wall showed.</summary>
    public WallClock Clock { get; init; } = 0;
}

/// <summary>Collects the scheduler's sums of threads, and writes them at the end: how long each ran, and how long it waited for a CPU.</summary>
public sealed class SchedView(OutputWriter output, SchedOptions options) : RecordView
{
    private readonly TimeText _time = new(options.Clock);
    private readonly Utf8Buffer _to = output.Buffer;

    /// <summary>The rows.</summary>
    public SchedTable Table { get; } = new(options.By);

    /// <summary>Nothing was lost.</summary>
    public bool IsComplete { get; private set; }

    /// <inheritdoc/>
    public override void Finish(in RunSummary summary)
    {
        IsComplete = summary.Complete;
        IReadOnlyList<SchedRow> rows = Table.Rows(options.Sort);
        IReadOnlyList<SchedRow> shown = rows.Count > options.Top ? [.. rows.Take(options.Top)] : rows;
        if (options.Json)
            WriteJson(shown, in summary);
        else
            WriteText(shown, rows.Count - shown.Count);
        output.Flush();
    }

    /// <inheritdoc/>
    private protected override void WriteSched(in SchedRecord sched, in TaskState task) =>
        Table.Add(sched.Header.Tgid, sched.Header.Tid, task.Name, in sched.Sums);

    /// <inheritdoc/>
    private protected override void WriteCall(in CallRecord call, in TaskState task)
    {
    }

    /// <inheritdoc/>
    private protected override void WriteSignal(in SignalRecord signal, in TaskState task)
    {
    }

    /// <inheritdoc/>
    private protected override void WriteExit(in RecordHeader header, in TaskState task)
    {
    }

    /// <inheritdoc/>
    private protected override void WriteGap(in RecordHeader header, in TaskState task, uint missing)
    {
    }

    private void WriteText(IReadOnlyList<SchedRow> rows, int hidden)
    {
        var columns = new List<TextColumn<SchedRow>>();
        if (options.By != SchedBy.Comm)
            columns.Add(new("pid", 0, true, row => row.IsOther ? "" : Number(row.Tgid)));
        if (options.By == SchedBy.Thread)
            columns.Add(new("tid", 0, true, row => row.IsOther ? "" : Number(row.Tid)));
        columns.Add(new("comm", 0, true, row => new StatLabel(row.Comm).ToString()));
        int labels = columns.Count;
        if (options.By != SchedBy.Thread)
            columns.Add(new("threads", 8, false, row => Number((ulong)row.Threads)));
        columns.AddRange(
        [
            new("run", 0, false, row => DurationText.Of(row.Running)),
            new("switches", 3, false, row => Number(row.Switches)),
            new("avg delay", 1, false, row => row.Delays > 0 ? DurationText.Of(row.Average) : ""),
            new("worst delay", 0, false, row => row.Delays > 0 ? DurationText.Of(row.Worst) : ""),
            new("ended at", 2, false, row => row.Delays > 0 ? Clock(row.WorstEnd) : ""),
            new("delay", 4, false, row => DurationText.Of(row.Delay)),
            new("preempted", 5, false, row => Number(row.Preemptions)),
            new("migrations", 7, false, row => Number(row.Migrations)),
            new("blocked", 6, false, row => DurationText.Of(row.Blocked)),
        ]);
        new TextTable<SchedRow>(output, options.Width).Write(rows, columns, labels);
        if (hidden > 0)
        {
            _to.Append(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"and {hidden} more rows")));
            output.EndLine();
        }
    }

    private string Clock(ulong time)
    {
        var text = new Utf8Buffer(32);
        _time.Write(text, TimeStyle.Microseconds, time, coarse: false);
        return Encoding.ASCII.GetString(text.Written).TrimEnd();
    }

    private static string Number(ulong value) => value.ToString(CultureInfo.InvariantCulture);

    private void WriteJson(IReadOnlyList<SchedRow> rows, in RunSummary summary)
    {
        foreach (SchedRow row in rows)
        {
            _to.Append("{\"type\":\"sched\""u8);
            if (row.Tgid > 0)
                Member("pid"u8, row.Tgid);
            if (row.Tid > 0)
                Member("tid"u8, row.Tid);
            _to.Append(",\"comm\":"u8);
            Quote.Json(_to, row.Comm);
            if (row.IsOther)
                _to.Append(",\"other\":true"u8);
            WriteSums(row);
            _to.Append((byte)'}');
            output.EndLine();
        }
        _to.Append("{\"type\":\"summary\""u8);
        WriteSums(Table.Total);
        _to.Append(summary.Complete ? ",\"complete\":true"u8 : ",\"complete\":false"u8);
        Member("lost"u8, summary.TotalLost);
        _to.Append((byte)'}');
        output.EndLine();
    }

    private void WriteSums(SchedRow row)
    {
        Member("threads"u8, (ulong)row.Threads);
        Member("running_ns"u8, row.Running);
        Member("switches"u8, row.Switches);
        Member("delays"u8, row.Delays);
        Member("delay_ns"u8, row.Delay);
        if (row.Delays > 0)
        {
            _to.Append(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $",\"avg_delay_ns\":{row.Average:F1}")));
            Member("worst_delay_ns"u8, row.Worst);
            _to.Append(",\"worst_end\":\""u8);
            TimeText.WriteSeconds(_to, _time.Wall(row.WorstEnd), 9);
            _to.Append((byte)'"');
        }
        Member("preemptions"u8, row.Preemptions);
        Member("migrations"u8, row.Migrations);
        Member("blocked_ns"u8, row.Blocked);
    }

    private void Member(ReadOnlySpan<byte> name, ulong value)
    {
        _to.Append(",\""u8);
        _to.Append(name);
        _to.Append("\":"u8);
        Quote.JsonNumber(_to, value);
    }
}
