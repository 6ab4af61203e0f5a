using System.Globalization;
using System.Text;
using Scry.Wire;

namespace Scry.Views;

/// <summary>A column of strace's summary (strace -U).</summary>
public enum StraceColumn
{
    /// <summary>Share of all time.</summary>
    TimePercent,
    /// <summary>Time of all calls.</summary>
    TotalTime,
    /// <summary>Time of the shortest.</summary>
    MinTime,
    /// <summary>Time of the longest.</summary>
    MaxTime,
    /// <summary>Mean time.</summary>
    AvgTime,
    /// <summary>Calls.</summary>
    Calls,
    /// <summary>Those that failed.</summary>
    Errors,
    /// <summary>Name of the call.</summary>
    Name,
    /// <summary>For sorting: in order of number.</summary>
    Nothing,
}

/// <summary>A syscall in strace's summary.</summary>
public readonly record struct StraceCall(Abi Abi, uint Nr, string Name, CallSums Sums);

/// <summary>The table that strace 6.1 prints with -c, to the byte.</summary>
/// <param name="columns">Its columns.</param>
/// <param name="sort">What it is sorted by.</param>
public sealed class StraceSummary(IReadOnlyList<StraceColumn> columns, StraceColumn sort)
{
    private const double Micro = 1e3, Second = 1e9;

    private static readonly (string Title, int Width)[] s_columns =
    [
        ("% time", 6), ("seconds", 11), ("shortest", 8), ("longest", 8), ("usecs/call", 11), ("calls", 9), ("errors", 9), ("syscall", 16),
    ];

    // strace's names for columns, the same with '_' for '-'.
    private static readonly Dictionary<string, StraceColumn> s_names = new()
    {
        ["time"] = StraceColumn.TimePercent, ["time-percent"] = StraceColumn.TimePercent,
        ["time-total"] = StraceColumn.TotalTime, ["total-time"] = StraceColumn.TotalTime,
        ["min-time"] = StraceColumn.MinTime, ["shortest"] = StraceColumn.MinTime, ["time-min"] = StraceColumn.MinTime,
        ["longest"] = StraceColumn.MaxTime, ["max-time"] = StraceColumn.MaxTime, ["time-max"] = StraceColumn.MaxTime,
        ["avg-time"] = StraceColumn.AvgTime, ["time-avg"] = StraceColumn.AvgTime,
        ["calls"] = StraceColumn.Calls, ["count"] = StraceColumn.Calls,
        ["error"] = StraceColumn.Errors, ["errors"] = StraceColumn.Errors,
        ["name"] = StraceColumn.Name, ["syscall"] = StraceColumn.Name, ["syscall-name"] = StraceColumn.Name,
        ["none"] = StraceColumn.Nothing, ["nothing"] = StraceColumn.Nothing,
    };

    /// <summary>Those that it has when none are asked for.</summary>
    public static IReadOnlyList<StraceColumn> DefaultColumns { get; } =
        [StraceColumn.TimePercent, StraceColumn.TotalTime, StraceColumn.AvgTime, StraceColumn.Calls, StraceColumn.Errors, StraceColumn.Name];

    /// <summary>Names that a column can be asked for by.</summary>
    public static IEnumerable<string> ColumnNames => s_names.Keys;

    /// <summary>The column of a name of strace's.</summary>
    public static bool TryColumn(string name, out StraceColumn column) => s_names.TryGetValue(name.Replace('_', '-'), out column);

    /// <summary>Writes a table for each ABI that has calls; nothing when none has.</summary>
    /// <exception cref="OutputException">It cannot be written.</exception>
    public void Write(OutputWriter output, IEnumerable<StraceCall> calls)
    {
        foreach (IGrouping<Abi, StraceCall> abi in calls.GroupBy(call => call.Abi).OrderBy(group => group.Key))
        {
            if (abi.Key.Is32Bit || abi.Key == Abi.X32)
                Line(output, $"System call usage summary for {(abi.Key == Abi.X32 ? "x32" : "32 bit")} mode:");
            foreach (string line in Table([.. abi]))
                Line(output, line);
        }
        output.Flush();
    }

    private List<string> Table(List<StraceCall> calls)
    {
        var total = new CallSums();
        foreach (StraceCall call in calls)
        {
            CallSums sums = call.Sums;
            total.Add(in sums);
        }
        int[] widths = Widths(calls, in total);
        var lines = new List<string>
        {
            Join(i => columns[i] != StraceColumn.Name ? Title(i).PadLeft(widths[i]) : i == columns.Count - 1 ? Title(i) : Title(i).PadRight(widths[i])),
            Join(i => new string('-', widths[i])),
        };
        string rule = lines[1];
        lines.AddRange(Sorted(calls).Select(call => Row(call.Name, call.Sums, widths, Share(call.Sums.Total, total.Total))));
        lines.Add(rule);
        lines.Add(Row("total", in total, widths, 100));
        return lines;
    }

    private static double Share(ulong part, ulong all) => part > 0 ? 100.0 * part / all : 0;

    private string Title(int column) => s_columns[(int)columns[column]].Title;

    private string Join(Func<int, string> cell) => string.Join(' ', Enumerable.Range(0, columns.Count).Select(cell));

    private string Row(string name, in CallSums sums, int[] widths, double share)
    {
        CallSums values = sums;
        return Join(i => columns[i] == StraceColumn.Name && i == columns.Count - 1 ? name
            : columns[i] == StraceColumn.Name ? name.PadRight(widths[i])
            : Cell(columns[i], in values, share).PadLeft(widths[i]));
    }

    private static string Cell(StraceColumn column, in CallSums sums, double share) => column switch
    {
        StraceColumn.TimePercent => share.ToString("F2", CultureInfo.InvariantCulture),
        StraceColumn.TotalTime => Seconds(sums.Total),
        StraceColumn.MinTime => Seconds(Shortest(in sums)),
        StraceColumn.MaxTime => Seconds(sums.Max),
        StraceColumn.AvgTime => Average(in sums).ToString(CultureInfo.InvariantCulture),
        StraceColumn.Calls => sums.Calls.ToString(CultureInfo.InvariantCulture),
        _ => sums.Errors > 0 ? sums.Errors.ToString(CultureInfo.InvariantCulture) : "",
    };

    private static ulong Shortest(in CallSums sums) => sums.Timed > 0 ? sums.Min : 0;

    private static ulong Average(in CallSums sums) => sums.Calls > 0 ? (ulong)(sums.Total / sums.Calls / Micro) : 0;

    private static string Seconds(ulong nanoseconds) => (nanoseconds / Second).ToString("F6", CultureInfo.InvariantCulture);

    /// <summary>Wide enough for all that is in a column, as far as strace itself looks.</summary>
    private int[] Widths(List<StraceCall> calls, in CallSums total)
    {
        CallSums all = total;
        return [.. columns.Select(column => Math.Max(s_columns[(int)column].Width, column switch
        {
            StraceColumn.TotalTime => Seconds(all.Total).Length,
            StraceColumn.MinTime => Seconds(calls.Max(call => Shortest(call.Sums))).Length,
            StraceColumn.MaxTime => Seconds(all.Max).Length,
            StraceColumn.AvgTime => Digits(calls.Max(call => Average(call.Sums))),
            StraceColumn.Calls => Digits(all.Calls),
            StraceColumn.Errors => Digits(all.Errors),
            StraceColumn.Name => calls.Max(call => call.Name.Length) + 1,
            _ => 0,
        }))];
    }

    private static int Digits(ulong value) => value.ToString(CultureInfo.InvariantCulture).Length;

    /// <summary>The largest first, names in order; equal ones in order of number.</summary>
    private IEnumerable<StraceCall> Sorted(List<StraceCall> calls)
    {
        IEnumerable<StraceCall> byNumber = calls.OrderBy(call => call.Nr);
        return sort switch
        {
            StraceColumn.TimePercent or StraceColumn.TotalTime => byNumber.OrderByDescending(call => call.Sums.Total),
            StraceColumn.MinTime => byNumber.OrderByDescending(call => Shortest(call.Sums)),
            StraceColumn.MaxTime => byNumber.OrderByDescending(call => call.Sums.Max),
            StraceColumn.AvgTime => byNumber.OrderByDescending(call => call.Sums.Calls > 0 ? (double)call.Sums.Total / call.Sums.Calls : 0),
            StraceColumn.Calls => byNumber.OrderByDescending(call => call.Sums.Calls),
            StraceColumn.Errors => byNumber.OrderByDescending(call => call.Sums.Errors),
            StraceColumn.Name => byNumber.OrderBy(call => call.Name, StringComparer.Ordinal),
            _ => byNumber,
        };
    }

    private static void Line(OutputWriter output, string text)
    {
        output.Buffer.Append(Encoding.UTF8.GetBytes(text));
        output.EndLine();
    }
}
