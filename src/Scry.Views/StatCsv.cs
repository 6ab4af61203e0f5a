using System.Globalization;
using System.Text;
using Scry.Syscalls;
using Scry.Wire;

namespace Scry.Views;

/// <summary>Counted calls as comma-separated values (RFC 4180) with a head; times are nanoseconds, buckets <c>low:count</c>.</summary>
public sealed class StatCsv(OutputWriter output)
{
    private static readonly double[] s_shares = [0.5, 0.9, 0.99, 0.999];

    private bool _begun;

    /// <summary>Writes a line for each row, before the first of all the head.</summary>
    /// <exception cref="OutputException">It cannot be written.</exception>
    public void Write(StatTable table)
    {
        if (!_begun)
        {
            _begun = true;
            Line(["time", "interval", "elapsed_ns", .. table.Heads.Select(head => head.Name), "syscall", "abi", "nr", "errno", "calls", "errors", "errnos", "untimed",
                "total_ns", "min_ns", "avg_ns", "max_ns", "deviation_ns", "stddev_percent", "p50_ns", "p90_ns", "p99_ns", "p99_9_ns", "wall_percent", "histogram"]);
        }
        foreach (StatRow row in table.Rows)
            Line([.. Begin(row, table), .. table.ByErrno ? Enumerable.Repeat("", 15) : Numbers(row, table)]);
        output.Flush();
    }

    private static List<string> Begin(StatRow row, StatTable table) =>
    [
        (table.Time / 1e9).ToString("F3", CultureInfo.InvariantCulture), Number((ulong)table.Interval), Number((ulong)table.Elapsed),
        .. row.Labels.Select(label => label.ToString()),
        row.Syscall ?? "",
        row.Syscall is null or "(other)" ? "" : AbiNames.Name(row.Abi),
        row.Syscall is null or "(other)" ? "" : Number(row.Nr),
        row.ErrnoName ?? "",
        Number(row.Sums.Calls),
    ];

    private static List<string> Numbers(StatRow row, StatTable table)
    {
        bool timed = row.Sums.Timed > 0;
        return
        [
            Number(row.Sums.Errors),
            string.Join(' ', row.Errnos.Select(one => string.Create(CultureInfo.InvariantCulture, $"{StatRow.NameOf(one.Key)}:{one.Value}"))),
            Number(row.Sums.Untimed),
            Number(row.Sums.Total),
            timed ? Number(row.Sums.Min) : "",
            timed ? row.Sums.Mean.ToString("F1", CultureInfo.InvariantCulture) : "",
            timed ? Number(row.Sums.Max) : "",
            timed ? row.Sums.Deviation.ToString("F1", CultureInfo.InvariantCulture) : "",
            timed ? row.Sums.RelativeError.ToString("F2", CultureInfo.InvariantCulture) : "",
            .. s_shares.Select(share => timed ? Number(row.Quantile(share)) : ""),
            timed && table.Elapsed > 0 ? (100.0 * row.Sums.Total / table.Elapsed).ToString("F3", CultureInfo.InvariantCulture) : "",
            string.Join(' ', row.Histogram.Buckets().Select(bucket => string.Create(CultureInfo.InvariantCulture, $"{bucket.Low}:{bucket.Count}"))),
        ];
    }

    private static string Number(ulong value) => value.ToString(CultureInfo.InvariantCulture);

    private void Line(IEnumerable<string> fields)
    {
        string line = string.Join(',', fields.Select(field => field.AsSpan().IndexOfAny(",\"\r\n") < 0 ? field : $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\""));
        output.Buffer.Append(Encoding.UTF8.GetBytes(line));
        output.EndLine();
    }
}
