using System.Text.RegularExpressions;
using Scry.Bpf;
using Scry.Capture;
using Scry.Cli.CommandLine;
using Xunit;

namespace Scry.Tests.Unit.Cli;

public sealed class RefusalTests
{
    private const string Log = "libbpf: prog 'trace_enter': -- BEGIN PROG LOAD LOG --\n0: (95) exit\nR0 !read_ok\nprocessed 1 insns\n-- END PROG LOAD LOG --\n";

    [Fact]
    public void A_refused_program_is_named_with_its_kernel_and_the_whole_log_is_kept()
    {
        (string message, string? hint, int code) = Runner.Describe(new NativeException("bpf_object__load(scry)", 13, Log));
        Assert.Equal($"this kernel, Linux {KernelSupport.Running}, refuses the program 'trace_enter': R0 !read_ok", message);
        Assert.Equal(1, code);
        string path = Regex.Match(hint!, "report it with (.*), the verifier's whole log$").Groups[1].Value;
        Assert.Equal(Log, File.ReadAllText(path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        File.Delete(path);
    }

    [Fact]
    public void What_is_no_refusal_of_a_program_keeps_no_log()
    {
        (string message, string? hint, _) = Runner.Describe(new NativeException("bpf_object__load(scry)", 1, "libbpf: failed to find valid kernel BTF\n"));
        Assert.EndsWith("failed to find valid kernel BTF", message, StringComparison.Ordinal);
        Assert.DoesNotContain("log", hint);
    }
}
