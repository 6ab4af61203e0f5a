using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>A kernel that is too old is told of in one line, before anything is loaded. setarch(8) makes this one say that it is 2.6.</summary>
public sealed class OldKernelTests
{
    /// <summary>Each command that loads or opens programs.</summary>
    public static TheoryData<string> Commands { get; } =
    [
        "trace -- true", "trace -a", "trace -p 1", "record -a -o calls.scry", "stat -a", "top --batch 1", "strace -c true", "stuck", "bench -w getppid",
        "loop start", "loop list", "loop dump", "loop trigger", "loop watch --dir .", "loop run -- true", "loop stop",
    ];

    [Theory]
    [MemberData(nameof(Commands))]
    public void EveryCommandRefusesAnOldKernel(string command)
    {
        HashSet<string> before = Attached.Now();
        Finished refused = Old(command).Expect(1);
        Assert.Matches(@"^scry: this kernel is Linux 2\.6\.[\d.]+, and tracing needs 6\.1 or later; 'scry report' shows recordings here too\n$", refused.Error);
        Assert.Equal("", refused.Output);
        Assert.Equal(0, Attached.Links(before));
    }

    [Fact]
    public void DoctorNamesTheOldKernel()
    {
        Finished doctor = Old("doctor").Expect(1);
        Assert.Matches(@"(?m)^ *MISSING +kernel +2\.6\.\d+", doctor.Output);
        Assert.Contains("Linux 6.1 or later is needed", doctor.Output);
    }

    private static Finished Old(string command) =>
        Child.Run("setarch", [System.Runtime.InteropServices.RuntimeInformation.OSArchitecture == System.Runtime.InteropServices.Architecture.Arm64 ? "aarch64" : "x86_64", "--uname-2.6", ScryBinary.Path, .. command.Split(' ')]);
}
