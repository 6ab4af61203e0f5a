using System.Globalization;

namespace Scry.Stacks;

/// <summary>Names of functions as people write them, from what JIT compilers call them. What is not understood stays as it is.</summary>
internal static class FunctionNames
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
