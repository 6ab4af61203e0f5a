using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Syscalls;
using Scry.Wire;
using Encoding = System.Text.Encoding;

namespace Scry.Views;

/// <summary>A table of syscalls, how often they were made, how long they took and how often they failed, as strace -c has it.</summary>
/// <param name="decoder">Names the calls.</param>
/// <param name="output">Where the table goes, when the run ends.</param>
/// <param name="coarse">Whether the records come from a recorder that kept no exact times: there are none in the table then, nor when any call has none.</param>
public sealed class SummaryView(Decoder decoder, OutputWriter output, bool coarse = false) : IRecordView
{
    private const int MaxErrno = 4095;
    /// <summary>A hostile file can make up numbers without end.</summary>
    private const int Capacity = 65536;
    private const string Rule = "------ ----------- ----------- ----------- --------- --------- ----------------";

    private const string TimelessRule = "--------- --------- ----------------";

    private readonly Dictionary<(Abi Abi, uint Nr), Row> _rows = [];
    private bool _coarse = coarse;
    // Of calls that were seen at their exit alone there are none either.
    private bool _timed;

    private bool Timeless => _coarse || !_timed;

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> record)
    {
        if (record.Length < Unsafe.SizeOf<CallFixed>() || MemoryMarshal.AsRef<RecordHeader>(record).Kind != RecordKind.Call)
            return;
        var call = new CallRecord(record);
        (Abi, uint) key = (call.Header.Abi, call.Nr);
        if (!_rows.TryGetValue(key, out Row? row))
        {
            if (_rows.Count >= Capacity)
                return;
            _rows[key] = row = new Row(Name(in call));
        }
        _coarse |= call.IsCoarse;
        _timed |= (call.Flags & CallFlags.NoEntry) == 0;
        ulong duration = call.Fixed.Duration;
        bool failed = call.Result is < 0 and >= -MaxErrno && (call.Flags & CallFlags.Unfinished) == 0;
        row.Add(duration, failed);
    }

    /// <inheritdoc/>
    public void Skip(ReadOnlySpan<byte> record, bool gaps)
    {
    }

    /// <inheritdoc/>
    public void Finish(in RunSummary summary)
    {
        var total = new Row("total");
        foreach (Row row in _rows.Values)
            total.Add(row);
        string rule = Timeless ? TimelessRule : Rule;
        Line((Timeless ? "" : "% time     seconds  usecs/call   max usecs ") + "    calls    errors syscall");
        Line(rule);
        foreach (Row row in _rows.Values.OrderByDescending(row => Timeless ? 0 : row.Time).ThenByDescending(row => row.Calls)
            .ThenBy(row => row.Name, StringComparer.Ordinal))
        {
            Line(Text(row, total.Time));
        }
        Line(rule);
        Line(Text(total, total.Time));
        if (_coarse)
            Line(TimeText.WhyCoarse);
        else if (!_timed && _rows.Count > 0)
            Line(TimeText.WhyUntimed);
        output.Flush();
    }

    private string Name(in CallRecord call)
    {
        var name = new Utf8Buffer(32);
        decoder.WriteName(in call, name);
        // Both tables have an openat: -e writes the other one so.
        return Encoding.UTF8.GetString(name.Written) + (call.Header.Abi.Is32Bit ? "@32" : "");
    }

    private string Text(Row row, double all) => (Timeless ? "" : Times(row, all)) + string.Create(CultureInfo.InvariantCulture,
        $"{row.Calls,9} {(row.Errors > 0 ? row.Errors.ToString(CultureInfo.InvariantCulture) : ""),9} {row.Name}");

    private static string Times(Row row, double all) => string.Create(CultureInfo.InvariantCulture,
        $"{(all > 0 ? 100 * row.Time / all : 0),6:F2} {row.Time / 1e9,11:F6} {(row.Calls > 0 ? row.Time / 1e3 / row.Calls : 0),11:F0} {row.Longest / 1000,11} ");

    private void Line(string text)
    {
        output.Buffer.Append(Encoding.UTF8.GetBytes(text));
        output.EndLine();
    }

    /// <summary>What is known of one syscall. Times are of a double: those of a hostile file cannot overflow it.</summary>
    private sealed class Row(string name)
    {
        public string Name => name;
        public double Time { get; private set; }
        public ulong Longest { get; private set; }
        public ulong Calls { get; private set; }
        public ulong Errors { get; private set; }

        public void Add(ulong duration, bool failed)
        {
            Time += duration;
            Longest = Math.Max(Longest, duration);
            Calls++;
            if (failed)
                Errors++;
        }

        public void Add(Row other)
        {
            Time += other.Time;
            Longest = Math.Max(Longest, other.Longest);
            Calls += other.Calls;
            Errors += other.Errors;
        }
    }
}
