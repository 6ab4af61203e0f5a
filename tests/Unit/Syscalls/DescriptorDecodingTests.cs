using System.Text;
using System.Text.Json;
using Scry.Syscalls;
using Scry.Wire;
using Xunit;
using static Scry.Tests.Unit.Syscalls.Calls;
using Decoder = Scry.Syscalls.Decoder;

namespace Scry.Tests.Unit.Syscalls;

/// <summary>Descriptors with what they stand for, as strace 6.1 -y prints them.</summary>
public sealed class DescriptorDecodingTests
{
    private const ulong Cwd = unchecked((ulong)-100);

    private static Decoder With(params (int Fd, string Name)[] known)
    {
        var table = new DescriptorTable();
        foreach ((int fd, string name) in known)
            table.Seed(1, fd, name);
        return new Decoder(new DecoderOptions { ResultColumn = 0, Descriptors = table });
    }

    [Fact]
    public void ArgumentsAndResults()
    {
        Decoder decoder = With((3, "/etc"), (4, "/etc/passwd"), (-100, "/tmp"));
        Assert.Equal("openat(3</etc>, \"passwd\", O_RDONLY) = 5</etc/passwd>", Text(Make("openat", 5, [3, At, 0, 0]).In("passwd\0"u8), decoder));
        Assert.Equal("openat(AT_FDCWD</tmp>, \"a\", O_RDONLY) = 5</tmp/a>", Text(Make("openat", 5, [Cwd, At, 0, 0]).In("a\0"u8), decoder));
        Assert.Equal("openat(AT_FDCWD</tmp>, \"a\", O_RDONLY) = -1 ENOENT (No such file or directory)", Text(Make("openat", -2, [Cwd, At, 0, 0]).In("a\0"u8), decoder));
        Assert.Equal("close(4</etc/passwd>) = 0", Text(Make("close", 0, [4]), decoder));
        Assert.Equal("close(7) = 0", Text(Make("close", 0, [7]), decoder));
        Assert.Equal("fcntl(4</etc/passwd>, F_DUPFD_CLOEXEC, 0) = 5</etc/passwd>", Text(Make("fcntl", 5, [4, 1030, 0]), decoder));
        Assert.Equal("mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x1000", Text(Make("mmap", 0x1000, [0, 4096, 1, 0x22, ulong.MaxValue, 0]), decoder));
    }

    [Theory]
    [InlineData("TCP:[127.0.0.1:1->127.0.0.1:2]", "TCP:[127.0.0.1:1->127.0.0.1:2]")]
    [InlineData("UNIX-STREAM:[1->2,\"/a->b\"]", "UNIX-STREAM:[1->2,\"/a-\\76b\"]")]
    [InlineData("UNIX-STREAM:[1,\"/a->b\"]", "UNIX-STREAM:[1,\"/a-\\76b\"]")]
    [InlineData("/a->b", "/a-\\76b")]
    public void OnlyASocketsOwnArrowIsOne(string name, string shown) =>
        Assert.Equal($"close(4<{shown}>) = 0", Text(Make("close", 0, [4]), With((4, name))));

    [Fact]
    public void MembersOfStructures()
    {
        Decoder decoder = With((4, "/etc/passwd"), (6, "pipe:[5]"), (5, "anon_inode:[eventpoll]"));
        Assert.Equal(
            "poll([{fd=4</etc/passwd>, events=POLLIN}], 1, 0) = 1 ([{fd=4, revents=POLLIN}])",
            Text(Make("poll", 1, [At, 1, 0]).In(Ints(4, 1)).Out(Ints(4, 0x10001)), decoder));
        Assert.Equal(
            "epoll_ctl(5<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, 6<pipe:[5]>, {events=EPOLLIN, data={u32=6, u64=6}}) = 0",
            Text(Make("epoll_ctl", 0, [5, 1, 6, At]).In(Ints(1, 6, 0)), decoder));
        Assert.Equal(
            "select(8, [4</etc/passwd> 6<pipe:[5]>], NULL, NULL, NULL) = 1 (in [4])",
            Text(Make("select", 1, [8, At, 0, 0, 0]).In([0x50, 0, 0, 0, 0, 0, 0, 0]).Out([0x10, 0, 0, 0, 0, 0, 0, 0]), decoder));
        // What pipe made is not what had the numbers before.
        Assert.Equal("pipe([4, 6]) = 0", Text(Make("pipe", 0, [At]).Out(Ints(4, 6)), decoder));
    }

    [Fact]
    public void NamesAreHostile()
    {
        Decoder decoder = With((4, "/a>b\nc<é\\\e[2J"), (5, "/gone (deleted)"), (6, "socket (deleted)"));
        Assert.Equal("close(4</a\\76b\\nc\\74\\303\\251\\\\\\33[2J>) = 0", Text(Make("close", 0, [4]), decoder));
        Assert.Equal("close(5</gone>(deleted)) = 0", Text(Make("close", 0, [5]), decoder));
        Assert.Equal("close(6<socket (deleted)>) = 0", Text(Make("close", 0, [6]), decoder));
        using JsonDocument json = Parse(Encoding.Latin1.GetBytes(Json(Make("close", 0, [4]), decoder)));
        Assert.DoesNotContain('\e', Json(Make("close", 0, [4]), decoder));
    }

    [Fact]
    public void Json_keeps_numbers_and_tells_names_apart()
    {
        Decoder decoder = With((3, "/etc"), (5, "/gone (deleted)"), (-100, "/tmp"));
        Assert.Contains("\"args\":{\"dfd\":3,\"pathname\":\"x\",\"flags\":{\"flags\":[\"O_RDONLY\"],\"value\":0}},\"fds\":{\"3\":\"/etc\"},\"result\":4,\"result_path\":\"/etc/x\"",
            Json(Make("openat", 4, [3, At, 0, 0]).In("x\0"u8), decoder));
        Assert.Contains("{\"dfd\":\"AT_FDCWD\",\"pathname\":\"x\"", Json(Make("openat", 4, [Cwd, At, 0, 0]).In("x\0"u8), decoder));
        Assert.Contains("},\"fds\":{\"AT_FDCWD\":\"/tmp\"},", Json(Make("openat", 4, [Cwd, At, 0, 0]).In("x\0"u8), decoder));
        Assert.Contains("},\"fds\":{\"5\":\"/gone (deleted)\"},\"result\":0", Json(Make("poll", 0, [At, 2, 0]).In(Ints(5, 1, 5, 1)), decoder));
        Assert.DoesNotContain("fds", Json(Make("close", 0, [9]), decoder));
        Assert.DoesNotContain("fds", Json(Make("close", 0, [3])));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Names_make_no_work_for_the_collector(bool json)
    {
        Decoder decoder = With((3, "/etc"), (4, "/gone (deleted)"), (-100, "/tmp"));
        byte[][] calls = [Make("openat", 4, [3, At, 0, 0]).In("x\0"u8), Make("openat", 4, [Cwd, At, 0, 0]).In("x\0"u8), Make("dup", 5, [4])];
        var to = new Utf8Buffer();
        long before = 0;
        for (int i = 0; i < 10_000; i++)
        {
            if (i == 1)
                before = GC.GetAllocatedBytesForCurrentThread();
            foreach (byte[] call in calls)
            {
                to.Clear();
                if (json)
                    decoder.WriteCallJson(new CallRecord(call), to);
                else
                    decoder.WriteCall(new CallRecord(call), to, 0);
            }
        }
        // A collection in between counts what was left of the thread's room: not a byte for each.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16384);
    }
}
