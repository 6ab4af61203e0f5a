using System.Text.RegularExpressions;
using Scry.Syscalls;

namespace Scry.FactsGen;

internal sealed partial class Facts
{
    // C types: bytes where C's long has 64 bits, bytes where it has 32, signed.
    private static readonly Dictionary<string, (int Size64, int Size32, bool Signed)> s_ctypes = new()
    {
        ["s8"] = (1, 1, true), ["u8"] = (1, 1, false), ["char"] = (1, 1, true), ["s16"] = (2, 2, true), ["u16"] = (2, 2, false), ["s32"] = (4, 4, true), ["u32"] = (4, 4, false),
        ["s64"] = (8, 8, true), ["u64"] = (8, 8, false), ["long"] = (8, 4, true), ["ulong"] = (8, 4, false), ["ptr"] = (8, 4, false),
    };

    // What is not laid out yet.
    private readonly Dictionary<(int Id, int Table), StructText> _texts = [];

    private sealed record StructText(bool Packed, bool Union, List<Line> Body);

    private void ReadStructs(IEnumerable<Line> lines)
    {
        List<Line>? body = null;
        foreach (Line line in lines)
        {
            string[] w = line.Words;
            if (line.Indented)
            {
                (body ?? throw line.Error("a field before the first struct")).Add(line);
                continue;
            }
            if (w[0] is not ("struct" or "union") || w.Length < 2)
                throw line.Error($"'{w[0]}' is no struct");
            bool only = w[1][0] == '@';
            string name = w[only ? 2 : 1];
            int[] tables = only ? TablesOf(line, w[1][1..]) : [.. Enumerable.Range(0, AbiTable.Count)];
            if (!StructNames.Contains(name))
            {
                StructNames.Add(name);
                Structs.Add(new Layout?[AbiTable.Count]);
                Dated.Add(w.Contains("dated"));
            }
            body = [];
            foreach (int table in tables)
                _texts[(StructNames.IndexOf(name), table)] = new StructText(w.Contains("packed"), w[0] == "union", body);
        }
        foreach (var (id, table) in _texts.Keys.ToArray())
            _ = LayoutOf(id, table);
        // What only some ABIs declare serves the others, should it be met there.
        foreach (Layout?[] layouts in Structs)
        {
            for (int table = 0; table < AbiTable.Count; table++)
                layouts[table] ??= Nearest(layouts, table);
        }
    }

    // In whatever order and file they are declared.
    private Layout? LayoutOf(int id, int table)
    {
        if (_texts.Remove((id, table), out StructText? text))
            Structs[id][table] = LayOut(text, table);
        return Structs[id][table];
    }

    // Of the same width, if there is one.
    private static Layout Nearest(Layout?[] layouts, int table) => layouts[(table + 2) % AbiTable.Count] ?? layouts.First(layout => layout is not null)!;

    private Layout LayOut(StructText text, int table)
    {
        var layout = new Layout();
        Line? show = null;
        foreach (Line line in text.Body)
        {
            if (line.Words[0] == "show")
                show = line;
            else
                AddField(layout, line, text, table);
        }
        // Once all members have a place: a pointer's count may stand behind it.
        for (int i = 0; i < layout.Fields.Count; i++)
        {
            if (layout.Fields[i].Type < 0)
                layout.Fields[i] = layout.Fields[i] with { Type = ParseType(text.Body.Where(line => line.Words[0] != "show").ElementAt(i), layout.Fields[i].Print, [], layout) };
        }
        layout.Size = text.Packed ? layout.Size : (layout.Size + layout.Align - 1) / layout.Align * layout.Align;
        if (show is null)
        {
            for (int i = 0; i < layout.Fields.Count; i++)
            {
                if ((TypeKind)Types[layout.Fields[i].Type][0] != TypeKind.Hidden)
                    layout.Shown.Add(new Shown(i, false, false, false, false, -1, 0, 0, 0));
            }
        }
        else
        {
            foreach (string word in show.Words.Skip(1))
                layout.Shown.Add(ParseShown(show, layout, word));
        }
        return layout;
    }

    private void AddField(Layout layout, Line line, StructText text, int table)
    {
        string[] w = line.Words;
        int at = w[0] == "struct" || w[0] == "union" ? 1 : 0;
        if (w.Length < at + 3)
            throw line.Error("a field has a C type, a name and a type");
        Match array = Regex.Match(w[at], @"^(\w+)\[(\w+)\]$");
        string ctype = array.Success ? array.Groups[1].Value : w[at];
        int count = array.Success ? (int)line.Number64(array.Groups[2].Value) : 0;
        int nested = -1, size, align;
        bool signed = false;
        if (at == 1)
        {
            nested = StructNames.IndexOf(ctype);
            Layout inner = (nested >= 0 ? LayoutOf(nested, table) : null) ?? throw line.Error($"struct {ctype} is not declared, or holds this one");
            (size, align) = (inner.Size, inner.Align);
        }
        else if (s_ctypes.TryGetValue(ctype, out var c))
        {
            size = AbiTable.Is32Bit(table) ? c.Size32 : c.Size64;
            align = table == AbiTable.Ia32 ? Math.Min(size, 4) : size;
            signed = c.Signed;
        }
        else
        {
            throw line.Error($"'{ctype}' is no C type");
        }
        if (text.Packed)
            align = 1;
        int offset = text.Union ? 0 : (layout.Size + align - 1) / align * align;
        layout.Align = Math.Max(layout.Align, align);
        int total = size * Math.Max(1, count);
        layout.Size = text.Union ? Math.Max(layout.Size, total) : offset + total;
        string print = w[at + 2] is "struct" or "union" ? w[at + 3] : w[at + 2];
        int type = print switch
        {
            "str" when ctype == "char" => TypeId(TypeKind.CharArray, total),
            "hexbytes" => TypeId(TypeKind.HexBytes, total),
            "hexarray" => TypeId(TypeKind.HexArray, size, Math.Max(1, count)),
            "ulongarray" => TypeId(TypeKind.DecArray, size, Math.Max(1, count)),
            _ => -1,
        };
        layout.Fields.Add(new Field(w[at + 1], ctype, count, size, signed, offset, type, nested, print));
    }

    // ~name: left out when abbreviating; *name: without its name; >name: the call writes it; ^name: it changes it, and text has
    // the value after; name?field&mask=value, !=, or &mask for some bit.
    private static Shown ParseShown(Line line, Layout layout, string word)
    {
        bool abbreviated = word[0] == '~', bare = word[0] == '*', written = word[0] == '>', replaced = word[0] == '^';
        word = word.TrimStart('~', '*', '>', '^');
        string[] sides = word.Split('?');
        int field = Find(sides[0]);
        if (sides.Length == 1)
            return new Shown(field, abbreviated, bare, written, replaced, -1, 0, 0, 0);
        Match m = Regex.Match(sides[1], @"^(\w+?)(?:&(\w+))?(?:(!?=)(\w+))?$");
        if (!m.Success)
            throw line.Error($"'{sides[1]}' is no condition");
        ulong mask = m.Groups[2].Success ? line.Number64(m.Groups[2].Value) : ulong.MaxValue;
        int op = !m.Groups[3].Success ? 1 : m.Groups[3].Value == "=" ? 2 : 3;
        return new Shown(field, abbreviated, bare, written, replaced, Find(m.Groups[1].Value), mask, op, m.Groups[4].Success ? line.Number64(m.Groups[4].Value) : 0);

        int Find(string name)
        {
            int index = layout.Fields.FindIndex(f => f.Name == name);
            return index >= 0 ? index : throw line.Error($"there is no field '{name}'");
        }
    }
}
