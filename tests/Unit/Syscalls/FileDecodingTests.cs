using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Scry.Syscalls;
using Scry.Tests.Unit.Views;
using Scry.Wire;
using Xunit;
using static Scry.Tests.Unit.Syscalls.Calls;
using Decoder = Scry.Syscalls.Decoder;

namespace Scry.Tests.Unit.Syscalls;

/// <summary>What the kernel told of descriptors at the call, as strace 6.1 -y and -yy print it; -P; ids of other pid namespaces.</summary>
public sealed class FileDecodingTests
{
    // <linux/magic.h>, <linux/stat.h>
    private const uint Ext = 0xef53, Tmpfs = 0x01021994, Pipe = 0x50495045, Socket = 0x534f434b, Namespace = 0x6e736673, Anonymous = 0x09041934, PidFs = 0x50494446;
    private const ushort Regular = 0x8000, Character = 0x2000, Block = 0x6000, SocketMode = 0xc000;

    private static readonly Decoder s_paths = new(new DecoderOptions { ResultColumn = 0, DecodeFds = DescriptorParts.Path });
    private static readonly Decoder s_all = new(new DecoderOptions { ResultColumn = 0, DecodeFds = DescriptorParts.All });

    private static byte[] With(byte[] call, int fd, FileFacts facts, string text, CapturePhase phase = CapturePhase.Entry, int arg = 0) =>
        RecordMaker.With(call, unchecked((ulong)fd), [.. Bytes(facts), .. Encoding.Latin1.GetBytes(text)], phase, CaptureFlags.File, arg);

    private static byte[] Bytes(FileFacts facts) => MemoryMarshal.AsBytes(new ReadOnlySpan<FileFacts>(in facts)).ToArray();

    // The last component first, as the kernel side walks.
    private static string Components(string path) => string.Concat(path.Split('/', StringSplitOptions.RemoveEmptyEntries).Reverse().Select(part => part + '\0'));

    private static string Closed(Decoder decoder, FileFacts facts, string text) => Text(With(Make("close", 0, [4]), 4, facts, text), decoder);

    private static FileFacts File(uint magic = Ext, ushort mode = Regular, FileFlags flags = FileFlags.None) => new() { Magic = magic, Mode = mode, Flags = flags, Inode = 12 };

    private static FileFacts Ends(ushort family, byte[] local, ushort port, byte[] remote, ushort remotePort)
    {
        var facts = new FileFacts { Magic = Socket, Mode = SocketMode, Flags = FileFlags.Named, Inode = 12, Family = family, Port = port, RemotePort = remotePort };
        local.CopyTo(facts.Address);
        remote.CopyTo(facts.Remote);
        return facts;
    }

    [Fact]
    public void Paths()
    {
        Assert.Equal("close(4</etc/passwd>) = 0", Closed(s_paths, File(), Components("/etc/passwd")));
        Assert.Equal("close(4</>) = 0", Closed(s_paths, File(), ""));
        Assert.Equal("close(4</tmp/a>(deleted)) = 0", Closed(s_paths, File(flags: FileFlags.Deleted), Components("/tmp/a")));
        Assert.Equal("close(4<.../a/b>) = 0", Closed(s_paths, File(flags: FileFlags.Cut), Components("/a/b")));
        Assert.Equal("close(4</\\74a\\76\\\"\\\\\\r\\33>) = 0", Closed(s_paths, File(), "<a>\"\\\r\u001b\0"));
        Assert.Equal("close(4) = 0", Text(Make("close", 0, [4]), s_paths));
        Assert.Equal("close(4) = 0", Text(With(Make("close", 0, [4]), 5, File(), "x\0"), s_paths));
        // What was not asked for is not shown, though the record has it.
        Assert.Equal("close(4) = 0", Closed(new Decoder(new DecoderOptions { ResultColumn = 0 }), File(), "a\0"));
    }

    [Fact]
    public void WorkingDirectoryAndResults()
    {
        byte[] open = Make("openat", 3, [unchecked((ulong)-100), At, 0, 0]).In("a\0"u8);
        open = With(open, -100, new FileFacts { Flags = FileFlags.Deleted }, Components("/tmp/gone"));
        open = With(open, 3, File(), Components("/tmp/gone/a"), CapturePhase.Exit);
        Assert.Equal("openat(AT_FDCWD</tmp/gone (deleted)>, \"a\", O_RDONLY) = 3</tmp/gone/a>", Text(open, s_paths));
        Assert.Equal("openat(AT_FDCWD, \"a\", O_RDONLY) = 3", Text(open, new Decoder(new DecoderOptions { ResultColumn = 0, DecodeFds = DescriptorParts.Socket })));
        Assert.Contains("\"fds\":{\"AT_FDCWD\":\"/tmp/gone (deleted)\"}", Json(open, s_paths), StringComparison.Ordinal);
        Assert.Contains("\"result_path\":\"/tmp/gone/a\"", Json(open, s_paths), StringComparison.Ordinal);
        // What a number stands for after the call, it did not before.
        Assert.Equal("dup2(1, 3) = 3</a>", Text(With(Make("dup2", 3, [1, 3]), 3, File(), "a\0", CapturePhase.Exit), s_paths));
    }

    [Fact]
    public void NamesThatAreNoPaths()
    {
        Assert.Equal("close(4<pipe:[12]>) = 0", Closed(s_all, File(Pipe, 0x1000, FileFlags.Named), "\0"));
        Assert.Equal("close(4<anon_inode:[eventpoll]>) = 0", Closed(s_all, File(Anonymous, 0x180, FileFlags.Named), "[eventpoll]\0"));
        Assert.Equal("close(4<net:[12]>) = 0", Closed(s_all, File(Namespace, Regular, FileFlags.Named), "net\0"));
        Assert.Equal("close(4</memfd:a>(deleted)) = 0", Closed(s_all, File(Tmpfs, Regular, FileFlags.Named), "memfd:a\0"));
        Assert.Equal("close(4<socket:[12]>) = 0", Closed(s_paths, File(Socket, SocketMode, FileFlags.Named), "TCP\0"));
        Assert.Equal("close(4<anon_inode:[pidfd]>) = 0", Closed(s_paths, File(PidFs, Regular, FileFlags.Named) with { Id = 7 }, "/\0"));
        Assert.Equal("close(4<pid:7>) = 0", Closed(s_all, File(PidFs, Regular, FileFlags.Named) with { Id = 7 }, "/\0"));
        Assert.Equal("close(4<pid:7>) = 0", Closed(s_all, File(Anonymous, Regular, FileFlags.Named) with { Id = 7 }, "[pidfd]\0"));
        Assert.Equal("close(4<anon_inode:[pidfd]>) = 0", Closed(s_all, File(PidFs, Regular, FileFlags.Named), "/\0"));
    }

    [Fact]
    public void Devices()
    {
        FileFacts full = File(mode: Character) with { RawDevice = 1 << 20 | 7 };
        Assert.Equal("close(4</dev/full<char 1:7>>) = 0", Closed(s_all, full, Components("/dev/full")));
        Assert.Equal("close(4</dev/full>) = 0", Closed(s_paths, full, Components("/dev/full")));
        Assert.Equal("close(4</dev/sda<block 8:0>>) = 0", Closed(s_all, File(mode: Block) with { RawDevice = 8 << 20 }, Components("/dev/sda")));
        Assert.Equal("close(4</dev/x>(deleted)) = 0", Closed(s_all, full with { Flags = FileFlags.Deleted }, Components("/dev/x")));
    }

    [Fact]
    public void Sockets()
    {
        byte[] here = [127, 0, 0, 1], none = new byte[16], here6 = new byte[16];
        here6[15] = 1;
        Assert.Equal("close(4<TCP:[127.0.0.1:80->127.0.0.1:4242]>) = 0", Closed(s_all, Ends(2, here, 80, here, 4242), "TCP\0"));
        Assert.Equal("close(4<TCP:[127.0.0.1:80]>) = 0", Closed(s_all, Ends(2, here, 80, none, 0), "TCP\0"));
        Assert.Equal("close(4<UDPv6:[[::1]:53->[::1]:9]>) = 0", Closed(s_all, Ends(10, here6, 53, here6, 9), "UDPv6\0"));
        Assert.Equal("close(4<socket:[12]>) = 0", Closed(s_all, Ends(17, none, 0, none, 0), "PACKET\0"));
        FileFacts unix = Ends(1, none, 0, none, 0) with { Inode = 20 };
        Assert.Equal("close(4<UNIX-STREAM:[20]>) = 0", Closed(s_all, unix, "UNIX-STREAM\0"));
        Assert.Equal("close(4<UNIX-STREAM:[20,@\"ab\"]>) = 0", Closed(s_all, unix with { AddressLength = 3 }, "UNIX-STREAM\0\0ab"));
        Assert.Equal("close(4<UNIX-STREAM:[20->21,\"/a\"]>) = 0", Closed(s_all, unix with { Peer = 21, AddressLength = 3 }, "UNIX-STREAM\0/a\0"));
        // It has lost its other end since.
        Assert.Equal("close(4<UNIX-STREAM:[20->21]>) = 0", Closed(s_all, unix, "UNIX-STREAM\0"));
        Assert.Equal("close(4<NETLINK:[ROUTE:77]>) = 0", Closed(s_all, Ends(16, none, 0, none, 0) with { Inode = 30, Id = 77 }, "NETLINK\0"));
    }

    [Fact]
    public void HostileFacts()
    {
        foreach (int length in new[] { 0, 1, 20, Unsafe.SizeOf<FileFacts>() - 1 })
            Assert.Equal("close(4) = 0", Text(RecordMaker.With(Make("close", 0, [4]), 4, new byte[length], flags: CaptureFlags.File), s_all));
        Assert.Equal("close(4<UNIX:[12]>) = 0", Closed(s_all, File(Socket, SocketMode, FileFlags.Named) with { Family = 1, AddressLength = 255 }, "UNIX\0"));
        Assert.StartsWith("close(4<", Closed(s_all, File(Socket, SocketMode, FileFlags.Named), ""), StringComparison.Ordinal);
    }

    [Fact]
    public void CallsThatAreGivenAPath()
    {
        var wanted = new CallObjects();
        Assert.True(wanted.IsEmpty);
        wanted.AddPath("/dev/full"u8);
        Assert.True(Has(wanted, With(Make("close", 0, [4]), 4, File(), Components("/dev/full"))));
        Assert.False(Has(wanted, With(Make("close", 0, [4]), 4, File(), Components("/dev/null"))));
        Assert.True(Has(wanted, Make("open", -2, [At, 0]).In("/dev/full\0"u8)));
        Assert.False(Has(wanted, Make("open", -2, [At, 0]).In("/dev/fulls\0"u8)));
        Assert.True(Has(wanted, With(Make("dup2", 0, [0, 4]), 4, File(), Components("/dev/full"), arg: 1)));
        // What came of the call is not what it was given.
        Assert.False(Has(wanted, With(Make("dup", 4, [0]), 4, File(), Components("/dev/full"), CapturePhase.Exit)));
        Assert.False(Has(wanted, With(Make("accept", 4, [4, 0, 0]), 4, File(), Components("/dev/full"))));
        wanted = new CallObjects();
        wanted.AddDescriptor(4);
        Assert.True(Has(wanted, Make("close", 0, [4])));
        Assert.False(Has(wanted, Make("close", 0, [5])));
    }

    private static bool Has(CallObjects wanted, byte[] call) => wanted.Has(new CallRecord(call));

    [Fact]
    public void IdsOfOtherNamespaces()
    {
        var facts = new PidFacts();
        facts.Spaces[0] = 100;
        for (int kind = 0; kind < Layout.Pids; kind++)
            (facts.Ids[kind], facts.Here[kind]) = (5 + (uint)kind, 1000 + (uint)kind);
        byte[] Told(byte[] call) => RecordMaker.With(call, 0, MemoryMarshal.AsBytes(new ReadOnlySpan<PidFacts>(in facts)), CapturePhase.Exit, CaptureFlags.Pids);
        string Line(byte[] call, PidParts parts)
        {
            var decoder = new Decoder(new DecoderOptions { ResultColumn = 0, DecodePids = parts });
            decoder.Learn(RecordMaker.Task(1000, 0, 1, "sh"));
            decoder.Learn(call);
            return Text(call, decoder);
        }
        Assert.Equal("gettid() = 5 /* 1000 in strace's PID NS */", Line(Told(Make("gettid", 5, [])), PidParts.Namespace));
        Assert.Equal("gettid() = 5<sh> /* 1000 in strace's PID NS */", Line(Told(Make("gettid", 5, [])), PidParts.Namespace | PidParts.Comm));
        Assert.Equal("getpid() = 6 /* 1001 in strace's PID NS */", Line(Told(Make("getpid", 6, [])), PidParts.Namespace));
        Assert.Equal("kill(-7 /* 1002 in strace's PID NS */, SIGTERM) = 0", Line(Told(Make("kill", 0, [unchecked((ulong)-7), 15])), PidParts.Namespace));
        Assert.Equal("setsid() = 8 /* 1003 in strace's PID NS */", Line(Told(Make("setsid", 8, [])), PidParts.Namespace));
        Assert.Equal("kill(99, SIGTERM) = 0", Line(Told(Make("kill", 0, [99, 15])), PidParts.Namespace));
        Assert.Equal("gettid() = 1000<sh>", Line(Make("gettid", 1000, []), PidParts.Namespace | PidParts.Comm));
    }

    [Fact]
    public void PlansOfDescriptors()
    {
        IReadOnlyList<(VariantKey Key, FdPlan Plan)> plans = DescriptorPlans.Of(SyscallSelector.Parse([]), Architecture.X64);
        FdPlan Of(string name, ulong value = Layout.FdGeneral) => plans.Single(plan => plan.Key == new VariantKey(Number(name, Abi.X86_64), 0, value)).Plan;
        Assert.Equal(new FdOp(FdOpKind.Arg, 0, 0, Layout.MaxArgs, 0, 0, 0), Of("close").Ops[0]);
        Assert.Equal(new FdOp(FdOpKind.Result, 1, 0, Layout.MaxArgs, 0, 0, 0), Of("openat").Ops[1]);
        Assert.Equal(new FdOp(FdOpKind.Memory, 1, 0, Layout.MaxArgs, 0, 4, 2), Of("pipe2").Ops[0]);
        Assert.Equal(new FdOp(FdOpKind.Memory, 0, 0, 1, 0, 8, 0), Of("poll").Ops[0]);
        Assert.Equal(new FdOp(FdOpKind.Set, 0, 1, 0, 0, 0, 0), Of("select").Ops[0]);
        Assert.Equal(2, Of("fcntl", 0).OpCount); // F_DUPFD
        Assert.DoesNotContain(plans, plan => plan.Key.Nr == Number("getpid", Abi.X86_64) && plan.Key.Is32Bit == 0);
    }
}
