using System.Text;
using Scry.Syscalls;

namespace Scry.Tests.Conformance.Cases;

/// <summary>A register's value, and memory that is put at <see cref="Image.Poke"/> for it.</summary>
internal readonly record struct Value(ulong Bits, byte[]? Memory = null);

/// <summary>The kinds of arguments: valid, null, bad, at a page's boundary, of each name, maximal and unknown. The first is the one that others vary beside.</summary>
internal sealed class Values(Image image, int table)
{
    private const ulong Bad = 1, Kernel = 0xffff_8880_0000_0000;
    private readonly int _word = TypeSizes.Word(table);

    private static readonly ulong[] s_numbers = [1, 0, 2, 8, 77, ulong.MaxValue, 0x7fff_ffff, 0x8000_0000, 0xffff_fffe, 0x1_0000_0001, 0xdead_beef_cafe_babe, 0x7fff_ffff_ffff_ffff, 1UL << 63];

    public IEnumerable<Value> Of(TypeNode node) => node.Kind switch
    {
        TypeKind.Enum or TypeKind.Flags or TypeKind.Bits => Plain(Named(node.A)),
        TypeKind.CloneFlags => Plain([17, 0, .. Named(XlatTable.CloneFlags).Select(value => value | 17), ulong.MaxValue]),
        TypeKind.IoPriority => Plain([.. Enumerable.Range(0, 9).Select(c => (ulong)(c << 13 | 3)), 0, ulong.MaxValue]),
        TypeKind.Ioctl => Plain([0x5401, 0, ulong.MaxValue, 0x1234_5678, 0x8004_9901, 0x4004_9901, 0xc004_9901, 0x9901, .. Named(XlatTable.Ioctl)]),
        TypeKind.Fd => Plain([3, 4, 1000, unchecked((ulong)-1), unchecked((ulong)-100), 0xffff_ffff, 0x7fff_ffff, 0x1_0000_0003]),
        TypeKind.DirFd => Plain([unchecked((ulong)-100), 9, 3, 1000, unchecked((ulong)-1), 0xffff_ff9c, 0x7fff_ffff, 0x1_0000_0009]),
        TypeKind.Mode => Plain([0644, 0, 1, 07, 077, 0777, 07777, 0100644, 0xffff_ffff, ulong.MaxValue]),
        TypeKind.StMode => Plain([0100644, 0, 0777, 04755, 0020666, 0060666, 0010666, 0140666, 0120777, 0040755, 07777, 0x1ffff, ulong.MaxValue]),
        TypeKind.Dev => Plain([0x103, 0, 0x12345678, 0xffff_ffff, ulong.MaxValue, 0x1234_5678_9abc_def0]),
        TypeKind.Signal => Plain([0, .. Enumerable.Range(1, 66).Select(i => (ulong)i), unchecked((ulong)-1), 0xffff_ffff, 0x1_0000_0001]),
        TypeKind.Handler => Plain([0, 1, 2, ulong.MaxValue, image.Zeros.Address]),
        TypeKind.Addr => Plain([image.Pairs.Address, 0, Bad, ulong.MaxValue, image.Pairs.End, Kernel, 0x7fff_ffff, 0xdead_beef_cafe_babe]),
        TypeKind.Path => Texts(),
        TypeKind.Str => Texts(),
        TypeKind.StrV or TypeKind.EnvP => Plain([image.Strings.Address, image.Zeros.Address, image.Strings.Address + (ulong)(4 * _word), image.Strings.End - (ulong)_word,
            image.Strings.End - (ulong)(3 * _word), image.Strings.End - 1, image.Ones.Address, .. Bads()]),
        TypeKind.Ptr => Pointed(new TypeNode(node.A)),
        TypeKind.SigSet => [.. Memories([1, 0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0, 0, 0]), .. Pages(8)],
        TypeKind.Iovec or TypeKind.Msghdr or TypeKind.Mmsghdr => [new(image.Pairs.Address), new(image.Pairs.End - (ulong)(2 * _word)), .. Pages(8 * _word)],
        TypeKind.FdSet => [.. Memories(), .. Pages(128)],
        TypeKind.Custom => [new(image.Pairs.Address), .. Pages(64)],
        TypeKind.SockAddr => [.. Memories([.. Addresses()]), .. Pages(16)],
        TypeKind.Buf => [new(image.Text.Address), new(image.String(Image.Hostile)), new(image.String(Image.Longer)), .. Pages(8)],
        TypeKind.None or TypeKind.Pad or TypeKind.Hidden => Plain([0]),
        TypeKind.Variant => [new(image.Pairs.Address), .. Plain(s_numbers), .. Pages(16)],
        _ => Plain(s_numbers),
    };

    /// <summary>The names' values one by one, all at once, what has no name, and more bits than it has.</summary>
    private List<ulong> Named(int xlat)
    {
        var names = new XlatRow(xlat, table);
        var values = new List<ulong>();
        ulong all = 0;
        for (int i = 0; i < names.Count; i++)
        {
            values.Add(names.Value(i));
            all |= names.Value(i);
        }
        if (values.Count == 0)
            values.Add(0);
        ulong unknown = names.Flags ? ~all & (all + 1) : 0;
        if (names.Flags)
            values.AddRange([all, ~all, unknown, values[0] | unknown, 0xffff_ffff & ~all, all | 1UL << 31, all | 1UL << 63]);
        else
            values.AddRange([all + 1, all | 0x8000_0000, values[0] | 1UL << 31, values[0] | 1UL << 32, 0x7fff_ffff]);
        values.AddRange([0, ulong.MaxValue, 0xffff_ffff]);
        return [.. values.Distinct()];
    }

    private IEnumerable<Value> Texts() => Plain(
        [image.String(Image.AFile), image.String(Image.NoFile), image.String(Image.Empty), image.String(Image.Hostile), image.String(Image.Relative), image.String(Image.Directory),
            image.String(Image.AtTheLimit), image.String(Image.Longer), image.Long.Address, image.Unended.End - 5, image.Unended.End - 40, image.Unended.Address, image.Text.End - 1, .. Bads()]);

    private ulong[] Bads() => _word == 8 ? [0, Bad, ulong.MaxValue, image.Pairs.End, Kernel] : [0, Bad, uint.MaxValue, image.Pairs.End, 0xc000_0000];

    // Structures: each member by its own kinds; then whatever bytes, and the edges of a page.
    private IEnumerable<Value> Pointed(TypeNode element)
    {
        int size = Math.Max(1, TypeSizes.Of(element, table));
        var values = new List<Value> { new(image.Poke.Address, new byte[Math.Min(size, Image.Page)]) };
        if (element.Kind == TypeKind.Struct)
        {
            foreach (byte[] bytes in Structures(element.A, 0))
                values.Add(new(image.Poke.Address, bytes));
        }
        else
        {
            foreach (Value value in Of(element))
                values.Add(new(image.Poke.Address, BitConverter.GetBytes(value.Bits)));
        }
        values.AddRange(Pages(size));
        return values;
    }

    /// <summary>A structure with all members but one as they are first, for each member and each of its values.</summary>
    private List<byte[]> Structures(int id, int depth)
    {
        var row = new StructRow(id, table);
        byte[] first = new byte[Math.Clamp(row.Size, 1, Image.Page)];
        var all = new List<byte[]>();
        for (int i = 0; i < row.FieldCount; i++)
        {
            FieldRow field = row.Field(i);
            if (field.Size is 1 or 2 or 4 or 8 && field.Offset + field.Size <= first.Length)
                Put(first, field, Default(field));
        }
        all.Add([.. first]);
        for (int i = 0; i < row.FieldCount; i++)
        {
            FieldRow field = row.Field(i);
            var type = new TypeNode(field.Type);
            if (type.Kind == TypeKind.Struct)
            {
                if (depth > 2)
                    continue;
                foreach (byte[] inner in Structures(type.A, depth + 1))
                {
                    if (field.Offset + inner.Length > first.Length)
                        continue;
                    byte[] bytes = [.. first];
                    inner.CopyTo(bytes, field.Offset);
                    all.Add(bytes);
                }
                continue;
            }
            if (field.Offset + field.Size > first.Length || field.Size is not (1 or 2 or 4 or 8))
                continue;
            foreach (ulong value in Of(type).Select(value => value.Bits).Distinct())
            {
                byte[] bytes = [.. first];
                Put(bytes, field, value);
                all.Add(bytes);
            }
        }
        return all;
    }

    private ulong Default(FieldRow field)
    {
        var type = new TypeNode(field.Type);
        return type.Kind is TypeKind.Enum or TypeKind.Flags && new XlatRow(type.A, table) is { Count: > 0 } names ? names.Value(0) : type.Kind == TypeKind.Addr ? image.Pairs.Address : 1;
    }

    private static void Put(byte[] bytes, FieldRow field, ulong value) => BitConverter.GetBytes(value).AsSpan(0, field.Size).CopyTo(bytes.AsSpan(field.Offset));

    /// <summary>Pointers to anything of a size: whatever bytes, whole and cut by a page's end, and nothing.</summary>
    private IEnumerable<Value> Pages(int size)
    {
        ulong length = (ulong)Math.Clamp(size, 1, Image.Page), half = length / 2;
        ulong[] places =
        [
            image.Pairs.Address, image.Zeros.Address, image.Ones.Address, image.Small.Address, image.Random.Address, image.ReadOnly.Address, image.Text.Address, image.Lengths.Address,
            image.Small.End - length, image.Small.End - length + 1, image.Small.End - half, image.Zeros.End - 1, .. Bads(),
        ];
        return Plain(places.Distinct());
    }

    private IEnumerable<Value> Memories(params byte[][] all) => all.Select(bytes => new Value(image.Poke.Address, bytes));

    /// <summary>Addresses of the families that have one of their own.</summary>
    public static IEnumerable<byte[]> Addresses()
    {
        yield return [2, 0, 0x1f, 0x90, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        yield return [10, 0, 0x1f, 0x90, 0, 0, 0, 5, .. new byte[15], 1, 2, 0, 0, 0];
        yield return [1, 0, .. Encoding.ASCII.GetBytes("/run/none"), .. new byte[99]];
        yield return [1, 0, 0, .. Encoding.ASCII.GetBytes("abstract")];
        yield return [1, 0];
        yield return [16, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0];
        yield return [17, 0, 8, 0, 1, 0, 0, 0, 1, 0, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0];
        yield return [40, 0, 0, 0, 8, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0];
        yield return [38, 0, .. Encoding.ASCII.GetBytes("hash"), .. new byte[14], .. Encoding.ASCII.GetBytes("sha256"), .. new byte[62]];
        yield return [31, 0, 3, 0, 1, 2, 3, 4, 5, 6, 0, 0, 0, 0];
        yield return [44, 0, 1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0];
        yield return [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14];
        yield return [255, 255, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14];
        yield return [29, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        yield return [4, 0, 1, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6, 7, 0];
        yield return [3, 0, 0x9c, 0x98, 0x96, 0x9a, 0x40, 0x40, 2, 0, 0, 0, 0, 0, 0, 0];
        yield return [9, 0, 0x9c, 0x98, 0x96, 0x9a, 0x40, 0x40, 2, 0, 1, 2, 3, 4, 5, 6, 0, 0, 0, 0, 0, 0, 0, 0];
    }

    private static IEnumerable<Value> Plain(IEnumerable<ulong> values) => values.Select(value => new Value(value));
}
