using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Scry.Syscalls;
using Scry.Wire;
using Xunit;

namespace Scry.Tests.Unit.Syscalls;

/// <summary>The facts as a whole.</summary>
public sealed class TableTests
{
    [Theory]
    [InlineData(Abi.X86_64)]
    [InlineData(Abi.Ia32)]
    [InlineData(Abi.Arm64)]
    [InlineData(Abi.Arm)]
    public void NamesAreUnique(Abi abi)
    {
        string[] names = [.. Numbers(abi).Select(nr => Name(abi, nr))];
        Assert.Equal(names.Length, names.Distinct().Count());
    }

    public static TheoryData<Abi, ulong, long> Extremes => new()
    {
        { Abi.X86_64, 0, 0 }, { Abi.X86_64, ulong.MaxValue, -22 }, { Abi.X86_64, Calls.At, 1 },
        { Abi.Ia32, 0, 0 }, { Abi.Ia32, ulong.MaxValue, -22 }, { Abi.Ia32, 0x8000_0000, 1 },
        { Abi.Arm64, 0, 0 }, { Abi.Arm64, ulong.MaxValue, -22 }, { Abi.Arm64, Calls.At, 1 },
        { Abi.Arm, 0, 0 }, { Abi.Arm, ulong.MaxValue, -22 }, { Abi.Arm, 0x8000_0000, 1 },
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
            Assert.Equal(AbiTable.Entered(abi, nr, behind: false), json.GetProperty("nr").GetUInt32());
        }
    }

    [Theory]
    [InlineData(Architecture.X64, Abi.X86_64)]
    [InlineData(Architecture.X64, Abi.Ia32)]
    [InlineData(Architecture.Arm64, Abi.Arm64)]
    [InlineData(Architecture.Arm64, Abi.Arm)]
    public void EveryPlanIsWithinTheKernelsLimits(Architecture machine, Abi abi)
    {
        CapturePlan[] plans = CapturePlans.Of(SyscallSelector.Parse([]), machine: machine);
        foreach (uint nr in Numbers(abi))
        {
            CapturePlan plan = plans[CapturePlan.IndexOf(abi, nr)];
            Assert.True((plan.Flags & PlanFlags.Selected) != 0, Name(abi, nr));
            Assert.InRange(plan.ArgCount, new SyscallRow(SyscallRow.Find(abi, nr)).Registers, 6);
            Assert.InRange(plan.OpCount, 0, 8);
            for (int op = 0; op < plan.OpCount; op++)
            {
                Assert.InRange(plan.Ops[op].Arg, 0, 5);
                Assert.NotEqual((OpFlags)0, plan.Ops[op].Flags & (OpFlags.AtEntry | OpFlags.AtExit));
            }
        }
    }

    // Arm's own calls lie far from the others.
    private static IEnumerable<uint> Numbers(Abi abi) =>
        Enumerable.Range(0, Layout.MaxNr).Concat(Enumerable.Range(0xf0000, 16)).Select(nr => (uint)nr).Where(nr => SyscallRow.Find(abi, nr) >= 0);

    private static string Name(Abi abi, uint nr) =>
        SyscallRow.Find(abi, nr) is var row and >= 0 ? Encoding.ASCII.GetString(new SyscallRow(row).Name) : "(unknown)";
}
