using System.Globalization;
using System.Text;
using Scry.Syscalls;
using Scry.Wire;

namespace Scry.Views;

/// <summary>Counted calls as JSON Lines (docs/JSON.md): everything, with the buckets of the durations.</summary>
public sealed class StatJson(OutputWriter output)
{
    private static readonly (string Name, double Share)[] s_quantiles = [("p50_ns", 0.5), ("p90_ns", 0.9), ("p99_ns", 0.99), ("p99_9_ns", 0.999)];

    private readonly Utf8Buffer _to = output.Buffer;

    /// <summary>Writes an object for each row.</summary>
    /// <exception cref="OutputException">It cannot be written.</exception>
    public void Write(StatTable table)
    {
        foreach (StatRow row in table.Rows)
        {
            _to.Append("{\"type\":\"stat\",\"time\":\""u8);
            TimeText.WriteSeconds(_to, (ulong)table.Time, 9);
            _to.Append((byte)'"');
            if (table.Interval > 0)
                Member("interval", (ulong)table.Interval);
            Member("elapsed_ns", (ulong)table.Elapsed);
            for (int i = 0; i < table.Heads.Count; i++)
                Label(table.Heads[i].Name, row.Labels[i]);
            if (table.BySyscall)
                WriteSyscall(row);
            if (row.IsOther)
                _to.Append(",\"other\":true"u8);
            if (row.Errno is not null)
                Label("errno", row.ErrnoName is { } name ? StatLabel.Of(name) : StatLabel.None);
            Member("calls", row.Sums.Calls);
            if (!table.ByErrno)
                WriteNumbers(row, table);
            _to.Append((byte)'}');
            output.EndLine();
        }
        output.Flush();
    }

    /// <summary>Writes the last line.</summary>
    /// <exception cref="OutputException">It cannot be written.</exception>
    public void Finish(in StatSummary summary)
    {
        _to.Append("{\"type\":\"summary\""u8);
        Member("calls", summary.Calls);
        Member("errors", summary.Errors);
        Member("elapsed_ns", (ulong)summary.Elapsed);
        _to.Append(summary.IsExact ? ",\"exact\":true"u8 : ",\"exact\":false"u8);
        Member("untimed", summary.Untimed);
        Member("slotless", summary.Slotless);
        Member("other_calls", summary.Other);
        Member("folded", summary.Folded);
        Member("unbucketed", summary.Unbucketed);
        Member("errnos_unknown", summary.ErrnosUnknown);
        Member("given_up", summary.GivenUp);
        if (summary.CpuShare is { } share)
            Text(string.Create(CultureInfo.InvariantCulture, $",\"cpu_percent\":{100 * share:F3}"));
        _to.Append((byte)'}');
        output.EndLine();
        output.Flush();
    }

    private void WriteSyscall(StatRow row)
    {
        Label("syscall", StatLabel.Of(row.Syscall ?? ""));
        if (row.Syscall is null or "(other)" or SyscallNames.OtherNumbers)
            return;
        Member("nr", row.Nr);
        _to.Append(",\"abi\":\""u8);
        _to.Append(AbiNames.Utf8(row.Abi));
        _to.Append((byte)'"');
    }

    private void WriteNumbers(StatRow row, StatTable table)
    {
        Member("errors", row.Sums.Errors);
        if (row.Errnos.Count > 0)
        {
            _to.Append(",\"errnos\":{"u8);
            string separator = "";
            foreach ((int errno, ulong count) in row.Errnos)
            {
                Text(string.Create(CultureInfo.InvariantCulture, $"{separator}\"{StatRow.NameOf(errno)}\":{count}"));
                separator = ",";
            }
            _to.Append((byte)'}');
        }
        Member("untimed", row.Sums.Untimed);
        Member("total_ns", row.Sums.Total);
        if (row.Sums.Timed == 0)
            return;
        Member("min_ns", row.Sums.Min);
        Text(string.Create(CultureInfo.InvariantCulture, $",\"avg_ns\":{row.Sums.Mean:F1}"));
        Member("max_ns", row.Sums.Max);
        Text(string.Create(CultureInfo.InvariantCulture, $",\"deviation_ns\":{row.Sums.Deviation:F1},\"stddev_percent\":{row.Sums.RelativeError:F2}"));
        foreach ((string name, double share) in s_quantiles)
            Member(name, row.Quantile(share));
        if (table.Elapsed > 0)
            Text(string.Create(CultureInfo.InvariantCulture, $",\"wall_percent\":{100.0 * row.Sums.Total / table.Elapsed:F3}"));
        _to.Append(",\"histogram\":["u8);
        string comma = "";
        foreach (DurationBucket bucket in row.Histogram.Buckets())
        {
            string high = bucket.High == ulong.MaxValue ? "null" : bucket.High.ToString(CultureInfo.InvariantCulture);
            Text(string.Create(CultureInfo.InvariantCulture, $"{comma}[{bucket.Low},{high},{bucket.Count}]"));
            comma = ",";
        }
        _to.Append((byte)']');
    }

    private void Member(string name, ulong value)
    {
        Text($",\"{name}\":");
        Quote.JsonNumber(_to, value);
    }

    private void Label(string name, StatLabel label)
    {
        Text($",\"{name}\":");
        // Fewer digits than 2^53 has: a reader of floating-point numbers keeps it.
        if (label.IsNumber && label.Text.Length < 16)
            _to.Append(label.Text);
        else if (label == StatLabel.None)
            _to.Append("null"u8);
        else
            Quote.Json(_to, label.Text);
    }

    private void Text(string text) => _to.Append(Encoding.UTF8.GetBytes(text));
}
