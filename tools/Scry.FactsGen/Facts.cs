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

internal sealed record Field(string Name, string CType, int Array, int Size, bool Signed, int Offset, int Type, int Struct, string Print);

internal sealed record Shown(int Field, bool Abbreviated, bool Bare, bool Written, bool Replaced, int ConditionField, ulong Mask, int Op, ulong Value);

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

/// <summary>What a value of one argument, or of two, changes; of which tables it is that value, by their bits.</summary>
internal sealed record Variant(int Syscall, int Tables, int Register1, int Register2, ulong Key, bool Any, List<Override> Overrides, int Shown, int Result);

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
        foreach (string path in Files(folder, "xlat", "*.txt"))
            facts.ReadXlat(path);
        facts.ReadStructs(Files(folder, "structs", "*.tbl").SelectMany(Line.Read));
        facts.ReadSyscalls(Path.Combine(folder, "syscalls.tbl"));
        foreach (string path in Files(folder, "variants", "*.tbl"))
            facts.ReadVariants(path);
        return facts;
    }

    private static IEnumerable<string> Files(string folder, string below, string pattern) =>
        Directory.GetFiles(Path.Combine(folder, below), pattern).Order(StringComparer.Ordinal);

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
                syscall.Result = ParseType(line, words[++i], registers);
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
}
