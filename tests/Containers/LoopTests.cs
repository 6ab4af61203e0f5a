using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Containers;

/// <summary>A flight recorder of the whole machine and containers that crash: each leaves an incident of its own.</summary>
public sealed class LoopTests(Engine engine)
{
    private const long MemoryLimit = 32L << 20;
    private const int LastMarker = 299;

    [Theory]
    [InlineData("segv", "SIGSEGV in crash", "+++ killed by SIGSEGV")]
    [InlineData("oom", "OOM kill of crash", "+++ killed by SIGKILL")]
    [InlineData("3", "exit code 3 of crash", "+++ exited with 3 +++")]
    public void ACrashedContainersPastIsKept(string end, string why, string last)
    {
        string name = "crash-" + end;
        using var workspace = new Workspace();
        Child.Run(ScryBinary.Path, "loop", "start", name, "-a", "--on", "fatal", "--on", "exit=3", "--cooldown", "1ms").Expect();
        try
        {
            string path;
            using (Container container = engine.Run("crash", ["/bin/crash", end], end == "oom" ? MemoryLimit : null))
            {
                path = container.Cgroup;
                container.Go();
                container.Wait();
            }
            // The container is gone, and so is its cgroup.
            Assert.False(Directory.Exists(path));
            string list = Child.Run(ScryBinary.Path, "loop", "list", name).Expect().Output;
            string incident = Assert.Single(list.Split('\n'), line => line.Contains("incident ", StringComparison.Ordinal) && line.Contains(why, StringComparison.Ordinal));
            Assert.Contains(Path.GetFileName(path), incident);
            string number = incident.Split("incident ")[1].Split(':')[0];
            string[] past = Child.Run(ScryBinary.Path, "loop", "dump", name, "--incident", number).Expect().Lines;
            for (int i = 0; i <= LastMarker; i++)
                Assert.Single(past, line => line.Contains($"openat(AT_FDCWD, \"/etc/marker-{i}\"", StringComparison.Ordinal));
            Assert.Contains(last, past.Last(line => !line.Contains("so far>", StringComparison.Ordinal)));
            // A container that is gone still has its name.
            string byContainer = Child.Run(ScryBinary.Path, "loop", "dump", name, "--incident", number, "--container", Path.GetFileName(path)).Output;
            Assert.Contains("/etc/marker-0", byContainer);
        }
        finally
        {
            Child.Run(ScryBinary.Path, "loop", "stop", name).Expect();
        }
    }
}
