using System.Runtime.InteropServices;
using System.Text;
using Scry.Syscalls;
using Scry.Wire;
using Xunit;

namespace Scry.Tests.Unit.Syscalls;

/// <summary>The grammar of -e, as strace(1) has it.</summary>
public sealed class SelectorTests
{
    private static readonly Abi[] s_abis = [Abi.X86_64, Abi.Ia32, Abi.Arm64, Abi.Arm];

    [Theory]
    [InlineData("openat", "openat")]
    [InlineData("trace=openat,close", "close openat")]
    [InlineData("openat,?nosuchcall", "openat")]
    [InlineData("/^epoll_create", "epoll_create epoll_create1")]
    [InlineData("none", "")]
    public void Chooses(string expression, string names) => Assert.Equal(names, string.Join(' ', Chosen(expression)));

    [Fact]
    public void InvertedIsAllButThose()
    {
        string[] all = Chosen("all"), without = Chosen("!openat,close");
        Assert.Equal(all.Except(["openat", "close"]), without);
    }

    [Theory]
    [InlineData("%file", "openat execve stat readlink mount", "read close socket getpid")]
    [InlineData("%process", "execve exit_group wait4 clone kill", "read openat")]
    [InlineData("%network", "socket sendto connect getsockname", "read openat pipe")]
    [InlineData("%net", "socket recvmsg", "read")]
    [InlineData("%signal", "kill rt_sigaction rt_sigreturn tgkill", "read openat")]
    [InlineData("%ipc", "shmget semop msgsnd", "pipe read")]
    [InlineData("%desc", "read close dup poll openat mmap", "stat chdir getpid")]
    [InlineData("%memory", "mmap brk munmap mprotect", "read")]
    [InlineData("%creds", "getuid setuid capget", "read")]
    [InlineData("%clock", "clock_gettime gettimeofday", "nanosleep")]
    [InlineData("%pure", "getpid getuid", "read")]
    [InlineData("%stat", "stat", "fstat lstat statx")]
    [InlineData("%%stat", "stat fstat lstat statx newfstatat", "statfs")]
    [InlineData("%statfs", "statfs", "fstatfs stat")]
    public void Classes(string expression, string within, string without)
    {
        string[] chosen = Chosen(expression);
        Assert.Empty(within.Split(' ').Except(chosen));
        Assert.Empty(without.Split(' ').Intersect(chosen));
    }

    [Theory]
    [InlineData("opennat")]
    [InlineData("%nosuchclass")]
    [InlineData("/(")]
    [InlineData("/^nothing-has-this$")]
    [InlineData("open,,close")]
    [InlineData("")]
    public void RefusesWhatChoosesNothing(string expression)
    {
        SelectionException error = Assert.Throws<SelectionException>(() => SyscallSelector.Parse([expression]));
        Assert.NotEmpty(error.Hint);
    }

    // ia32's accept is behind socketcall alone: Layout.FarFirst.
    [Theory]
    [InlineData("accept", "accept")]
    [InlineData("%network", "accept send recv recvmsg")]
    [InlineData("%ipc", "semop semtimedop semget")]
    public void CallsBehindOthersAreSelectedByTheirOwnNames(string expression, string names)
    {
        SyscallSelector selector = SyscallSelector.Parse([expression], Architecture.X64);
        foreach (string name in names.Split(' '))
            Assert.True(selector.Includes(Abi.Ia32, Calls.Number(name, Abi.Ia32)), name);
        Assert.False(selector.Includes(Abi.Ia32, Calls.Number("socketcall", Abi.Ia32)));
        byte[] accept = Calls.Make("accept", -11, [7, 0, 0], Abi.Ia32);
        Assert.Equal("accept(7, NULL, NULL) = -1 EAGAIN (Resource temporarily unavailable)", Calls.Text(accept));
        Assert.Contains("\"name\":\"accept\",\"nr\":102,\"abi\":\"ia32\"", Calls.Json(accept), StringComparison.Ordinal);
    }

    // What the other machine alone has would select nothing here; a recording may be of either.
    [Theory]
    [InlineData("arch_prctl@64", Architecture.X64)]
    [InlineData("vm86@32", Architecture.X64)]
    [InlineData("cacheflush", Architecture.Arm64)]
    [InlineData("set_tls@32", Architecture.Arm64)]
    public void EachMachineHasItsOwnCalls(string expression, Architecture machine)
    {
        Architecture other = machine == Architecture.X64 ? Architecture.Arm64 : Architecture.X64;
        Assert.Throws<SelectionException>(() => SyscallSelector.Parse([expression], other));
        Assert.Equal(1, Selected(SyscallSelector.Parse([expression], machine), machine));
        Assert.Equal(1, Selected(SyscallSelector.ParseForAll([expression]), machine));
    }

    [Fact]
    public void WidthsAreOfBothMachines()
    {
        SyscallSelector wide = SyscallSelector.Parse(["openat@64"]), narrow = SyscallSelector.Parse(["openat@32"]);
        Assert.Equal([true, false, true, false], s_abis.Select(abi => wide.Includes(abi, Calls.Number("openat", abi))));
        Assert.Equal([false, true, false, true], s_abis.Select(abi => narrow.Includes(abi, Calls.Number("openat", abi))));
    }

    [Fact]
    public void ClassesAreTheSameOnAllAbis()
    {
        var classes = new Dictionary<string, int>();
        for (int id = 0; id < SyscallRow.Count; id++)
        {
            var row = new SyscallRow(id);
            string name = Encoding.ASCII.GetString(row.Name);
            Assert.Equal($"{name} {classes.GetValueOrDefault(name, row.Classes)}", $"{name} {row.Classes}");
            classes[name] = row.Classes;
        }
    }

    [Fact]
    public void PatternOfAHostileShapeEnds() => Record.Exception(() => SyscallSelector.Parse(["/^((a+)+)+(([a-z_0-9]+)*)*$!"]));

    private static int Selected(SyscallSelector selector, Architecture machine) =>
        CapturePlans.Of(selector, machine: machine).Count(plan => (plan.Flags & PlanFlags.Selected) != 0);

    private static string[] Chosen(string expression)
    {
        SyscallSelector selector = SyscallSelector.Parse([expression]);
        return [.. Enumerable.Range(0, SyscallRow.Count)
            .Where(row => new SyscallRow(row).Number(0) >= 0 && selector.Includes(0, row))
            .Select(row => Encoding.ASCII.GetString(new SyscallRow(row).Name)).Order()];
    }
}
