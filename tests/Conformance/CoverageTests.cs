using System.Text;
using System.Text.RegularExpressions;
using Scry.Syscalls;
using Scry.Tests.Conformance.Cases;
using Xunit;

namespace Scry.Tests.Conformance;

/// <summary>Every call of x86-64 and ia32 has a row, and every row cases.</summary>
public sealed partial class CoverageTests
{
    // Calls of the headers that are none.
    private static readonly string[] s_none = ["syscalls"];

    [Theory]
    [InlineData("x86-64", "unistd_64.h", 360)]
    [InlineData("ia32", "unistd_32.h", 430)]
    public void EveryCallOfTheHeadersHasARow(string abi, string header, int least)
    {
        string path = Directory.GetFiles("/usr/include", header, new EnumerationOptions { RecurseSubdirectories = true }).First(file => file.EndsWith("/asm/" + header, StringComparison.Ordinal));
        string[] names = [.. Macro().Matches(File.ReadAllText(path)).Select(match => match.Groups[1].Value).Except(s_none)];
        Assert.True(names.Length >= least, $"{path} has {names.Length} calls");
        Assert.Equal([], names.Except(Rows(abi)));
    }

    [Theory]
    [InlineData("x86-64")]
    [InlineData("ia32")]
    public void EveryRowHasCases(string abi)
    {
        int table = Array.IndexOf(AbiTable.Names, abi);
        var cases = CaseMaker.Make(table).Cases.CountBy(one => one.Syscall).ToDictionary();
        string[] without = [.. Rows(abi, numbered: true).Where(name => !cases.ContainsKey(name) && Excluded.Reason(name) is null)];
        Assert.Equal([], without);
        // Each argument has its kinds.
        foreach ((string name, int count) in cases)
            Assert.True(count >= 3 * Arguments(table, name), $"{name} has only {count} cases");
    }

    [Fact]
    public void WhatIsExcludedExists() => Assert.Equal([], Excluded.Names.Except(Rows("x86-64").Concat(Rows("ia32"))));

    private static HashSet<string> Rows(string abi, bool numbered = false)
    {
        int table = Array.IndexOf(AbiTable.Names, abi);
        var rows = new HashSet<string>();
        for (int id = 0; id < SyscallRow.Count; id++)
        {
            var row = new SyscallRow(id);
            if (row.Number(table) >= 0 && (!numbered || row.Number(table) < AbiTable.Places))
                rows.Add(Encoding.ASCII.GetString(row.Name));
        }
        return rows;
    }

    private static int Arguments(int table, string name)
    {
        for (int id = 0; id < SyscallRow.Count; id++)
        {
            if (new SyscallRow(id) is var row && row.Number(table) >= 0 && row.Is(Encoding.ASCII.GetBytes(name)))
                return row.ArgumentCount;
        }
        return 0;
    }

    [GeneratedRegex(@"^#define __NR_(\w+)\s+\d+", RegexOptions.Multiline)]
    private static partial Regex Macro();
}
