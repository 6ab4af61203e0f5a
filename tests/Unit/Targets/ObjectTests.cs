using Scry.Targets;
using Xunit;

namespace Scry.Tests.Unit.Targets;

/// <summary>What /proc tells of locks, sockets and open files.</summary>
public sealed class ObjectTests
{
    [Theory]
    [InlineData("1: FLOCK  ADVISORY  WRITE 2320 fe:00:11657326 0 EOF", 1, false, "FLOCK", "WRITE", 2320, 11657326, "0 EOF")]
    [InlineData("2: -> POSIX  ADVISORY  READ 2325 fe:00:7 0 EOF", 2, true, "POSIX", "READ", 2325, 7, "0 EOF")]
    [InlineData("3: OFDLCK ADVISORY  WRITE -1 00:1a:9 0 99", 3, false, "OFDLCK", "WRITE", 0, 9, "0 99")]
    public void A_lock_is_read(string line, int number, bool waits, string kind, string access, int pid, int inode, string range) =>
        Assert.Equal(new FileLock(number, waits, kind, access, pid, (ulong)inode, range), FileLock.Parse(line));

    [Fact]
    public void A_lock_is_the_same_by_its_range_and_access_too()
    {
        FileLock held = FileLock.Parse("7: OFDLCK ADVISORY  WRITE -1 00:1a:9 0 99")!;
        Assert.True(held.IsSame(FileLock.Parse("1: OFDLCK ADVISORY  WRITE -1 00:1a:9 0 99")!));
        // What one who waits for it holds of the same file.
        Assert.False(held.IsSame(FileLock.Parse("1: OFDLCK ADVISORY  WRITE -1 00:1a:9 100 199")!));
        Assert.False(held.IsSame(FileLock.Parse("1: OFDLCK ADVISORY  READ -1 00:1a:9 0 99")!));
    }

    [Theory]
    [InlineData("")]
    [InlineData("2: ->")]
    [InlineData("x: FLOCK ADVISORY WRITE 1 fe:00:1 0 EOF")]
    [InlineData("1: FLOCK ADVISORY WRITE 1 <none>:0 0 EOF")]
    public void What_is_no_lock_is_none(string line) => Assert.Null(FileLock.Parse(line));

    [Fact]
    public void The_lock_that_is_waited_for_is_that_of_the_same_file_and_kind()
    {
        FileLock[] all =
        [
            .. new[]
            {
                "1: FLOCK  ADVISORY  WRITE 10 fe:00:5 0 EOF", "1: -> FLOCK  ADVISORY  WRITE 20 fe:00:5 0 EOF",
                "2: POSIX  ADVISORY  WRITE 11 fe:00:5 0 EOF", "2: -> POSIX  ADVISORY  WRITE 20 fe:00:5 0 EOF",
                "3: POSIX  ADVISORY  WRITE 12 fe:00:6 0 EOF",
            }.Select(line => FileLock.Parse(line)!),
        ];
        Assert.Equal(10, FileLock.HeldAgainst(all, 20, 5, "FLOCK")!.Pid);
        Assert.Equal(11, FileLock.HeldAgainst(all, 20, 5, "POSIX")!.Pid);
        Assert.Null(FileLock.HeldAgainst(all, 20, 6, "POSIX"));
        Assert.Null(FileLock.HeldAgainst(all, 21, 5, "FLOCK"));
    }

    [Theory]
    [InlineData("   0: 0100007F:07E8 00000000:0000 0A 00000000:00000003 00:00000000 00000000 0 0 1134 1 x", "TCP", "127.0.0.1:2024", "", "LISTEN")]
    [InlineData("   1: 0100007F:EA60 010200C0:0050 02 00000001:00000000 01:00000100 00000001 0 0 77 2 x", "TCP", "127.0.0.1:60000", "192.0.2.1:80", "SYN_SENT")]
    [InlineData("   2: 00000000000000000000000001000000:0050 0000000000000000FFFF00000100007F:0051 01 0:0 00:0 0 0 0 78 1 x", "TCPv6", "[::1]:80", "[::ffff:127.0.0.1]:81", "ESTABLISHED")]
    [InlineData("   3: 0100007F:0035 00000000:0000 07 0:0 00:0 0 0 0 79 2 x 0", "UDP", "127.0.0.1:53", "", "")]
    public void A_socket_is_read(string line, string protocol, string local, string remote, string state)
    {
        SocketFacts socket = Sockets.ParseInternet(line, protocol)!;
        Assert.Equal((local, remote, state), (socket.Local, socket.Remote, socket.State));
    }

    [Theory]
    [InlineData("sl local_address rem_address st")]
    [InlineData("0: 0100007F 0:0 0A 0:0 00:0 0 0 0 79 2")]
    [InlineData("0: 0100007F:XX 0100007F:0 0A 0:0 00:0 0 0 0 79 2")]
    public void What_is_no_socket_is_none(string line) => Assert.Null(Sockets.ParseInternet(line, "TCP"));

    [Fact]
    public void A_unix_socket_has_its_path_with_blanks_and_whether_it_listens()
    {
        SocketFacts listener = Sockets.ParseUnix("0000000001: 00000002 00000000 00010000 0001 01 505716 /run/a b")!;
        Assert.Equal(("UNIX-STREAM", 505716ul, "/run/a b", "LISTEN"), (listener.Protocol, listener.Inode, listener.Local, listener.State));
        Assert.Equal(("UNIX-DGRAM", ""), (Sockets.ParseUnix("0: 2 0 00000000 0002 01 5")!.Protocol, Sockets.ParseUnix("0: 2 0 00000000 0002 01 5")!.State));
        Assert.Null(Sockets.ParseUnix("Num RefCount Protocol Flags Type St Inode Path"));
    }

    [Fact]
    public void Two_ends_of_a_connection_know_each_other()
    {
        var one = new SocketFacts("TCP", 1, "127.0.0.1:1", "127.0.0.1:2", "ESTABLISHED", 0, 0);
        Assert.True(one.IsPeerOf(one with { Inode = 2, Local = one.Remote, Remote = one.Local }));
        Assert.False(one.IsPeerOf(one with { Inode = 2, Local = one.Remote, Remote = "127.0.0.1:3" }));
        // A socket that is connected to itself is not its own peer.
        Assert.False((one with { Remote = one.Local }).IsPeerOf(one with { Remote = one.Local }));
    }

    [Fact]
    public void An_open_file_has_its_mode_its_locks_and_what_it_watches()
    {
        OpenFileDetails file = OpenFileDetails.Parse(
        [
            "pos:\t0", "flags:\t0100001", "mnt_id:\t27", "ino:\t11657326", "lock:\t1: FLOCK  ADVISORY  WRITE 2331 fe:00:11657326 0 EOF",
            "tfd:        5 events:       19 data:                5  pos:0 ino:2066 sdev:8", "what is that",
        ]);
        Assert.Equal((false, true, 11657326ul), (file.Reads, file.Writes, file.Inode));
        Assert.Equal(2331, Assert.Single(file.Locks).Pid);
        Assert.Equal([5], file.Watched);
    }

    [Fact]
    public void Memory_is_read_as_far_as_it_is_there()
    {
        using var memory = new TaskMemory();
        byte[] bytes = GC.AllocateArray<byte>(64, pinned: true);
        "words"u8.CopyTo(bytes);
        ulong address = (ulong)System.Runtime.InteropServices.Marshal.UnsafeAddrOfPinnedArrayElement(bytes, 0);
        byte[] read = new byte[5];
        Assert.Equal(5, memory.Read((uint)Environment.ProcessId, address, read));
        Assert.Equal("words"u8, read);
        Assert.Equal(0, memory.Read((uint)Environment.ProcessId, 8, read));
        Assert.Equal(0, memory.Read((uint)Environment.ProcessId, ulong.MaxValue - 2, read));
        Assert.Equal(0, memory.Read(4194305, address, read));
    }
}
