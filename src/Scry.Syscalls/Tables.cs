using Scry.Wire;

namespace Scry.Syscalls;

/// <summary>One node of the facts' types: a kind and its parameters (see <see cref="TypeKind"/>).</summary>
internal readonly ref struct TypeNode(int id)
{
    private readonly ReadOnlySpan<int> _node = TypeTable.Nodes.Slice(id * 5, 5);
    public TypeKind Kind => (TypeKind)_node[0];
    public int A => _node[1];
    public int B => _node[2];
    public int C => _node[3];
    public int D => _node[4];
    public Direction Way => (Direction)_node[2];
    public CountKind Count => (CountKind)_node[4];
}

/// <summary>Access to the generated tables.</summary>
internal static class Table
{
    /// <summary>A text of the generated tables: offset and length in one number.</summary>
    public static ReadOnlySpan<byte> Text(int id) => TextTable.Bytes.Slice(id >> 8, id & 0xff);
}

/// <summary>One row of the syscall table: a prototype on the ABIs that have it. ABIs are numbers of <see cref="AbiTable"/>.</summary>
internal readonly ref struct SyscallRow(int id)
{
    private readonly ReadOnlySpan<int> _head = SyscallTable.Heads.Slice(id * Size, Size);
    public const int Size = 8 + AbiTable.Count;
    private const int Fixed = 1 + AbiTable.Count;
    public static int Count => SyscallTable.Heads.Length / Size;
    public int Id => id;
    public ReadOnlySpan<byte> Name => Table.Text(_head[0]);
    public int Number(int table) => _head[1 + table];
    public int Result => _head[Fixed];
    public int Registers => _head[Fixed + 1];
    public int ArgumentCount => _head[Fixed + 3];
    public int Classes => _head[Fixed + 4];
    public int FirstVariant => _head[Fixed + 5];
    public int VariantCount => _head[Fixed + 6];
    public ArgumentRow Argument(int i) => new(_head[Fixed + 2] + i);
    public bool Is(ReadOnlySpan<byte> name) => Name.SequenceEqual(name);

    /// <summary>The result's type for these registers on that table's ABI.</summary>
    public int ResultFor(int table, ReadOnlySpan<ulong> args)
    {
        int type = Result;
        for (int v = 0; v < VariantCount; v++)
        {
            var variant = new VariantRow(FirstVariant + v);
            if (variant.Result >= 0 && variant.Matches(table, args))
                type = variant.Result;
        }
        return type;
    }

    /// <summary>The row of a number, or -1.</summary>
    public static int Find(int table, uint nr) => AbiTable.Place(table, nr) is var place and >= 0 ? At(table, place) : -1;

    /// <summary>The row at a place of a table, or -1.</summary>
    public static int At(int table, int place) => SyscallTable.Index[table * AbiTable.Places + place];

    /// <summary>The row of an ABI's number, or -1.</summary>
    public static int Find(Abi abi, uint nr) => abi == Abi.X32 ? AbiTable.OfX32(nr) is var native and >= 0 ? Find(AbiTable.X86_64, (uint)native) : -1 : Find(TableOf(abi), nr);

    /// <summary>The ABI's table.</summary>
    public static int TableOf(Abi abi) => abi switch
    {
        Abi.Ia32 => AbiTable.Ia32,
        Abi.Arm64 => AbiTable.Arm64,
        Abi.Arm => AbiTable.Arm,
        _ => AbiTable.X86_64,
    };
}

/// <summary>One argument of a syscall.</summary>
internal readonly ref struct ArgumentRow(int id)
{
    private readonly ReadOnlySpan<int> _row = SyscallTable.Arguments.Slice(id * 7, 7);
    public ReadOnlySpan<byte> Name => Table.Text(_row[0]);
    public int Register => _row[1];
    public int Type => _row[2];
    public bool Named => _row[3] != 0;
    public int ConditionRegister => _row[4];
    public uint ConditionMask => (uint)_row[5];
    public int ConditionOp => _row[6];
}

/// <summary>What an argument's value changes in the prototype.</summary>
internal readonly ref struct VariantRow(int id)
{
    private readonly ReadOnlySpan<int> _head = VariantTable.Heads.Slice(id * 8, 8);
    public int Register1 => _head[0];
    public int Register2 => _head[1];
    public bool Any => _head[2] != 0;
    public int OverrideCount => _head[4];
    public int Shown => _head[5];
    public int Result => _head[6];
    public ulong Key => VariantTable.Keys[id];

    /// <summary>Whether it is one of that table's.</summary>
    public bool IsOf(int table) => (_head[7] >> table & 1) != 0;

    /// <summary>Argument, type, condition's register, mask, op.</summary>
    public ReadOnlySpan<int> Override(int i) => VariantTable.Overrides.Slice((_head[3] + i) * 5, 5);

    /// <summary>Whether it is the variant of these registers on that table's ABI.</summary>
    public bool Matches(int table, ReadOnlySpan<ulong> args)
    {
        if (!IsOf(table))
            return false;
        if (Any)
            return true;
        if (Register1 >= args.Length || Register2 >= args.Length)
            return false;
        return Register2 < 0 ? Key == (uint)args[Register1] : Key == ((ulong)(uint)args[Register1] << 32 | (uint)args[Register2]);
    }
}

/// <summary>A table of names of values.</summary>
internal readonly ref struct XlatRow
{
    private readonly ReadOnlySpan<int> _head;
    private readonly int _first, _count;

    private const int Fixed = 9, Size = Fixed + 2 * AbiTable.Count;

    public XlatRow(int id, int table)
    {
        _head = XlatTable.Heads.Slice(id * Size, Size);
        _first = _head[Fixed + 2 * table];
        _count = _head[Fixed + 2 * table + 1];
    }

    public bool Flags => _head[1] != 0;
    public ReadOnlySpan<byte> Prefix => Table.Text(_head[2]);
    public ReadOnlySpan<byte> Zero => Table.Text(_head[3]);
    public ReadOnlySpan<byte> ShiftName => Table.Text(_head[4]);
    public int ShiftBits => _head[5];
    public ulong ShiftMask => (uint)_head[6];
    public ulong OctalMask => (uint)_head[7];
    public ulong DecimalMask => (uint)_head[8];
    public int Count => _count;
    public ulong Value(int i) => XlatTable.Values[_first + i];
    public ulong Mask(int i) => XlatTable.Masks[_first + i];
    public ReadOnlySpan<byte> Name(int i) => Table.Text(XlatTable.Names[_first + i]);
    public ReadOnlySpan<byte> Text(int i) => Table.Text(XlatTable.Texts[_first + i]);

    /// <summary>Index of the entry with that very value, or -1. Enums are sorted.</summary>
    public int Find(ulong value)
    {
        if (Flags)
        {
            for (int i = 0; i < _count; i++)
            {
                if (Value(i) == value)
                    return i;
            }
            return -1;
        }
        int at = XlatTable.Values.Slice(_first, _count).BinarySearch(value);
        return at >= 0 ? at : -1;
    }
}

/// <summary>A structure's layout on one ABI.</summary>
internal readonly ref struct StructRow(int id, int table)
{
    private const int Length = 2 + 3 * AbiTable.Count;
    private readonly ReadOnlySpan<int> _head = StructTable.Heads.Slice(id * Length, Length);
    public static int Count => StructTable.Heads.Length / Length;
    public ReadOnlySpan<byte> Name => Table.Text(_head[0]);
    public bool Dated => _head[1] != 0;
    public int FieldCount => _head[3 + 3 * table];
    public int Size => _head[4 + 3 * table];
    public FieldRow Field(int i) => new(_head[2 + 3 * table] + i);
}

/// <summary>A field as it is shown.</summary>
internal readonly ref struct FieldRow(int id)
{
    private readonly ReadOnlySpan<int> _row = StructTable.Fields.Slice(id * 10, 10);
    public ReadOnlySpan<byte> Name => Table.Text(_row[0]);
    public int Offset => _row[1];
    public int Type => _row[2];
    public int Size => _row[3];
    public bool Signed => _row[4] != 0;
    public int Array => _row[5];
    public bool Abbreviated => (_row[6] & 1) != 0;
    public bool Bare => (_row[6] & 2) != 0;
    /// <summary>The call alone writes it: what stands there before means nothing.</summary>
    public bool Written => (_row[6] & 4) != 0;
    /// <summary>The call changes it, and strace shows the value after.</summary>
    public bool Replaced => (_row[6] & 8) != 0;
    public int ConditionOp => _row[7];
    public int ConditionOffset => _row[8];
    public int ConditionSize => _row[9];
    public ulong ConditionMask => StructTable.Conditions[id * 2];
    public ulong ConditionValue => StructTable.Conditions[id * 2 + 1];
}
