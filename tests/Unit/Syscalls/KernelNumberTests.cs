using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Scry.Syscalls;
using Xunit;

namespace Scry.Tests.Unit.Syscalls;

/// <summary>The numbers of calls that the kernel side knows by itself (src/bpf/arch.bpf.h) are those of the facts.</summary>
public sealed partial class KernelNumberTests
{
    [Theory]
    [InlineData(0, AbiTable.X86_64, AbiTable.Ia32)]
    [InlineData(1, AbiTable.Arm64, AbiTable.Arm)]
    public void NumbersAreThoseOfTheFacts(int processor, int own, int narrow)
    {
        string part = File.ReadAllText(Path.Combine(RoomTests.Root, "src/bpf/arch.bpf.h")).Split("#elif defined(__TARGET_ARCH_arm64)")[processor];
        int seen = 0;
        foreach (Match match in Define().Matches(part))
        {
            string name = match.Groups[1].Value.ToLowerInvariant();
            bool is32Bit = name.EndsWith("_32", StringComparison.Ordinal) || name is "socketcall" or "ipc" or "shmat";
            Assert.Equal((name, Number(name.Replace("_32", "", StringComparison.Ordinal), is32Bit ? narrow : own)), (name, int.Parse(match.Groups[2].Value, CultureInfo.InvariantCulture)));
            seen++;
        }
        Assert.True(seen >= 7, $"{seen} numbers");
        // Both processors' 32-bit programs have these, of which the functions for 32-bit calls speak.
        Assert.Equal((1, 173), (Number("exit", narrow), Number("rt_sigreturn", narrow)));
        Assert.Equal([23, 70, 164, 203, 208, 213], new[] { "setuid", "setreuid", "setresuid", "setreuid32", "setresuid32", "setuid32" }.Select(name => Number(name, narrow)));
    }

    private static int Number(string name, int table)
    {
        for (int id = 0; id < SyscallRow.Count; id++)
        {
            if (Encoding.ASCII.GetString(new SyscallRow(id).Name) == name && new SyscallRow(id).Number(table) is >= 0 and var number)
                return number;
        }
        return -1;
    }

    [GeneratedRegex(@"(?m)^#define NR_(\w+)\s+(\d+)\b")]
    private static partial Regex Define();
}
