using System.Text.RegularExpressions;
using Scry.Tests.Kernels.Harness;
using Xunit;

namespace Scry.Tests.Kernels;

/// <summary>Calls seen at the kernel's functions, not at the tracepoints.</summary>
public abstract partial class KernelTests
{
    // PREEMPT_RT preempts programs; on arm64 Debian leaves out what lets them be attached to functions.
    private bool HasFunctions => machine.Kernel.EndsWith("-amd64", StringComparison.Ordinal) && !machine.Kernel.Contains("-rt-", StringComparison.Ordinal);

    /// <summary>The same lines from both; where the kernel cannot, one line that says so.</summary>
    [InMachine("""
        calls=read,clone,execve,exit_group,wait4,close,getpgid
        for mode in tracepoint function; do
            mkfifo gate-$mode
            gates <gate-$mode &
            exec 7>gate-$mode
            sleep 1
            scry trace --attach $mode -p $! -e $calls -o lines-$mode 2>said-$mode &
            tracer=$!
            attached $tracer 8 && sleep 1 || :
            echo >&7
            exec 7>&-
            wait $tracer || :
            ia32=$(which ia32 || :)
            [ -z "$ia32" ] || scry trace --attach $mode -o narrow-$mode -e open,close,getppid,socketpair,accept,recvmsg,msgget,execve,exit_group -- ia32 >/dev/null 2>&1 || :
        done
        scry doctor >doctor
        """, Shows = "functions")]
    public void FunctionsTellWhatTracepointsTell()
    {
        Assert.Contains(HasFunctions ? "and the functions of chosen calls" : "not the functions of chosen calls", Ran()["doctor"]);
        if (!HasFunctions)
        {
            Assert.Matches(@"^scry: calls cannot be seen at the kernel's functions: .*; leave out --attach, or give --attach tracepoint\n$", Ran()["said-function"]);
            return;
        }
        string expected = Anonymous(Ran()["lines-tracepoint"]);
        Assert.Equal(expected, Anonymous(Ran()["lines-function"]));
        Assert.Contains("getpgid(77) = -1 ENOMSG", expected);
        Assert.Contains("read(0, \"\\n\", 16) = 1", expected);
        Assert.Equal(Anonymous(Ran()["narrow-tracepoint"]), Anonymous(Ran()["narrow-function"]));
        Assert.Contains("socketpair(", Ran()["narrow-tracepoint"]);
        Assert.Contains("complete", Ran()["said-function"]);
    }

    /// <summary>The same of a recorder, which nobody stays for.</summary>
    [InMachine("""
        for mode in tracepoint function; do
            scry loop start $mode -a --attach $mode -e getpgid --memory 8M 2>started-$mode || continue
            echo | gates || :
            scry loop dump $mode -o dump-$mode
            scry loop stop $mode
        done
        """, Shows = "functions")]
    public void ARecorderAtFunctionsKeepsWhatOneAtTracepointsKeeps()
    {
        Assert.Equal(HasFunctions ? 0 : 1, Ran().Lines("started-function", "calls cannot be seen at the kernel's functions"));
        foreach (string mode in HasFunctions ? (string[])["tracepoint", "function"] : ["tracepoint"])
        {
            Assert.Equal(3, Ran().Lines("dump-" + mode, "getpgid("));
            Assert.Matches(@"getpgid\(77\) += -1 ENOMSG", Ran()["dump-" + mode]);
        }
    }

    /// <summary>And of counts.</summary>
    [InMachine("""
        for mode in tracepoint function; do
            mkfifo gate-$mode
            gates <gate-$mode &
            exec 7>gate-$mode
            scry stat -p $! --attach $mode -e getpgid,close,execve,read --by syscall,errno >counts-$mode 2>said-$mode &
            tracer=$!
            attached $tracer 5 && sleep 2 || :
            echo >&7
            exec 7>&-
            wait $tracer || :
            scry stat --attach $mode -e lseek --by comm --csv -- count 500 4 >lseek-$mode 2>said-lseek-$mode || :
        done
        """, Shows = "functions")]
    public void FunctionsAreCountedAsTracepointsAre()
    {
        Assert.Matches("getpgid +ENOMSG +2", Ran()["counts-tracepoint"]);
        if (!HasFunctions)
        {
            Assert.Contains("calls cannot be seen at the kernel's functions", Ran()["said-function"]);
            return;
        }
        Assert.Equal(Ran()["counts-tracepoint"], Ran()["counts-function"]);
        Assert.Contains("complete: 2000 calls", Ran()["said-lseek-function"]);
    }

    // Processes have other ids and addresses the second time, and the lines of two that run at once come in any order.
    private static string Anonymous(string lines) => string.Join('\n', lines.Split('\n')
        .GroupBy(line => line.Split(' ')[0]).SelectMany(process => process.Select(line => Variable().Replace(line, match => match.Value[0] == ' ' ? " " : "N"))));

    [GeneratedRegex(@"^\d+(?= )|0x\w+|\b\d{3,}\b| +|si_[us]time=\S+( /\* \S+ s \*/)?|\bsi_pid=\d+|(?<== )\d\d+$")]
    private static partial Regex Variable();
}
