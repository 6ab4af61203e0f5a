using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Scry.Syscalls;
using Scry.Wire;
using Xunit;

namespace Scry.Tests.Unit.Syscalls;

/// <summary>The facts as a whole.</summary>
public sealed class TableTests
{
    // Numbers that the headers have and no kernel serves, or that only other tracers list.
    [Theory]
    [InlineData(Abi.X86_64, "/usr/include/x86_64-linux-gnu/asm/unistd_64.h")]
    [InlineData(Abi.Ia32, "/usr/include/x86_64-linux-gnu/asm/unistd_32.h")]
    public void EveryNumberOfTheHeadersHasItsName(Abi abi, string header)
    {
        string[] wrong = [.. Regex.Matches(File.ReadAllText(header), @"#define __NR_(\w+) (\d+)")
            .Where(define => Name(abi, uint.Parse(define.Groups[2].Value)) != define.Groups[1].Value)
            .Select(define => $"{define.Groups[2].Value}: {define.Groups[1].Value} is {Name(abi, uint.Parse(define.Groups[2].Value))}")];
        Assert.Empty(wrong);
    }

    [Theory]
    [InlineData(Abi.X86_64)]
    [InlineData(Abi.Ia32)]
    public void NamesAreUnique(Abi abi)
    {
        string[] names = [.. Numbers(abi).Select(nr => Name(abi, nr))];
        Assert.Equal(names.Length, names.Distinct().Count());
    }

    public static TheoryData<Abi, ulong, long> Extremes => new()
    {
        { Abi.X86_64, 0, 0 }, { Abi.X86_64, ulong.MaxValue, -22 }, { Abi.X86_64, Calls.At, 1 },
        { Abi.Ia32, 0, 0 }, { Abi.Ia32, ulong.MaxValue, -22 }, { Abi.Ia32, 0x8000_0000, 1 },
    };

    [Theory]
    [MemberData(nameof(Extremes))]
    public void EveryCallDecodesWithAllArgumentsAlike(Abi abi, ulong value, long result)
    {
        foreach (uint nr in Numbers(abi))
        {
            string name = Name(abi, nr);
            byte[] call = Calls.Make(name, result, [value, value, value, value, value, value], abi);
            Assert.Matches($@"^{name}\(.*\) += ", Calls.Text(call));
            JsonElement json = Calls.Parse(System.Text.Encoding.UTF8.GetBytes(Calls.Json(call))).RootElement;
            Assert.Equal(name, json.GetProperty("name").GetString());
            Assert.Equal((int)nr, json.GetProperty("nr").GetInt32());
        }
    }

    [Theory]
    [InlineData(Abi.X86_64)]
    [InlineData(Abi.Ia32)]
    public void EveryPlanIsWithinTheKernelsLimits(Abi abi)
    {
        CapturePlan[] plans = CapturePlans.Of(SyscallSelector.Parse([]));
        foreach (uint nr in Numbers(abi))
        {
            CapturePlan plan = plans[(int)abi * Layout.MaxNr + (int)nr];
            Assert.True((plan.Flags & PlanFlags.Selected) != 0, Name(abi, nr));
            Assert.InRange(plan.ArgCount, 0, 6);
            Assert.InRange(plan.OpCount, 0, 8);
            for (int op = 0; op < plan.OpCount; op++)
            {
                Assert.InRange(plan.Ops[op].Arg, 0, 5);
                Assert.NotEqual((OpFlags)0, plan.Ops[op].Flags & (OpFlags.AtEntry | OpFlags.AtExit));
            }
        }
    }

    private static IEnumerable<uint> Numbers(Abi abi) =>
        Enumerable.Range(0, Layout.MaxNr).Select(nr => (uint)nr).Where(nr => SyscallRow.Find((int)abi, nr) >= 0);

    private static string Name(Abi abi, uint nr) =>
        SyscallRow.Find((int)abi, nr) is var row and >= 0 ? Encoding.ASCII.GetString(new SyscallRow(row).Name) : "(unknown)";
}
