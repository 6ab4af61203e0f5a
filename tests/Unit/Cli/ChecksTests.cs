using Scry.Cli;
using Scry.Cli.Health;
using Xunit;

namespace Scry.Tests.Unit.Cli;

public sealed class ChecksTests
{
    [Theory]
    [InlineData("6.18.44.857", FindingState.Ok)]
    [InlineData("6.1.0.56", FindingState.Ok)]
    [InlineData("6.12", FindingState.Ok)]
    [InlineData("10.0", FindingState.Ok)]
    [InlineData("6.0.19", FindingState.Missing)]
    [InlineData("5.15.0.30", FindingState.Missing)]
    [InlineData("2.6.78", FindingState.Missing)]
    internal void An_old_kernel_is_missing(string version, FindingState state) => Assert.Equal(state, Checks.Kernel(Version.Parse(version), null).State);

    [Theory]
    [InlineData(1ul << 21, FindingState.Ok)]
    [InlineData(1ul << 38 | 1ul << 39, FindingState.Ok)]
    [InlineData(1ul << 39, FindingState.Missing)]
    [InlineData(0ul, FindingState.Missing)]
    internal void Rights_are_sys_admin_or_both_others(ulong capabilities, FindingState state) =>
        Assert.Equal(state, Checks.Rights(capabilities, otherUsers: false).State);

    [Theory]
    [InlineData("none [integrity] confidentiality", FindingState.Ok)]
    [InlineData("none integrity [confidentiality]", FindingState.Missing)]
    [InlineData(null, FindingState.Ok)]
    internal void Only_confidentiality_locks_tracing_out(string? modes, FindingState state) =>
        Assert.Equal(state, Checks.LockedDown(modes).State);

    [Fact]
    public void What_is_missing_has_a_mend()
    {
        Finding[] missing =
        [
            Checks.Rights(0, otherUsers: false), Checks.Rights(ulong.MaxValue, otherUsers: true), .. Privileges.All.Select(right => Checks.OneRight(right, 0)),
            Checks.Kernel(new Version(4, 9), null), Checks.TypeInformation(false), Checks.LockedDown("[confidentiality]"),
            Checks.Namespace(initial: false, foreignProc: true), Checks.JustInTime("0"),
        ];
        Assert.All(missing, finding => Assert.NotNull(finding.Mend));
    }

    [Fact]
    public void Limits_and_32_bit_calls_are_told()
    {
        Assert.Contains("limit 8388608 bytes", Checks.LockedMemory(["Limit  Soft", "Max locked memory         8388608              8388608              bytes     "]).Found);
        Assert.Contains("limit unlimited", Checks.LockedMemory(["Max locked memory         unlimited            unlimited            bytes     "]).Found);
        Assert.Equal("the kernel has none", Checks.Calls32(true, "quiet ia32_emulation=0").Found);
        Assert.Equal("the kernel has none", Checks.Calls32(false, null).Found);
        Assert.StartsWith("the kernel has them", Checks.Calls32(true, "quiet").Found);
    }
}
