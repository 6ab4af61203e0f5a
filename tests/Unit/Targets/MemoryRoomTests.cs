using Scry.Targets;
using Xunit;

namespace Scry.Tests.Unit.Targets;

public sealed class MemoryRoomTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("scry-room-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Fact]
    public void The_least_of_the_machine_and_of_all_cgroups_above_counts()
    {
        Write("meminfo", "MemTotal: 900000 kB\nMemAvailable:     500000 kB\n");
        Write("mounts", $"30 24 0:27 / {_root}/unified rw,relatime - cgroup2 cgroup2 rw\n");
        Write("cgroups", "0::/outer/inner\n");
        Write("unified/outer/memory.max", "400000000\n");
        Write("unified/outer/memory.current", "150000000\n");
        Write("unified/outer/memory.stat", "anon 1\ninactive_file 50000000\n");
        Write("unified/outer/inner/memory.max", "max\n");
        Write("unified/outer/inner/memory.current", "1000\n");
        Assert.Equal(new MemoryRoom(300_000_000, $"cgroup {_root}/unified/outer"), Find());
        Write("unified/outer/inner/memory.max", "5000\n");
        Assert.Equal(new MemoryRoom(4000, $"cgroup {_root}/unified/outer/inner"), Find());
        Write("meminfo", "MemAvailable: 1 kB\n");
        Assert.Equal(new MemoryRoom(1024, "the machine"), Find());
    }

    [Fact]
    public void Version_1_has_it_in_its_own_hierarchy()
    {
        Write("mounts", $"30 24 0:27 / {_root}/cpu rw - cgroup cgroup rw,cpu\n31 24 0:28 /box {_root}/memory rw - cgroup cgroup rw,memory\n32 24 0:29 / {_root}/unified rw - cgroup2 cgroup2 rw\n");
        Write("cgroups", "5:cpu:/\n4:memory:/box/a\n0::/\n");
        Write("memory/a/memory.limit_in_bytes", "64000000\n");
        Write("memory/a/memory.usage_in_bytes", "30000000\n");
        Write("memory/a/memory.stat", "total_inactive_file 1000000\n");
        Write("memory/memory.limit_in_bytes", "9223372036854771712\n");
        Write("memory/memory.usage_in_bytes", "60000000\n");
        Assert.Equal(new MemoryRoom(35_000_000, $"cgroup {_root}/memory/a"), Find());
    }

    [Fact]
    public void Where_nothing_is_told_nothing_limits() => Assert.Null(Find());

    private MemoryRoom? Find() => MemoryRoom.Find($"{_root}/meminfo", $"{_root}/cgroups", $"{_root}/mounts");

    private void Write(string name, string text)
    {
        string path = Path.Combine(_root, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
