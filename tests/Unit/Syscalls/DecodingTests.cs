using System.Text.Json;
using Scry.Syscalls;
using Scry.Tests.Unit.Views;
using Scry.Wire;
using Xunit;
using static Scry.Tests.Unit.Syscalls.Calls;

namespace Scry.Tests.Unit.Syscalls;

/// <summary>Calls as strace 6.1 prints them, each kind of type at least once.</summary>
public sealed class DecodingTests
{
    private const ulong Cwd = unchecked((ulong)-100);

    [Fact]
    public void Paths()
    {
        byte[] open = Make("openat", 3, [Cwd, At, 0x80000, 0]);
        Assert.Equal("openat(AT_FDCWD, \"/etc/passwd\", O_RDONLY|O_CLOEXEC) = 3", Text(open.In("/etc/passwd\0"u8)));
        Assert.Equal("openat(AT_FDCWD, \"a\\n\\33[1m\\\"\\\\\\377\", O_RDONLY|O_CLOEXEC) = 3", Text(open.In("a\n\u001b[1m\"\\"u8.ToArray().Append((byte)0xff).Append((byte)0).ToArray())));
        Assert.Equal("openat(AT_FDCWD, 0x7f0000001000, O_RDONLY|O_CLOEXEC) = 3", Text(open));
        Assert.Equal("openat(AT_FDCWD, NULL, O_RDONLY) = -1 EFAULT (Bad address)", Text(Make("openat", -14, [Cwd, 0, 0, 0])));
        string unended = new('x', 4095);
        Assert.Equal($"openat(AT_FDCWD, \"{unended}\"..., O_RDONLY|O_CLOEXEC) = 3", Text(open.In(System.Text.Encoding.ASCII.GetBytes(unended))));
    }

    [Fact]
    public void ModeOnlyWhereItCounts()
    {
        Assert.Equal("openat(AT_FDCWD, \"f\", O_WRONLY|O_CREAT|O_TRUNC, 0644) = 3", Text(Make("openat", 3, [Cwd, At, 0x241, 0x1a4]).In("f\0"u8)));
        Assert.Equal("openat(AT_FDCWD, \"f\", O_WRONLY|O_TRUNC) = 3", Text(Make("openat", 3, [Cwd, At, 0x201, 0x1a4]).In("f\0"u8)));
    }

    [Fact]
    public void Data()
    {
        Assert.Equal("read(3, \"hello\", 4096) = 5", Text(Make("read", 5, [3, At, 4096]).Out("hello"u8)));
        Assert.Equal("read(3, \"\", 4096) = 0", Text(Make("read", 0, [3, At, 4096])));
        Assert.Equal("read(3, 0x7f0000001000, 4096) = -1 EAGAIN (Resource temporarily unavailable)", Text(Make("read", -11, [3, At, 4096])));
        Assert.Equal("write(1, \"0123456789abcdef0123456789abcdef\"..., 40) = 40", Text(Make("write", 40, [1, At, 40]).In("0123456789abcdef0123456789abcdef01234567"u8)));
        Assert.Equal("write(1, \"01\"..., 3) = 3", Text(Make("write", 3, [1, At, 3]).In("012"u8), new Decoder(new DecoderOptions { ResultColumn = 0, StringLimit = 2 })));
    }

    [Fact]
    public void FlagsWithWhatHasNoName()
    {
        Assert.Equal("mmap(NULL, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000000000", Text(Make("mmap", 0x7f0000000000, [0, 4096, 3, 0x22, ulong.MaxValue, 0])));
        Assert.Equal("mprotect(0x7f0000001000, 4096, PROT_EXEC|0x80) = -1 EINVAL (Invalid argument)", Text(Make("mprotect", -22, [At, 4096, 0x84])));
        Assert.Equal("mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_HUGETLB|21<<MAP_HUGE_SHIFT, -1, 0) = -1 ENOMEM (Cannot allocate memory)", Text(Make("mmap", -12, [0, 4096, 1, 0x54040022, ulong.MaxValue, 0])));
        Assert.Equal("lseek(3, 10, 0x9 /* SEEK_??? */) = -1 EINVAL (Invalid argument)", Text(Make("lseek", -22, [3, 10, 9])));
    }

    [Fact]
    public void Structs()
    {
        Assert.Equal("nanosleep({tv_sec=1, tv_nsec=500000000}, NULL) = 0", Text(Make("nanosleep", 0, [At, 0]).In(Words(1, 500000000))));
        Assert.Equal("nanosleep(0x7f0000001000, NULL) = -1 EFAULT (Bad address)", Text(Make("nanosleep", -14, [At, 0])));
        Assert.Equal("pipe2([3, 4], O_CLOEXEC) = 0", Text(Make("pipe2", 0, [At, 0x80000]).Out(Ints(3, 4))));
        Assert.Equal("epoll_ctl(4, EPOLL_CTL_ADD, 5, {events=EPOLLIN|EPOLLET, data={u32=7, u64=7}}) = 0", Text(Make("epoll_ctl", 0, [4, 1, 5, At]).In(Ints(unchecked((int)0x80000001), 7, 0))));
        Assert.Equal("poll([{fd=0, events=POLLIN}], 1, 100) = 0 (Timeout)", Text(Make("poll", 0, [At, 1, 100]).In(Ints(0, 1))));
    }

    [Fact]
    public void Signals()
    {
        Assert.Equal("rt_sigprocmask(SIG_BLOCK, [HUP INT], NULL, 8) = 0", Text(Make("rt_sigprocmask", 0, [0, At, 0, 8]).In(Words(3))));
        Assert.Equal("kill(42, SIGKILL) = 0", Text(Make("kill", 0, [42, 9])));
        Assert.Equal("kill(-1, SIGRT_3) = 0", Text(Make("kill", 0, [ulong.MaxValue, 35])));
    }

    [Theory]
    [InlineData("127.0.0.1, 8080", "{sa_family=AF_INET, sin_port=htons(8080), sin_addr=inet_addr(\"127.0.0.1\")}", 16)]
    [InlineData("short", "{sa_family=AF_INET, sa_data=\"\\37\\220\"}", 4)]
    public void Addresses(string what, string shown, int length)
    {
        byte[] address = [2, 0, 0x1f, 0x90, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        Assert.True(what.Length > 0);
        Assert.Equal($"connect(3, {shown}, {length}) = 0", Text(Make("connect", 0, [3, At, (ulong)length]).In(address.AsSpan(0, length))));
    }

    [Fact]
    public void UnixAddresses()
    {
        Assert.Equal("connect(3, {sa_family=AF_UNIX, sun_path=\"/run/x\"}, 110) = 0", Text(Make("connect", 0, [3, At, 110]).In([1, 0, .. "/run/x\0"u8, .. new byte[101]])));
        Assert.Equal("connect(3, {sa_family=AF_UNIX, sun_path=@\"abc\"}, 6) = 0", Text(Make("connect", 0, [3, At, 6]).In([1, 0, 0, .. "abc"u8])));
    }

    [Fact]
    public void ResultsOfTheirKind()
    {
        Assert.Equal("wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0, NULL) = 42", Text(Make("wait4", 42, [ulong.MaxValue, At, 0, 0]).Out(Ints(0x300))));
        Assert.Equal("wait4(-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}], 0, NULL) = 42", Text(Make("wait4", 42, [ulong.MaxValue, At, 0, 0]).Out(Ints(0x8b))));
        Assert.Equal("fcntl(3, F_GETFL) = 0x8002 (flags O_RDWR|O_LARGEFILE)", Text(Make("fcntl", 0x8002, [3, 3, 0])));
        Assert.Equal("umask(022) = 02", Text(Make("umask", 2, [0x12])));
        Assert.Equal("getppid() = -1 ENOSYS (Function not implemented)", Text(Make("getppid", -38, [])));
        Assert.Equal("pause() = ? ERESTARTNOHAND (To be restarted if no handler)", Text(Make("pause", -514, [])));
        Assert.Equal("exit_group(0) = ?", Text(RecordMaker.Call(231, 1, 0, 1, flags: CallFlags.Unfinished, args: [0])));
        Assert.Equal("read(0, 0x7f0000001000, 10 <unfinished ...>) = ?", Text(RecordMaker.Call(0, 1, 0, 1, flags: CallFlags.Unfinished, args: [0, At, 10])));
    }

    [Fact]
    public void NoModeIsThreeZeros() =>
        Assert.Equal("msgget(0x3039, 000) = -1 ENOENT (No such file or directory)", Text(Make("msgget", -2, [12345, 0])));

    // x32 has numbers of its own from 512 on, and not those that they stand for.
    [Theory]
    [InlineData(Abi.X32, 520, "execve(0x1, 0x2, 0x3)", "execve@x32")]
    [InlineData(Abi.X32, 1, "write(1, 0x2, 3)", "write@x32")]
    [InlineData(Abi.X32, 59, "syscall_0x4000003b(0x1, 0x2, 0x3)", "syscall_0x4000003b@x32")]
    [InlineData(Abi.X86_64, 520, "syscall_0x208(0x1, 0x2, 0x3)", "syscall_0x208")]
    [InlineData(Abi.X86_64, uint.MaxValue, "syscall_0xffffffffffffffff(0x1, 0x2, 0x3)", "syscall_0xffffffffffffffff")]
    [InlineData(Abi.X86_64, 0x1fff, "syscall_0x1fff(0x1, 0x2, 0x3)", "(no such call)")]
    public void NumbersHaveTheNamesOfTheirAbi(Abi abi, uint nr, string text, string counted)
    {
        byte[] call = RecordMaker.Call(nr, 1, 0, 1, result: -38, args: [1, 2, 3]);
        System.Runtime.InteropServices.MemoryMarshal.AsRef<RecordHeader>(call.AsSpan()).Abi = abi;
        Assert.Equal(text + " = -1 ENOSYS (Function not implemented)", Text(call));
        Assert.Equal(counted, new SyscallNames().NameWithAbi(abi, nr));
    }

    [Fact]
    public void A_restarted_call_says_what_it_goes_on_with()
    {
        var decoder = new Decoder(new DecoderOptions { ResultColumn = 0 });
        const string unknown = "restart_syscall(<... resuming interrupted system call ...>) = 0";
        byte[] restart = Make("restart_syscall", 0, []);
        Assert.Equal(unknown, Text(restart, decoder));
        Text(Make("poll", -516, [0, 0, 100]), decoder);
        // Interrupted again; then another call than it.
        Assert.Equal("restart_syscall(<... resuming interrupted poll ...>) = ? ERESTART_RESTARTBLOCK (Interrupted by signal)", Text(Make("restart_syscall", -516, []), decoder));
        Assert.Contains("\"args\":{\"resumes\":\"poll\"},\"result\":0", Json(restart, decoder), StringComparison.Ordinal);
        Assert.Equal(unknown, Text(restart, decoder));
        Text(Make("poll", -516, [0, 0, 100]), decoder);
        Text(Make("getppid", 1, []), decoder);
        Assert.Equal(unknown, Text(restart, decoder));
        // However many threads never come back.
        for (uint tid = 0; tid < 10_000; tid++)
            Text(RecordMaker.Call(Number("poll", Abi.X86_64), tid, 0, 1, result: -516, args: [0, 0, 100]), decoder);
        Assert.Equal("restart_syscall(<... resuming interrupted poll ...>) = 0", Text(RecordMaker.Call(Number("restart_syscall", Abi.X86_64), 9999, 1, 1), decoder));
    }

    [Fact]
    public void JsonTellsHowLongACallTookAndHowWellThatIsKnown()
    {
        Assert.EndsWith("\"result\":0,\"duration\":700}", Json(RecordMaker.Call(110, 1, 0, 1, 700)));
        Assert.EndsWith("\"result\":0,\"coarse\":true,\"duration_about\":20000000}", Json(RecordMaker.Call(110, 1, 0, 1, 29_000_700, flags: CallFlags.Coarse)));
        Assert.EndsWith("\"result\":0}", Json(RecordMaker.Call(110, 1, 0, 1, flags: CallFlags.NoEntry)));
        Assert.EndsWith("\"unfinished\":true}", Json(RecordMaker.Call(34, 1, 0, 1, flags: CallFlags.Unfinished)));
        Assert.EndsWith("\"unfinished\":true,\"in_flight\":true,\"elapsed\":700}",
            Json(RecordMaker.Call(34, 1, 0, 1, 700, flags: CallFlags.Unfinished | CallFlags.InFlight)));
    }

    [Fact]
    public void CommandsChooseTheirArguments()
    {
        Assert.Equal("fcntl(3, F_DUPFD_CLOEXEC, 10) = 10", Text(Make("fcntl", 10, [3, 1030, 10])));
        Assert.Equal("ioctl(0, TIOCGWINSZ, {ws_row=40, ws_col=120, ws_xpixel=0, ws_ypixel=0}) = 0", Text(Make("ioctl", 0, [0, 0x5413, At]).Out([40, 0, 120, 0, 0, 0, 0, 0])));
        Assert.Equal("ioctl(0, _IOC(_IOC_READ, 0x99, 0xfe, 0x4), 0x7f0000001000) = -1 ENOTTY (Inappropriate ioctl for device)", Text(Make("ioctl", -25, [0, 0x800499fe, At])));
        Assert.Equal("futex(0x7f0000001000, FUTEX_WAIT_PRIVATE, 2, NULL) = -1 EAGAIN (Resource temporarily unavailable)", Text(Make("futex", -11, [At, 0x80, 2, 0])));
        Assert.Equal("futex(0x7f0000001000, FUTEX_WAKE_PRIVATE, 1) = 1", Text(Make("futex", 1, [At, 0x81, 1, 0])));
        Assert.Equal("socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_TCP) = 3", Text(Make("socket", 3, [2, 0x80001, 6])));
    }

    [Fact]
    public void CloneInStracesOrder() =>
        Assert.Equal("clone(child_stack=NULL, flags=CLONE_SETTLS|CLONE_PARENT_SETTID|CLONE_CHILD_CLEARTID|SIGCHLD, parent_tid=[29114], tls=0x7f1464ed9740, child_tidptr=0x7fffaa5def80) = 29114",
            Text(Make("clone", 29114, [0x380011, 0, At, 0x7fffaa5def80, 0x7f1464ed9740]).Out(Ints(29114))));

    [Fact]
    public void BothAbis()
    {
        Assert.Equal("openat(AT_FDCWD, \"f\", O_RDONLY) = 3", Text(RecordMaker.With(Make("openat", 3, [0xffffff9c, 0x8000, 0, 0], Abi.Ia32), 0x8000, "f\0"u8)));
        Assert.Equal("mmap2(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0xf7d00000", Text(Make("mmap2", 0xf7d00000, [0, 4096, 1, 0x22, 0xffffffff, 0], Abi.Ia32)));
        Assert.Equal("nanosleep({tv_sec=1, tv_nsec=5}, NULL) = 0", Text(RecordMaker.With(Make("nanosleep", 0, [0x8000, 0], Abi.Ia32), 0x8000, Ints(1, 5))));
    }

    [Fact]
    public void NumbersThatTheFactsLack()
    {
        byte[] call = RecordMaker.Call(1000, 1, 0, 1, result: -38, args: [1, At, 3, 4, 5, 6]);
        Assert.Equal("syscall_0x3e8(0x1, 0x7f0000001000, 0x3, 0x4, 0x5, 0x6) = -1 ENOSYS (Function not implemented)", Text(call));
        var decoder = new Decoder(new DecoderOptions { ResultColumn = 0, Unknown = (abi, nr) => abi == Abi.X86_64 && nr == 1000 ? ("newcall", ["fd", "address"]) : null });
        Assert.Equal("newcall(fd=0x1, address=0x7f0000001000) = -1 ENOSYS (Function not implemented)", Text(call, decoder));
        Assert.Equal("newcall", JsonDocument.Parse(Json(call, decoder)).RootElement.GetProperty("name").GetString());
    }

    [Fact]
    public void JsonHasTheSameArgumentsTyped()
    {
        JsonElement call = JsonDocument.Parse(Json(Make("openat", -2, [Cwd, At, 0x80000, 0]).In("/x\0"u8))).RootElement;
        Assert.Equal("/x", call.GetProperty("args").GetProperty("pathname").GetString());
        Assert.Equal(-1, call.GetProperty("result").GetInt64());
        Assert.Equal(2, call.GetProperty("errno").GetInt32());
        Assert.Equal("ENOENT", call.GetProperty("error").GetString());
    }
}
