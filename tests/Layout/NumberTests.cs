using System.Text;
using System.Text.RegularExpressions;
using Scry.Syscalls;
using Xunit;

namespace Scry.Tests.Layout;

/// <summary>The numbers of all syscalls, against each ABI's unistd.h.</summary>
public sealed partial class NumberTests
{
    // Macros that are no syscalls, or other names of one.
    private static readonly HashSet<string> s_others =
    [
        "NR_syscalls", "NR_arch_specific_syscall", "NR_SYSCALL_BASE", "NR_SYSCALL_MASK", "NR_OABI_SYSCALL_BASE", "ARM_NR_BASE",
        "NR_arm_fadvise64_64", "NR_arm_sync_file_range",
    ];

    [Theory]
    [MemberData(nameof(Machine.Names), MemberType = typeof(Machine))]
    public async Task EveryNumberOfTheHeaderHasItsName(string abi)
    {
        Machine machine = Machine.Of(abi);
        await machine.MustCompile();
        const string include = "#include <asm/unistd.h>\n";
        string[] macros = [.. Macro().Matches(await machine.Compile(include, "-E", "-dM")).Select(match => match.Groups[1].Value)
            .Where(macro => !s_others.Contains(macro) && !macro.Contains("3264", StringComparison.Ordinal))];
        int table = Array.IndexOf(AbiTable.Names, abi);
        Dictionary<string, int> numbers = Numbers(table);
        string[] wrong = [.. macros.Where(macro => !numbers.ContainsKey(Name(macro))).Select(macro => $"{macro}: no row")];
        macros = [.. macros.Where(macro => numbers.ContainsKey(Name(macro)))];
        var (holding, failing) = (await machine.Assertions(include, [.. macros.Select(macro => $"__{macro} == {numbers[Name(macro)]}")]))!.Value;
        wrong = [.. wrong, .. failing.Select(place => $"{macros[place]}: {numbers[Name(macros[place])]}")];
        Assert.True(wrong.Length == 0, string.Join('\n', wrong));
        Assert.True(holding.Count > 300, $"only {holding.Count} numbers were confirmed");
    }

    // The kernel gives new calls one number everywhere.
    [Fact]
    public void NewCallsHaveOneNumberOnAllAbis()
    {
        const int first = 424;
        for (int row = 0; row < SyscallRow.Count; row++)
        {
            HashSet<int> numbers = [];
            for (int table = 0; table < AbiTable.Count; table++)
            {
                if (new SyscallRow(row).Number(table) is var nr and >= first and < AbiTable.Places)
                    numbers.Add(nr);
            }
            Assert.True(numbers.Count <= 1, Encoding.ASCII.GetString(new SyscallRow(row).Name));
        }
    }

    private static string Name(string macro) => macro[(macro.IndexOf("NR_", StringComparison.Ordinal) + 3)..];

    private static Dictionary<string, int> Numbers(int table)
    {
        var numbers = new Dictionary<string, int>();
        for (int row = 0; row < SyscallRow.Count; row++)
        {
            if (new SyscallRow(row).Number(table) is var nr and >= 0)
                numbers.Add(Encoding.ASCII.GetString(new SyscallRow(row).Name), nr);
        }
        return numbers;
    }

    [GeneratedRegex(@"^#define __((?:ARM_)?NR_\w+) ", RegexOptions.Multiline)]
    private static partial Regex Macro();
}
