using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using Xunit;

namespace Scry.Tests.Layout;

/// <summary>
/// Compiles every table of names against the headers that it names as its source. The installed headers may be older
/// than the tables: a name that they do not know is passed over, a value that differs is an error.
/// </summary>
public sealed partial class XlatTests
{
    /// <summary>Values that the installed headers (Debian 12: 6.1) confirm for each ABI; fewer means that the check has gone blind.</summary>
    private const int ConfirmedAtLeast = 3000;

    private const string Prelude = """
        #define _GNU_SOURCE
        #include <stdint.h>
        #include <time.h>
        #include <sys/types.h>
        #include <sys/socket.h>
        #include <linux/types.h>
        #include <linux/ioctl.h>

        """;

    private sealed record Entry(string Name, long Value, uint Mask);

    [Theory]
    [MemberData(nameof(Machine.Names), MemberType = typeof(Machine))]
    public async Task ValuesAreThoseOfTheHeaders(string name)
    {
        Machine machine = Machine.Of(name);
        await machine.MustCompile();
        string[] tables = Directory.GetFiles(Facts(), "*.txt");
        List<string> wrong = [];
        int confirmed = 0;
        await Parallel.ForEachAsync(tables, async (table, stop) =>
        {
            string[] lines = await File.ReadAllLinesAsync(table, stop);
            List<Entry> entries = Read(lines, name);
            HashSet<string> seen = [], differing = [];
            foreach (string header in Headers(lines))
            {
                (HashSet<string> known, HashSet<string> differ) = await Compare(header, entries, machine);
                seen.UnionWith(known);
                differing.UnionWith(differ);
            }

            lock (wrong)
            {
                confirmed += seen.Count;
                wrong.AddRange(differing.Select(name => $"{Path.GetFileName(table)}: {name}"));
            }
        });
        Assert.True(wrong.Count == 0, string.Join('\n', wrong.Order()));
        Assert.True(confirmed >= ConfirmedAtLeast, $"only {confirmed} values were confirmed");
    }

    private static string Facts([CallerFilePath] string file = "") =>
        Path.Combine(Path.GetDirectoryName(file)!, "../../src/Scry.Syscalls/facts/xlat");

    private static IEnumerable<string> Headers(string[] lines) => lines
        .TakeWhile(line => line.StartsWith('#'))
        .SelectMany(line => HeaderName().Matches(line))
        .Select(match => match.Groups[1].Value)
        .Distinct();

    /// <summary>The values of one ABI: what stands between <c>%abi</c> with its name and <c>%end</c> replaces the common value.</summary>
    private static List<Entry> Read(string[] lines, string abi)
    {
        Dictionary<string, Entry> common = [], own = [];
        uint mask = uint.MaxValue;
        string[]? only = null;
        foreach (string line in lines)
        {
            string[] word = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (word.Length == 0 || word[0][0] == '#')
            {
                continue;
            }

            switch (word[0])
            {
                case "%field": mask = (uint)Number(word[1]); break;
                case "%abi": only = word[1].Split(','); break;
                case "%end": (mask, only) = (uint.MaxValue, null); break;
                case { } directive when directive[0] == '%': break;
                case { } name when only is null || only.Contains(abi):
                    (only is null ? common : own)[name] = new Entry(name, Number(word[1]), mask);
                    break;
            }
        }

        return [.. own.Values, .. common.Values.Where(entry => !own.ContainsKey(entry.Name))];
    }

    private static long Number(string text) => text switch
    {
        _ when text.StartsWith("0x", StringComparison.Ordinal) => long.Parse(text.AsSpan(2), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
        _ when text.Length > 1 && text[0] == '0' => Convert.ToInt64(text, 8),
        _ => long.Parse(text, CultureInfo.InvariantCulture),
    };

    /// <summary>Which names a header knows, and which of them have another value there.</summary>
    private static async Task<(HashSet<string> Known, HashSet<string> Differing)> Compare(string header, List<Entry> entries, Machine machine)
    {
        string include = $"#define _GNU_SOURCE\n#if __has_include(<{header}>)\n#include <{header}>\n#endif\n";
        HashSet<string> words = [.. Word().Matches(await machine.Compile(include, "-E", "-dD")).Select(word => word.Value)];
        entries = [.. entries.Where(entry => Word().Matches(entry.Name).All(word => words.Contains(word.Value)))];
        if (entries.Count == 0)
        {
            return ([], []);
        }

        // Some headers need others first, some contradict them: alone, then what was not known with the prelude.
        HashSet<string> known = [], differing = [];
        foreach (string before in new[] { "", Prelude })
        {
            Entry[] left = [.. entries.Where(entry => !known.Contains(entry.Name))];
            if (left.Length == 0 || await machine.Assertions(before + include, [.. left.Select(Condition)]) is not var (holding, failing))
                continue;
            known.UnionWith(holding.Concat(failing).Select(place => left[place].Name));
            differing.UnionWith(failing.Select(place => left[place].Name));
        }

        return (known, differing);
    }

    private static string Condition(Entry entry)
    {
        string cast = entry.Value > uint.MaxValue ? "unsigned long long" : "unsigned";
        string mask = entry.Mask == uint.MaxValue ? "" : string.Create(CultureInfo.InvariantCulture, $" & {entry.Mask}u");
        return string.Create(CultureInfo.InvariantCulture, $"((({cast})({entry.Name}){mask}) == ({cast}){entry.Value}LL)");
    }

    [GeneratedRegex("<([a-z0-9_/.-]+\\.h)>")]
    private static partial Regex HeaderName();

    [GeneratedRegex("[A-Za-z_]\\w*")]
    private static partial Regex Word();
}
