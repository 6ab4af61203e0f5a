using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Containers;

/// <summary>A flight recorder of the whole machine and containers that crash: each leaves an incident of its own.</summary>
public sealed class LoopTests(Engine engine)
{
    private const long MemoryLimit = 32L << 20;
    private const int LastMarker = 299;

    [Theory]
    [InlineData("segv", 139, "SIGSEGV in crash", "+++ killed by SIGSEGV")]
    [InlineData("oom", 137, "OOM kill of crash", "+++ killed by SIGKILL")]
    [InlineData("3", 3, "exit code 3 of crash", "+++ exited with 3 +++")]
    public void ACrashedContainersPastIsKept(string end, int status, string why, string last) =>
        PastIsKept(end, ["/bin/crash", end], status, why, last);

    // The first process of a pid namespace ignores SIGABRT: the shell is that.
    [Fact]
    public void ThePastOfAnAbortBelowAShellIsKept() =>
        PastIsKept("abort", ["/bin/sh", "-c", "/bin/crash abort; exit $?"], 134, "SIGABRT in crash", "+++ killed by SIGABRT");

    // The first process of a pid namespace does not die of SIGSEGV either while it is traced by strace.
    [Theory]
    [InlineData("segv", 139, "+++ killed by SIGSEGV")]
    [InlineData("abort", 134, "+++ killed by SIGABRT")]
    public void AnIncidentIsWhatAWitnessSaw(string end, int status, string last)
    {
        using var workspace = new Workspace();
        using var loop = new Loop("-a", "--on", "fatal", "--cooldown", "1ms");
        using (Container container = engine.Run("witness-" + end, ["/bin/sh", "-c", $"read go; /bin/crash {end}; exit $?"]))
        {
            using Child strace = Child.Start("strace", ["-f", "-o", workspace["strace"], "-p", $"{container.Pid}"]);
            Eventually.True(() => strace.HasExited || strace.Error.Contains("attached", StringComparison.Ordinal), "strace is attached");
            // One line for the shell, one for the program.
            container.Go();
            container.Go();
            container.Wait().Expect(status);
            strace.Wait().Expect();
        }
        loop.Dump("--incident", "last", "--decode-fds=none", "-o", workspace["scry"]);
        int lines = Comparison.CheckEnded(last, workspace["strace"], workspace["scry"], "read", "getrandom");
        Assert.True(lines > LastMarker, $"strace wrote {lines} lines");
        Assert.Contains(File.ReadLines(workspace["scry"]), line => line.Contains("wait4(", StringComparison.Ordinal) && line.Contains("<unfinished ...>", StringComparison.Ordinal));
    }

    private void PastIsKept(string end, string[] command, int status, string why, string last)
    {
        string name = "crash-" + end;
        using var workspace = new Workspace();
        Child.Run(ScryBinary.Path, "loop", "start", name, "-a", "--on", "fatal", "--on", "exit=3", "--cooldown", "1ms").Expect();
        try
        {
            string path;
            using (Container container = engine.Run("crash", command, end == "oom" ? MemoryLimit : null))
            {
                path = container.Cgroup;
                container.Go();
                container.Wait().Expect(status);
            }
            // The container is gone, and so is its cgroup.
            Assert.False(Directory.Exists(path));
            string list = Child.Run(ScryBinary.Path, "loop", "list", name).Expect().Output;
            string incident = Assert.Single(list.Split('\n'), line => line.Contains("incident ", StringComparison.Ordinal) && line.Contains(why, StringComparison.Ordinal));
            Assert.Contains(Path.GetFileName(path), incident);
            string number = incident.Split("incident ")[1].Split(':')[0];
            string[] past = Child.Run(ScryBinary.Path, "loop", "dump", name, "--incident", number).Expect().Lines;
            for (int i = 0; i <= LastMarker; i++)
                Assert.Single(past, line => line.Contains($"\"/etc/marker-{i}\", O_RDONLY) = -1 ENOENT", StringComparison.Ordinal));
            Assert.Contains(last, past.Last(line => !line.Contains("<unfinished ...>", StringComparison.Ordinal)));
            // A container that is gone still has its name.
            string byContainer = Child.Run(ScryBinary.Path, "loop", "dump", name, "--incident", number, "--container", Path.GetFileName(path)).Output;
            Assert.Contains("/etc/marker-0", byContainer);
        }
        finally
        {
            Child.Run(ScryBinary.Path, "loop", "stop", name, "--discard").Expect();
        }
    }
}
