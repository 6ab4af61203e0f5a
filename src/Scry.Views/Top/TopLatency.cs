using Scry.Wire;

namespace Scry.Views.Top;

/// <summary>How long calls took, and how they failed: in the last tick, and since they are counted.</summary>
public sealed class TopLatency
{
    private const int Spare = 256;
    private static readonly IReadOnlyDictionary<int, ulong> s_none = new Dictionary<int, ulong>();

    private readonly Dictionary<TopEntry, Before> _before = [];
    private long _tick;
    private int _seen;

    private sealed record Before(CallSums Sums, DurationHistogram Histogram, IReadOnlyDictionary<int, ulong> Errnos)
    {
        public long SeenAt { get; set; }
    }

    /// <summary>Durations of the last tick.</summary>
    public DurationHistogram Last { get; private set; } = new();

    /// <summary>Durations of all.</summary>
    public DurationHistogram All { get; private set; } = new();

    /// <summary>Calls of the last tick.</summary>
    public CallSums LastSums { get; private set; } = new();

    /// <summary>All calls.</summary>
    public CallSums AllSums { get; private set; } = new();

    /// <summary>Errors of all calls by errno.</summary>
    public Dictionary<int, ulong> Errnos { get; private set; } = [];

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        _before.Clear();
        (Last, All, LastSums, AllSums, Errnos) = (new(), new(), new(), new(), []);
    }

    /// <summary>Begins a tick; what was not asked for in the last one is gone, as processes are that ended.</summary>
    public void Begin()
    {
        if (_before.Count > 2 * _seen + Spare)
        {
            foreach (TopEntry gone in _before.Where(one => one.Value.SeenAt != _tick).Select(one => one.Key).ToArray())
                _before.Remove(gone);
        }
        (Last, LastSums, _seen) = (new(), new(), 0);
        _tick++;
    }

    /// <summary>Whether something came since the tick before; asked in each for all that there is.</summary>
    public bool HasNews(TopEntry entry, in CallSums sums)
    {
        _seen++;
        if (!_before.TryGetValue(entry, out Before? before))
            return true;
        before.SeenAt = _tick;
        return before.Sums.Calls != sums.Calls;
    }

    /// <summary>How many kinds of calls it remembers: bounded by those that there are.</summary>
    public int Remembered => _before.Count;

    /// <summary>Takes in calls of one kind as they stand now: all since they are counted.</summary>
    public void Add(TopEntry entry, in CallSums sums, DurationHistogram histogram, IReadOnlyDictionary<int, ulong> errnos)
    {
        bool known = _before.TryGetValue(entry, out Before? before);
        CallSums news = known ? sums.Since(before!.Sums) : sums;
        DurationHistogram durations = known ? histogram.Since(before!.Histogram) : histogram;
        All.Add(durations);
        CallSums all = AllSums;
        all.Add(in news);
        AllSums = all;
        // What came before the first look at it is not of the last tick.
        if (known)
        {
            Last.Add(durations);
            CallSums last = LastSums;
            last.Add(in news);
            LastSums = last;
        }
        foreach ((int errno, ulong count) in errnos)
        {
            ulong earlier = (before?.Errnos ?? s_none).GetValueOrDefault(errno);
            if (count > earlier)
                Errnos[errno] = Errnos.GetValueOrDefault(errno) + count - earlier;
        }
        _before[entry] = new Before(sums, histogram, errnos) { SeenAt = _tick };
    }
}

/// <summary>A bar of a distribution.</summary>
/// <param name="Low">Nanoseconds from which on it counts.</param>
/// <param name="High">Nanoseconds below which it counts.</param>
/// <param name="Count">Calls.</param>
public readonly record struct DurationBar(ulong Low, ulong High, ulong Count)
{
    private const int FirstOctave = 5; // what is shorter than 32 ns is one bar
    private const int MostParts = 8;

    /// <summary>The bars from the shortest to the longest duration there is: as fine as the rows allow, at most 8 to a doubling.</summary>
    /// <param name="histogram">The durations.</param>
    /// <param name="most">Bars that there is room for.</param>
    public static IReadOnlyList<DurationBar> Of(DurationHistogram histogram, int most)
    {
        if (histogram.Count == 0 || most < 1)
            return [];
        var lows = new List<(ulong Low, ulong Count)>();
        foreach (DurationBucket bucket in histogram.Buckets())
            lows.Add((bucket.Low, bucket.Count));
        int parts = MostParts, merged = 1;
        int Bars() => Index(lows[^1].Low, parts) / merged - Index(lows[0].Low, parts) / merged + 1;
        while (parts > 1 && Bars() > most)
            parts /= 2;
        while (Bars() > most)
            merged++;
        int first = Index(lows[0].Low, parts) / merged;
        ulong[] counts = new ulong[Bars()];
        foreach ((ulong low, ulong count) in lows)
            counts[Index(low, parts) / merged - first] += count;
        int divisor = parts, step = merged;
        return [.. counts.Select((count, i) => new DurationBar(LowOf((first + i) * step, divisor), LowOf((first + i + 1) * step, divisor), count))];
    }

    private static int Index(ulong low, int parts)
    {
        int octave = low == 0 ? 0 : System.Numerics.BitOperations.Log2(low);
        if (octave < FirstOctave)
            return 0;
        ulong within = (low - (1UL << octave)) >> (octave - FirstOctave);
        return 1 + (octave - FirstOctave) * parts + (int)(within * (ulong)parts >> FirstOctave);
    }

    private static ulong LowOf(int index, int parts)
    {
        if (index == 0)
            return 0;
        int octave = FirstOctave + (index - 1) / parts;
        return (1UL << octave) + (ulong)((index - 1) % parts) * ((1UL << octave) / (ulong)parts);
    }
}
