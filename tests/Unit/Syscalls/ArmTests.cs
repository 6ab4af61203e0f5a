using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Scry.Syscalls;
using Scry.Wire;
using Xunit;
using Decoder = Scry.Syscalls.Decoder;

namespace Scry.Tests.Unit.Syscalls;

/// <summary>What is otherwise on arm64 and on 32-bit Arm: numbers, layouts, values, registers, signal frames; plans and decoding together.</summary>
public sealed class ArmTests
{
    private const ulong Cwd = unchecked((ulong)-100), At = Calls.At, At32 = 0x10001000;

    [Theory]
    [InlineData(Abi.Arm64, 0x4000ul, "O_RDONLY|O_DIRECTORY")]
    [InlineData(Abi.Arm64, 0x10000ul, "O_RDONLY|O_DIRECT")]
    [InlineData(Abi.Arm64, 0x8000ul, "O_RDONLY|O_NOFOLLOW")]
    [InlineData(Abi.Arm, 0x20000ul, "O_RDONLY|O_LARGEFILE")]
    [InlineData(Abi.Arm, 0xa4000ul, "O_RDONLY|O_LARGEFILE|O_CLOEXEC|O_DIRECTORY")]
    [InlineData(Abi.X86_64, 0x4000ul, "O_RDONLY|O_DIRECT")]
    [InlineData(Abi.X86_64, 0x10000ul, "O_RDONLY|O_DIRECTORY")]
    public void OpenFlags(Abi abi, ulong flags, string shown) =>
        Assert.Equal($"openat(AT_FDCWD, \"/tmp\", {shown}) = 3", Text("openat", abi, [Cwd, Place(abi), flags, 0], 3, "/tmp\0"u8.ToArray()));

    [Theory]
    [InlineData(Abi.Arm64)]
    [InlineData(Abi.Arm)]
    public void CloneHasTlsBeforeTheChildsTid(Abi abi)
    {
        const ulong flags = 0x3d0f00;
        Assert.Equal("clone(child_stack=0x4000, flags=CLONE_VM|CLONE_FS|CLONE_FILES|CLONE_SIGHAND|CLONE_THREAD|CLONE_SYSVSEM|CLONE_SETTLS|CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID, "
            + $"parent_tid=[77], tls=0x7000, child_tidptr=0x8000) = 77", Text("clone", abi, [flags, 0x4000, Place(abi), 0x7000, 0x8000], 77, [], [77, 0, 0, 0]));
        Assert.Equal("clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, child_tidptr=0x8000) = 77",
            Text("clone", abi, [0x1200011, 0, 0, 0, 0x8000], 77, []));
    }

    [Fact]
    public void StatusOfAFile()
    {
        // <asm-generic/stat.h>: the mode at 16, the size at 48; <asm/stat.h> of Arm: struct stat64 has the size at 48 too, the mode at 16.
        byte[] stat = new byte[128];
        BitConverter.TryWriteBytes(stat.AsSpan(16), 0x81a4);
        BitConverter.TryWriteBytes(stat.AsSpan(48), 1234L);
        Assert.Equal("newfstatat(AT_FDCWD, 0x7f0000001100, {st_mode=S_IFREG|0644, st_size=1234, ...}, 0) = 0",
            Text("newfstatat", Abi.Arm64, [Cwd, At + 0x100, At, 0], 0, [], stat));
        Assert.Equal("fstat64(3, {st_mode=S_IFREG|0644, st_size=1234, ...}) = 0", Text("fstat64", Abi.Arm, [3, At32], 0, [], stat));
        BitConverter.TryWriteBytes(stat.AsSpan(48), 0L);
        BitConverter.TryWriteBytes(stat.AsSpan(16), 0x2190);
        BitConverter.TryWriteBytes(stat.AsSpan(32), 0x103L);
        Assert.Equal("fstat(3, {st_mode=S_IFCHR|0620, st_rdev=makedev(0x1, 0x3), ...}) = 0", Text("fstat", Abi.Arm64, [3, At], 0, [], stat));
    }

    // <linux/eventpoll.h>: packed on x86-64 alone.
    [Theory]
    [InlineData(Abi.Arm64, 16)]
    [InlineData(Abi.Arm, 16)]
    [InlineData(Abi.X86_64, 12)]
    [InlineData(Abi.Ia32, 12)]
    public void EventsOfEpoll(Abi abi, int size)
    {
        byte[] events = new byte[2 * size];
        for (int i = 0; i < 2; i++)
        {
            events[i * size] = (byte)(1 + i * 3);
            events[i * size + size - 8] = (byte)(5 + i);
        }
        string name = abi == Abi.Arm64 ? "epoll_pwait" : "epoll_wait";
        string rest = abi == Abi.Arm64 ? ", NULL, 8" : "";
        Assert.Equal($"{name}(4, [{{events=EPOLLIN, data={{u32=5, u64=5}}}}, {{events=EPOLLOUT, data={{u32=6, u64=6}}}}], 8, -1{rest}) = 2",
            Text(name, abi, abi == Abi.Arm64 ? [4, At, 8, ulong.MaxValue, 0, 8] : [4, Place(abi), 8, ulong.MaxValue], 2, [], events));
    }

    // The masks lie as tests/Layout has it of the headers.
    [Theory]
    [InlineData(Abi.X86_64, "rt_sigreturn", 296)]
    [InlineData(Abi.Arm64, "rt_sigreturn", 168)]
    [InlineData(Abi.Arm, "rt_sigreturn", 232)]
    [InlineData(Abi.Arm, "sigreturn", 104)]
    public void ReturnsFromHandlersShowTheMask(Abi abi, string name, int offset)
    {
        byte[] frame = new byte[offset + 8];
        frame[offset] = 0b11;
        Assert.Equal($"{name}({{mask=[HUP INT]}}) = 0", Text(name, abi, [Place(abi)], 0, frame));
    }

    [Fact]
    public void ValuesOf64BitsBeginAtAnEvenRegister()
    {
        Assert.Equal("pread64(3, \"hello\", 4096, 4294967298) = 5", Text("pread64", Abi.Arm, [3, At32, 4096, 0xdead, 2, 1], 5, [], "hello"u8.ToArray()));
        Assert.Equal("pwrite64(3, \"hi\", 2, 4294967298) = 2", Text("pwrite64", Abi.Arm, [3, At32, 2, 0xdead, 2, 1], 2, "hi"u8.ToArray()));
        Assert.Equal("truncate64(\"f\", 4294967298) = 0", Text("truncate64", Abi.Arm, [At32, 0xdead, 2, 1], 0, "f\0"u8.ToArray()));
        Assert.Equal("ftruncate64(3, 4294967298) = 0", Text("ftruncate64", Abi.Arm, [3, 0xdead, 2, 1], 0, []));
        Assert.Equal("readahead(3, 4294967298, 4096) = 0", Text("readahead", Abi.Arm, [3, 0xdead, 2, 1, 4096], 0, []));
        Assert.Equal("fadvise64_64(3, POSIX_FADV_RANDOM, 4294967298, 8589934595) = 0", Text("fadvise64_64", Abi.Arm, [3, 1, 2, 1, 3, 2], 0, []));
        Assert.Equal("sync_file_range2(3, SYNC_FILE_RANGE_WRITE, 4294967298, 8589934595) = 0", Text("sync_file_range2", Abi.Arm, [3, 2, 2, 1, 3, 2], 0, []));
        Assert.Equal("fallocate(3, FALLOC_FL_KEEP_SIZE, 4294967298, 8589934595) = 0", Text("fallocate", Abi.Arm, [3, 1, 2, 1, 3, 2], 0, []));
        Assert.Equal("preadv(3, NULL, 0, 4294967298) = 0", Text("preadv", Abi.Arm, [3, 0, 0, 2, 1], 0, []));
        Assert.Equal("_llseek(3, 4294967298, [4294967298], SEEK_SET) = 0", Text("_llseek", Abi.Arm, [3, 1, 2, At32, 0], 0, [], Calls.Words(0x100000002)));
        Assert.Equal("pread64(3, \"hello\", 4096, 4294967298) = 5", Text("pread64", Abi.Arm64, [3, At, 4096, 0x100000002], 5, [], "hello"u8.ToArray()));
    }

    [Fact]
    public void WhatOnlyArmHas()
    {
        Assert.Equal("mmap2(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0x2000) = 0xf7d00000", Text("mmap2", Abi.Arm, [0, 4096, 1, 0x22, 0xffffffff, 2], 0xf7d00000, []));
        Assert.Equal("send(3, \"hi\", 2, MSG_NOSIGNAL) = 2", Text("send", Abi.Arm, [3, At32, 2, 0x4000], 2, "hi"u8.ToArray()));
        Assert.Equal("recv(3, \"hi\", 8, 0) = 2", Text("recv", Abi.Arm, [3, At32, 8, 0], 2, [], "hi"u8.ToArray()));
        Assert.Equal("cacheflush(0x8000, 0x9000, 0) = 0", Text("cacheflush", Abi.Arm, [0x8000, 0x9000, 0], 0, []));
        Assert.Equal("set_tls(0x8000) = 0", Text("set_tls", Abi.Arm, [0x8000], 0, []));
        Assert.Equal("rt_sigaction(SIGINT, {sa_handler=0x8001, sa_mask=[HUP], sa_flags=SA_RESTORER|SA_RESTART, sa_restorer=0x9000}, NULL, 8) = 0",
            Text("rt_sigaction", Abi.Arm, [2, At32, 0, 8], 0, Calls.Ints(0x8001, 0x14000000, 0x9000, 1, 0)));
    }

    [Fact]
    public void LayoutsWithValuesOf64Bits()
    {
        // Arm aligns them to 8, ia32 to 4.
        Assert.Equal("fcntl64(3, F_SETLK64, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=5, l_len=6}) = 0",
            Text("fcntl64", Abi.Arm, [3, 13, At32], 0, [.. Calls.Ints(1, 0), .. Calls.Words(5, 6, 0)]));
        Assert.Equal("fcntl64(3, F_SETLK64, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=5, l_len=6}) = 0",
            Text("fcntl64", Abi.Ia32, [3, 13, At32], 0, [.. Calls.Ints(1), .. Calls.Words(5, 6, 0)]));
    }

    [Theory]
    [InlineData(Abi.Arm64, 0x10ul, "PROT_BTI")]
    [InlineData(Abi.Arm64, 0x21ul, "PROT_READ|PROT_MTE")]
    [InlineData(Abi.Arm, 0x10ul, "0x10 /* PROT_??? */")]
    [InlineData(Abi.X86_64, 0x10ul, "0x10 /* PROT_??? */")]
    public void ProtectionOfArm64(Abi abi, ulong protection, string shown) =>
        Assert.Equal($"mprotect(0x8000, 4096, {shown}) = 0", Text("mprotect", abi, [0x8000, 4096, protection], 0, []));

    [Fact]
    public void ValuesThatOneMachineHas()
    {
        Assert.Equal("mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE|0x40, -1, 0) = 0x8000", Text("mmap", Abi.Arm64, [0, 4096, 0, 0x42, ulong.MaxValue, 0], 0x8000, []));
        Assert.Equal("mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE|MAP_32BIT, -1, 0) = 0x8000", Text("mmap", Abi.X86_64, [0, 4096, 0, 0x42, ulong.MaxValue, 0], 0x8000, []));
        Assert.Equal("ptrace(PTRACE_GETVFPREGS, 7, NULL, 0x8000) = 0", Text("ptrace", Abi.Arm, [27, 7, 0, 0x8000], 0, []));
        Assert.Equal("ptrace(PTRACE_PEEKMTETAGS, 7, NULL, 0x8000) = 0", Text("ptrace", Abi.Arm64, [33, 7, 0, 0x8000], 0, []));
        Assert.Equal("ptrace(PTRACE_SINGLEBLOCK, 7, NULL, SIGHUP) = 0", Text("ptrace", Abi.X86_64, [33, 7, 0, 1], 0, []));
        Assert.Equal("ptrace(PTRACE_GETREGSET, 7, NT_ARM_SVE, 0x8000) = 0", Text("ptrace", Abi.Arm64, [0x4204, 7, 0x405, 0x8000], 0, []));
        Assert.Equal("prctl(PR_SET_TAGGED_ADDR_CTRL, PR_TAGGED_ADDR_ENABLE|PR_MTE_TCF_SYNC|65534<<PR_MTE_TAG_SHIFT, 0, 0, 0) = 0",
            Text("prctl", Abi.Arm64, [55, 0x7fff3, 0, 0, 0], 0, []));
        Assert.Equal("ioctl(3, FS_IOC_GETFLAGS, [FS_IMMUTABLE_FL]) = 0", Text("ioctl", Abi.Arm64, [3, 0x80086601, At], 0, [], [16, 0, 0, 0, 0, 0, 0, 0]));
        Assert.Equal("ioctl(3, FS_IOC32_GETFLAGS, [FS_IMMUTABLE_FL]) = 0", Text("ioctl", Abi.Arm, [3, 0x80046601, At32], 0, [], [16, 0, 0, 0]));
        Assert.StartsWith("ioctl(0, TIOCGWINSZ, {ws_row=24, ", Text("ioctl", Abi.Arm, [0, 0x5413, At32], 0, [], [24, 0, 80, 0, 0, 0, 0, 0]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Abi.Arm64, "arm64")]
    [InlineData(Abi.Arm, "arm")]
    [InlineData(Abi.X32, "x32")]
    public void JsonAndNamesTellTheAbi(Abi abi, string name)
    {
        using JsonDocument call = Calls.Parse(Encoding.UTF8.GetBytes(Calls.Json(Calls.Make("read", 0, [3, 0, 0], abi))));
        Assert.Equal(name, call.RootElement.GetProperty("abi").GetString());
        Assert.Equal(name, AbiNames.Name(abi));
        Assert.Equal("read" + abi switch { Abi.Arm => "@32", Abi.X32 => "@x32", _ => "" }, new SyscallNames().NameWithAbi(abi, Calls.Number("read", abi)));
    }

    [Fact]
    public void ArmsOwnCallsHavePlansOfTheirOwn()
    {
        CapturePlan[] plans = CapturePlans.Of(SyscallSelector.Parse(["set_tls"], Architecture.Arm64), machine: Architecture.Arm64);
        Assert.Equal(CapturePlan.IndexOf(Abi.Arm, 0xf0005), Array.FindIndex(plans, plan => (plan.Flags & PlanFlags.Selected) != 0));
        Assert.Equal(2 * Layout.MaxNr - 1, CapturePlan.IndexOf(Abi.Arm, 0xf0010));
        Assert.Equal(Layout.MaxNr - 1, CapturePlan.IndexOf(Abi.Arm64, 0xf0005));
        Assert.Single(plans, plan => (plan.Flags & PlanFlags.Selected) != 0);
    }

    private static ulong Place(Abi abi) => abi.Is32Bit ? At32 : At;

    // Memory of as many bytes as either side has, and no more: a plan that reads beyond sees nothing.
    private static string Text(string name, Abi abi, ulong[] args, long result, byte[] entry, byte[]? exit = null)
    {
        int size = Math.Max(entry.Length, exit?.Length ?? 0);
        Memory Of(byte[] bytes) => new(Place(abi), [.. bytes, .. new byte[size - bytes.Length]]);
        byte[] record = new Capturer(32).Record(name, abi, args, result, Of(entry), Of(exit ?? entry));
        return Calls.Text(record, new Decoder(new DecoderOptions { ResultColumn = 0 }));
    }
}
