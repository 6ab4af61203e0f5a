using System.Runtime.InteropServices;
using Scry.Wire;

namespace Scry.Syscalls;

/// <summary>Where calls' descriptors stand, as the facts' types tell: for the kernel to say at the call what they stand for.</summary>
public static class DescriptorPlans
{
    /// <summary>The places of the selected syscalls' descriptors.</summary>
    /// <param name="selector">The selected syscalls.</param>
    /// <param name="machine">Whose ABIs; this machine's when missing.</param>
    public static IReadOnlyList<(VariantKey Key, FdPlan Plan)> Of(SyscallSelector selector, Architecture? machine = null)
    {
        var plans = new Dictionary<VariantKey, FdPlan>();
        for (int abi = 0; abi < Layout.AbiCount; abi++)
        {
            int table = AbiTable.Of(machine, abi);
            for (int id = 0; id < SyscallRow.Count; id++)
            {
                var row = new SyscallRow(id);
                if (row.Number(table) >= 0 && selector.Includes(table, id))
                    Add(plans, row, table);
            }
        }
        return [.. plans.Select(plan => (plan.Key, plan.Value))];
    }

    private static void Add(Dictionary<VariantKey, FdPlan> plans, SyscallRow row, int table)
    {
        FdPlan general = Plan(row, table, default, row.Result, any: false);
        int chooser = -1;
        for (int v = 0; v < row.VariantCount; v++)
        {
            var variant = new VariantRow(row.FirstVariant + v);
            if (variant.Any || variant.Register2 >= 0 || !variant.IsOf(table))
                continue;
            int result = variant.Result >= 0 ? variant.Result : row.Result;
            FdPlan plan = Plan(row, table, variant, result, any: true);
            if (Same(in plan, in general) || (chooser >= 0 && chooser != variant.Register1))
                continue;
            chooser = variant.Register1;
            plans.TryAdd(Key(row, table, (uint)variant.Key), plan);
        }
        if (chooser < 0 && general.OpCount == 0)
            return;
        general.VariantArg = (byte)(chooser + 1);
        plans[Key(row, table, Layout.FdGeneral)] = general;
    }

    private static VariantKey Key(SyscallRow row, int table, ulong value) =>
        new((uint)row.Number(table), AbiTable.Is32Bit(table) ? 1u : 0u, value);

    private static bool Same(in FdPlan one, in FdPlan other)
    {
        if (one.OpCount != other.OpCount)
            return false;
        for (int i = 0; i < one.OpCount; i++)
        {
            if (one.Ops[i] != other.Ops[i])
                return false;
        }
        return true;
    }

    private static FdPlan Plan(SyscallRow row, int table, VariantRow variant, int result, bool any)
    {
        var plan = new FdPlan();
        for (int i = 0; i < row.ArgumentCount; i++)
        {
            ArgumentRow argument = row.Argument(i);
            int type = argument.Type;
            for (int o = 0; any && o < variant.OverrideCount; o++)
            {
                if (variant.Override(o)[0] == i)
                    type = variant.Override(o)[1];
            }
            if (argument.Register == 1 && row.Is("pidfd_getfd"u8))
                plan.Add(new FdOp(FdOpKind.Theirs, 0, 1, 0, 0, 0, 0));
            else
                Add(ref plan, new TypeNode(type), (byte)argument.Register, table);
        }
        if (result >= 0 && new TypeNode(result).Kind == TypeKind.Fd)
            plan.Add(new FdOp(FdOpKind.Result, 1, 0, Layout.MaxArgs, 0, 0, 0));
        return plan;
    }

    private static void Add(ref FdPlan plan, TypeNode node, byte register, int table)
    {
        switch (node.Kind)
        {
            case TypeKind.Fd or TypeKind.DirFd:
                plan.Add(new FdOp(FdOpKind.Arg, 0, register, Layout.MaxArgs, 0, 0, 0));
                break;
            case TypeKind.FdSet:
                plan.Add(new FdOp(FdOpKind.Set, 0, register, (byte)node.C, 0, 0, 0));
                break;
            case TypeKind.Msghdr:
                plan.Add(new FdOp(FdOpKind.Control, node.Way == Direction.Out ? (byte)1 : (byte)0, register, Layout.MaxArgs, 0, 0, 0));
                break;
            case TypeKind.Ptr:
                AddPointer(ref plan, node, register, table);
                break;
        }
    }

    private static void AddPointer(ref FdPlan plan, TypeNode node, byte register, int table)
    {
        var element = new TypeNode(node.A);
        int stride = TypeSizes.Of(element, table);
        byte atExit = node.Way is Direction.Out or Direction.OutRestart ? (byte)1 : (byte)0;
        (byte other, int count) = node.Count switch
        {
            CountKind.Register => ((byte)node.C, 0),
            CountKind.Constant => ((byte)Layout.MaxArgs, Math.Max(1, node.C)),
            CountKind.One => ((byte)Layout.MaxArgs, 1),
            _ => ((byte)Layout.MaxArgs, 0),
        };
        if ((count == 0 && other == Layout.MaxArgs) || stride is 0 or > byte.MaxValue || count > byte.MaxValue)
            return;
        if (element.Kind == TypeKind.Fd)
            plan.Add(new FdOp(FdOpKind.Memory, atExit, register, other, 0, (byte)stride, (byte)count));
        if (element.Kind != TypeKind.Struct)
            return;
        var layout = new StructRow(element.A, table);
        for (int i = 0; i < layout.FieldCount; i++)
        {
            FieldRow field = layout.Field(i);
            if (field.Type >= 0 && new TypeNode(field.Type).Kind is TypeKind.Fd or TypeKind.DirFd && field.Array == 0)
                plan.Add(new FdOp(FdOpKind.Memory, field.Written ? (byte)1 : atExit, register, other, (ushort)field.Offset, (byte)stride, (byte)count));
        }
    }
}
