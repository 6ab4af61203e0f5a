using Scry.Wire;
using Xunit;

namespace Scry.Tests.Unit.Wire;

/// <summary>The mathematics of counted durations, against exact figures of random data.</summary>
public sealed class DurationTests
{
    private const int Samples = 100_000;
    private const double Goal = 0.016;

    /// <summary>Durations as calls have them: from some tens of nanoseconds to minutes, most of them short.</summary>
    private static ulong[] RandomDurations(int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, Samples).Select(_ => (ulong)Math.Exp(3 + 22 * Math.Pow(random.NextDouble(), 2)))];
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Percentiles_are_off_by_no_more_than_half_a_bucket(int seed)
    {
        ulong[] durations = RandomDurations(seed);
        var histogram = new DurationHistogram();
        foreach (ulong duration in durations)
            histogram.Add(duration);
        Array.Sort(durations);
        foreach (double share in (double[])[0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 1])
        {
            double exact = durations[(int)Math.Ceiling(share * Samples) - 1];
            Assert.InRange(histogram.Quantile(share, durations[0], durations[^1]), Math.Floor(exact * (1 - Goal)), Math.Ceiling(exact * (1 + Goal)));
        }
    }

    [Fact]
    public void Every_duration_is_in_its_bucket()
    {
        var random = new Random(4);
        for (int i = 0; i < Samples; i++)
        {
            ulong duration = (ulong)random.NextInt64() >> random.Next(64);
            var histogram = new DurationHistogram();
            histogram.Add(duration);
            DurationBucket bucket = Assert.Single(histogram.Buckets());
            Assert.InRange(duration, bucket.Low, bucket.High == ulong.MaxValue ? ulong.MaxValue : bucket.High - 1);
            if (bucket.High != ulong.MaxValue)
                Assert.True(bucket.High - bucket.Low <= Math.Max(1, bucket.Low / 32));
        }
    }

    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(31, 0, 31)]
    [InlineData(32, 1, 0)]
    [InlineData(63, 1, 31)]
    [InlineData(64, 2, 0)]
    [InlineData(65, 2, 0)]
    [InlineData(66, 2, 1)]
    [InlineData(ulong.MaxValue, 40, 31)]
    public void Places_are_those_of_the_kernel(ulong duration, int octave, int bucket) =>
        Assert.Equal((octave, bucket), DurationHistogram.PlaceOf(duration));

    [Fact]
    public void What_came_since_and_what_was_before_are_all()
    {
        var early = new DurationHistogram();
        var all = new DurationHistogram();
        foreach (ulong duration in RandomDurations(5).Take(1000))
            early.Add(duration);
        all.Add(early);
        var more = new DurationHistogram();
        foreach (ulong duration in RandomDurations(6).Take(1000))
            more.Add(duration);
        all.Add(more);
        Assert.Equal(more.Buckets(), all.Since(early).Buckets());
        Assert.Equal(2000UL, all.Count);
        Assert.Equal(0UL, new DurationHistogram().Quantile(0.5));
    }

    [Fact]
    public void Deviation_is_that_of_the_definition()
    {
        ulong[] durations = RandomDurations(7);
        var sums = new CallSums();
        foreach (ulong duration in durations)
        {
            var one = new CallSums { Calls = 1, Total = duration, Squares = (UInt128)duration * duration, Min = duration, Max = duration };
            sums.Add(in one);
        }
        double mean = durations.Average(duration => (double)duration);
        double deviation = Math.Sqrt(durations.Sum(duration => Math.Pow(duration - mean, 2)) / (Samples - 1));
        Assert.Equal(mean, sums.Mean, mean * 1e-9);
        Assert.Equal(deviation, sums.Deviation, deviation * 1e-6);
        Assert.Equal(100 * deviation / Math.Sqrt(Samples) / mean, sums.RelativeError, 1e-6);
    }

    [Fact]
    public void Untimed_calls_have_no_part_in_the_mean()
    {
        var sums = new CallSums { Calls = 3, Untimed = 1, Total = 20, Squares = 200, Min = 10, Max = 10 };
        Assert.Equal(10, sums.Mean);
        Assert.Equal(0, sums.Deviation);
        Assert.Equal(0, new CallSums().Mean);
    }
}
