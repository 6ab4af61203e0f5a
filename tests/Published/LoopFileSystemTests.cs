using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>
/// A bpf filesystem that is missing or cannot be written, each in a mount namespace of its own. Full it cannot be: it has
/// no limit but memory, and running out of that is tested in its place.
/// </summary>
public sealed class LoopFileSystemTests
{
    // A bpf filesystem of the namespace's own, and no other.
    private const string Without = "mount --make-rprivate / && umount -a -t bpf; ! grep -q ' bpf ' /proc/mounts || exit 99; ";
    private const string Own = Without + "mount -t bpf bpf /sys/fs/bpf && ";

    [Fact]
    public void AMissingOneIsMounted()
    {
        Finished run = Private(Without + "$SCRY loop list && ! $SCRY loop dump && $SCRY loop start one -a --memory 4M && $SCRY loop list one"
            + " && grep ' bpf ' /proc/mounts && $SCRY loop stop one && $SCRY loop list").Expect();
        Assert.Contains("no flight recorder is running; start one with 'scry loop start -a'", run.Error);
        Assert.Contains("one: all, calls: all", run.Output);
        Assert.Contains(" /sys/fs/bpf bpf ", run.Output);
    }

    [Fact]
    public void OneThatCannotBeMountedIsNamed()
    {
        Finished run = Private(Without + "mount -t tmpfs -o ro none /sys/fs && $SCRY loop start one -a").Expect(1);
        AssertOneLine("no bpf filesystem is mounted, and /sys/fs/bpf cannot be: ", run.Error);
        AssertOneLine("no flight recorder is running", Private(Without + "mount -t tmpfs -o ro none /sys/fs && $SCRY loop list").Expect().Error);
    }

    [Theory]
    [InlineData("start two -a", "cannot pin anything in /sys/fs/bpf/scry: Read-only file system; ")]
    [InlineData("stop one", "cannot remove /sys/fs/bpf/scry/one: Read-only file system; ")]
    [InlineData("dump one", "cannot open the recorder 'one': Read-only file system; the bpf filesystem must be writable: mount -o remount,rw /sys/fs/bpf")]
    [InlineData("watch one --dir /tmp", "cannot open the recorder 'one': Read-only file system; ")]
    public void OneThatIsReadOnlyIsNamed(string command, string message)
    {
        Finished run = Private(Own + $"$SCRY loop start one -a --memory 4M 2> /dev/null && mount -o remount,ro /sys/fs/bpf && $SCRY loop {command}").Expect(1);
        AssertOneLine(message, run.Error);
    }

    [Fact]
    public void ARecorderWhoseFileSystemIsReadOnlyForATimeGoesOn()
    {
        Finished run = Private(Own + "$SCRY loop start one -a --memory 8M && mount -o remount,ro /sys/fs/bpf && cat /mark/meanwhile; mount -o remount,rw /sys/fs/bpf"
            + " && $SCRY loop dump one -e openat --comm cat && $SCRY loop stop one && ls /sys/fs/bpf").Expect();
        Assert.Contains("/mark/meanwhile", run.Output);
        // With the last recorder goes the directory of all.
        Assert.DoesNotContain(run.Lines, line => line == "scry");
    }

    [Fact]
    public void AViewThatIsReadOnlyShowsAllTheSame()
    {
        Finished run = Private(Own + "$SCRY loop start one -a --memory 8M && mount -o remount,bind,ro /sys/fs/bpf && cat /mark/seen; $SCRY loop dump one -e openat --comm cat; $SCRY loop list").Expect();
        Assert.Contains("/mark/seen", run.Output);
        Assert.Contains("one: all", run.Output);
    }

    [Fact]
    public void WithoutMemoryForARecorderNothingOfItIsLeft()
    {
        string name = Loop.FreshName();
        using Cgroup? cgroup = Cgroup.Memory("96M");
        Assert.SkipWhen(cgroup is null, "this kernel has no memory controller");
        Finished run = Child.Shell($"{cgroup.Enter}; exec {ScryBinary.Path} loop start {name} -a --memory 256M").Expect(1);
        AssertOneLine($"MB of memory, and cgroup {cgroup.Path} has ", run.Error);
        Assert.False(Directory.Exists($"{Loop.BpfMount}/scry/{name}"));
    }

    private static void AssertOneLine(string message, string error)
    {
        Assert.Contains(message, error);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    private static Finished Private(string script) => Child.Run("unshare", "-m", "/bin/sh", "-c", $"SCRY={ScryBinary.Path}; {script}");
}
