using Scry.Syscalls;

namespace Scry.FactsGen;

/// <summary>One name of a value.</summary>
internal sealed record XlatEntry(string Name, ulong Value, ulong Mask, string Text);

/// <summary>A table of names.</summary>
internal sealed class Xlat(string name)
{
    public string Name => name;
    public bool Flags;
    public string Prefix = "", Zero = "", ShiftName = "";
    public int ShiftBits;
    public ulong ShiftMask, OctalMask, DecimalMask;
    /// <summary>By table.</summary>
    public List<XlatEntry>[] Tables = [];
    /// <summary>Those of x86-64, by whose names other tables say values.</summary>
    public List<XlatEntry> Entries => Tables[AbiTable.X86_64];
}

internal sealed record Field(string Name, string CType, int Array, int Size, bool Signed, int Offset, int Type, int Struct);

internal sealed record Shown(int Field, bool Abbreviated, bool Bare, int ConditionField, ulong Mask, int Op, ulong Value);

/// <summary>A structure on one ABI.</summary>
internal sealed class Layout
{
    public List<Field> Fields = [];
    public List<Shown> Shown = [];
    public int Size, Align = 1;
}

internal sealed record Argument(string Name, int Register, int Type, bool Named, int ConditionRegister, ulong ConditionMask, int ConditionOp);

internal sealed class Syscall
{
    public required string Name;
    public required Line Line;
    /// <summary>By table; -1 where it has none.</summary>
    public int[] Numbers = new int[AbiTable.Count];
    public int Result, Registers;
    public List<Argument> Arguments = [];
    public List<string> Classes = [];
}

internal sealed record Override(int Argument, int Type, int ConditionRegister, ulong ConditionMask, int ConditionOp);

internal sealed record Variant(int Syscall, int Register1, int Register2, ulong Key, bool Any, List<Override> Overrides, int Shown, int Result);

/// <summary>All tables, read and checked.</summary>
internal sealed partial class Facts
{
    public List<Xlat> Xlats = [];
    public List<string> StructNames = [];
    public List<Layout?[]> Structs = []; // by struct, then by table
    public List<bool> Dated = [];
    public List<int[]> Types = [];
    public List<Syscall> Syscalls = [];
    public List<Variant> Variants = [];
    public List<string> Classes = [];

    private readonly Dictionary<string, int> _xlatIds = [];
    private readonly Dictionary<string, int> _typeIds = [];

    public static Facts Read(string folder)
    {
        var facts = new Facts();
        foreach (string path in Directory.GetFiles(Path.Combine(folder, "xlat"), "*.txt").Order(StringComparer.Ordinal))
            facts.ReadXlat(path);
        facts.ReadStructs(Path.Combine(folder, "structs.tbl"));
        facts.ReadSyscalls(Path.Combine(folder, "syscalls.tbl"));
        facts.ReadVariants(Path.Combine(folder, "variants.tbl"));
        return facts;
    }

    public int XlatId(Line line, string name) =>
        _xlatIds.TryGetValue(name, out int id) ? id : throw line.Error($"there is no xlat/{name}.txt");

    public int TypeId(TypeKind kind, int a = 0, int b = 0, int c = 0, int d = 0)
    {
        string key = $"{kind},{a},{b},{c},{d}";
        if (!_typeIds.TryGetValue(key, out int id))
        {
            _typeIds[key] = id = Types.Count;
            Types.Add([(int)kind, a, b, c, d]);
        }
        return id;
    }

    private void ReadSyscalls(string path)
    {
        var taken = new HashSet<(int, int)>();
        foreach (Line line in Line.Read(path))
        {
            string[] w = line.Words;
            if (w.Length < 1 + AbiTable.Count)
                throw line.Error($"a syscall has a name and {AbiTable.Count} numbers");
            var syscall = new Syscall { Name = w[0], Line = line };
            for (int table = 0; table < AbiTable.Count; table++)
            {
                int nr = syscall.Numbers[table] = w[1 + table] == "-" ? -1 : (int)line.Number64(w[1 + table]);
                if (nr >= 0 && !taken.Add((table, nr)))
                    throw line.Error("its number is another syscall's");
                if (nr >= 0 && AbiTable.Place(table, (uint)nr) < 0)
                    throw line.Error($"there is no place for {nr}");
            }
            ReadArguments(line, syscall, [.. w.Skip(1 + AbiTable.Count)]);
            Syscalls.Add(syscall);
        }
    }

    private void ReadArguments(Line line, Syscall syscall, string[] words)
    {
        syscall.Result = TypeId(TypeKind.Int, 4, 1, 10);
        int register = 0;
        var registers = new Dictionary<string, int>();
        var parsed = new List<(string Name, int Register, string Type, bool Named)>();
        for (int i = 0; i < words.Length; i++)
        {
            if (words[i] == "->")
            {
                syscall.Result = ParseType(line, words[++i], registers, isResult: true);
                continue;
            }
            if (words[i][0] == '@')
            {
                syscall.Classes = [.. words[i][1..].Split(',')];
                continue;
            }
            int colon = words[i].IndexOf(':');
            if (colon < 0)
                throw line.Error($"'{words[i]}' is no argument (name:type)");
            string name = words[i][..colon], type = words[i][(colon + 1)..];
            bool named = name.StartsWith('=');
            name = name.TrimStart('=');
            int own = register;
            if (name.IndexOf('@') is var at and > 0)
            {
                own = int.Parse(name[(at + 1)..]);
                name = name[..at];
            }
            register = Math.Max(register, own + (type.StartsWith("split64") ? 2 : 1));
            registers[name] = own;
            parsed.Add((name, own, type, named));
        }
        if (register > 6)
            throw line.Error("more than 6 registers");
        syscall.Registers = register;
        foreach (var p in parsed)
        {
            (string type, int conditionRegister, ulong mask, int op) = SplitCondition(line, p.Type, registers);
            syscall.Arguments.Add(new Argument(p.Name, p.Register, ParseType(line, type, registers), p.Named, conditionRegister, mask, op));
        }
        foreach (string name in syscall.Classes)
        {
            if (!Classes.Contains(name))
                Classes.Add(name);
        }
    }

    // T?name, T?name&mask, T?name=value: op 1: some bit of the mask, 2: equal.
    private (string Type, int Register, ulong Mask, int Op) SplitCondition(Line line, string type, Dictionary<string, int> registers)
    {
        int question = type.IndexOf('?');
        if (question < 0)
            return (type, -1, 0, 0);
        string condition = type[(question + 1)..];
        int split = condition.IndexOfAny(['&', '=']);
        string name = split < 0 ? condition : condition[..split];
        if (!registers.TryGetValue(name, out int register))
            throw line.Error($"the condition's '{name}' is no argument");
        // Alone: the mode of an open, which counts with O_CREAT and __O_TMPFILE.
        ulong mask = split < 0 ? 0x40 | 0x400000 : condition[(split + 1)..].Split('|').Aggregate(0UL, (sum, word) => sum | Value(line, word));
        return (type[..question], register, mask, split >= 0 && condition[split] == '=' ? 2 : 1);
    }

    private ulong Value(Line line, string word)
    {
        if (char.IsDigit(word[0]))
            return line.Number64(word);
        foreach (Xlat xlat in Xlats)
        {
            if (xlat.Entries.Find(e => e.Name == word) is { } entry)
                return entry.Value;
        }
        throw line.Error($"no table knows '{word}'");
    }

    private void ReadVariants(string path)
    {
        foreach (Line line in Line.Read(path))
        {
            string[] w = line.Words;
            bool any = false;
            foreach (Syscall syscall in Syscalls.Where(s => s.Name == w[0]))
            {
                any = true;
                Variants.Add(ReadVariant(line, syscall, w));
            }
            if (!any)
                throw line.Error($"'{w[0]}' is no syscall");
        }
        Variants.Sort((x, y) => (x.Syscall, x.Register2, x.Any ? ulong.MaxValue : x.Key).CompareTo((y.Syscall, y.Register2, y.Any ? ulong.MaxValue : y.Key)));
    }

    private Variant ReadVariant(Line line, Syscall syscall, string[] w)
    {
        Dictionary<string, int> registers = syscall.Arguments.ToDictionary(a => a.Name, a => a.Register);
        string[] selectors = w[1].Split(',');
        int[] by = [.. selectors.Select(s => syscall.Arguments.FindIndex(a => a.Name == s))];
        if (by.Contains(-1))
            throw line.Error($"'{w[1]}' is no argument of {w[0]}");
        bool any = w[2] == "*";
        ulong key = 0;
        if (!any)
        {
            string[] values = by.Length == 1 ? [w[2]] : w[2].Split(',');
            for (int i = 0; i < values.Length; i++)
                key = i == 0 ? VariantValue(line, syscall, by[0], values[0]) & uint.MaxValue : key << 32 | VariantValue(line, syscall, by[1], values[1]) & uint.MaxValue;
        }
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
        return new Variant(Syscalls.IndexOf(syscall), syscall.Arguments[by[0]].Register, by.Length > 1 ? syscall.Arguments[by[1]].Register : -1, key, any, overrides, shown, result);
    }

    // What is left out behind argument `last`: from the first that only a variant gives a type; all where none is such.
    private int CutAfter(Syscall syscall, int last)
    {
        int first = syscall.Arguments.FindIndex(last + 1, a => Types[a.Type][0] == (int)TypeKind.Variant);
        return first >= 0 ? first : last + 1;
    }

    private ulong VariantValue(Line line, Syscall syscall, int argument, string word)
    {
        int[] type = Types[syscall.Arguments[argument].Type];
        if ((TypeKind)type[0] is TypeKind.Enum or TypeKind.Flags && Xlats[type[1]].Entries.Find(e => e.Name == word) is { } entry)
            return entry.Value;
        return Value(line, word);
    }
}
