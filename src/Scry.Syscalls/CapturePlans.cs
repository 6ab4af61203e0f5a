using System.Runtime.InteropServices;
using Scry.Wire;

namespace Scry.Syscalls;

/// <summary>What the kernel must copy of each call so that the decoder can show it: the facts' types as operations.</summary>
public static partial class CapturePlans
{
    /// <summary>
    /// The plans of all syscalls, as <see cref="CapturePlan.IndexOf"/> has them: of the machine's own ABI, then of its 32-bit one;
    /// those that are selected are marked. The last of each ABI serves the numbers that the facts do not know.
    /// </summary>
    /// <param name="selector">The selected syscalls.</param>
    /// <param name="payload">
    /// Whether to copy what programs read, write, send and receive, and the like of it (keys, values of extended attributes).
    /// Without it their buffers are addresses; paths, strings and structures are copied all the same.
    /// </param>
    /// <param name="machine">Whose ABIs; this machine's when missing.</param>
    public static CapturePlan[] Of(SyscallSelector selector, bool payload = true, Architecture? machine = null)
    {
        var plans = new CapturePlan[Layout.AbiCount * Layout.MaxNr];
        for (int abi = 0; abi < Layout.AbiCount; abi++)
        {
            int table = AbiTable.Of(machine, abi);
            for (int nr = 0; nr < Layout.MaxNr; nr++)
            {
                ref CapturePlan plan = ref plans[abi * Layout.MaxNr + nr];
                int row = SyscallRow.At(table, nr);
                if (row >= 0)
                    plan = Plan(new SyscallRow(row), table, payload);
                else
                    plan.ArgCount = 6;
                if (row >= 0 ? selector.Includes(table, row) : selector.IncludesUnknown)
                    plan.Flags |= PlanFlags.Selected;
            }
        }
        return plans;
    }

    /// <summary>The plans that an argument's value chooses, of the selected syscalls.</summary>
    /// <param name="selector">The selected syscalls.</param>
    /// <param name="payload">As of <see cref="Of"/>.</param>
    /// <param name="machine">As of <see cref="Of"/>.</param>
    public static IReadOnlyList<(VariantKey Key, CapturePlan Plan)> VariantsOf(SyscallSelector selector, bool payload = true, Architecture? machine = null)
    {
        var variants = new List<(VariantKey, CapturePlan)>();
        for (int abi = 0; abi < Layout.AbiCount; abi++)
        {
            int table = AbiTable.Of(machine, abi);
            for (int id = 0; id < SyscallRow.Count; id++)
            {
                var row = new SyscallRow(id);
                if (row.VariantCount > 0 && row.Number(table) >= 0 && selector.Includes(table, id))
                    AddVariants(variants, row, table, payload);
            }
        }
        return variants;
    }

    private static void AddVariants(List<(VariantKey, CapturePlan)> variants, SyscallRow row, int table, bool payload)
    {
        int selecting = SelectingRegister(row);
        if (selecting < 0)
            return;
        for (int v = 0; v < row.VariantCount; v++)
        {
            var variant = new VariantRow(row.FirstVariant + v);
            if (variant.Any || variant.Register2 >= 0 || variant.OverrideCount == 0 || !variant.IsOf(table))
                continue;
            CapturePlan plan = Base(row);
            var follows = new List<CaptureFollow>();
            for (int i = 0; i < row.ArgumentCount; i++)
            {
                ArgumentRow argument = row.Argument(i);
                int type = argument.Type;
                for (int o = 0; o < variant.OverrideCount; o++)
                {
                    if (variant.Override(o)[0] == i)
                        type = variant.Override(o)[1];
                }
                AddArgument(ref plan, follows, row, type, argument.Register, table, payload);
            }
            plan.SetFollows(CollectionsMarshal.AsSpan(follows));
            // One key is one plan: what chooses by two arguments is read as the general plan says.
            variants.Add((new VariantKey((uint)row.Number(table), AbiTable.Is32Bit(table) ? 1u : 0u, variant.Key), plan));
        }
    }

    // What an argument points to, and what is behind that.
    private static void AddArgument(ref CapturePlan plan, List<CaptureFollow> follows, SyscallRow row, int type, int register, int table, bool payload)
    {
        var node = new TypeNode(type);
        if (payload || !IsPayload(row, type))
            Add(ref plan, row, node, register, table);
        Follow(follows, node, register, table, payload);
    }

    // The register that chooses a variant; -1 when two do, or none changes what is copied.
    private static int SelectingRegister(SyscallRow row)
    {
        for (int v = 0; v < row.VariantCount; v++)
        {
            var variant = new VariantRow(row.FirstVariant + v);
            if (variant.Register2 >= 0)
                return -1;
            if (variant.OverrideCount > 0)
                return variant.Register1;
        }
        return -1;
    }

    private static CapturePlan Base(SyscallRow row)
    {
        var plan = new CapturePlan { ArgCount = (byte)row.Registers };
        if (row.Is("fork"u8) || row.Is("vfork"u8) || row.Is("clone"u8) || row.Is("clone3"u8))
            plan.Flags |= PlanFlags.Forks;
        if (row.Is("execve"u8) || row.Is("execveat"u8))
            plan.Flags |= PlanFlags.Execs;
        return plan;
    }

    private static CapturePlan Plan(SyscallRow row, int table, bool payload)
    {
        CapturePlan plan = Base(row);
        var follows = new List<CaptureFollow>();
        for (int i = 0; i < row.ArgumentCount; i++)
        {
            ArgumentRow argument = row.Argument(i);
            AddArgument(ref plan, follows, row, argument.Type, argument.Register, table, payload);
            if (plan.FdArg == 0 && new TypeNode(argument.Type).Kind == TypeKind.Fd)
                plan.FdArg = (byte)(argument.Register + 1);
        }
        plan.SetFollows(CollectionsMarshal.AsSpan(follows));
        int selecting = SelectingRegister(row);
        if (selecting >= 0)
        {
            plan.Flags |= PlanFlags.Variants;
            plan.VariantArg = (byte)selecting;
        }
        if (row.Is("ioctl"u8))
            plan.Flags |= PlanFlags.Ioctl;
        if (SignalFrames.MaskOffset(row, table) is var mask and >= 0)
        {
            plan.ArgCount = 1;
            plan.Flags |= PlanFlags.Stack;
            // Nothing before it: without SA_SIGINFO the kernel leaves the page of a frame's siginfo alone, which need not be there.
            plan.Add(new CaptureOp(OpKind.Offset, OpFlags.AtEntry, 0, (byte)(mask / 8), SignalFrames.MaskSize));
        }
        return plan;
    }

    private static bool IsPayload(SyscallRow row, int type) =>
        new TypeNode(type).Kind is TypeKind.Buf or TypeKind.Iovec or TypeKind.Msghdr or TypeKind.Mmsghdr && !IsLink(row);

    // Its buffer is a path, and tells no more than other paths do.
    private static bool IsLink(SyscallRow row) => row.Is("readlink"u8) || row.Is("readlinkat"u8);

    // Of a struct pollfd the kernel writes revents alone.
    private static bool IsPolled(SyscallRow row, TypeNode node) =>
        node.Way == Direction.InOut && node.Count == CountKind.Register && (row.Is("poll"u8) || row.Is("ppoll"u8) || row.Is("ppoll_time64"u8));

    private static OpFlags When(Direction way) => way switch
    {
        Direction.In => OpFlags.AtEntry,
        Direction.Out => OpFlags.AtExit,
        Direction.InOut => OpFlags.AtEntry | OpFlags.AtExit,
        Direction.InOutAlways => OpFlags.AtEntry | OpFlags.AtExit | OpFlags.Always,
        _ => OpFlags.AtExit | OpFlags.Always,
    };

    private static void Add(ref CapturePlan plan, SyscallRow row, TypeNode node, int register, int table)
    {
        byte arg = (byte)register;
        uint word = (uint)TypeSizes.Word(table);
        OpFlags when = When(node.Way);
        switch (node.Kind)
        {
            case TypeKind.Path:
                plan.Add(new CaptureOp(OpKind.String, when, arg, 0, 0));
                break;
            case TypeKind.Str:
                plan.Add(new CaptureOp(OpKind.String, when | OpFlags.Data, arg, 0, 0));
                break;
            case TypeKind.Buf:
                plan.Add(Sized(node, arg, IsLink(row) ? when : when | OpFlags.Data, 1));
                break;
            case TypeKind.SockAddr:
                plan.Add(Sized(node, arg, when, 1));
                break;
            case TypeKind.SigSet:
                plan.Add(new CaptureOp(OpKind.Fixed, when, arg, 0, 8));
                break;
            case TypeKind.FdSet:
                // Of 1,024 descriptors at most.
                plan.Add(new CaptureOp(OpKind.Bits, when, arg, (byte)node.C, 128));
                break;
            case TypeKind.Ptr:
                AddPointer(ref plan, node, arg, IsPolled(row, node) ? when | OpFlags.Kept : when, table);
                break;
            case TypeKind.StrV:
                plan.Add(new CaptureOp(OpKind.StringArray, OpFlags.AtEntry | OpFlags.Data, arg, 0, 0));
                break;
            case TypeKind.EnvP:
                plan.Add(new CaptureOp(OpKind.Count, OpFlags.AtEntry, arg, 0, 0));
                break;
            case TypeKind.Iovec:
                plan.Add(new CaptureOp(OpKind.Iovec, when | OpFlags.Data, arg, (byte)node.C, 2 * word));
                break;
            case TypeKind.Msghdr:
                // The lengths that it was given, before those that it leaves.
                if (node.Way == Direction.Out)
                    plan.Add(new CaptureOp(OpKind.Fixed, OpFlags.AtEntry, arg, 0, 6 * word));
                plan.Add(new CaptureOp(OpKind.Msghdr, when | OpFlags.Data, arg, 0, 7 * word));
                break;
            case TypeKind.Mmsghdr:
                if (node.Way == Direction.Out)
                    plan.Add(new CaptureOp(OpKind.Buffer, OpFlags.AtEntry, arg, (byte)node.C, 8 * word));
                plan.Add(new CaptureOp(OpKind.Mmsghdr, when | OpFlags.Data, arg, (byte)node.C, 8 * word));
                break;
            case TypeKind.Custom:
                AddCustom(ref plan, row, (CustomKind)node.A, arg, word);
                break;
        }
    }

    private static CaptureOp Sized(TypeNode node, byte arg, OpFlags when, uint each) => node.Count switch
    {
        CountKind.Result => new CaptureOp(OpKind.BufferRet, when, arg, 0, each),
        CountKind.Pointer => new CaptureOp(OpKind.BufferLenPtr, when | OpFlags.AtEntry, arg, (byte)node.C, each),
        CountKind.Register => new CaptureOp(OpKind.Buffer, when, arg, (byte)node.C, each),
        _ => new CaptureOp(OpKind.Fixed, when, arg, 0, each * (uint)Math.Max(1, node.C)),
    };

    private static void AddPointer(ref CapturePlan plan, TypeNode node, byte arg, OpFlags when, int table)
    {
        var element = new TypeNode(node.A);
        uint size = (uint)TypeSizes.Of(element, table);
        // The length of a value-result pair is copied with its buffer.
        if (node.Count == CountKind.One || node.Count == CountKind.Constant && node.C == 1)
            plan.Add(new CaptureOp(OpKind.Fixed, when, arg, 0, size));
        else if (node.Count == CountKind.Bytes)
            plan.Add(new CaptureOp(OpKind.Buffer, when, arg, (byte)node.C, 1));
        else
            plan.Add(Sized(node, arg, when, size));
    }

    private static void AddCustom(ref CapturePlan plan, SyscallRow row, CustomKind kind, byte arg, uint word)
    {
        switch (kind)
        {
            case CustomKind.CloneArgs:
                plan.Add(new CaptureOp(OpKind.Buffer, OpFlags.AtEntry, arg, 1, 1));
                break;
            case CustomKind.CpuSet:
                plan.Add(new CaptureOp(OpKind.Buffer, row.Is("sched_getaffinity"u8) ? OpFlags.AtExit : OpFlags.AtEntry, arg, 1, 1));
                break;
            case CustomKind.Dirents:
                plan.Add(new CaptureOp(OpKind.BufferRet, OpFlags.AtExit, arg, 0, 1));
                break;
            case CustomKind.Mincore:
                plan.Add(new CaptureOp(OpKind.Fixed, OpFlags.AtExit, arg, 0, 64));
                break;
            case CustomKind.SigsetPair:
                plan.Add(new CaptureOp(OpKind.Fixed, OpFlags.AtEntry, arg, 0, 2 * word));
                plan.Add(new CaptureOp(OpKind.Indirect, OpFlags.AtEntry, arg, 0, 8));
                break;
        }
    }
}
