using Scry.Syscalls;
using Scry.Wire;
using Xunit;

namespace Scry.Tests.Unit.Syscalls;

/// <summary>What capture plans leave out when payload is not wanted.</summary>
public sealed class PayloadTests
{
    private static readonly SyscallSelector s_all = SyscallSelector.Parse([]);
    private static readonly CapturePlan[] s_plans = CapturePlans.Of(s_all, payload: false);

    [Theory]
    [InlineData("read")]
    [InlineData("write")]
    [InlineData("pread64")]
    [InlineData("readv")]
    [InlineData("pwritev2")]
    [InlineData("sendto")]
    [InlineData("recvfrom")]
    [InlineData("sendmsg")]
    [InlineData("recvmmsg")]
    [InlineData("vmsplice")]
    [InlineData("process_vm_readv")]
    [InlineData("mq_timedsend")]
    [InlineData("add_key")]
    public void Buffers_are_not_copied(string name)
    {
        foreach (CaptureOp op in Ops(s_plans, name))
            Assert.False(op.Kind is OpKind.Buffer or OpKind.BufferRet or OpKind.BufferLenPtr && (op.Flags & OpFlags.Data) != 0
                || op.Kind is OpKind.Iovec or OpKind.Msghdr or OpKind.Mmsghdr, $"{name}: {op}");
        Assert.Contains(Ops(CapturePlans.Of(s_all), name), op => (op.Flags & OpFlags.Data) != 0);
    }

    [Fact]
    public void No_plan_of_any_abi_or_variant_copies_payload()
    {
        IEnumerable<CaptureOp> ops = s_plans.Concat(CapturePlans.VariantsOf(s_all, payload: false).Select(variant => variant.Plan)).SelectMany(Of);
        Assert.DoesNotContain(ops, op => (op.Flags & OpFlags.Data) != 0 && op.Kind is not (OpKind.String or OpKind.StringArray));
    }

    [Theory]
    [InlineData("openat")]
    [InlineData("execve")]
    [InlineData("connect")]
    [InlineData("readlink")]
    [InlineData("nanosleep")]
    public void Paths_strings_and_structures_are_copied_all_the_same(string name) =>
        Assert.Equal(Ops(CapturePlans.Of(s_all), name), Ops(s_plans, name));

    [Fact]
    public void The_selection_stays() => Assert.All(s_plans, plan => Assert.True((plan.Flags & PlanFlags.Selected) != 0));

    private static CaptureOp[] Ops(CapturePlan[] plans, string name) => Of(plans[Calls.Number(name, Abi.X86_64)]);

    private static CaptureOp[] Of(CapturePlan plan)
    {
        var ops = new CaptureOp[plan.OpCount];
        for (int i = 0; i < ops.Length; i++)
            ops[i] = plan.Ops[i];
        return ops;
    }
}
