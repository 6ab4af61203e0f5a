using Scry.Syscalls;
using Scry.Wire;
using Xunit;
using static Scry.Tests.Unit.Syscalls.Calls;

namespace Scry.Tests.Unit.Syscalls;

/// <summary>What strace 6.1's options change in a call's text, and structures that callers know less of, or more.</summary>
public sealed class DepthTests
{
    private const ulong Cwd = unchecked((ulong)-100);

    private static string With(byte[] record, DecoderOptions options) => Text(record, new Decoder(options with { ResultColumn = 0 }));

    [Theory]
    [InlineData(ConstantStyle.Names, "openat(AT_FDCWD, NULL, O_WRONLY|O_CREAT|0x40000000, 0644) = -1 EFAULT (Bad address)")]
    [InlineData(ConstantStyle.Numbers, "openat(-100, NULL, 0x40000041, 0644) = -1 EFAULT (Bad address)")]
    [InlineData(ConstantStyle.Both, "openat(-100 /* AT_FDCWD */, NULL, 0x40000041 /* O_WRONLY|O_CREAT|0x40000000 */, 0644) = -1 EFAULT (Bad address)")]
    public void Constants(ConstantStyle style, string line) =>
        Assert.Equal(line, With(Make("openat", -14, [Cwd, 0, 0x40000041, 0x1a4]), new DecoderOptions { Style = style }));

    [Theory]
    [InlineData(ConstantStyle.Names, "lseek(3, 1, 0x9 /* SEEK_??? */) = -1 EINVAL (Invalid argument)")]
    [InlineData(ConstantStyle.Numbers, "lseek(3, 1, 0x9) = -1 EINVAL (Invalid argument)")]
    [InlineData(ConstantStyle.Both, "lseek(3, 1, 0x9 /* SEEK_??? */) = -1 EINVAL (Invalid argument)")]
    public void ConstantsWithoutName(ConstantStyle style, string line) =>
        Assert.Equal(line, With(Make("lseek", -22, [3, 1, 9]), new DecoderOptions { Style = style }));

    [Theory]
    [InlineData(HexStrings.None, "write(1, \"a\\n\\377\", 3) = 3")]
    [InlineData(HexStrings.NotAsciiCharacters, "write(1, \"a\\n\\xff\", 3) = 3")]
    [InlineData(HexStrings.NotAscii, "write(1, \"\\x61\\x0a\\xff\", 3) = 3")]
    [InlineData(HexStrings.All, "write(1, \"\\x61\\x0a\\xff\", 3) = 3")]
    public void Strings(HexStrings hex, string line) => Assert.Equal(line, With(Make("write", 3, [1, At, 3]).In([0x61, 10, 0xff]), new DecoderOptions { Hex = hex }));

    [Fact]
    public void OfChosenCallsAlone()
    {
        byte[] sleep = Make("nanosleep", 0, [At, 0]).In(Words(1, 5));
        Assert.Equal("nanosleep(0x7f0000001000, 0) = 0", With(sleep, new DecoderOptions { Raw = SyscallSelector.Parse(["nanosleep"]) }));
        Assert.Equal("nanosleep(0x7f0000001000, NULL) = 0", With(sleep, new DecoderOptions { Verbose = SyscallSelector.Parse(["!nanosleep"]) }));
        Assert.Equal("nanosleep({tv_sec=1, tv_nsec=5}, NULL) = 0", With(sleep, new DecoderOptions { Raw = SyscallSelector.Parse(["read"]), Verbose = SyscallSelector.Parse(["all"]) }));
        Assert.Equal("close(fd=3) = 0", With(Make("close", 0, [3]), new DecoderOptions { ArgumentNames = true }));
    }

    [Theory]
    [InlineData(8, "landlock_create_ruleset({handled_access_fs=LANDLOCK_ACCESS_FS_EXECUTE}, 8, 0) = 3")]
    [InlineData(16, "landlock_create_ruleset({handled_access_fs=LANDLOCK_ACCESS_FS_EXECUTE, handled_access_net=LANDLOCK_ACCESS_NET_BIND_TCP}, 16, 0) = 3")]
    [InlineData(4, "landlock_create_ruleset(0x7f0000001000, 4, 0) = 3")]
    public void AStructureEndsWhereTheCallerSays(int size, string line) =>
        Assert.Equal(line, Text(Make("landlock_create_ruleset", 3, [At, (ulong)size, 0]).In(Words(1, 1, 1))));

    [Theory]
    [InlineData(0, "chmod(\"f\", 000) = 0")]
    [InlineData(4, "chmod(\"f\", 004) = 0")]
    [InlineData(0x29, "chmod(\"f\", 051) = 0")]
    [InlineData(0x1ff, "chmod(\"f\", 0777) = 0")]
    [InlineData(0xffff0000, "chmod(\"f\", 000) = 0")]
    public void Modes(ulong mode, string line) => Assert.Equal(line, Text(Make("chmod", 0, [At, mode]).In("f\0"u8)));

    [Theory]
    [InlineData(0x5402, 0, "SNDCTL_TMR_START or TCSETS, NULL")]
    [InlineData(0x9406, 1, "BTRFS_IOC_TRANS_START")]
    [InlineData(0xc0045877, 1, "FIFREEZE")]
    [InlineData(0x4c08, 0xdeadbeef, "LOOP_SET_DIRECT_IO, 3735928559")]
    [InlineData(0xdead, 0, "_IOC(_IOC_NONE, 0xde, 0xad, 0), 0")]
    [InlineData(0xdead, 0x1000, "_IOC(_IOC_NONE, 0xde, 0xad, 0), 0x1000")]
    public void Requests(ulong request, ulong argument, string shown)
    {
        Assert.Equal($"ioctl(3, {shown}) = -1 EBADF (Bad file descriptor)", Text(Make("ioctl", -9, [3, request, argument])));
    }

    [Fact]
    public void WhatWasReadAndWritten()
    {
        byte[] data = [.. "Hello, world\n\tabcdefghijklmnopqrs\x01"u8];
        string[] lines = Dump(Make("write", data.Length, [3, At, (ulong)data.Length]).In(data), null, fd => fd == 3);
        Assert.Equal(
        [
            " | 00000  48 65 6c 6c 6f 2c 20 77  6f 72 6c 64 0a 09 61 62  Hello, world..ab |",
            " | 00010  63 64 65 66 67 68 69 6a  6b 6c 6d 6e 6f 70 71 72  cdefghijklmnopqr |",
            " | 00020  73 01                                             s.               |",
        ], lines);
        Assert.Empty(Dump(Make("write", 3, [4, At, 3]).In("abc"u8), null, fd => fd == 3));
        Assert.Empty(Dump(Make("write", -9, [3, At, 3]).In("abc"u8), null, fd => fd == 3));
        Assert.Single(Dump(Make("read", 3, [3, At, 30]).Out("abc"u8), fd => fd == 3, null));
        Assert.Equal(" | ... 7 bytes not recorded |", Dump(Make("write", 10, [3, At, 10]).In("abc"u8), null, _ => true)[^1]);
    }

    private static string[] Dump(byte[] record, Func<int, bool>? reads, Func<int, bool>? writes)
    {
        var to = new Utf8Buffer();
        new DataDump(reads, writes).Write(new CallRecord(record), to, () => to.Append("\n"u8));
        return System.Text.Encoding.ASCII.GetString(to.Written).Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
