using System.Globalization;
using System.Text.RegularExpressions;

namespace Scry.Stacks;

/// <summary>Names of functions as people write them, from what JIT compilers call them. What is not understood stays as it is.</summary>
internal static partial class FunctionNames
{
    private static readonly string[] NodeKinds = ["JS:", "LazyCompile:", "Function:", "Script:", "Eval:", "Callback:"];

    /// <summary>A name of a perf map.</summary>
    /// <returns>The function; the file and line where the name has them.</returns>
    public static (string Name, string? File, int Line) OfJit(string name)
    {
        foreach (string kind in NodeKinds)
        {
            if (name.StartsWith(kind, StringComparison.Ordinal))
                return OfNode(name[kind.Length..]);
        }
        return (OfDotnet(name), null, 0);
    }

    /// <summary>
    /// A symbol of a file: those of NativeAOT are an assembly, a namespace, a type, <c>__</c> and a method, with dots written as underscores.
    /// That it is one is certain where its source is C#, its assembly is the core library, or the namespace begins as its assembly is called;
    /// such a name is written with dots, also where a type has an underscore of its own.
    /// </summary>
    /// <param name="name">The symbol.</param>
    /// <param name="source">The file that it was made of; null when it is not known.</param>
    /// <param name="module">The path of the program, which is called as its assembly.</param>
    public static string OfSymbol(string name, string? source = null, string module = "")
    {
        const string core = "S_P_CoreLib_", noType = "_Module___";
        bool isCSharp = source?.EndsWith(".cs", StringComparison.Ordinal) == true;
        if (!name.Contains("__", StringComparison.Ordinal) || !(isCSharp || name.StartsWith(core, StringComparison.Ordinal) || Assembly().IsMatch(name)))
            return name;
        string own = Path.GetFileName(module).Replace('.', '_').Replace('-', '_') + '_';
        if (isCSharp && own.Length > 1)
            name = name.Replace(own, "", StringComparison.Ordinal).Replace(noType, "Module__", StringComparison.Ordinal);
        name = Assembly().Replace(name.Replace(core, "", StringComparison.Ordinal), "$1_");
        name = name.Replace("System___Canon", "T", StringComparison.Ordinal);
        var text = new System.Text.StringBuilder(name.Length);
        int depth = 0;
        for (int i = 0; i < name.Length; i++)
        {
            bool isDouble = name[i] == '_' && i + 1 < name.Length && name[i + 1] == '_';
            depth += name[i] == '<' ? 1 : name[i] == '>' ? -1 : 0;
            if (name[i] != '_' || i == 0 || name[i - 1] is '<' or '>' && !isDouble)
                text.Append(name[i]);
            else if (isDouble)
                text.Append(depth > 0 ? ", " : ".");
            else if (!IsArity(name, i, out int end))
                text.Append('.');
            else
                i = end - 1;
            i += isDouble ? 1 : 0;
        }
        return text.ToString();
    }

    // "_1" of "List_1<Int32>".
    private static bool IsArity(string name, int at, out int end)
    {
        for (end = at + 1; end < name.Length && char.IsAsciiDigit(name[end]);)
            end++;
        return end > at + 1 && (end == name.Length || name[end] is '<' or '_');
    }

    [GeneratedRegex(@"(?<![A-Za-z0-9_])([A-Z][A-Za-z0-9]*(?:_[A-Z][A-Za-z0-9]*)*)_\1_", RegexOptions.CultureInvariant)]
    private static partial Regex Assembly();

    // "void [System.Private.CoreLib] System.Threading.Thread::Sleep(int32)[Tier0]"
    private static string OfDotnet(string name)
    {
        int open = name.IndexOf(" [", StringComparison.Ordinal), close = name.IndexOf("] ", StringComparison.Ordinal);
        if (open < 0 || close < open || name.IndexOf("::", close, StringComparison.Ordinal) < 0)
            return name;
        string function = name[(close + 2)..];
        // What the compiler did with it.
        int tier = function.LastIndexOf('[');
        if (function.EndsWith(']') && tier > 0 && function[tier - 1] == ')')
            function = function[..tier];
        return function.Replace("::", ".", StringComparison.Ordinal).Replace("valuetype ", "", StringComparison.Ordinal).Replace("class ", "", StringComparison.Ordinal);
    }

    // "~name /path/file.js:10:5", "*name file:///path:1:1", "^ /path:1:1"
    private static (string Name, string? File, int Line) OfNode(string text)
    {
        text = text.TrimStart('~', '*', '^', '+', '\'');
        int column = text.LastIndexOf(':'), line = column < 0 ? -1 : text.LastIndexOf(':', column - 1);
        int blank = text.IndexOf(' ');
        if (blank < 0 || line <= blank || !int.TryParse(text.AsSpan(line + 1, column - line - 1), NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            return (text, null, 0);
        string function = text[..blank], file = text[(blank + 1)..line];
        return (function.Length == 0 ? "(anonymous)" : function, file.Length == 0 ? null : file, number);
    }
}
