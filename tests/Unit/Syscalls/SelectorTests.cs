using System.Text;
using Scry.Syscalls;
using Xunit;

namespace Scry.Tests.Unit.Syscalls;

/// <summary>The grammar of -e, as strace(1) has it.</summary>
public sealed class SelectorTests
{
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

    [Fact]
    public void PatternOfAHostileShapeEnds() => Record.Exception(() => SyscallSelector.Parse(["/^((a+)+)+(([a-z_0-9]+)*)*$!"]));

    private static string[] Chosen(string expression)
    {
        SyscallSelector selector = SyscallSelector.Parse([expression]);
        return [.. Enumerable.Range(0, SyscallRow.Count)
            .Where(row => new SyscallRow(row).Number(0) >= 0 && selector.Includes(0, row))
            .Select(row => Encoding.ASCII.GetString(new SyscallRow(row).Name)).Order()];
    }
}
