using Scry.Syscalls;

namespace Scry.FactsGen;

/// <summary>One name of a value.</summary>
internal sealed record XlatEntry(string Name, ulong Value, ulong Mask, string Text);

/// <summary>A table of names.</summary>
internal sealed class Xlat(string name)
{
    public string Name => name;
    public bool Flags, Sorted;
    public string Prefix = "", Zero = "", ShiftName = "";
    public int ShiftBits;
    public ulong ShiftMask, OctalMask, DecimalMask;
    public List<XlatEntry> Entries = [], Ia32 = [];
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
    public int Nr64 = -1, Nr32 = -1, Result, Registers;
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
    public List<Layout?[]> Structs = []; // by struct: x86-64, ia32
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

    private void ReadXlat(string path)
    {
        var xlat = new Xlat(Path.GetFileNameWithoutExtension(path));
        ulong mask = 0;
        bool inField = false, ia32 = false;
        foreach (Line line in Line.Read(path))
        {
            string[] w = line.Words;
            switch (w[0])
            {
                case "%flags": xlat.Flags = true; break;
                case "%enum": break;
                case "%prefix": xlat.Prefix = w[1]; break;
                case "%zero": xlat.Zero = w[1]; break;
                case "%octal": xlat.OctalMask = line.Number64(w[1]); break;
                case "%decimal": xlat.DecimalMask = w.Length > 1 ? line.Number64(w[1]) : uint.MaxValue; break;
                case "%shift": (xlat.ShiftName, xlat.ShiftBits, xlat.ShiftMask) = (w[1], (int)line.Number64(w[2]), line.Number64(w[3])); break;
                case "%field": (inField, mask) = (true, line.Number64(w[1])); break;
                case "%abi": ia32 = true; break;
                case "%end": inField = ia32 = false; break;
                default:
                    if (w[0][0] == '%' || w.Length < 2)
                        throw line.Error($"'{w[0]}' is no directive, and no name with a value");
                    ulong value = line.Number64(w[1]);
                    string text = w.Length > 2 ? string.Join(' ', w[2..]).Trim('"') : "";
                    (ia32 ? xlat.Ia32 : xlat.Entries).Add(new XlatEntry(w[0], value, inField ? mask : value, text));
                    break;
            }
        }
        // Large enums are searched, not walked.
        xlat.Sorted = !xlat.Flags;
        if (xlat.Sorted)
        {
            xlat.Entries = [.. xlat.Entries.DistinctBy(e => e.Value).OrderBy(e => e.Value)];
            xlat.Ia32 = [.. xlat.Ia32.DistinctBy(e => e.Value).OrderBy(e => e.Value)];
        }
        _xlatIds[xlat.Name] = Xlats.Count;
        Xlats.Add(xlat);
    }

    private void ReadSyscalls(string path)
    {
        var taken = new HashSet<(int, int)>();
        foreach (Line line in Line.Read(path))
        {
            string[] w = line.Words;
            if (w.Length < 3)
                throw line.Error("a syscall has a name and two numbers");
            var syscall = new Syscall { Name = w[0], Line = line };
            syscall.Nr64 = w[1] == "-" ? -1 : (int)line.Number64(w[1]);
            syscall.Nr32 = w[2] == "-" ? -1 : (int)line.Number64(w[2]);
            if ((syscall.Nr64 >= 0 && !taken.Add((0, syscall.Nr64))) || (syscall.Nr32 >= 0 && !taken.Add((1, syscall.Nr32))))
                throw line.Error("its number is another syscall's");
            ReadArguments(line, syscall, [.. w.Skip(3)]);
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
