using Scry.Capture;
using Scry.Wire;
using Xunit;

namespace Scry.Tests.Kernel;

/// <summary>The counting programs, on real processes. Needs root.</summary>
public sealed class CounterTests
{
    private const int Getppid = 110, Openat = 257, Read = 0;
    private static readonly int[] s_forks = [56, 57, 58, 435];

    private static CapturePlan[] Plans(params int[] selected)
    {
        var plans = new CapturePlan[Layout.AbiCount * Layout.MaxNr];
        for (int i = 0; i < plans.Length; i++)
        {
            plans[i].ArgCount = 6;
            if (selected.Length == 0 || selected.Contains(i))
                plans[i].Flags = PlanFlags.Selected;
        }
        foreach (int forks in s_forks)
            plans[forks].Flags |= PlanFlags.Forks;
        return plans;
    }

    private static CounterOptions Options(TargetKind target, CountBy by = CountBy.Process) =>
        new() { What = new SessionOptions { Target = target, Plans = Plans() }, By = by };

    /// <summary>Runs a scene with its process as target, to its end.</summary>
    private static Counters Count(string scene, CounterOptions options, int status = 7)
    {
        using var victim = new Victim(scene);
        Counters counters = Counters.Open(options);
        Assert.True(counters.AddTask(victim.Pid, victim.Pid));
        counters.Attach();
        victim.Go();
        Wait.Until(() =>
        {
            counters.Read();
            return counters.TaskCount == 0;
        }, "the end of " + scene);
        Assert.Equal(status, victim.Join());
        counters.Detach();
        counters.Read();
        return counters;
    }

    [Fact]
    public void A_flood_is_counted_to_the_last_call()
    {
        using Counters counters = Count("flood", Options(TargetKind.Tasks));
        CounterRow row = Assert.Single(counters.Rows, row => row.Nr == Getppid);
        Assert.Equal(200_000UL, row.Sums.Calls);
        Assert.Equal(0UL, row.Sums.Errors);
        Assert.Equal("victim", row.Group.ToString());
        DurationHistogram histogram = counters.Histogram(row);
        Assert.Equal(200_000UL, histogram.Count);
        Assert.InRange(histogram.Quantile(0.5, row.Sums.Min, row.Sums.Max), row.Sums.Min, row.Sums.Max);
        Assert.Equal(counters.Total.Calls, counters.Rows.Aggregate(0UL, (sum, one) => sum + one.Sums.Calls));
    }
}
