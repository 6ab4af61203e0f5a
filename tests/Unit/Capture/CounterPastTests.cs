using Scry.Capture;
using Scry.Wire;
using Xunit;

namespace Scry.Tests.Unit.Capture;

/// <summary>What ended takes bounded memory, and every call of it is still counted.</summary>
[Collection(Alone)]
public sealed class CounterPastTests
{
    // It measures the memory of the process.
    private const string Alone = "alone";

    /// <summary>Runs while no other test does.</summary>
    [CollectionDefinition(Alone, DisableParallelization = true)]
    public sealed class AloneDefinition;

    private const int Calls = 8, Names = 50;
    private const long Room = 8 << 20;

    [Theory]
    [InlineData(Names)]
    [InlineData(int.MaxValue)] // each has a name of its own
    public void Groups_without_end_take_bounded_memory_and_lose_no_call(int names)
    {
        const int groups = 150_000;
        long before = GC.GetTotalMemory(forceFullCollection: true);
        CounterTable table = Table();
        for (int i = 0; i < groups; i++)
            End(table, i, i % names);
        // Room that other tests left to pools may be given back meanwhile.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, -Room / 8, Room);
        Assert.Equal(groups * (ulong)Calls, table.Rows.Aggregate(0UL, (sum, row) => sum + row.Sums.Calls));
        Assert.Equal(groups * (ulong)Calls, table.Rows.Aggregate(0UL, (sum, row) => sum + row.Retired!.Histogram.Count));
        Assert.Equal(groups, table.Rows.Where(row => row.Nr == 0).Sum(row => Math.Max(1, row.Group.Merged)));
        Assert.InRange(table.Past.Merged, (ulong)groups - Room / 20_000, (ulong)groups);
        Assert.Equal(names == Names, table.Past.MergedUnnamed == 0);
        // Those that ended last are there as they were.
        Assert.Contains(table.Rows, row => row.Group.Key.Tgid == groups && row.Group.Merged == 0);
    }

    [Fact]
    public void What_is_merged_has_exact_sums_and_durations_of_its_name_and_cgroup()
    {
        CounterTable table = Table();
        for (int i = 0; i < 40_000; i++)
            End(table, i, i % 2, cgroup: (ulong)(1 + i % 4));
        CounterRow[] merged = [.. table.Rows.Where(row => row.Group.Merged > 0 && row.Nr == 3)];
        Assert.Equal([(48, 1UL), (48, 3UL), (49, 2UL), (49, 4UL)], merged.Select(row => ((int)row.Group.Comm[^1], row.Group.Key.CgroupId)).Order());
        Assert.All(merged, row =>
        {
            Assert.Equal((ulong)row.Group.Merged, row.Sums.Calls);
            Assert.Equal(row.Sums.Calls * 103, row.Sums.Total);
            Assert.Equal((103UL, 103UL), (row.Sums.Min, row.Sums.Max));
            Assert.Equal(103UL, row.Retired!.Histogram.Quantile(0.99, row.Sums.Min, row.Sums.Max));
        });
    }

    [Fact]
    public void An_interval_begins_with_what_lives()
    {
        CounterTable table = Table();
        for (int i = 0; i < 10_000; i++)
            End(table, i, i % Names);
        table.Mark();
        Assert.Empty(table.Rows);
        End(table, 1, 1);
        Assert.Equal(Calls, table.Rows.Count);
    }

    private static CounterTable Table() =>
        new(null!, new CounterOptions { What = new SessionOptions { Target = TargetKind.All, Plans = [] }, Room = Room }, 1);

    private static void End(CounterTable table, int tgid, int name, ulong cgroup = 0)
    {
        var key = new CountKey { Tgid = (uint)tgid + 1, CgroupId = cgroup };
        CounterGroup group = table.NewGroup(in key, [.. "name"u8, .. System.Text.Encoding.ASCII.GetBytes($"{name}")]);
        for (uint nr = 0; nr < Calls; nr++)
        {
            var counts = new HeldCounts { Sums = new CallSums { Calls = 1, Total = 100 + nr, Min = 100 + nr, Max = 100 + nr } };
            counts.Histogram.Add(100 + nr);
            CounterRow row = table.RowOf(group, nr);
            (row.Retired, row.Sums) = (counts, counts.Sums);
        }
        table.Past.Keep(group);
        table.Past.MakeRoom();
    }
}
