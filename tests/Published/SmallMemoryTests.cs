using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>In a memory cgroup of 64 MB, to which what the kernel keeps for Scry is charged: each command works, with all calls.</summary>
public sealed class SmallMemoryTests : IDisposable
{
    private const int Calls = 20_000;

    private readonly Cgroup? _cgroup = Cgroup.Memory("64M");
    private readonly Workspace _workspace = new();

    public void Dispose()
    {
        _workspace.Dispose();
        _cgroup?.Dispose();
    }

    [Fact]
    public void TraceHasEachCall()
    {
        Finished run = Small($"trace -e lseek -o {_workspace["out"]} -- {Programs.Path("count")} {Calls} 2").Expect();
        Assert.Equal(2 * Calls, File.ReadLines(_workspace["out"]).Count(line => line.Contains("lseek(", StringComparison.Ordinal)));
        Assert.Contains($"complete: {2 * Calls} calls", run.Error);
    }

    [Fact]
    public void RecordHasEachCall()
    {
        Small($"record -e lseek -o {_workspace["out.scry"]} -- {Programs.Path("count")} {Calls} 2").Expect();
        Assert.Contains($"complete: {2 * Calls} calls", Child.Run(ScryBinary.Path, "report", _workspace["out.scry"], "-s").Expect().Error);
    }

    [Fact]
    public void StatHasEachCall()
    {
        Finished run = Small($"stat -e lseek -- {Programs.Path("count")} {Calls} 2").Expect();
        Assert.Contains($"complete: {2 * Calls} calls", run.Error);
    }

    [Fact]
    public void TopCounts()
    {
        using Child count = Child.Start(Programs.Path("count"), ["0"]);
        Assert.Contains("count", Small($"top -p {count.Id} --batch 1").Expect().Output);
    }

    [Fact]
    public void StuckShowsAllTheSame()
    {
        using Child blocked = Child.Start(Programs.Path("blocked"), []);
        Eventually.HasThreads(blocked.Id, 1);
        Assert.Contains("read(0", Small($"stuck -p {blocked.Id} --over 0ms").Expect().Output);
    }

    [Fact]
    public void ARecorderStartsIsReadAndStops()
    {
        string name = Loop.FreshName();
        Small($"loop start {name} --comm count").Expect();
        try
        {
            Child.Run(Programs.Path("count"), "1000").Expect();
            Assert.Equal(1000, Small($"loop dump {name} -e lseek").Expect().Lines.Count(line => line.Contains("lseek(", StringComparison.Ordinal)));
        }
        finally
        {
            Small($"loop stop {name}").Expect();
        }
    }

    [Theory]
    [InlineData("trace -a --buffer 256M")]
    [InlineData("loop start small -a --memory 300M")]
    public void WhatIsTooMuchIsSaidBeforeItIsTaken(string words)
    {
        Finished run = Small(words).Expect(1);
        Assert.Matches($@"^scry: this takes \d+ MB of memory, and cgroup {_cgroup!.Path} has \d+ MB left; [^\n]+\n$", run.Error);
    }

    private Finished Small(string words)
    {
        Assert.SkipWhen(_cgroup is null, "this kernel has no memory controller");
        return Child.Shell($"{_cgroup.Enter}; exec {ScryBinary.Path} {words}");
    }
}
