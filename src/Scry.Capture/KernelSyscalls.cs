using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using Scry.Bpf;
using Scry.Wire;

namespace Scry.Capture;

/// <summary>A syscall as the running kernel has it.</summary>
/// <param name="Name">Without prefixes: <c>openat</c>.</param>
/// <param name="Parameters">From its prototype; empty when the compiler left none.</param>
public sealed record KernelSyscall(string Name, IReadOnlyList<BtfParameter> Parameters);

/// <summary>
/// Asks the running kernel what a syscall number is, for numbers newer than the facts. On arm64 its table
/// says it, where /proc/kallsyms has data (CONFIG_KALLSYMS_ALL). On x86 that is no longer data (since 6.9
/// x64_sys_call is a tree of compares), so this walks that code for the number, to the function that it
/// jumps to; /proc/kallsyms names it, BTF has its prototype.
/// </summary>
public sealed class KernelSyscalls : IDisposable
{
    private const int ResultOffset = 8; // scry_peek.result
    private const int DataOffset = 16; // scry_peek.data
    private const int CodeSize = 16384; // SCRY_PEEK_SIZE
    private const int StepsMost = 64; // of a tree that has less than 2^10 leaves

    private static readonly bool s_isTable = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
    private static readonly (Abi Abi, string Dispatcher)[] s_dispatchers = s_isTable
        ? [(Abi.Arm64, "sys_call_table"), (Abi.Arm, "compat_sys_call_table")]
        : [(Abi.X86_64, "x64_sys_call"), (Abi.Ia32, "ia32_sys_call")];
    private static readonly string[] s_prefixes = s_isTable
        ? ["__arm64_sys_", "__arm64_compat_sys_"]
        : ["__x64_sys_", "__ia32_sys_", "__ia32_compat_sys_"];

    private readonly Dictionary<ulong, string> _functions = [];
    private readonly Dictionary<Abi, (ulong Address, byte[] Code)> _code = [];
    private readonly KernelBtf _btf;

    /// <summary>Reads symbols, types and the dispatchers' code; takes some tens of milliseconds.</summary>
    /// <exception cref="NativeException">The kernel has no BTF, or refused.</exception>
    public KernelSyscalls()
    {
        Dictionary<string, ulong> dispatchers = ReadSymbols();
        _btf = KernelBtf.Load();
        foreach ((Abi abi, string name) in s_dispatchers)
        {
            if (dispatchers.TryGetValue(name, out ulong address) && Peek(address) is { } code)
                _code[abi] = (address, s_isTable ? code[..(int)Math.Min(CodeSize, ToNext(address, dispatchers.Values))] : code);
        }
    }

    /// <summary>What the kernel calls for a number.</summary>
    /// <returns>Null when it has no such syscall, or dispatches in a way that this does not know.</returns>
    public KernelSyscall? Describe(Abi abi, uint nr)
    {
        if (!_code.TryGetValue(abi, out var dispatcher)
            || (s_isTable ? Entry(dispatcher.Code, nr) : Walk(dispatcher.Address, dispatcher.Code, nr)) is not { } target
            || !_functions.TryGetValue(target, out string? name)
            || name == "ni_syscall")
            return null;
        return new KernelSyscall(name, _btf.TryGetParameters("__do_sys_" + name, out BtfParameter[] parameters) ? parameters : []);
    }

    /// <inheritdoc/>
    public void Dispose() => _btf.Dispose();

    private Dictionary<string, ulong> ReadSymbols()
    {
        var dispatchers = new Dictionary<string, ulong>();
        foreach (string line in File.ReadLines("/proc/kallsyms"))
        {
            // "ffffffff81249030 T x64_sys_call"
            int name = line.IndexOf(' ') + 3;
            if (name < 10 || name >= line.Length)
                continue;
            string? prefix = s_prefixes.FirstOrDefault(p => line.AsSpan(name).StartsWith(p, StringComparison.Ordinal));
            bool dispatcher = prefix is null && s_dispatchers.Any(d => line.AsSpan(name).SequenceEqual(d.Dispatcher));
            if ((prefix is null && !dispatcher)
                || !ulong.TryParse(line.AsSpan(0, name - 3), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out ulong address))
                continue;
            if (prefix is null)
                dispatchers[line[name..]] = address;
            else
                _functions[address] = line[(name + prefix.Length)..];
        }
        return dispatchers;
    }

    private static byte[]? Peek(ulong address)
    {
        using BpfObject programs = BpfObject.Open(Programs.Read("peek.bpf.o"), "scry_peek");
        programs.Load();
        using MappedMap map = programs.FindMap(".bss").Mmap(0, DataOffset + CodeSize);
        Span<byte> answer = map.Span;
        MemoryMarshal.Write(answer, in address);
        programs.FindProgram("peek_read").Run();
        return MemoryMarshal.Read<long>(answer[ResultOffset..]) == 0 ? answer.Slice(DataOffset, CodeSize).ToArray() : null;
    }

    // One table may end where another begins.
    private static ulong ToNext(ulong address, IEnumerable<ulong> all) => all.Where(other => other > address).Select(other => other - address).DefaultIfEmpty((ulong)CodeSize).Min();

    // The entry of a table; null behind its end.
    private static ulong? Entry(ReadOnlySpan<byte> table, uint nr) =>
        nr < table.Length / sizeof(ulong) ? BinaryPrimitives.ReadUInt64LittleEndian(table[(int)(nr * sizeof(ulong))..]) : null;

    /// <summary>
    /// Follows the compares of a dispatcher with <paramref name="nr"/> in esi to the first jump out of its
    /// code. Knows what compilers make of the switch; anything else ends the walk.
    /// </summary>
    internal static ulong? Walk(ulong address, ReadOnlySpan<byte> code, uint nr)
    {
        int at = 0;
        long left = nr, right = 0;
        for (int step = 0; step < StepsMost && at >= 0 && at + 8 < code.Length; step++)
        {
            ReadOnlySpan<byte> op = code[at..];
            switch (op[0], op[1])
            {
                case (0xf3, 0x0f) when op[2] == 0x1e && op[3] == 0xfa: // endbr64
                    at += 4;
                    break;
                case (0x83, 0xfe): // cmp imm8, %esi
                    right = (uint)(sbyte)op[2];
                    at += 3;
                    break;
                case (0x81, 0xfe): // cmp imm32, %esi
                    right = BinaryPrimitives.ReadUInt32LittleEndian(op[2..]);
                    at += 6;
                    break;
                case (0x85, 0xf6): // test %esi, %esi
                    right = 0;
                    at += 2;
                    break;
                case ( >= 0x70 and <= 0x7f, _): // jcc rel8
                    at += Taken(op[0] & 15, left, right) is { } near ? 2 + (near ? (sbyte)op[1] : 0) : int.MinValue / 2;
                    break;
                case (0x0f, >= 0x80 and <= 0x8f): // jcc rel32
                    at += Taken(op[1] & 15, left, right) is { } far ? 6 + (far ? BinaryPrimitives.ReadInt32LittleEndian(op[2..]) : 0) : int.MinValue / 2;
                    break;
                case (0xeb, _): // jmp rel8
                    at += 2 + (sbyte)op[1];
                    break;
                case (0xe9, _): // jmp rel32: the way out, when it leaves the code
                    long target = at + 5 + BinaryPrimitives.ReadInt32LittleEndian(op[1..]);
                    if (target < 0 || target >= code.Length)
                        return address + (ulong)target;
                    at = (int)target;
                    break;
                default:
                    return null;
            }
        }
        return null;
    }

    // Condition codes of jcc after a compare of unsigned numbers; null: one that a switch does not need.
    private static bool? Taken(int condition, long left, long right) => condition switch
    {
        0x2 => left < right,
        0x3 => left >= right,
        0x4 => left == right,
        0x5 => left != right,
        0x6 => left <= right,
        0x7 => left > right,
        _ => null,
    };
}
