using System.Diagnostics;
using Scry.Stacks;
using Scry.Targets;
using Scry.Wire;
using Xunit;

namespace Scry.Tests.Stacks;

/// <summary>Whatever becomes of a process and its files, its stacks are read with what it had.</summary>
public sealed class ProcessTests : IDisposable
{
    private const string Deep = "gcc -O2 -g -fomit-frame-pointer -o {out} {dir}/deep.c";
    private static readonly string[] s_deep = ["innermost", "middle", "outer", "main"];

    private readonly CallStacks _stacks = CallStacks.Open(new CallStacksOptions { Program = Programs.Scry });

    public void Dispose() => _stacks.Dispose();

    [Fact]
    public void ThatHasEnded()
    {
        _stacks.Begin(null);
        byte[] record;
        using (Victim victim = new Victim(Programs.Make("ended", Deep)).Waits())
            record = victim.Stop().Record;
        Has(record, s_deep);
    }

    [Fact]
    public void ThatRanBeforeAndHasEnded()
    {
        byte[] record;
        using (Victim victim = new Victim(Programs.Make("before", Deep)).Waits())
        {
            _stacks.Begin([victim.Pid]);
            record = victim.Stop().Record;
        }
        Has(record, s_deep);
    }

    [Fact]
    public void WhoseProgramWasDeleted()
    {
        string program = Programs.InFolder("deleted");
        File.Copy(Programs.Make("source", Deep), program);
        using Victim victim = new Victim(program).Waits();
        File.Delete(program);
        _stacks.Begin(null);
        Has(victim.Stop().Record, s_deep);
        Assert.Contains(Places(victim.Stop().Record), place => place.Module == program);
    }

    [Fact]
    public void ThatExecutedAnotherProgram()
    {
        _stacks.Begin(null);
        ulong before = KernelClock.Now;
        string program = Programs.Make("source", Deep);
        using Victim victim = new Victim("bash", "-c", $"read -t 0.2 line <> <(:); exec {program}").Waits();
        byte[] record = victim.Stop().Record;
        Has(record, s_deep);
        // What it was before is another program: the same addresses are not those of this one.
        BitConverter.TryWriteBytes(record, before);
        Assert.DoesNotContain(Places(record), place => place.Module == program);
    }

    [Fact]
    public void ThatIsTheChildOfOneThatRanBefore()
    {
        using Victim parent = new("python3", "-c", "import os,sys\nsys.stdin.readline()\npid = os.fork()\nif pid == 0: os.read(0, 1)\nelse: print(pid, flush=True); os.wait()");
        parent.Waits();
        _stacks.Begin([parent.Pid]);
        parent.Pid = parent.Goes();
        Assert.Contains(Places(parent.Waits().Stop().Record), place => place.Function == "__libc_start_call_main" || place.Module?.Contains("python", StringComparison.Ordinal) == true);
    }

    [Fact]
    public void ThatIsTheGrandchildOfOne()
    {
        // Only one process is of interest; it forks, and the child executes another program.
        string program = Programs.Make("source", Deep);
        using Victim shell = new("bash", "-c", $"read -n 1; (:; {program}; :); :");
        _stacks.Begin([shell.Waits().Pid]);
        shell.Writes();
        int child = 0;
        for (int i = 0; i < 400 && child == 0; i++, Thread.Sleep(5))
            child = int.TryParse(Programs.Shell("pgrep -x source || :").Trim(), out int pid) ? pid : 0;
        shell.Pid = child;
        byte[] record = shell.Waits().Stop().Record;
        Process.GetProcessById(child).Kill();
        Has(record, s_deep);
    }

    [Fact]
    public void WhereASignalIsHandled()
    {
        _stacks.Begin(null);
        using Victim victim = new Victim(Programs.Make("signal", "gcc -O2 -g -fomit-frame-pointer -o {out} {dir}/signal.c")).Waits();
        List<Place> places = Has(victim.Stop().Record, "handler", "__restore_rt", "raiser", "main");
        Assert.DoesNotContain(places, place => place.End is not null);
    }

    [Fact]
    public void OfCodeInANamespaceOfItsOwn()
    {
        // Its pid is 1 there, and its /tmp is its own.
        string maker = "import mmap,ctypes\nm = mmap.mmap(-1, 4096, flags=34, prot=7)\nm.write(bytes.fromhex('554889e531c031ff545eba010000000f055dc3'))\n"
            + "a = ctypes.addressof(ctypes.c_char.from_buffer(m))\nopen('/tmp/perf-1.map', 'w').write('%x 20 made here\\n' % a)\nctypes.CFUNCTYPE(ctypes.c_long)(a)()\n";
        string script = Programs.InFolder("maker.py");
        File.WriteAllText(script, maker);
        using Victim victim = new("unshare", "-m", "-p", "-f", "--mount-proc", "sh", "-c", $"cp {script} /dev/shm/maker-$$.py; mount -t tmpfs none /tmp; exec /usr/bin/python3 /dev/shm/maker-$$.py");
        _stacks.Begin(null);
        for (int i = 0; i < 400 && victim.Child() is 0; i++)
            Thread.Sleep(5);
        victim.Pid = victim.Child();
        Has(victim.Waits().Stop().Record, "made here");
        Programs.Shell("rm -f /dev/shm/maker-1.py");
    }

    [Fact]
    public void InAFilesystemOfItsOwn()
    {
        // Its program lies where nobody else has it: a mount namespace, and a root, as of a container.
        string program = Programs.Make("static", "gcc -O2 -g -static -fomit-frame-pointer -o {out} {dir}/deep.c");
        string root = Programs.InFolder("root");
        Directory.CreateDirectory(root);
        using Victim victim = new("unshare", "-m", "sh", "-c", $"mount -t tmpfs none {root} && cp {program} {root}/inside && exec chroot {root} /inside");
        _stacks.Begin(null);
        Has(victim.Waits().Stop().Record, s_deep);
    }

    [Fact]
    public void WhoseDebugInformationLiesElsewhere()
    {
        string program = Programs.Make("stripped", $"{Deep} -Wl,--build-id=0x5c51ac4500000000000000000000000000000001 && objcopy --only-keep-debug {{out}} {{out}}.away && strip {{out}}");
        const string directory = "/usr/lib/debug/.build-id/5c", file = $"{directory}/51ac4500000000000000000000000000000001.debug";
        using Victim victim = new Victim(program).Waits();
        _stacks.Begin(null);
        bool isNew = !Directory.Exists(directory);
        Directory.CreateDirectory(directory);
        File.Copy($"{program}.away", file, overwrite: true);
        try
        {
            List<Place> places = Has(victim.Stop().Record, s_deep);
            Assert.Contains(places, place => place.File?.EndsWith("/deep.c", StringComparison.Ordinal) == true && place.BuildId == "5c51ac4500000000000000000000000000000001");
        }
        finally
        {
            File.Delete(file);
            if (isNew)
                Directory.Delete(directory);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void WhoseDebugFileIsNamedByIt(bool matches)
    {
        string name = $"linked-{matches}";
        string program = Programs.Make(name, $"{Deep} -Wl,--build-id=none && objcopy --only-keep-debug {{out}} {{out}}.debug && strip {{out}} && objcopy --add-gnu-debuglink={{out}}.debug {{out}}");
        if (!matches)
            File.AppendAllText($"{program}.debug", "x");
        using Victim victim = new Victim(program).Waits();
        _stacks.Begin(null);
        List<Place> places = Places(victim.Stop().Record);
        Assert.Equal(matches, places.Any(place => place.Function == "innermost"));
    }

    [Fact]
    public void WhoseDebugInformationIsSharedWithOthers()
    {
        // As Debian's packages have it: dwz(1) moves what several debug files have into one.
        const string shared = "/usr/lib/debug/.dwz/scry-test.debug";
        string program = Programs.Make("dwz", $"{Deep} && {Deep.Replace("{out}", "{out}.2", StringComparison.Ordinal)} -DOTHER && mkdir -p /usr/lib/debug/.dwz"
            + $" && dwz -L none -l none -m {shared} -M {shared} {{out}} {{out}}.2");
        try
        {
            using Victim victim = new Victim(program).Waits();
            _stacks.Begin(null);
            List<Place> places = Has(victim.Stop().Record, s_deep);
            Assert.Contains(places, place => place.File?.EndsWith("/deep.c", StringComparison.Ordinal) == true && place.Line == 17);
        }
        finally
        {
            File.Delete(shared);
        }
    }

    [Fact]
    public void WhoseSymbolsArePacked()
    {
        // As Fedora's programs have them: .gnu_debugdata.
        string program = Programs.Make("packed", $"{Deep} && cp {{out}} {{out}}.mini && objcopy --strip-debug {{out}}.mini && xz -f {{out}}.mini"
            + " && strip {out} && objcopy --add-section .gnu_debugdata={out}.mini.xz {out}");
        using Victim victim = new Victim(program).Waits();
        _stacks.Begin(null);
        Has(victim.Stop().Record, s_deep);
    }

    [Fact]
    public void WhoseStackWasNotCopiedWhole()
    {
        using Victim victim = new Victim(Programs.Make("source", Deep)).Waits();
        _stacks.Begin([victim.Pid]);
        List<Place> places = Places(victim.Stop(most: 256).Record);
        Assert.Equal("the copy of the stack ends", places[^1].End);
        Assert.DoesNotContain(places, place => place.Function == "main");
    }

    [Fact]
    public void WithoutUnwindInformation()
    {
        string program = Programs.Make("none", "gcc -O2 -fomit-frame-pointer -fno-asynchronous-unwind-tables -o {out} {dir}/deep.c");
        using Victim victim = new Victim(program).Waits();
        _stacks.Begin([victim.Pid]);
        Assert.Equal($"{program} has no unwind information", Places(victim.Stop().Record)[^1].End);
    }

    [Fact]
    public void OfManagedCode()
    {
        string jit = Directory.GetFiles(Path.Combine(Programs.Repository, "tests/Stacks/Jit/bin/Release"), "Jit.dll", SearchOption.AllDirectories)[0];
        using Victim victim = new Victim("dotnet", [jit], new Dictionary<string, string> { ["DOTNET_PerfMapEnabled"] = "1" }).Waits();
        _stacks.Begin([victim.Pid]);
        List<Place> places = Has(victim.Stop().Record, "Scry.Tests.Jit.Shop.Pay", "Scry.Tests.Jit.Shop.Visit", "Scry.Tests.Jit.Shop.Main");
        Assert.DoesNotContain(places, place => place.End is not null);
        File.Delete($"/tmp/perf-{victim.Pid}.map");
    }

    [Fact]
    public void OfScryItself()
    {
        // NativeAOT, static, stripped: no names, and a whole stack all the same.
        using Victim victim = new(Programs.Scry, "trace", "-o", "/dev/null", "-e", "none", "--", "sleep", "100");
        Thread.Sleep(1000);
        victim.Waits(call => !call.StartsWith("running", StringComparison.Ordinal));
        _stacks.Begin(null);
        List<Place> places = Places(victim.Stop().Record);
        Assert.DoesNotContain(places, place => place.End is not null);
        Assert.True(places.Count > 8, $"{places.Count} places");
    }

    [Fact]
    public void ByFramePointers()
    {
        string program = Programs.Make("pointers", "gcc -O2 -g -fno-omit-frame-pointer -o {out} {dir}/deep.c");
        using Victim victim = new Victim(program).Waits();
        _stacks.Begin(null);
        byte[] stack = victim.Stop().Record;
        ulong[] addresses = [.. Places(stack).Where(place => place.End is null && place.Module == program).Select(place => place.Address)];
        ulong from = ulong.Parse(File.ReadLines($"/proc/{victim.Pid}/maps").First().Split('-')[0], System.Globalization.NumberStyles.AllowHexSpecifier);
        byte[] frames = [.. addresses.SelectMany(address => BitConverter.GetBytes(address + from))];
        Has(Victim.Record(victim.Pid, CaptureFlags.Frames, 0, frames), s_deep);
        List<Place> places = Has(Victim.Record(victim.Pid, CaptureFlags.Frames, 0, [.. frames, .. new byte[8], .. frames]), s_deep);
        Assert.Equal("frame pointers lead nowhere", places[^1].End);
    }

    private List<Place> Places(byte[] record)
    {
        _stacks.Learn();
        return Victim.Places(_stacks, record);
    }

    private List<Place> Has(byte[] record, params string[] functions)
    {
        List<Place> places = Places(record);
        LanguageTests.HasInOrder(places, functions);
        return places;
    }
}
