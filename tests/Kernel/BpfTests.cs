using System.Diagnostics;
using System.Runtime.InteropServices;
using Scry.Bpf;
using Xunit;

namespace Scry.Tests.Kernel;

/// <summary>Scry.Bpf on the running kernel. Needs root and clang.</summary>
public sealed partial class BpfTests
{
    private static readonly Lazy<byte[]> s_maps = new(() => Compile("maps"));

    private static byte[] Compile(string name)
    {
        string source = Path.Combine(AppContext.BaseDirectory, "programs", $"{name}.bpf.c"), to = Path.Combine(AppContext.BaseDirectory, $"{name}.bpf.o");
        using Process clang = Process.Start("clang", ["-O2", "-g", "-target", "bpf", "-mcpu=v3", "-I/usr/include/x86_64-linux-gnu", "-c", source, "-o", to]);
        clang.WaitForExit();
        return clang.ExitCode == 0 ? File.ReadAllBytes(to) : throw new InvalidOperationException($"clang could not compile {name}.bpf.c");
    }

    private static BpfObject Load()
    {
        BpfObject programs = BpfObject.Open(s_maps.Value, "maps");
        MemoryMarshal.Write(programs.FindMap(".rodata").InitialValue, Environment.ProcessId);
        programs.Load();
        return programs;
    }

    private static ReadOnlySpan<byte> Bytes<T>(in T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value));

    private static ulong Global(BpfObject programs, int offset)
    {
        Span<byte> values = new byte[programs.FindMap(".bss").ValueSize];
        programs.FindMap(".bss").TryLookup(Bytes(0), values);
        return MemoryMarshal.Read<ulong>(values[offset..]);
    }

    [Fact]
    public void AKeyIsSetReadTakenAndDeleted()
    {
        using BpfObject programs = Load();
        BpfMap hash = programs.FindMap("hash");
        byte[] value = new byte[8];
        Assert.False(hash.TryLookup(Bytes(1), value));
        hash.Update(Bytes(1), Bytes(11UL), MapUpdate.New);
        Assert.Equal(17, Assert.Throws<NativeException>(() => hash.Update(Bytes(1), Bytes(12UL), MapUpdate.New)).Errno);
        Assert.Equal(2, Assert.Throws<NativeException>(() => hash.Update(Bytes(2), Bytes(12UL), MapUpdate.Existing)).Errno);
        Assert.True(hash.TryLookup(Bytes(1), value));
        Assert.Equal(11UL, MemoryMarshal.Read<ulong>(value));
        Assert.True(hash.TryTake(Bytes(1), value));
        Assert.False(hash.Delete(Bytes(1)));
        hash.Update(Bytes(3), Bytes(1UL));
        Assert.True(hash.Delete(Bytes(3)));
        Assert.Throws<ArgumentException>(() => hash.Update(new byte[3], value));
    }

    [Fact]
    public void ManyEntriesGoAtOnceAndAreWalked()
    {
        using BpfObject programs = Load();
        BpfMap hash = programs.FindMap("hash");
        int[] keys = [.. Enumerable.Range(0, 1000)];
        ulong[] values = [.. keys.Select(key => (ulong)key * 3)];
        hash.UpdateBatch(MemoryMarshal.AsBytes<int>(keys), MemoryMarshal.AsBytes<ulong>(values), keys.Length);

        var walked = new HashSet<int>();
        byte[] key = new byte[4];
        for (bool more = hash.TryNextKey([], key); more && walked.Count <= 1000; more = hash.TryNextKey(key, key))
            Assert.True(walked.Add(MemoryMarshal.Read<int>(key)));
        Assert.Equal(keys, walked.Order());

        int[] gotKeys = new int[300];
        ulong[] gotValues = new ulong[300];
        byte[] cursor = new byte[4];
        var seen = new Dictionary<int, ulong>();
        bool atEnd = false;
        for (int round = 0; !atEnd && round < 100; round++)
        {
            int count = hash.LookupBatch(cursor, round == 0, MemoryMarshal.AsBytes(gotKeys.AsSpan()), MemoryMarshal.AsBytes(gotValues.AsSpan()), out atEnd);
            for (int i = 0; i < count; i++)
                seen[gotKeys[i]] = gotValues[i];
        }
        Assert.Equal(1000, seen.Count);
        Assert.All(seen, pair => Assert.Equal((ulong)pair.Key * 3, pair.Value));

        hash.DeleteBatch(MemoryMarshal.AsBytes<int>(keys.AsSpan(0, 999)), 999);
        Assert.True(hash.TryNextKey([], key));
        Assert.Equal(999, MemoryMarshal.Read<int>(key));
        Assert.False(hash.TryNextKey(key, key));
    }

    [Fact]
    public void TheEntriesOfAMapAreReachedWithoutAllocation()
    {
        using BpfObject programs = Load();
        BpfMap hash = programs.FindMap("hash");
        byte[] key = new byte[4], value = new byte[8];
        long before = 0;
        for (int i = 0; i < 1000; i++)
        {
            if (i == 10)
                before = GC.GetAllocatedBytesForCurrentThread();
            MemoryMarshal.Write(key, i);
            hash.Update(key, value);
            hash.TryLookup(key, value);
            hash.TryNextKey(key, key);
            hash.Delete(key);
        }
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void PerCpuValuesComeOfAllCpus()
    {
        using BpfObject programs = Load();
        BpfMap counts = programs.FindMap("counts");
        Assert.Equal(8 * BpfSystem.PossibleCpus, counts.TransferSize);
        using (programs.FindProgram("on_call").Attach())
        {
            for (int i = 0; i < 100; i++)
                _ = File.Exists("/etc/passwd");
        }
        byte[] values = new byte[counts.TransferSize];
        Assert.True(counts.TryLookup(Bytes(0), values));
        ulong sum = 0;
        foreach (ulong value in MemoryMarshal.Cast<byte, ulong>(values))
            sum += value;
        Assert.InRange(sum, 100UL, ulong.MaxValue);
        Assert.Equal(Global(programs, 0), sum);
    }

    [Fact]
    public void WhatIsPinnedOutlivesItsObject()
    {
        using var files = new BpfFiles();
        using (BpfObject programs = Load())
        using (BpfLink link = programs.FindProgram("on_call").Attach())
        {
            link.Pin(files["link"]);
            programs.FindMap("hash").Pin(files["hash"]);
            programs.FindMap("hash").Update(Bytes(5), Bytes(55UL));
            programs.FindMap("counts").Pin(files["counts"]);
            programs.FindProgram("ask").Pin(files["ask"]);
            Assert.Equal(17, Assert.Throws<NativeException>(() => programs.FindMap("hash").Pin(files["hash"])).Errno);
        }
        using BpfHandle hash = BpfHandle.OpenPinned(files["hash"]), counts = BpfHandle.OpenPinned(files["counts"]), ask = BpfHandle.OpenPinned(files["ask"]);
        byte[] value = new byte[8];
        Assert.Equal(("hash", 4u, 8u, 4096u), (hash.Map.Name, hash.Map.KeySize, hash.Map.ValueSize, hash.Map.MaxEntries));
        Assert.True(hash.Map.TryLookup(Bytes(5), value));
        Assert.Equal(55UL, MemoryMarshal.Read<ulong>(value));

        ulong before = Sum(counts.Map);
        _ = File.Exists("/etc/passwd");
        Assert.NotEqual(before, Sum(counts.Map));
        uint program;
        using (BpfLink link = BpfLink.OpenPinned(files["link"]))
            program = link.ProgramId;
        Assert.Contains(program, BpfSystem.ProgramIds);
        File.Delete(files["link"]);
        Wait.Until(() => !BpfSystem.ProgramIds.Contains(program), "the program to be unloaded");

        uint[] question = [41, 0];
        Assert.Equal(7u, ask.Program.Run(MemoryMarshal.AsBytes(question.AsSpan())));
    }

    private static ulong Sum(BpfMap map)
    {
        byte[] values = new byte[map.TransferSize];
        map.TryLookup(Bytes(0), values);
        ulong sum = 0;
        foreach (ulong value in MemoryMarshal.Cast<byte, ulong>(values))
            sum += value;
        return sum;
    }

    [Fact]
    public void AMapIsSharedByReuseAndClosedByFreeze()
    {
        using BpfObject first = Load();
        using BpfObject second = BpfObject.Open(s_maps.Value, "maps");
        second.FindMap("hash").Reuse(first.FindMap("hash"));
        second.Load();
        first.FindMap("hash").Update(Bytes(9), Bytes(9UL));
        Assert.True(second.FindMap("hash").TryLookup(Bytes(9), new byte[8]));
        second.FindMap("hash").Freeze();
        Assert.Equal(1, Assert.Throws<NativeException>(() => first.FindMap("hash").Update(Bytes(9), Bytes(9UL))).Errno);
    }

    [Fact]
    public void ProgramsOfEachKindAttach()
    {
        using BpfObject programs = Load();
        using (programs.FindProgram("on_raw").AttachRawTracepoint("sched_switch"))
        {
        }
        Assert.Equal(2, Assert.Throws<NativeException>(() => programs.FindProgram("on_raw").AttachRawTracepoint("no_such_tracepoint")).Errno);
        using (programs.FindProgram("on_tick").AttachPerfEvent(PerfEvent.OpenSoftware(0, 0, 1000)))
            Wait.Until(() => Global(programs, 8) > 0, "the clock to tick");
        ulong before = Global(programs, 8);
        using (programs.FindProgram("on_tick").AttachPerfEvent(PerfEvent.OpenSoftwarePeriod(0, 0, 1_000_000)))
            Wait.Until(() => Global(programs, 8) > before, "a period to end");
        using (new Tracefs())
        {
            using (programs.FindProgram("on_switch").AttachTracepoint("sched", "sched_switch"))
                Wait.Until(() => Global(programs, 16) > 0, "a switch of tasks");
            Assert.Equal(2, Assert.Throws<NativeException>(() => programs.FindProgram("on_switch").AttachTracepoint("sched", "no_such_tracepoint")).Errno);
        }
    }

    [Fact]
    public void StatisticsCountRunsAndTime()
    {
        using BpfObject programs = Load();
        using IDisposable statistics = BpfSystem.EnableStats();
        using (programs.FindProgram("on_call").Attach())
        {
            for (int i = 0; i < 100; i++)
                _ = File.Exists("/etc/passwd");
        }
        BpfProgramInfo info = programs.FindProgram("on_call").Info;
        Assert.Equal("on_call", info.Name);
        Assert.InRange(info.RunCount, 100UL, ulong.MaxValue);
        Assert.InRange(info.RunTimeNs, 100UL, ulong.MaxValue);
        Assert.InRange(info.VerifiedInstructions, 5u, 1000u);
    }

    [Fact]
    public void ARingBufferHandsOverWhatAProgramWrote()
    {
        using BpfObject programs = Load();
        var notes = new List<uint>();
        using var ring = new RingBuffer(programs.FindMap("notes"), record => notes.Add(MemoryMarshal.Read<uint>(record)));
        uint[] question = [41, 0];
        Assert.Equal(7u, programs.FindProgram("ask").Run(MemoryMarshal.AsBytes(question.AsSpan())));
        ring.Poll(1000);
        Assert.Equal([41u], notes);
    }

    [Fact]
    public void TheVerifiersWordsAreInTheException()
    {
        using BpfObject programs = BpfObject.Open(Compile("refused"), "refused");
        NativeException error = Assert.Throws<NativeException>(programs.Load);
        Assert.Contains("invalid mem access", error.Log);
        Assert.EndsWith("prog 'wild': R0 invalid mem access 'scalar'", error.Message, StringComparison.Ordinal);
        Assert.Equal("wild", error.Program);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("libbpf: first\nlibbpf: second\n", ": first")]
    [InlineData("libbpf: Failed to bump RLIMIT_MEMLOCK (err = -1)\nlibbpf: the cause\n", ": the cause")]
    [InlineData("libbpf: prog 'p': -- BEGIN PROG LOAD LOG --\n0: (95) exit\nR0 !read_ok\nprocessed 1 insns\nmore\n-- END PROG LOAD LOG --\n", ": prog 'p': R0 !read_ok")]
    [InlineData("libbpf: prog 'p': -- BEGIN PROG LOAD LOG --\nno statistics\n-- END PROG LOAD LOG --\nlibbpf: after\n", ": prog 'p': no statistics")]
    public void AnErrorsOneLineHasTheReason(string log, string reason)
    {
        string plain = new NativeException("call", 1).Message;
        Assert.Equal(plain + reason, new NativeException("call", 1, log).Message);
    }

    /// <summary>CONFIG_HZ is one of <c>kernel/Kconfig.hz</c>'s.</summary>
    [Fact]
    public void ATickIsAsLongAsAKernelCanBeBuiltWith() => Assert.Contains(BpfSystem.TickNs, new ulong[] { 10_000_000, 4_000_000, 3_333_333, 1_000_000 });

    [Fact]
    public void TypesOfTheKernelAreFound()
    {
        using KernelBtf types = KernelBtf.Load();
        Assert.True(types.HasStruct("task_struct"));
        Assert.True(types.HasType("pid_t"));
        Assert.False(types.HasType("no_such_type"));
        Assert.True(types.TryGetSize("task_struct", out uint size));
        Assert.InRange(size, 1000u, 100_000u);
        Assert.True(types.TryGetMembers("task_struct", out BtfMember[] members));
        Assert.Equal(("char[16]", 0u), (members.Single(member => member.Name == "comm").Type, members.Single(member => member.Name == "comm").SizeBits));
        Assert.Equal(1u, members.Single(member => member.Name == "in_execve").SizeBits);
        Assert.True(types.HasMember("task_struct", "pid"));
        // It stands in a structure without a name, in a union without a name.
        Assert.True(types.HasMember("sock_common", "skc_daddr"));
        Assert.False(types.HasMember("task_struct", "no_such_member"));
        Assert.False(types.HasMember("no_such_struct", "pid"));
        // The second source: the kernel's own answer to a relocation.
        using BpfObject programs = Load();
        uint[] question = [0, 0];
        programs.FindProgram("ask").Run(MemoryMarshal.AsBytes(question.AsSpan()));
        Assert.Equal(question[1] * 8, members.Single(member => member.Name == "pid").OffsetBits);

        Assert.True(types.TryGetReturnType("vfs_read", out string result));
        Assert.Equal("ssize_t", result);
        Dictionary<string, (uint Id, uint Prototype)> functions = BtfFunctions.Find(["vfs_read", "vfs_readv", "no_such_function"]);
        Assert.Equal(["vfs_read"], functions.Keys.Except(["vfs_readv"]));
        Assert.True(functions["vfs_read"].Prototype > 0 && functions["vfs_read"].Id > 0);
        Assert.True(types.TryGetParameters("vfs_read", out BtfParameter[] parameters));
        Assert.Equal(["struct file *", "char *", "size_t", "loff_t *"], parameters.Select(parameter => parameter.Type));
    }
}

/// <summary>A bpf filesystem of the test's own.</summary>
internal sealed class BpfFiles : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("scry-bpffs-").FullName;

    public BpfFiles() => Run("mount", "-t", "bpf", "scry-test", _directory);

    public string this[string name] => Path.Combine(_directory, name);

    public void Dispose()
    {
        Run("umount", _directory);
        Directory.Delete(_directory);
    }

    private static void Run(params string[] words)
    {
        using Process process = Process.Start(words[0], words[1..]);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
