namespace Scry.Wire;

/// <summary>A bucket of durations: from <paramref name="Low"/> to just below <paramref name="High"/> nanoseconds.</summary>
/// <param name="Low">Nanoseconds.</param>
/// <param name="High">Nanoseconds; of the last bucket no limit.</param>
/// <param name="Count">Calls.</param>
public readonly record struct DurationBucket(ulong Low, ulong High, ulong Count)
{
    /// <summary>What stands for all of its durations: off by at most 1.6 %.</summary>
    public ulong Middle => Low + (High - Low - 1) / 2;
}

/// <summary>
/// How often calls took how long, in buckets whose width grows with the duration (<c>SCRY_COUNT_OCTAVES</c> of counts.h): 32 of
/// equal width from each power of two to the next.
/// </summary>
public sealed class DurationHistogram
{
    private const int LinearBits = 5;

    // Few buckets of all have calls: their places in order, and the calls of each.
    private ushort[] _places = [];
    private ulong[] _counts = [];
    private int _used;

    /// <summary>Calls in all buckets.</summary>
    public ulong Count { get; private set; }

    /// <summary>Bytes that its buckets take.</summary>
    public long Size => _places.Length * (sizeof(ushort) + sizeof(ulong));

    /// <summary>Where a duration belongs.</summary>
    public static (int Octave, int Bucket) PlaceOf(ulong nanoseconds)
    {
        if (nanoseconds < Layout.CountBuckets)
            return (0, (int)nanoseconds);
        int octave = System.Numerics.BitOperations.Log2(nanoseconds) - LinearBits + 1;
        return octave < Layout.CountOctaves
            ? (octave, (int)(nanoseconds >> (octave - 1)) & (Layout.CountBuckets - 1))
            : (Layout.CountOctaves - 1, Layout.CountBuckets - 1);
    }

    /// <summary>The shortest duration of a bucket, in nanoseconds.</summary>
    public static ulong LowOf(int octave, int bucket) =>
        octave == 0 ? (ulong)bucket : (ulong)(Layout.CountBuckets + bucket) << (octave - 1);

    /// <summary>Adds calls of one duration.</summary>
    public void Add(ulong nanoseconds, ulong count = 1)
    {
        (int octave, int bucket) = PlaceOf(nanoseconds);
        AddTo(octave, bucket, count);
    }

    /// <summary>Adds calls to a bucket.</summary>
    public void AddTo(int octave, int bucket, ulong count)
    {
        if (count > 0)
            AddAt((ushort)(octave * Layout.CountBuckets + bucket), count);
    }

    private void AddAt(ushort place, ulong count)
    {
        Count += count;
        int at = _used > 0 && _places[_used - 1] < place ? ~_used : Array.BinarySearch(_places, 0, _used, place);
        if (at >= 0)
        {
            _counts[at] += count;
            return;
        }
        at = ~at;
        if (_used == _places.Length)
        {
            int room = Math.Max(2, 2 * _used);
            Array.Resize(ref _places, room);
            Array.Resize(ref _counts, room);
        }
        Array.Copy(_places, at, _places, at + 1, _used - at);
        Array.Copy(_counts, at, _counts, at + 1, _used - at);
        (_places[at], _counts[at]) = (place, count);
        _used++;
    }

    /// <summary>Adds another one's calls.</summary>
    public void Add(DurationHistogram other)
    {
        for (int i = 0; i < other._used; i++)
            AddAt(other._places[i], other._counts[i]);
    }

    /// <summary>What came since <paramref name="earlier"/>, an earlier state of the same.</summary>
    public DurationHistogram Since(DurationHistogram earlier)
    {
        var result = new DurationHistogram();
        for (int i = 0; i < _used; i++)
        {
            int at = Array.BinarySearch(earlier._places, 0, earlier._used, _places[i]);
            ulong before = at >= 0 ? earlier._counts[at] : 0;
            if (_counts[i] > before)
                result.AddAt(_places[i], _counts[i] - before);
        }
        return result;
    }

    /// <summary>The buckets that have calls, the shortest durations first.</summary>
    public IEnumerable<DurationBucket> Buckets()
    {
        for (int i = 0; i < _used; i++)
        {
            int octave = _places[i] / Layout.CountBuckets, bucket = _places[i] % Layout.CountBuckets;
            bool last = octave == Layout.CountOctaves - 1 && bucket == Layout.CountBuckets - 1;
            ulong width = octave == 0 ? 1 : 1UL << (octave - 1), low = LowOf(octave, bucket);
            yield return new DurationBucket(low, last ? ulong.MaxValue : low + width, _counts[i]);
        }
    }

    /// <summary>The duration that <paramref name="share"/> of the calls do not exceed, off by at most 1.6 %; 0 without calls.</summary>
    /// <param name="share">0 to 1: 0.5 is the median.</param>
    /// <param name="min">No shorter than this, in nanoseconds.</param>
    /// <param name="max">No longer than this.</param>
    public ulong Quantile(double share, ulong min = 0, ulong max = ulong.MaxValue)
    {
        // The rank of the call in order of duration, from 1.
        ulong rank = Math.Max(1, (ulong)Math.Ceiling(share * Count)), seen = 0;
        foreach (DurationBucket bucket in Buckets())
        {
            seen += bucket.Count;
            if (seen >= rank)
                return Math.Min(Math.Max(bucket.Middle, min), Math.Max(min, max));
        }
        return 0;
    }
}
