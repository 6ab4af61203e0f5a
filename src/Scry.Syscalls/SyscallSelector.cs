using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using Scry.Wire;

namespace Scry.Syscalls;

/// <summary>An expression of <c>-e</c> that selects nothing that there is.</summary>
public sealed class SelectionException(string message, string hint) : Exception(message)
{
    /// <summary>What to do about it.</summary>
    public string Hint => hint;
}

/// <summary>
/// A set of syscalls, chosen as strace's -e trace= does: names, <c>%class</c>, <c>/regex</c>, <c>all</c>, <c>none</c>,
/// numbers, lists of them, a leading <c>!</c> for all others, <c>?</c> before what may be unknown, <c>@64</c> or <c>@32</c> behind.
/// </summary>
public sealed class SyscallSelector
{
    // Old names of classes, without the sign (strace(1)).
    private static readonly string[] s_bareClasses = ["file", "process", "network", "signal", "ipc", "desc", "memory"];

    private readonly bool[,] _chosen = new bool[AbiTable.Count, SyscallRow.Count];
    // What is asked for must be in one of these.
    private int[] _tables = [];

    /// <summary>Whether numbers that the facts do not know are selected.</summary>
    public bool IncludesUnknown { get; private set; }

    /// <summary>Whether calls of this number are selected; x32's are those of the 64-bit table.</summary>
    public bool Includes(Abi abi, uint nr)
    {
        int table = SyscallRow.TableOf(abi);
        int row = SyscallRow.Find(abi, nr);
        return row >= 0 ? _chosen[table, row] : IncludesUnknown;
    }

    internal bool Includes(int table, int row) => _chosen[table, row];

    /// <summary>Parses expressions; each replaces nothing of the one before: the sets are joined.</summary>
    /// <param name="expressions">The expressions; all calls when there are none.</param>
    /// <param name="machine">Which machine must have them; this one when missing.</param>
    /// <exception cref="SelectionException">A name, class or pattern matches nothing that the machine has.</exception>
    public static SyscallSelector Parse(IReadOnlyList<string> expressions, Architecture? machine = null) =>
        Parse(expressions, [AbiTable.Of(machine, 0), AbiTable.Of(machine, 1)]);

    /// <summary>Parses expressions for calls of any machine: those of a recording.</summary>
    /// <param name="expressions">As of <see cref="Parse(IReadOnlyList{string}, Architecture?)"/>.</param>
    /// <exception cref="SelectionException">A name, class or pattern matches nothing.</exception>
    public static SyscallSelector ParseForAll(IReadOnlyList<string> expressions) =>
        Parse(expressions, [.. Enumerable.Range(0, AbiTable.Count)]);

    private static SyscallSelector Parse(IReadOnlyList<string> expressions, int[] tables)
    {
        var selector = new SyscallSelector { _tables = tables };
        if (expressions.Count == 0)
            selector.Add("all");
        foreach (string expression in expressions)
            selector.Add(expression);
        return selector;
    }

    private void Add(string expression)
    {
        string text = expression.StartsWith("trace=", StringComparison.Ordinal) ? expression[6..] : expression;
        bool inverted = text.StartsWith('!');
        if (inverted)
            text = text[1..];
        var chosen = new bool[AbiTable.Count, SyscallRow.Count];
        bool unknown = false;
        foreach (string word in text.Split(','))
        {
            if (word.Length == 0)
                throw new SelectionException($"'{expression}' has an empty name", "separate syscalls by single commas");
            unknown |= word is "all";
            Choose(chosen, word);
        }
        for (int table = 0; table < AbiTable.Count; table++)
        {
            for (int row = 0; row < SyscallRow.Count; row++)
                _chosen[table, row] |= chosen[table, row] != inverted;
        }
        IncludesUnknown |= unknown != inverted;
    }

    private void Choose(bool[,] chosen, string word)
    {
        bool optional = word.StartsWith('?');
        string name = optional ? word[1..] : word;
        int[] tables = [.. Enumerable.Range(0, AbiTable.Count)];
        if (name.EndsWith("@64", StringComparison.Ordinal))
            (name, tables) = (name[..^3], [.. tables.Where(table => !AbiTable.Is32Bit(table))]);
        else if (name.EndsWith("@32", StringComparison.Ordinal))
            (name, tables) = (name[..^3], [.. tables.Where(AbiTable.Is32Bit)]);
        if (name == "none")
            return;
        bool any = false;
        int classes = Class(name);
        Regex? pattern = name.StartsWith('/') ? Pattern(name[1..], word) : null;
        byte[] wanted = Encoding.UTF8.GetBytes(name);
        bool numbered = uint.TryParse(name, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out uint number);
        for (int id = 0; id < SyscallRow.Count; id++)
        {
            var row = new SyscallRow(id);
            bool match = name == "all" || (classes != 0 ? (row.Classes & classes) != 0
                : pattern is not null ? pattern.IsMatch(Encoding.UTF8.GetString(row.Name))
                : row.Name.SequenceEqual(wanted));
            int self = id;
            foreach (int table in match ? tables : numbered ? tables.Where(table => SyscallRow.Find(table, number) == self) : [])
            {
                any |= row.Number(table) >= 0 && _tables.Contains(table);
                chosen[table, id] |= row.Number(table) >= 0;
            }
        }
        if (!any && !optional)
            throw Unknown(name);
    }

    private static Regex Pattern(string text, string word)
    {
        try
        {
            return new Regex(text, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            throw new SelectionException($"'{word}' is no regular expression", "see the syntax of regular expressions in regex(7)");
        }
    }

    // The bits of a class; 0 when the name is none's.
    private static int Class(string name)
    {
        string plain = name.StartsWith('%') ? name[1..] : s_bareClasses.Contains(name) ? name : "";
        // strace's abbreviations and aliases.
        plain = plain switch { "net" => "network", "credentials" => "creds", "%stat" => "stat_like", "%statfs" => "statfs_like", _ => plain };
        for (int i = 0; i < SyscallTable.Classes.Length; i++)
        {
            if (plain.Length > 0 && Encoding.UTF8.GetString(Table.Text(SyscallTable.Classes[i])) == plain)
                return 1 << i;
        }
        return 0;
    }

    private SelectionException Unknown(string name)
    {
        if (name.StartsWith('%'))
        {
            string classes = string.Join(", ", Enumerable.Range(0, SyscallTable.Classes.Length).Select(i => "%" + Encoding.UTF8.GetString(Table.Text(SyscallTable.Classes[i]))));
            return new SelectionException($"there is no class of syscalls '{name}'", "there are " + classes);
        }
        var near = new List<(int Distance, string Name)>();
        for (int id = 0; id < SyscallRow.Count; id++)
        {
            var row = new SyscallRow(id);
            string known = Encoding.UTF8.GetString(row.Name);
            foreach (int table in _tables)
            {
                if (row.Number(table) >= 0)
                    near.Add((Distance(name, known), known));
            }
        }
        string[] nearest = [.. near.Where(n => n.Distance <= Math.Max(1, name.Length / 3)).OrderBy(n => n.Distance).Select(n => n.Name).Distinct().Take(3)];
        return new SelectionException($"there is no syscall '{name}'",
            nearest.Length > 0 ? "did you mean " + string.Join(" or ", nearest) + "?" : $"write ?{name} to select it only where it exists");
    }

    // Levenshtein's.
    private static int Distance(string a, string b)
    {
        int[] row = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int above = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }
        return row[b.Length];
    }
}
