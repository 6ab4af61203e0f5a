using System.Globalization;
using System.Text;
using Scry.Wire;

namespace Scry.Syscalls;

/// <summary>Names of syscalls by number, for what has no record of a call.</summary>
/// <param name="unknown">What the running kernel calls a number that the facts do not know; null: it is not asked.</param>
public sealed class SyscallNames(Func<Abi, uint, string?>? unknown = null)
{
    private const uint X32Bit = 0x40000000; // __X32_SYSCALL_BIT

    /// <summary>What is counted as one: numbers that are too large to be calls.</summary>
    public const string OtherNumbers = "(no such call)";

    private readonly Dictionary<(Abi, uint), string> _names = [];

    /// <summary>The name, as <c>openat</c>; of a number that has none <c>syscall_0x1ff</c>.</summary>
    public string Name(Abi abi, uint nr)
    {
        if (!_names.TryGetValue((abi, nr), out string? name))
            _names[(abi, nr)] = name = Find(abi, nr);
        return name;
    }

    /// <summary>The same, told apart from the 64-bit call of that name, as <c>-e</c> has it: <c>open@32</c>.</summary>
    public string NameWithAbi(Abi abi, uint nr) => Name(abi, nr) + AbiNames.Suffix(abi);

    private string Find(Abi abi, uint nr)
    {
        int row = SyscallRow.Find(abi, nr);
        if (row >= 0)
            return Encoding.UTF8.GetString(new SyscallRow(row).Name);
        if (nr == Layout.CountNrMax)
            return OtherNumbers;
        ulong number = (int)nr < 0 ? (ulong)(int)nr : abi == Abi.X32 ? nr | X32Bit : nr;
        return unknown?.Invoke(abi, nr) ?? string.Create(CultureInfo.InvariantCulture, $"syscall_0x{number:x}");
    }
}
