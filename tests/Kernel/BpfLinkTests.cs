using System.Diagnostics;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Scry.Bpf;
using Xunit;

namespace Scry.Tests.Kernel;

// What outlives its maker, and what others made.
public sealed partial class BpfTests
{
    [LibraryImport("libbpf.so.1")]
    private static partial int bpf_link_create(int program, int target, int type, nint options);

    [Fact]
    public void APinnedPerfEventGoesOnWhenItsLinkIsDisposed()
    {
        using var files = new BpfFiles();
        using BpfObject programs = Load();
        int events = PerfEvents();
        uint id;
        using (BpfLink link = programs.FindProgram("on_tick").AttachPerfEvent(PerfEvent.OpenSoftware(0, 0, 1000)))
        {
            link.Pin(files["ticks"]);
            id = link.Info.Id;
        }
        Assert.Equal(events, PerfEvents());
        ulong before = Global(programs, 8);
        Wait.Until(() => Global(programs, 8) > before, "a pinned clock to tick");
        File.Delete(files["ticks"]);
        Wait.Until(() => !BpfSystem.LinkIds.Contains(id), "the link to go with its pin");
    }

    [Fact]
    public void APinnedTracepointGoesOnWhenItsLinkIsDisposed()
    {
        using var files = new BpfFiles();
        using var tracefs = new Tracefs();
        using BpfObject programs = Load();
        using (BpfLink link = programs.FindProgram("on_switch").AttachTracepoint("sched", "sched_switch"))
            link.Pin(files["switches"]);
        ulong before = Global(programs, 16);
        Wait.Until(() => Global(programs, 16) > before, "a pinned tracepoint to run");
        File.Delete(files["switches"]);
    }

    [Fact]
    public void LinksAreFoundByTheirIds()
    {
        using BpfObject programs = Load();
        using BpfLink link = programs.FindProgram("on_call").Attach();
        BpfLinkInfo info = link.Info;
        Assert.Equal(programs.FindProgram("on_call").Info.Id, info.ProgramId);
        Assert.Contains(info.Id, BpfSystem.LinkIds);
        using BpfHandle found = BpfHandle.OpenLink(info.Id);
        Assert.Equal(info, found.LinkInfo);
        Assert.Equal(2, Assert.Throws<NativeException>(() => BpfHandle.OpenLink(uint.MaxValue)).Errno);
        // Links of tracing programs cannot be detached while they are held.
        Assert.Equal(95, Assert.Throws<NativeException>(link.Detach).Errno);
        Assert.Equal(95, Assert.Throws<NativeException>(found.DetachLink).Errno);
    }

    [Fact]
    public void ALeftoverIsDetachedByItsId()
    {
        using BpfObject programs = BpfObject.Open(Compile("dissector"), "dissector");
        programs.Load();
        BpfProgram dissect = programs.FindProgram("dissect");
        using SafeFileHandle network = File.OpenHandle("/proc/self/ns/net");
        using SafeFileHandle first = Create();
        Assert.Equal(7, -Try()); // E2BIG: there is room for one

        uint id = BpfSystem.LinkIds.Single(id => Info(id)?.ProgramId == dissect.Info.Id);
        using (BpfHandle leftover = BpfHandle.OpenLink(id))
            leftover.DetachLink();
        using SafeFileHandle second = Create();

        int Try() => bpf_link_create(dissect.Fd, (int)network.DangerousGetHandle(), 17, 0); // BPF_FLOW_DISSECTOR
        SafeFileHandle Create()
        {
            int fd = Try();
            Assert.InRange(fd, 0, int.MaxValue);
            return new SafeFileHandle(fd, ownsHandle: true);
        }
    }

    // Null for a link that went meanwhile: other tests have theirs.
    private static BpfLinkInfo? Info(uint id)
    {
        try
        {
            using BpfHandle handle = BpfHandle.OpenLink(id);
            return handle.LinkInfo;
        }
        catch (NativeException gone) when (gone.Errno == 2)
        {
            return null;
        }
    }

    private static int PerfEvents() =>
        Directory.GetFiles("/proc/self/fd").Count(file => new FileInfo(file).LinkTarget == "anon_inode:[perf_event]");

    [Fact]
    public void WhatWasLoadedElsewhereIsNotSetUp()
    {
        using BpfObject programs = Load();
        using BpfHandle map = BpfHandle.OpenMap(programs.FindMap("hash").Id), program = BpfHandle.OpenProgram(programs.FindProgram("ask").Info.Id);
        Assert.Equal(("hash", programs.FindMap("hash").Id), (map.Map.Name, map.Map.Id));
        Assert.Throws<InvalidOperationException>(() => SetMaxEntries(map.Map));
        Assert.Throws<InvalidOperationException>(() => map.Map.Reuse(programs.FindMap("hash")));
        Assert.Throws<InvalidOperationException>(() => map.Map.SetInner(programs.FindMap("hash")));
        Assert.Throws<InvalidOperationException>(() => map.Map.InitialValue.Length);
        Assert.Equal("ask", program.Program.Name);
        Assert.Throws<InvalidOperationException>(program.Program.Attach);
        Assert.Throws<InvalidOperationException>(() => program.Program.AutoLoad);

        static void SetMaxEntries(BpfMap map) => map.MaxEntries = 1;
    }

    [Fact]
    public void AMapOfMapsTakesItsPatternBeforeLoad()
    {
        using BpfObject programs = Load();
        BpfMap hash = programs.FindMap("hash");
        using (BpfObject without = BpfObject.Open(Compile("nested"), "nested"))
            Assert.Throws<NativeException>(without.Load);
        using BpfObject nested = BpfObject.Open(Compile("nested"), "nested");
        BpfMap outer = nested.FindMap("outer");
        outer.SetInner(hash);
        nested.Load();
        outer.Update(Bytes(1), Bytes(hash.Fd));
        byte[] id = new byte[4];
        Assert.True(outer.TryLookup(Bytes(1), id));
        Assert.Equal(hash.Id, MemoryMarshal.Read<uint>(id));
        Assert.False(outer.TryLookup(Bytes(0), id));
    }

    [Fact]
    public void AFullMapRefusesAndAnLruMapMakesRoom()
    {
        using BpfObject programs = Load();
        BpfMap hash = programs.FindMap("hash"), recent = programs.FindMap("recent");
        for (int i = 0; i < 4096; i++)
            hash.Update(Bytes(i), Bytes(0UL));
        Assert.Equal(7, Assert.Throws<NativeException>(() => hash.Update(Bytes(4096), Bytes(0UL))).Errno);
        for (int i = 0; i < 1000; i++)
            recent.Update(Bytes(i), Bytes((ulong)i));
        Assert.True(recent.TryLookup(Bytes(999), new byte[8]));
        byte[] key = new byte[4];
        int count = 0;
        for (bool more = recent.TryNextKey([], key); more && count <= 1000; more = recent.TryNextKey(key, key))
            count++;
        Assert.InRange(count, 1, 128);
    }
}

/// <summary>tracefs where libbpf looks for it; mounted by the test when nobody did.</summary>
internal sealed class Tracefs : IDisposable
{
    private const string Place = "/sys/kernel/tracing";
    private readonly bool _mounted;

    public Tracefs()
    {
        if (Directory.Exists($"{Place}/events"))
            return;
        Run("mount", "-t", "tracefs", "scry-test", Place);
        _mounted = true;
    }

    public void Dispose()
    {
        if (_mounted)
            Run("umount", Place);
    }

    private static void Run(params string[] words)
    {
        using Process process = Process.Start(words[0], words[1..]);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}
