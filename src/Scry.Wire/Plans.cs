using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Scry.Wire;

/// <summary>What a capture operation copies (<c>SCRY_OP_*</c>).</summary>
public enum OpKind : byte
{
    /// <summary>No operation.</summary>
    None = 0,
    /// <summary>NUL-ended, at most <see cref="CaptureOp.Size"/> bytes; 0 means the path limit.</summary>
    String = 1,
    /// <summary>Size bytes.</summary>
    Fixed = 2,
    /// <summary>args[Other] * Size bytes.</summary>
    Buffer = 3,
    /// <summary>result * Size bytes, at exit.</summary>
    BufferRet = 4,
    /// <summary>The u32 that args[Other] points to, and as many bytes.</summary>
    BufferLenPtr = 5,
    /// <summary>args[Other] iovecs (Size: bytes of one), and their data.</summary>
    Iovec = 6,
    /// <summary>A msghdr (Size: bytes of it), its name, iovecs, their data, and control.</summary>
    Msghdr = 7,
    /// <summary>args[Other] (at exit: result) msghdrs with a length each.</summary>
    Mmsghdr = 8,
    /// <summary>A NULL-ended array of string pointers, and the strings.</summary>
    StringArray = 9,
    /// <summary>The length of a NULL-ended pointer array.</summary>
    Count = 10,
    /// <summary>Size bytes at the pointer found at args[Arg] + Other bytes.</summary>
    Indirect = 11,
    /// <summary>Size bytes at args[Arg] + Other * 8.</summary>
    Offset = 12,
    /// <summary>args[Other] bits in whole pointer-sized words, at most Size bytes.</summary>
    Bits = 13,
}

/// <summary>When an operation runs (<c>SCRY_OP_AT_*</c>).</summary>
[Flags]
public enum OpFlags : byte
{
    /// <summary>Never.</summary>
    None = 0,
    /// <summary>At entry.</summary>
    AtEntry = 0x01,
    /// <summary>At exit, when the call succeeded.</summary>
    AtExit = 0x02,
    /// <summary>With AtExit: when the call failed too.</summary>
    Always = 0x04,
    /// <summary>Payload: at most the configured number of bytes.</summary>
    Data = 0x08,
    /// <summary>At entry and exit: what the call was given is still there in what it leaves.</summary>
    Kept = 0x10,
}

/// <summary>One capture operation (<c>struct scry_op</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct CaptureOp(OpKind Kind, OpFlags Flags, byte Arg, byte Other, uint Size);

/// <summary>Flags of a plan (<c>SCRY_PLAN_*</c>).</summary>
[Flags]
public enum PlanFlags : byte
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>The call is wanted.</summary>
    Selected = 0x01,
    /// <summary>Its child returns from it too, with 0.</summary>
    Forks = 0x02,
    /// <summary>Look (number, half, args[VariantArg]) up for another plan.</summary>
    Variants = 0x04,
    /// <summary>Without a variant: args[2] by the size and direction in args[1].</summary>
    Ioctl = 0x08,
    /// <summary>Some operation runs at entry.</summary>
    Entry = 0x10,
    /// <summary>Some operation runs at exit.</summary>
    Exit = 0x20,
    /// <summary>execve and execveat: the first call of a command that Scry starts.</summary>
    Execs = 0x40,
    /// <summary>args[0] is the stack pointer: sigreturn, whose frame lies there.</summary>
    Stack = 0x80,
}

/// <summary>What to capture of one syscall (<c>struct scry_plan</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CapturePlan
{
    /// <summary>Number of arguments, 0 to 6.</summary>
    public byte ArgCount;
    /// <summary>Number of operations used.</summary>
    public byte OpCount;
    /// <summary>Flags.</summary>
    public PlanFlags Flags;
    /// <summary>With <see cref="PlanFlags.Variants"/>: the argument that chooses.</summary>
    public byte VariantArg;
    /// <summary>Number + 1 of the operation at entry when there is one; 0: none or several.</summary>
    public byte OnlyEntry;
    /// <summary>Number + 1 of the operation at exit when there is one; 0: none or several.</summary>
    public byte OnlyExit;
    /// <summary>Argument + 1 that is a descriptor; 0: none is.</summary>
    public byte FdArg;
    /// <summary>A bit for each argument that some operation follows.</summary>
    public byte Pointers;
    /// <summary>The operations.</summary>
    public OpArray Ops;

    /// <summary>Number of the first of its follows in <see cref="FollowTable"/>.</summary>
    public ushort Follow;
    /// <summary>How many there are.</summary>
    public byte FollowCount;
    /// <summary>Nothing.</summary>
    public Padding Pad;

    /// <summary>5 bytes.</summary>
    [InlineArray(5)]
    public struct Padding
    {
        private byte _first;
    }

    /// <summary>8 operations.</summary>
    [InlineArray(8)]
    public struct OpArray
    {
        private CaptureOp _first;
    }

    /// <summary>Where a call's plan stands among all of them; the last of each ABI serves the numbers that have none.</summary>
    public static int IndexOf(Abi abi, uint nr) => (abi.Is32Bit ? Layout.MaxNr : 0)
        + (int)Math.Min(PlaceOf(abi, nr), Layout.MaxNr - 1);

    /// <summary>Where a number stands among those of its ABI.</summary>
    public static uint PlaceOf(Abi abi, uint nr) => !abi.Is32Bit ? nr
        : nr - Layout.FarFirst < Layout.FarCount ? Layout.FarPlace + nr - Layout.FarFirst
        : nr - Layout.FarPlace < Layout.FarCount ? uint.MaxValue : nr;

    /// <summary>The number that stands at a place.</summary>
    public static uint NumberAt(Abi abi, uint place) => place == Layout.CountNrNone ? uint.MaxValue : abi.Is32Bit && place - Layout.FarPlace < Layout.FarCount ? Layout.FarFirst + place - Layout.FarPlace : place;

    /// <summary>Appends an operation and sets the plan's flags to suit.</summary>
    /// <exception cref="InvalidOperationException">The plan has 8 already.</exception>
    public void Add(CaptureOp op)
    {
        if (OpCount == 8)
            throw new InvalidOperationException("a capture plan holds at most 8 operations");
        Ops[OpCount++] = op;
        Pointers |= (byte)(1 << op.Arg);
        if ((op.Flags & OpFlags.AtEntry) != 0)
        {
            OnlyEntry = (Flags & PlanFlags.Entry) == 0 ? OpCount : (byte)0;
            Flags |= PlanFlags.Entry;
        }
        if ((op.Flags & OpFlags.AtExit) != 0)
        {
            OnlyExit = (Flags & PlanFlags.Exit) == 0 ? OpCount : (byte)0;
            Flags |= PlanFlags.Exit;
        }
    }

    /// <summary>Sets what it follows, once all operations are there.</summary>
    /// <param name="follows">At most <see cref="FollowTable.Most"/>.</param>
    public void SetFollows(ReadOnlySpan<CaptureFollow> follows)
    {
        if (follows.Length == 0)
            return;
        (Follow, FollowCount) = (FollowTable.Intern(follows), (byte)follows.Length);
        foreach (CaptureFollow follow in follows)
        {
            Pointers |= (byte)(1 << follow.Arg);
            if ((follow.Flags & OpFlags.AtEntry) != 0)
            {
                OnlyEntry = 0;
                Flags |= PlanFlags.Entry;
            }
            if ((follow.Flags & OpFlags.AtExit) != 0)
            {
                OnlyExit = 0;
                Flags |= PlanFlags.Exit;
            }
        }
    }
}

/// <summary>Key of a plan that depends on an argument's value (<c>struct scry_variant_key</c>).</summary>
/// <param name="Nr">The syscall's number.</param>
/// <param name="Is32Bit">1 for the machine's 32-bit ABI, else 0: the half of all plans that the call's plan stands in.</param>
/// <param name="Value">The argument's value.</param>
[StructLayout(LayoutKind.Sequential)]
public readonly record struct VariantKey(uint Nr, uint Is32Bit, ulong Value);
