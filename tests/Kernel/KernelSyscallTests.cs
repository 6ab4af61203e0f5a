using System.Text;
using Scry.Capture;
using Scry.Syscalls;
using Scry.Wire;
using Xunit;

namespace Scry.Tests.Kernel;

/// <summary>The names that the running kernel has for its syscalls, against the facts. Needs root.</summary>
public sealed class KernelSyscallTests
{
    private const uint NumbersMost = 500;

    // Where the kernel's function is called otherwise than the syscall, on x86-64.
    private static readonly Dictionary<string, string> s_functions = new()
    {
        ["newstat"] = "stat", ["newfstat"] = "fstat", ["newlstat"] = "lstat", ["newuname"] = "uname", ["sendfile64"] = "sendfile", ["umount"] = "umount2",
    };

    [Fact]
    public void EveryNumberThatTheKernelNamesIsNamedSoByTheFacts()
    {
        using var kernel = new KernelSyscalls();
        int known = 0;
        for (uint nr = 0; nr < NumbersMost; nr++)
        {
            if (kernel.Describe(Abi.X86_64, nr)?.Name is not { } name)
                continue;
            known++;
            Assert.Equal($"{nr} {s_functions.GetValueOrDefault(name, name)}", $"{nr} {Fact(Abi.X86_64, nr)}");
        }
        Assert.InRange(known, 340, (int)NumbersMost);
    }

    [Fact]
    public void NumbersAreThoseOfTheirAbi()
    {
        using var kernel = new KernelSyscalls();
        // The newest, whose names both ABIs share; older ones have functions of many names.
        for (uint nr = 424; nr < NumbersMost; nr++)
        {
            if (kernel.Describe(Abi.Ia32, nr)?.Name is { } name)
                Assert.Equal(name, Fact(Abi.Ia32, nr));
        }
        Assert.Equal("getpid", kernel.Describe(Abi.Ia32, 20)?.Name);
        Assert.Equal("writev", kernel.Describe(Abi.X86_64, 20)?.Name);
    }

    // Both ABIs: names of ia32's older functions are many, their numbers are one each.
    [Theory]
    [InlineData(Abi.X86_64)]
    [InlineData(Abi.Ia32)]
    public void EveryNumberThatTheKernelHasAFunctionForHasARow(Abi abi)
    {
        using var kernel = new KernelSyscalls();
        string[] without = [.. Enumerable.Range(0, (int)NumbersMost).Where(nr => SyscallRow.Find(abi, (uint)nr) < 0)
            .Select(nr => kernel.Describe(abi, (uint)nr)?.Name).OfType<string>()];
        Assert.Equal([], without);
    }

    [Fact]
    public void ParametersHaveTheNamesOfThePrototype()
    {
        using var kernel = new KernelSyscalls();
        Assert.Equal(["fd", "max_fd", "flags"], kernel.Describe(Abi.X86_64, 436)!.Parameters.Select(parameter => parameter.Name));
        Assert.Null(kernel.Describe(Abi.X86_64, NumbersMost));
        Assert.Null(kernel.Describe(Abi.X86_64, uint.MaxValue));
    }

    private static string Fact(Abi abi, uint nr) =>
        SyscallRow.Find(abi, nr) is var row and >= 0 ? Encoding.ASCII.GetString(new SyscallRow(row).Name) : "none";
}
