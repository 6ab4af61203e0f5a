using System.Text;
using Scry.Syscalls;

namespace Scry.FactsGen;

/// <summary>Writes the tables as constant data: nothing is built or allocated when the program starts.</summary>
internal sealed class Emitter
{
    private readonly StringBuilder _text = new();
    private readonly Dictionary<string, int> _texts = [];

    public static IEnumerable<(string Name, string Text)> Emit(Facts facts)
    {
        var emitter = new Emitter();
        string xlats = emitter.Xlats(facts), structs = emitter.Structs(facts), syscalls = emitter.Syscalls(facts), variants = Variants(facts);
        yield return ("XlatTable.g.cs", xlats);
        yield return ("StructTable.g.cs", structs);
        yield return ("SyscallTable.g.cs", syscalls);
        yield return ("VariantTable.g.cs", variants);
        yield return ("TypeTable.g.cs", Class("TypeTable", Ints("Nodes", facts.Types.SelectMany(t => t), 5)));
        yield return ("TextTable.g.cs", emitter.Texts());
    }

    // A text is offset << 8 | length in one long constant.
    private int Text(string text)
    {
        if (text.Length > 255)
            throw new FactException($"a text of {text.Length} characters: {text}");
        if (!_texts.TryGetValue(text, out int id))
        {
            _texts[text] = id = _text.Length << 8 | text.Length;
            _text.Append(text);
        }
        return id;
    }

    private string Texts()
    {
        var lines = new StringBuilder("    public static ReadOnlySpan<byte> Bytes =>\n");
        for (int i = 0; i < _text.Length; i += 120)
        {
            string part = _text.ToString(i, Math.Min(120, _text.Length - i)).Replace("\\", "\\\\").Replace("\"", "\\\"");
            lines.Append($"        {(i > 0 ? "+ " : "")}\"{part}\"u8\n");
        }
        return Class("TextTable", lines.ToString().TrimEnd() + ";\n");
    }

    // Numbers of a head before those of each table.
    private const int XlatFixed = 9;

    private string Xlats(Facts facts)
    {
        var heads = new List<int>();
        var values = new List<ulong>();
        var masks = new List<ulong>();
        var names = new List<int>();
        var texts = new List<int>();
        foreach (Xlat xlat in facts.Xlats)
        {
            List<int> head = [Text(xlat.Name), xlat.Flags ? 1 : 0, Text(xlat.Prefix), Text(xlat.Zero), Text(xlat.ShiftName), xlat.ShiftBits, (int)xlat.ShiftMask, (int)xlat.OctalMask, (int)xlat.DecimalMask];
            for (int table = 0; table < AbiTable.Count; table++)
            {
                List<XlatEntry> entries = xlat.Tables[table];
                int same = Array.FindIndex(xlat.Tables, 0, table, other => other.SequenceEqual(entries));
                head.AddRange(same >= 0 ? head.GetRange(XlatFixed + 2 * same, 2) : [values.Count, entries.Count]);
                foreach (XlatEntry entry in same >= 0 ? [] : entries)
                {
                    values.Add(entry.Value);
                    masks.Add(entry.Mask);
                    names.Add(Text(entry.Name));
                    texts.Add(Text(entry.Text));
                }
            }
            heads.AddRange(head);
        }
        string ids = string.Concat(facts.Xlats.Select((x, i) => $"    public const int {Pascal(x.Name)} = {i};\n"));
        return Class("XlatTable", ids + Ints("Heads", heads, XlatFixed + 2 * AbiTable.Count) + Longs("Values", values) + Longs("Masks", masks) + Ints("Names", names, 12) + Ints("Texts", texts, 12));
    }

    private const int FieldLength = 10;

    // First field, count, bytes. A layout that stands there already is not written again.
    private List<int> Fields(Layout layout, List<int> shown, List<ulong> values)
    {
        var fields = new List<int>();
        var conditions = new List<ulong>();
        foreach (Shown s in layout.Shown)
        {
            Field field = layout.Fields[s.Field];
            Field? by = s.ConditionField >= 0 ? layout.Fields[s.ConditionField] : null;
            fields.AddRange([Text(field.Name), field.Offset, field.Type, field.Size, field.Signed ? 1 : 0, field.Array, (s.Abbreviated ? 1 : 0) | (s.Bare ? 2 : 0) | (s.Written ? 4 : 0) | (s.Replaced ? 8 : 0), s.Op, by?.Offset ?? 0, by?.Size ?? 0]);
            conditions.AddRange([s.Mask, s.Value]);
        }
        int first = 0, end = shown.Count / FieldLength;
        while (first < end && !(shown.Skip(first * FieldLength).Take(fields.Count).SequenceEqual(fields) && values.Skip(first * 2).Take(conditions.Count).SequenceEqual(conditions)))
            first++;
        if (first == end)
        {
            shown.AddRange(fields);
            values.AddRange(conditions);
        }
        return [first, layout.Shown.Count, layout.Size];
    }

    private string Structs(Facts facts)
    {
        var heads = new List<int>();
        var shown = new List<int>();
        var values = new List<ulong>();
        for (int id = 0; id < facts.Structs.Count; id++)
        {
            heads.AddRange([Text(facts.StructNames[id]), facts.Dated[id] ? 1 : 0]);
            foreach (Layout? layout in facts.Structs[id])
                heads.AddRange(Fields(layout!, shown, values));
        }
        string ids = string.Concat(facts.StructNames.Select((n, i) => $"    public const int {Pascal(n)} = {i};\n"));
        return Class("StructTable", ids + Ints("Heads", heads, 2 + 3 * AbiTable.Count) + Ints("Fields", shown, FieldLength) + Longs("Conditions", values));
    }

    private string Syscalls(Facts facts)
    {
        var heads = new List<int>();
        var arguments = new List<int>();
        int[] index = [.. Enumerable.Repeat(-1, AbiTable.Count * AbiTable.Places)];
        for (int id = 0; id < facts.Syscalls.Count; id++)
        {
            Syscall s = facts.Syscalls[id];
            for (int table = 0; table < AbiTable.Count; table++)
            {
                if (s.Numbers[table] >= 0)
                    index[table * AbiTable.Places + AbiTable.Place(table, (uint)s.Numbers[table])] = id;
            }
            List<Variant> variants = facts.Variants.FindAll(v => v.Syscall == id);
            int first = variants.Count > 0 ? facts.Variants.IndexOf(variants[0]) : 0;
            int classes = s.Classes.Aggregate(0, (bits, name) => bits | 1 << facts.Classes.IndexOf(name));
            heads.AddRange([Text(s.Name), .. s.Numbers, s.Result, s.Registers, arguments.Count / 7, s.Arguments.Count, classes, first, variants.Count]);
            foreach (Argument a in s.Arguments)
                arguments.AddRange([Text(a.Name), a.Register, a.Type, a.Named ? 1 : 0, a.ConditionRegister, (int)a.ConditionMask, a.ConditionOp]);
        }
        return Class("SyscallTable",
            Ints("Index", index, 16) + Ints("Heads", heads, 8 + AbiTable.Count) + Ints("Arguments", arguments, 7)
            + Ints("Classes", facts.Classes.Select(Text), 12));
    }

    private static string Variants(Facts facts)
    {
        var heads = new List<int>();
        var keys = new List<ulong>();
        var overrides = new List<int>();
        foreach (Variant v in facts.Variants)
        {
            heads.AddRange([v.Register1, v.Register2, v.Any ? 1 : 0, overrides.Count / 5, v.Overrides.Count, v.Shown, v.Result, v.Tables]);
            keys.Add(v.Key);
            foreach (Override o in v.Overrides)
                overrides.AddRange([o.Argument, o.Type, o.ConditionRegister, (int)o.ConditionMask, o.ConditionOp]);
        }
        return Class("VariantTable", Ints("Heads", heads, 8) + Longs("Keys", keys) + Ints("Overrides", overrides, 5));
    }

    private static string Class(string name, string body) =>
        $"// Made by tools/Scry.FactsGen from facts/. Do not edit.\nnamespace Scry.Syscalls;\n\ninternal static class {name}\n{{\n{body}}}\n";

    private static string Ints(string name, IEnumerable<int> values, int perLine) => Span("int", name, values.Select(v => v.ToString()), perLine);

    private static string Longs(string name, IEnumerable<ulong> values) => Span("ulong", name, values.Select(v => v > 9 ? $"0x{v:x}" : v.ToString()), 12);

    private static string Span(string type, string name, IEnumerable<string> values, int perLine) =>
        $"    public static ReadOnlySpan<{type}> {name} =>\n    [\n" + string.Concat(values.Chunk(perLine).Select(row => "        " + string.Join(", ", row) + ",\n")) + "    ];\n";

    private static string Pascal(string name) => string.Concat(name.Split('_', StringSplitOptions.RemoveEmptyEntries).Select(part => char.ToUpperInvariant(part[0]) + part[1..]));
}
