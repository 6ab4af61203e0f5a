using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Scry.Stacks;
using Scry.Wire;
using Xunit;

namespace Scry.Tests.Stacks;

/// <summary>Whatever a traced program lays out, it gets no more than a stack without names.</summary>
public sealed class HostileTests : IDisposable
{
    private const string Deep = "gcc -O2 -g -fomit-frame-pointer -o {out} {dir}/deep.c";

    private readonly CallStacks _stacks = CallStacks.Open(new CallStacksOptions { Program = Programs.Scry });

    public void Dispose() => _stacks.Dispose();

    [Fact]
    public void TheWorkerHasNoRights()
    {
        // It has given them up before it answers.
        using Victim victim = new Victim(Programs.Make("source", Deep)).Waits();
        _stacks.Begin([victim.Pid]);
        Victim.Places(_stacks, victim.Stop().Record);
        string[] status = File.ReadAllLines($"/proc/{_stacks.WorkerPid}/status");
        foreach (string line in (string[])["Uid:\t65534\t65534\t65534\t65534", "Gid:\t65534\t65534\t65534\t65534", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "CapInh:\t0000000000000000", "NoNewPrivs:\t1", "Seccomp:\t2"])
            Assert.Contains(line, status);
        Assert.Equal("scry-stacks\n", File.ReadAllText($"/proc/{_stacks.WorkerPid}/comm"));
        Assert.Equal(["3"], Directory.GetFileSystemEntries($"/proc/{_stacks.WorkerPid}/fd").Select(Path.GetFileName));
    }

    [Fact]
    public void TheWorkerEndsWithWhoStartedIt()
    {
        int pid = _stacks.WorkerPid;
        _stacks.Dispose();
        Assert.False(Directory.Exists($"/proc/{pid}"));
    }

    [Fact]
    public void AWorkerThatEndsIsStartedAgain()
    {
        using Victim victim = new Victim(Programs.Make("source", Deep)).Waits();
        _stacks.Begin([victim.Pid]);
        byte[] record = victim.Stop().Record;
        LanguageTests.HasInOrder(Victim.Places(_stacks, record), "innermost", "main");
        Process.GetProcessById(_stacks.WorkerPid).Kill();
        Assert.Equal("reading it failed", Victim.Places(_stacks, record)[^1].End);
        LanguageTests.HasInOrder(Victim.Places(_stacks, record), "innermost", "main");
    }

    [Fact]
    public void AProcessAtWhichTheWorkerAlwaysFailsIsNotTriedAgain()
    {
        using CallStacks impatient = CallStacks.Open(new CallStacksOptions { Program = "/bin/false", PatienceMs = 100 });
        impatient.Begin([Environment.ProcessId]);
        byte[] record = Victim.Record(Environment.ProcessId, new CallerRegisters(), 0x1000, new byte[64]);
        List<string?> ends = [.. Enumerable.Range(0, 4).Select(_ => Victim.Places(impatient, record)[^1].End)];
        Assert.Equal(["reading it failed", "reading it failed", "reading stacks of this process failed before", "reading stacks of this process failed before"], ends);
    }

    [Fact]
    public void WithoutAWorkerItSaysSo()
    {
        using CallStacks none = CallStacks.Open(new CallStacksOptions { Program = "/nonexistent" });
        none.Begin([Environment.ProcessId]);
        Assert.Equal("stacks cannot be read: its worker could not be started: No such file or directory",
            Victim.Places(none, Victim.Record(Environment.ProcessId, new CallerRegisters(), 0x1000, new byte[64]))[^1].End);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(65536)]
    public void AStackOfAnything(int length)
    {
        _stacks.Begin([Environment.ProcessId]);
        var random = new Random(length);
        ulong code = ulong.Parse(File.ReadLines("/proc/self/maps").First(line => line.Contains("r-xp", StringComparison.Ordinal)).Split('-')[0], System.Globalization.NumberStyles.AllowHexSpecifier);
        for (int i = 0; i < 100; i++)
        {
            var registers = new CallerRegisters();
            for (int word = 0; word < 21; word++)
                registers.Words[word] = word == 16 ? code + (ulong)random.Next(1 << 20) : word == 17 ? (ulong)(i % 2 == 0 ? 0x33 : 0x23) : 0x7ff000000000 + (ulong)random.Next(1 << 16);
            var stack = new byte[length];
            random.NextBytes(stack);
            for (int at = 0; at + 8 <= length; at += 24)
                MemoryMarshal.Write(stack.AsSpan(at), code + (ulong)random.Next(1 << 20));
            Assert.NotEmpty(Victim.Places(_stacks, Victim.Record(Environment.ProcessId, registers, 0x7ff000000000, stack)));
        }
        int pid = _stacks.WorkerPid;
        Assert.NotEqual(0, pid);
    }

    [Fact]
    public void ARecordThatContradictsItself()
    {
        byte[] record = Victim.Record(1, CaptureFlags.Stack, 0, new byte[8]);
        Assert.NotNull(Victim.Places(_stacks, record)[^1].End);
        foreach (int length in (int[])[0, 8, 40, 48, 56, 63])
            _ = _stacks.Complete(record.AsSpan(0, Math.Min(length, record.Length)));
        byte[] other = Victim.Record(1, CaptureFlags.None, 0, new byte[8]);
        Assert.True(_stacks.Complete(other).SequenceEqual(other));
    }

    [Fact]
    public void FilesOfAnything()
    {
        byte[] program = File.ReadAllBytes(Programs.Make("source", Deep));
        var random = new Random(14);
        using var worker = new Worker(Programs.Scry, 2000);
        using var opener = new Opener();
        var symbols = new Symbols(worker, opener);
        int read = 0;
        for (int i = 0; i < Rounds; i++)
        {
            byte[] bytes = Mutated(program, random);
            using SafeFileHandle handle = Native.InMemory(bytes)!;
            var file = new MappedFile(new FileKey(1, 2, (ulong)i), "/mutated") { Handle = handle };
            foreach (ulong offset in (ulong[])[0x1050, 0x1160, 0x1190, 0x11d0])
                read += symbols.Find(file, offset, false)?.Functions.Count ?? 0;
            var request = new UnwindRequest { Stack = 0x7ff000000000 };
            request.Words[16] = 0x401190;
            request.Words[19] = 0x7ff000000000;
            var stack = new ulong[512];
            Array.Fill(stack, 0x401190UL);
            symbols.Unwind(request, [new Mapping(0x400000, 0x410000, 0, "/mutated", file)], MemoryMarshal.AsBytes<ulong>(stack), out _);
            if (worker.Gone is not null)
                break;
        }
        Assert.True(read > Rounds && worker.Gone is null, $"{read} functions; {worker.Failures} failures");
    }

    private static int Rounds => int.Parse(Environment.GetEnvironmentVariable("SCRY_FUZZ") ?? "300", System.Globalization.CultureInfo.InvariantCulture);

    // Some bytes are others; sometimes in the headers, sometimes it is cut.
    private static byte[] Mutated(byte[] program, Random random)
    {
        byte[] bytes = [.. program];
        int where = random.Next(3) == 0 ? 64 + 13 * 56 : bytes.Length;
        int sections = (int)MemoryMarshal.Read<ulong>(bytes.AsSpan(40));
        for (int count = random.Next(1, 40); count > 0; count--)
        {
            int at = random.Next(4) == 0 ? sections + random.Next(bytes.Length - sections) : random.Next(where);
            bytes[at] = random.Next(2) == 0 ? (byte)random.Next(256) : (byte)0xff;
        }
        return random.Next(10) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
    }

    [Theory]
    [InlineData("mkfifo {0}")]
    [InlineData("ln -s /proc/kmsg {0}")]
    [InlineData("ln -s /dev/zero {0}")]
    [InlineData("mkdir {0}")]
    [InlineData("truncate -s 1G {0}")]
    [InlineData("yes 'ffff 1 name' | head -c 20000000 > {0}")]
    [InlineData("echo '0 ffffffffffffffff stolen' > {0} && chown 12345 {0}")]
    public void PerfMaps(string laid)
    {
        using Victim victim = new("python3", "-c", "import mmap,ctypes,os\n"
            + "m = mmap.mmap(-1, 4096, prot=7)\n"
            // read(0, …) of code that has no file: xor eax,eax; xor edi,edi; push rsp; pop rsi; mov edx,1; syscall; ret
            + "m.write(bytes.fromhex('31c031ff545eba010000000f05c3'))\n"
            + "ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()\n");
        string map = $"/tmp/perf-{victim.Pid}.map";
        Programs.Shell(string.Format(System.Globalization.CultureInfo.InvariantCulture, laid, map));
        try
        {
            _stacks.Begin([victim.Waits().Pid]);
            byte[] record = victim.Stop().Record;
            var watch = Stopwatch.StartNew();
            List<Place> places = Victim.Places(_stacks, record);
            Assert.InRange(watch.ElapsedMilliseconds, 0, 4000);
            Assert.Equal(("", "/dev/zero"), (places[0].Function, places[0].Module));
        }
        finally
        {
            Programs.Shell($"rm -rf {map}");
        }
    }

    [Fact]
    public void AWorkerThatDoesNotReadHoldsNobody()
    {
        string program = Programs.InFolder("deaf");
        File.WriteAllText(program, "#!/bin/sh\nexec sleep 100\n");
        Programs.Shell($"chmod +x {program}");
        using var worker = new Worker(program, 300);
        Assert.True(worker.Ready());
        var watch = Stopwatch.StartNew();
        Assert.False(worker.Begin().Add(new byte[1_000_000]).Ask(Request.Unwind, null, out _));
        Assert.InRange(watch.ElapsedMilliseconds, 250, 3000);
        Assert.Equal(1, worker.Failures);
    }

    [Fact]
    public void AProcessWithMoreMappingsThanAreLookedAt()
    {
        using Victim victim = new("python3", "-c", "import ctypes,os\nlibc = ctypes.CDLL(None)\nlibc.mmap.restype = ctypes.c_void_p\n"
            + "a = libc.mmap(None, ctypes.c_size_t(40000 * 4096), 7, 34, -1, ctypes.c_long(0))\n"
            + "[libc.mprotect(ctypes.c_void_p(a + i * 8192), ctypes.c_size_t(4096), 5) for i in range(20000)]\nos.read(0, 1)\n");
        _stacks.Begin([victim.Waits().Pid]);
        Assert.True(Victim.Places(_stacks, victim.Stop().Record).Count > 1);
        Assert.NotEqual(0, _stacks.WorkerPid);
    }

    [Fact]
    public void AFileThatDoesNotAnswer()
    {
        string mount = Programs.InFolder("mount");
        Directory.CreateDirectory(mount);
        string server = Programs.Make("silentfs", $"gcc -O1 -o {{out}} {Programs.Repository}/tests/Published/programs/silentfs.c");
        using var process = Process.Start(server, ["memory", mount]);
        try
        {
            for (int i = 0; i < 400 && !File.Exists($"{mount}/file"); i++)
                Thread.Sleep(5);
            using var worker = new Worker(Programs.Scry, 300);
            using var opener = new Opener();
            var symbols = new Symbols(worker, opener);
            var file = new MappedFile(new FileKey(1, 1, 1), "/file") { Handle = opener.Open($"{mount}/file", follow: true, out _) };
            Assert.NotNull(file.Handle);
            var watch = Stopwatch.StartNew();
            for (int i = 0; i < 10; i++)
                Assert.Null(symbols.Find(file, 0, false));
            // It is tried twice.
            Assert.InRange(watch.ElapsedMilliseconds, 500, 3000);
            Assert.Equal(2, worker.Failures);
            file.Handle.Dispose();
        }
        finally
        {
            process.Kill();
            Programs.Shell($"umount -l {mount}");
        }
    }

    [Fact]
    public void AMappedDeviceIsNotOpened()
    {
        using var opener = new Opener();
        Assert.Null(opener.Open("/dev/null", follow: true, out _));
        Assert.Null(opener.Open("/proc/self/fd", follow: true, out _));
        Assert.Null(opener.Open("/nonexistent", follow: true, out _));
        using SafeFileHandle? file = opener.Open(Programs.Scry, follow: true, out Native.Status status);
        Assert.NotNull(file);
        Assert.True(status.Size > 0);
    }
}
