using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>Where Scry is started: every command in roots that lack what a machine usually has.</summary>
public sealed class StartTests
{
    private const string Recording = "/calls.scry";

    /// <summary>The commands by name, what they print where all is well, in the order in which they are run.</summary>
    private static readonly (string Name, Step Step, string Says)[] Commands =
    [
        ("version", "--version", "0.1.0"),
        ("help", "--help", "scry trace -- ls -l /"),
        ("doctor", "doctor", "scry can trace this machine"),
        ("trace", "trace -- /scry --version", "execve(\"/scry\", [\"/scry\", \"--version\"]"),
        ("record", $"record -o {Recording} -- /scry --version", "complete: "),
        ("report", $"report {Recording}", "execve(\"/scry\", [\"/scry\", \"--version\"]"),
        ("stat", "stat -- /scry --version", "execve"),
        ("top", "top --batch 1 --sort comm -- /scry --version", "scry"),
        ("strace", "strace -c -f /scry --version", "execve"),
        ("stuck", "stuck -q", "read"),
        ("cgroup", "stat -G / --for 100ms", "complete: "),
        ("loop start", "loop start start-test -a --memory 4M", "'start-test'"),
        ("loop list", "loop list", "start-test: all"),
        ("loop trigger", "loop trigger start-test", ""),
        ("loop dump", "loop dump start-test --last 5s", "scry"),
        ("loop watch", new("loop watch start-test --dir /incidents", EndsAt: "/incidents/"), "/incidents/start-test-"),
        ("loop stop", "loop stop start-test --discard", ""),
        ("loop run", new("loop run --comm scry --memory 4M", EndsAt: "recording in"), "recording in "),
        ("bench", "bench --json --quick --runs 1 -w getppid --tools none,floor", "\"median\""),
    ];

    private static readonly string[] Loop = ["loop start", "loop list", "loop trigger", "loop dump", "loop watch", "loop stop"];

    [Theory]
    [InlineData("the binary alone")]
    [InlineData("no /etc")]
    [InlineData("no /proc")]
    [InlineData("no /sys")]
    [InlineData("no /tmp")]
    [InlineData("no environment")]
    [InlineData("no cgroup, tracefs, bpf")]
    [InlineData("a /proc of processes alone")]
    [InlineData("cgroup v1")]
    [InlineData("cgroup v2")]
    [InlineData("a read-only root")]
    public void EveryCommandWorksOrSaysWhatIsMissing(string name)
    {
        using Place place = Make(name);
        IReadOnlyList<Finished> runs = place.Run([.. Commands.Select(command => command.Step)]);
        var wrong = new List<string>();
        for (int i = 0; i < runs.Count; i++)
        {
            if (Judge(name, Commands[i], runs[i]) is { } complaint)
                wrong.Add($"{Commands[i].Name}: {complaint}: status {runs[i].Status}\n{runs[i].Error}{string.Join('\n', runs[i].Lines.Take(5))}");
        }
        Assert.True(wrong.Count == 0, string.Join("\n\n", wrong));
    }

    [Fact]
    public void WithoutTheRightToMountItSaysWhatToMount()
    {
        using var place = new Place().Through("setpriv --bounding-set -sys_admin");
        string[] commands = ["trace -a", $"record -a -o {Recording}", "stat -a", "top -a --batch 1", "strace -c /scry", "stuck", "loop list", "loop run -a"];
        foreach (Finished run in place.Run([.. commands.Select(words => new Step(words))]))
        {
            Assert.Equal("scry: /proc is not mounted, and Scry may not have an instance of its own (Operation not permitted); mount -t proc proc /proc\n", run.Error);
            Assert.Equal(1, run.Status);
        }
        IReadOnlyList<Finished> others = place.Run("doctor", "--help", "--version");
        Assert.Equal([1, 0, 0], others.Select(run => run.Status));
        Assert.StartsWith("MISSING   kernel's files      /proc is not mounted, ", others[0].Output);
    }

    [Fact]
    public void APartOfProcIsEnoughWithoutThatRight()
    {
        using Place place = new Place().With("/sys").And("mkdir R/proc; mount -t proc -o subset=pid none R/proc").Through("setpriv --bounding-set -sys_admin");
        foreach (Finished run in place.Run("doctor", "trace -- /scry --version", "stat -a --for 50ms", "stuck -q"))
            run.Expect();
    }

    [Fact]
    public void ANamespaceOfCgroupsIsNoHindrance()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using Place place = new Place().With("/proc", "/sys").Through($"sh -c '{cgroup.Enter}; exec unshare -C \"$@\"' sh");
        IReadOnlyList<Finished> runs = place.Run($"stat -G {cgroup.Path} --for 100ms", "trace --show-cgroup -- /scry --version");
        Assert.Contains("complete: ", runs[0].Expect().Error);
        Assert.Contains($"/{Path.GetFileName(cgroup.Path)} +++ exited with 0 +++", runs[1].Expect().Error);
    }

    [Fact]
    public void APartOfTheHierarchyIsEnough()
    {
        using Cgroup cgroup = Cgroup.Unified();
        using Place place = new Place().With("/proc").And("mkdir R/sys; mount -t sysfs none R/sys")
            .Through($"sh -c '{cgroup.Enter}; exec unshare -C \"$@\"' sh");
        IReadOnlyList<Finished> runs = place.Run("stat -G / --for 100ms", "trace -- /scry --version", "doctor");
        Assert.All(runs, run => run.Expect());
        Assert.Contains("complete: ", runs[0].Error);
    }

    [Fact]
    public void AProgramOfAnotherLibraryIsTraced()
    {
        using var workspace = new Workspace();
        File.WriteAllText(workspace["hello.c"], "#include <stdio.h>\nint main(void) { return puts(\"hello\") < 0; }\n");
        Child.Run("musl-gcc", "-o", workspace["hello"], workspace["hello.c"]).Expect();
        string loader = Directory.GetFiles("/lib", "ld-musl-*.so.1").Single();
        using Place place = new Place().And($"mkdir R/lib; cp {loader} R/lib/; cp {workspace["hello"]} /bin/busybox R/");
        IReadOnlyList<Finished> runs = place.Run("trace -- /hello", "trace -- /busybox true", "trace -u root --for 100ms", "trace -u 0 -e write --for 100ms");
        Assert.Contains("\"hello\"", runs[0].Expect().Error);
        Assert.Equal("hello\n", runs[0].Output);
        Assert.Contains("execve(\"/busybox\", [\"/busybox\", \"true\"]", runs[1].Expect().Error);
        Assert.Contains("no user is named 'root' in /etc/passwd", runs[2].Error);
        Assert.Contains("complete: ", runs[3].Expect().Error);
    }

    [Fact]
    public void TheBinaryIsStatic()
    {
        byte[] file = File.ReadAllBytes(ScryBinary.Path);
        int headers = (int)BitConverter.ToUInt64(file, 32), size = BitConverter.ToUInt16(file, 54), count = BitConverter.ToUInt16(file, 56);
        uint[] kinds = [.. Enumerable.Range(0, count).Select(i => BitConverter.ToUInt32(file, headers + i * size))];
        // PT_LOAD, but neither PT_DYNAMIC nor PT_INTERP.
        Assert.Contains(1u, kinds);
        Assert.DoesNotContain(2u, kinds);
        Assert.DoesNotContain(3u, kinds);
        Assert.InRange(file.Length, 1, 15 << 20);
    }

    private static Place Make(string name)
    {
        var place = new Place();
        return name switch
        {
            "the binary alone" => place,
            "no /etc" => place.With("/proc", "/sys", "/usr", "/dev"),
            "no /proc" => place.WithUserSpace().With("/sys").And("mkdir R/proc"),
            "no /sys" => place.WithUserSpace().With("/proc"),
            "no /tmp" => place.With("/proc", "/sys", "/etc"),
            "no environment" => place.WithUserSpace().With("/proc", "/sys").Through("env -i"),
            "no cgroup, tracefs, bpf" => place.WithUserSpace().With("/proc").And("mkdir R/sys; mount -t sysfs none R/sys"),
            "a /proc of processes alone" => place.WithUserSpace().With("/sys").And("mkdir R/proc; mount -t proc -o subset=pid none R/proc"),
            "cgroup v1" => place.With("/proc").And("mkdir R/sys; mount -t sysfs none R/sys; mount -t tmpfs none R/sys/fs/cgroup; mkdir R/sys/fs/cgroup/perf_event; "
                + "mount -t cgroup -o perf_event none R/sys/fs/cgroup/perf_event"),
            "cgroup v2" => place.With("/proc").And("mkdir R/sys; mount -t sysfs none R/sys; mount -t cgroup2 none R/sys/fs/cgroup"),
            "a read-only root" => place.WithUserSpace().With("/proc", "/sys").And("mount -o remount,bind,ro R/"),
            _ => throw new ArgumentException(name),
        };
    }

    /// <summary>What a command does not do in a place, and how it says so; null: it does all.</summary>
    private static string? Refusal(string place, string command) => (place, command) switch
    {
        // What is mounted for a recorder must be there for the next command.
        ("the binary alone" or "no /sys", "loop start") => "no bpf filesystem is mounted, and /sys/fs/bpf cannot be: No such file or directory; mount one anywhere, with CAP_SYS_ADMIN: mount -t bpf bpf DIRECTORY",
        ("the binary alone" or "no /sys", "loop list") => "no flight recorder is running",
        ("the binary alone" or "no /sys", _) when Loop.Contains(command) => "there is no recorder 'start-test'",
        ("the binary alone" or "no /etc" or "no /tmp" or "cgroup v1" or "cgroup v2", "bench") => "a directory for the bench cannot be made in /tmp/: no such file or directory; TMPDIR names another place",
        ("a read-only root", "bench") => "a directory for the bench cannot be made in /tmp/: Read-only file system",
        ("a read-only root", "record") => $"cannot make the recording {Recording}: Read-only file system",
        ("a read-only root", "report") => $"cannot read the recording {Recording}: no such file or directory",
        ("a read-only root", "loop watch") => "cannot make the directory '/incidents': Read-only file system",
        _ => null,
    };

    private static string? Judge(string place, (string Name, Step Step, string Says) command, Finished run)
    {
        string all = run.Error + run.Output;
        if (all.Contains("fault of Scry's own", StringComparison.Ordinal) || all.Contains("   at ", StringComparison.Ordinal) || all.Contains("nhandled", StringComparison.Ordinal))
            return "a fault";
        if (Refusal(place, command.Name) is not { } refusal)
            return run.Status != 0 ? "it failed" : all.Contains(command.Says, StringComparison.Ordinal) ? null : $"it does not say '{command.Says}'";
        if (run.Status is not 1 && command.Name != "loop list")
            return "it did not fail as it should";
        return run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries) is [var line] && line.StartsWith("scry: " + refusal, StringComparison.Ordinal) ? null : $"it does not say '{refusal}'";
    }
}
