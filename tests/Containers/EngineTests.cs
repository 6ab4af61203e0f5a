using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Containers;

/// <summary>What the other tests rely on: where containers are and how they end.</summary>
public sealed class EngineTests(Engine engine)
{
    private const int Term = 15;
    private const long MemoryLimit = 32 << 20;

    [Fact]
    public void ContainerHasACgroupOfItsOwn()
    {
        using Container container = engine.Run("own", ["/bin/crash", "0"]);
        Assert.Contains($"0::/{Engine.Namespace}/{container.Id}", File.ReadAllLines($"/proc/{container.Pid}/cgroup"));
        Assert.Equal($"{container.Pid}\n", File.ReadAllText(container.Cgroup + "/cgroup.procs"));
        container.Go();
        container.Wait().Expect();
        Assert.False(Directory.Exists(container.Cgroup));
    }

    [Theory]
    [InlineData("0", 0)]
    [InlineData("3", 3)]
    [InlineData("segv", 139)]
    // The first process of a pid namespace ignores SIGABRT; libc's abort() then executes an invalid instruction.
    [InlineData("abort", 139)]
    [InlineData("oom", 137)]
    public void ContainerEndsAsItIsTold(string end, int status)
    {
        using Container container = engine.Run(end, ["/bin/crash", end], MemoryLimit);
        container.Go();
        container.Wait().Expect(status);
    }

    [Fact]
    public void ContainerHearsASignal()
    {
        using Container container = engine.Run("term", ["/bin/crash", "term"]);
        container.Go();
        container.AwaitHandler(Term);
        container.Signal(Term);
        container.Wait().Expect();
    }
}
