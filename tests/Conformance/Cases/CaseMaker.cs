using System.Text;
using Scry.Syscalls;

namespace Scry.Tests.Conformance.Cases;

/// <summary>One call to be made.</summary>
/// <param name="Nr">The number by which it is entered.</param>
/// <param name="Syscall">Its name.</param>
/// <param name="Part">What is varied: an argument's name, behind a command's.</param>
/// <param name="Args">The registers.</param>
/// <param name="Memory">What is put at <see cref="Image.Poke"/> before.</param>
internal sealed record Case(uint Nr, string Syscall, string Part, ulong[] Args, byte[]? Memory);

/// <summary>The cases of each row of the facts: one argument after the other takes all its kinds, beside the first kinds of the others.</summary>
internal sealed class CaseMaker
{
    private readonly Image _image;
    private readonly Values _values;
    private readonly int _table;
    private readonly ulong _mask;
    private readonly List<Case> _cases = [];
    private readonly HashSet<string> _seen = [];

    private CaseMaker(int table)
    {
        _table = table;
        _image = new Image(TypeSizes.Word(table));
        _values = new Values(_image, table);
        _mask = AbiTable.Is32Bit(table) ? uint.MaxValue : ulong.MaxValue;
    }

    /// <summary>The cases of an ABI, row by row, and the memory that they need.</summary>
    /// <param name="table">The ABI's table.</param>
    /// <param name="chosen">Of these calls alone; of all when missing.</param>
    public static (IReadOnlyList<Case> Cases, Image Image) Make(int table, string[]? chosen = null)
    {
        var maker = new CaseMaker(table);
        for (int id = 0; id < SyscallRow.Count; id++)
        {
            var row = new SyscallRow(id);
            string name = Encoding.ASCII.GetString(row.Name);
            // What ia32 has behind socketcall and ipc alone is entered by these.
            if (row.Number(table) is >= 0 and < AbiTable.Places && Excluded.Reason(name) is null && chosen?.Contains(name) != false)
                maker.Row(row);
        }
        return (maker._cases, maker._image);
    }

    private void Row(SyscallRow row)
    {
        int[] types = new int[row.ArgumentCount];
        for (int i = 0; i < types.Length; i++)
            types[i] = row.Argument(i).Type;
        Vary(row, types, "", [], -1);
        for (int v = 0; v < row.VariantCount; v++)
            Variant(row, new VariantRow(row.FirstVariant + v), types);
    }

    private void Variant(SyscallRow row, VariantRow variant, int[] common)
    {
        if (variant.Any || !variant.IsOf(_table))
            return;
        int[] types = [.. common];
        var changed = new HashSet<int>();
        for (int o = 0; o < variant.OverrideCount; o++)
        {
            types[variant.Override(o)[0]] = variant.Override(o)[1];
            changed.Add(variant.Override(o)[0]);
        }
        var chosen = new Dictionary<int, ulong> { [variant.Register1] = variant.Register2 < 0 ? variant.Key : variant.Key >> 32 };
        if (variant.Register2 >= 0)
            chosen[variant.Register2] = (uint)variant.Key;
        // A command is named as its argument names it.
        var names = new List<string>();
        for (int i = 0; i < common.Length; i++)
        {
            if (chosen.TryGetValue(row.Argument(i).Register, out ulong value))
                names.Add(Name(common[i], value));
        }
        string name = string.Join(',', names);
        Vary(row, types, name + ".", chosen, changed.Count == 0 ? types.Length : -1);
    }

    private string Name(int type, ulong value)
    {
        var node = new TypeNode(type);
        int xlat = node.Kind == TypeKind.Ioctl ? XlatTable.Ioctl : node.Kind is TypeKind.Enum or TypeKind.Flags ? node.A : -1;
        if (xlat >= 0 && new XlatRow(xlat, _table) is var names && names.Find(value) is var at and >= 0)
            return Encoding.ASCII.GetString(names.Name(at)).Replace(" or ", "|", StringComparison.Ordinal);
        return $"0x{value:x}";
    }

    private void Vary(SyscallRow row, int[] types, string prefix, Dictionary<int, ulong> chosen, int from)
    {
        var first = new ulong[6];
        byte[]? memory = null;
        for (int i = 0; i < types.Length; i++)
        {
            ArgumentRow argument = row.Argument(i);
            Value value = _values.Of(new TypeNode(types[i])).First();
            first[argument.Register] = chosen.TryGetValue(argument.Register, out ulong key) ? key : Length(row, types, argument.Register) ?? value.Bits;
            memory ??= value.Memory;
        }
        string name = Encoding.ASCII.GetString(row.Name);
        Add(row, name, prefix + "call", first, memory);
        for (int i = Math.Max(from, 0); i < types.Length; i++)
        {
            ArgumentRow argument = row.Argument(i);
            if (chosen.ContainsKey(argument.Register))
                continue;
            var node = new TypeNode(types[i]);
            string part = prefix + Encoding.ASCII.GetString(argument.Name);
            foreach (Value value in _values.Of(node))
            {
                ulong[] args = [.. first];
                args[argument.Register] = value.Bits;
                if (value.Memory is { } bytes && node.Kind == TypeKind.SockAddr && node.Count == CountKind.Register)
                    args[node.C] = (ulong)bytes.Length;
                Add(row, name, part, args, value.Memory ?? memory);
            }
            if (Counted(node))
                Lengths(row, name, part, node, argument.Register, first, memory);
        }
    }

    private static bool Counted(TypeNode node) => node.Kind is TypeKind.Buf or TypeKind.Ptr or TypeKind.Iovec or TypeKind.SockAddr or TypeKind.SigSet or TypeKind.Mmsghdr or TypeKind.FdSet
        && (node.Count == CountKind.Register || node.Kind is TypeKind.Mmsghdr or TypeKind.FdSet);

    // Lengths, with memory that reaches so far and that does not.
    private void Lengths(SyscallRow row, string name, string part, TypeNode node, int register, ulong[] first, byte[]? memory)
    {
        int size = node.Kind switch
        {
            TypeKind.Ptr => TypeSizes.Of(new TypeNode(node.A), _table),
            TypeKind.Iovec => 2 * TypeSizes.Word(_table),
            TypeKind.Mmsghdr => 8 * TypeSizes.Word(_table),
            _ => 1,
        };
        foreach (Region region in new[] { _image.Pairs, _image.Small, _image.Text })
        {
            foreach (ulong count in new ulong[] { 0, 1, 2, 3, 31, 32, 33, 64, 1024, 0x7fff_ffff, 0xffff_ffff, ulong.MaxValue })
            {
                ulong[] args = [.. first];
                args[node.C] = count;
                args[register] = region.Address;
                Add(row, name, part, args, memory);
                // The last one whole, and not whole.
                ulong there = count * (ulong)Math.Max(1, size);
                if (count is 0 or > 64 || there > Image.Page)
                    continue;
                foreach (ulong less in new ulong[] { 0, 1, (ulong)size })
                {
                    ulong[] cut = [.. args];
                    cut[register] = region.End - there + less;
                    Add(row, name, part, cut, memory);
                }
            }
        }
    }

    // What a register is the length of, and a length that is right.
    private ulong? Length(SyscallRow row, int[] types, int register)
    {
        for (int i = 0; i < types.Length; i++)
        {
            var node = new TypeNode(types[i]);
            if (node.C != register || register == row.Argument(i).Register)
                continue;
            if (node.Kind is TypeKind.Buf or TypeKind.Ptr or TypeKind.Iovec or TypeKind.SockAddr or TypeKind.SigSet && node.Count == CountKind.Pointer)
                return _image.Lengths.Address;
            if (Counted(node))
                return node.Kind switch { TypeKind.SockAddr => 16, TypeKind.Ptr or TypeKind.Iovec or TypeKind.Mmsghdr => 2, TypeKind.FdSet => 10, _ => 8 };
        }
        return null;
    }

    private void Add(SyscallRow row, string name, string part, ulong[] args, byte[]? memory)
    {
        ulong[] registers = [.. args.Select(arg => arg & _mask)];
        string key = $"{row.Id} {string.Join(' ', registers)} {(memory is null ? "" : Convert.ToHexString(memory))}";
        if (_seen.Add(key))
            _cases.Add(new Case((uint)row.Number(_table), name, part, registers, memory));
    }
}
