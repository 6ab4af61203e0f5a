using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>Real programs in a cgroup that is recorded, seen by strace at the same time: the past is what strace wrote down.</summary>
public sealed class LoopOracleTests
{
    private const int Payload = 32; // what strace shows of a buffer

    // Without payload their buffers are addresses.
    private static readonly string[] s_payload =
    [
        "read", "write", "pread64", "pwrite64", "readv", "writev", "send", "recv", "sendto", "recvfrom", "sendmsg", "recvmsg", "getrandom",
    ];

    [Fact]
    public void Shell() => Check(["sh", "-c", "ls -l / | wc -l; cat /etc/passwd"]);

    [Fact]
    public void Ls() => Check(["ls", "-lR", Path.Combine(ScryBinary.Repository, "src/bpf"), Path.Combine(ScryBinary.Repository, "docs")]);

    [Fact]
    public void Python() => Check(
        ["python3", "-c", "import os, subprocess, tempfile; subprocess.run(['true']); f = tempfile.TemporaryFile(); f.write(b'x' * 5000); print(os.listdir('/proc/self'))"]);

    [Fact]
    public void Tar()
    {
        using var workspace = new Workspace();
        Check(["tar", "-czf", workspace["x.tar.gz"], Path.Combine(ScryBinary.Repository, "src/bpf")]);
    }

    [Fact]
    public void ThirtyTwoThreads() => Check([Programs.Path("threads"), "100"]);

    [Fact]
    public void ForkAndVfork() => Check([Programs.Path("brood"), "50"]);

    [Fact]
    public void HostileText() => Check([Programs.Path("hostile")]);

    [Fact]
    public void Signals() => Check([Programs.Path("signals")]);

    [Fact]
    public void ThirtyTwoBitEntry() => Check([Programs.Path("ia32")], status: 7);

    // With payload all arguments must be the same; without, all but the buffers.
    private static void Check(string[] command, int status = 0)
    {
        using Cgroup cgroup = Cgroup.Unified();
        using var workspace = new Workspace();
        using var with = new Loop("-G", cgroup.Path, "--payload", $"{Payload}");
        using var without = new Loop("-G", cgroup.Path);
        Child.Run("/bin/sh", ["-c", $"{cgroup.Enter}; exec \"$@\"", "sh", "strace", "-f", "-o", workspace["strace"], .. command]).Expect(status);
        with.Dump("-o", workspace["with"], "--decode-fds=none");
        without.Dump("-o", workspace["without"], "--decode-fds=none");
        int lines = Comparison.Check(workspace["strace"], workspace["with"], Comparison.DumpDifferences);
        Assert.True(lines > 10, $"strace wrote {lines} lines");
        Comparison.Check(workspace["strace"], workspace["without"], [.. Comparison.DumpDifferences, .. s_payload]);
    }
}
