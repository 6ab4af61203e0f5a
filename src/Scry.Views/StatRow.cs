using System.Text;
using Scry.Syscalls;
using Scry.Wire;

namespace Scry.Views;

/// <summary>The value of a dimension: a number, or text that may be hostile.</summary>
/// <param name="Text">As bytes.</param>
/// <param name="IsNumber">Whether it is a number.</param>
public readonly record struct StatLabel(byte[] Text, bool IsNumber = false)
{
    /// <summary>A value that there is none of.</summary>
    public static StatLabel None { get; } = new("-"u8.ToArray());

    /// <summary>What found no room of its own.</summary>
    public static StatLabel Other { get; } = new("(other)"u8.ToArray());

    /// <summary>Text of Scry's own.</summary>
    public static StatLabel Of(string text) => new(ByteText.Bytes(text));

    /// <summary>A number.</summary>
    public static StatLabel Of(ulong number) => new(Encoding.ASCII.GetBytes(number.ToString(System.Globalization.CultureInfo.InvariantCulture)), true);

    /// <summary>Fit for a terminal.</summary>
    public override string ToString()
    {
        var to = new Utf8Buffer(Text.Length);
        Escape.Name(to, Text);
        return Encoding.ASCII.GetString(to.Written);
    }
}

/// <summary>A dimension of a table: the head of its column, and its name in JSON and CSV.</summary>
public readonly record struct StatHead(string Title, string Name);

/// <summary>What a line of a table says: who, which call, how often, how long.</summary>
public sealed class StatRow
{
    /// <summary>One for each head of the table.</summary>
    public required IReadOnlyList<StatLabel> Labels { get; init; }

    /// <summary>Name of the call; null: all calls together.</summary>
    public string? Syscall { get; init; }

    /// <summary>Which table its number belongs to.</summary>
    public Abi Abi { get; init; }

    /// <summary>Its number.</summary>
    public uint Nr { get; init; }

    /// <summary>Whether a dimension found no room of its own.</summary>
    public bool IsOther { get; init; }

    /// <summary>With a table by errno: the errno, 0 for calls that succeeded, or <see cref="UnknownErrno"/>. There are no durations.</summary>
    public int? Errno { get; init; }

    /// <summary>Calls that failed, and whose errno found no room.</summary>
    public const int UnknownErrno = -1;

    /// <summary>The errno's name; null for calls that succeeded.</summary>
    public string? ErrnoName => Errno switch
    {
        null or 0 => null,
        UnknownErrno => StatLabel.Other.ToString(),
        { } errno => NameOf(errno),
    };

    /// <summary>Counts and times.</summary>
    public CallSums Sums { get; set; } = new();

    /// <summary>Durations.</summary>
    public DurationHistogram Histogram { get; } = new();

    /// <summary>Errors by errno.</summary>
    public SortedDictionary<int, ulong> Errnos { get; } = [];

    /// <summary>The duration that a share of the calls do not exceed, in nanoseconds.</summary>
    public ulong Quantile(double share) => Histogram.Quantile(share, Sums.Min, Sums.Max);

    /// <summary>Adds calls.</summary>
    public void Add(in CallSums sums, DurationHistogram histogram, IReadOnlyDictionary<int, ulong> errnos)
    {
        CallSums all = Sums;
        all.Add(in sums);
        Sums = all;
        Histogram.Add(histogram);
        foreach ((int errno, ulong count) in errnos)
            Errnos[errno] = Errnos.GetValueOrDefault(errno) + count;
    }

    /// <summary>Errors as <c>ENOENT 3, EACCES 1</c>, the most frequent first.</summary>
    public string ErrnoText() => string.Join(", ", Errnos.OrderByDescending(one => one.Value).ThenBy(one => one.Key).Select(one => $"{NameOf(one.Key)} {one.Value}"));

    /// <summary>The name of an errno, or its number.</summary>
    public static string NameOf(int errno) => Scry.Syscalls.Errno.Name(errno) is { IsEmpty: false } name
        ? Encoding.ASCII.GetString(name)
        : errno.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <summary>Rows of one time: of a whole run, or of an interval of it.</summary>
public sealed class StatTable
{
    /// <summary>The dimensions.</summary>
    public required IReadOnlyList<StatHead> Heads { get; init; }

    /// <summary>Whether rows are told apart by their call.</summary>
    public bool BySyscall { get; init; } = true;

    /// <summary>Whether calls were counted alone: none has a duration.</summary>
    public bool CountOnly { get; init; }

    /// <summary>Whether rows are told apart by errno.</summary>
    public bool ByErrno { get; init; }

    /// <summary>The rows, in the order in which they are shown.</summary>
    public required IReadOnlyList<StatRow> Rows { get; init; }

    /// <summary>Rows that are not shown, and their calls.</summary>
    public (int Rows, ulong Calls) Hidden { get; init; }

    /// <summary>Nanoseconds since the epoch at which it ends.</summary>
    public long Time { get; init; }

    /// <summary>Nanoseconds that it covers.</summary>
    public long Elapsed { get; init; }

    /// <summary>Number of the interval, from 1; 0: the whole run.</summary>
    public int Interval { get; init; }
}
