using Scry.Syscalls;

namespace Scry.FactsGen;

internal sealed partial class Facts
{
    private void ReadVariants(string path)
    {
        foreach (Line line in Line.Read(path))
        {
            string[] w = line.Words;
            bool any = false;
            foreach (Syscall syscall in Syscalls.Where(s => s.Name == w[0]))
            {
                any = true;
                ReadVariant(line, syscall, w);
            }
            if (!any)
                throw line.Error($"'{w[0]}' is no syscall");
            if (Variants.Where(v => !v.Any).GroupBy(v => (v.Syscall, v.Register2, v.Key)).FirstOrDefault(g => g.Any(v => g.Any(o => o != v && (o.Tables & v.Tables) != 0))) is not null)
                throw line.Error($"'{w[2]}' has a line already");
        }
        Variants.Sort((x, y) => (x.Syscall, x.Register2, x.Any ? ulong.MaxValue : x.Key).CompareTo((y.Syscall, y.Register2, y.Any ? ulong.MaxValue : y.Key)));
    }

    private void ReadVariant(Line line, Syscall syscall, string[] w)
    {
        Dictionary<string, int> registers = syscall.Arguments.ToDictionary(a => a.Name, a => a.Register);
        string[] selectors = w[1].Split(',');
        int[] by = [.. selectors.Select(s => syscall.Arguments.FindIndex(a => a.Name == s))];
        if (by.Contains(-1))
            throw line.Error($"'{w[1]}' is no argument of {w[0]}");
        var overrides = new List<Override>();
        int result = -1, shown = syscall.Arguments.Count, last = by.Max();
        for (int i = 3; i < w.Length; i++)
        {
            if (w[i] == "->")
            {
                result = ParseType(line, w[++i], registers, isResult: true);
            }
            else if (w[i] == ".")
            {
                shown = CutAfter(syscall, last);
            }
            else
            {
                int colon = w[i].IndexOf(':');
                int argument = colon > 0 ? syscall.Arguments.FindIndex(a => a.Name == w[i][..colon]) : -1;
                if (argument < 0)
                    throw line.Error($"'{w[i]}' is no argument of {w[0]}");
                last = Math.Max(last, argument);
                (string type, int register, ulong mask, int op) = SplitCondition(line, w[i][(colon + 1)..], registers);
                overrides.Add(new Override(argument, ParseType(line, type, registers), register, mask, op));
            }
        }
        bool any = w[2] == "*";
        int second = by.Length > 1 ? syscall.Arguments[by[1]].Register : -1;
        foreach ((ulong key, int tables) in any ? new() { [0] = AllTables } : Keys(line, syscall, by, w[2]))
            Variants.Add(new Variant(Syscalls.IndexOf(syscall), tables, syscall.Arguments[by[0]].Register, second, key, any, overrides, shown, result));
    }

    // What is left out behind argument `last`: from the first that only a variant gives a type; all where none is such.
    private int CutAfter(Syscall syscall, int last)
    {
        int first = syscall.Arguments.FindIndex(last + 1, a => Types[a.Type][0] == (int)TypeKind.Variant);
        return first >= 0 ? first : last + 1;
    }

    private const int AllTables = (1 << AbiTable.Count) - 1;

    // What the names stand for: the tables of each value, of those that have the call.
    private Dictionary<ulong, int> Keys(Line line, Syscall syscall, int[] by, string words)
    {
        string[] values = by.Length == 1 ? [words] : words.Split(',');
        var keys = new Dictionary<ulong, int>();
        for (int table = 0; table < AbiTable.Count; table++)
        {
            ulong? key = 0;
            for (int i = 0; i < values.Length; i++)
                key = key << 32 | VariantValue(line, syscall, by[i], values[i], table) & uint.MaxValue;
            if (key is { } found && syscall.Numbers[table] >= 0)
                keys[found] = keys.GetValueOrDefault(found) | 1 << table;
        }
        return keys.Count > 0 ? keys : throw line.Error($"no ABI that has {syscall.Name} knows '{words}'");
    }

    // Null: the name is not the table's.
    private ulong? VariantValue(Line line, Syscall syscall, int argument, string word, int table)
    {
        int[] type = Types[syscall.Arguments[argument].Type];
        Xlat? names = (TypeKind)type[0] is TypeKind.Enum or TypeKind.Flags ? Xlats[type[1]] : (TypeKind)type[0] == TypeKind.Ioctl ? Xlats[XlatId(line, "ioctl")] : null;
        bool IsNamed(XlatEntry entry) => entry.Name == word || entry.Name.Contains(" or ", StringComparison.Ordinal) && entry.Name.Split(" or ").Contains(word);
        if (names is null || !names.Tables.Any(entries => entries.Exists(IsNamed)))
            return Value(line, word);
        return names.Tables[table].Find(IsNamed)?.Value;
    }
}
