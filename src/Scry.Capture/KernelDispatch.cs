using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Scry.Bpf;
using Scry.Wire;

namespace Scry.Capture;

/// <summary>
/// Which function the running kernel calls for a number. On arm64 its table says it, where that is a symbol
/// (CONFIG_KALLSYMS_ALL). On x86 that is no longer data (since 6.9, and where that was taken over, x64_sys_call is a tree of
/// compares), so this walks that code for the number, to the function that it jumps to.
/// </summary>
internal sealed class KernelDispatch : IDisposable
{
    /// <summary>The name of a number that the kernel does not have.</summary>
    public const string NoCall = "ni_syscall";

    // The name that the kernel's types have of a function without arguments.
    private const string Inner = "__do_sys_";

    private const int StepsMost = 64; // of a tree that has less than 2^10 leaves

    // The variable that says whether the kernel preempts itself: enum of preempt_dynamic in kernel/sched/core.c.
    private const string PreemptMode = "preempt_dynamic_mode";
    private const int PreemptVoluntary = 1;

    private static readonly bool s_isTable = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
    private static readonly (Abi Abi, string Dispatcher)[] s_dispatchers = s_isTable
        ? [(Abi.Arm64, "sys_call_table"), (Abi.Arm, "compat_sys_call_table")]
        : [(Abi.X86_64, "x64_sys_call"), (Abi.Ia32, "ia32_sys_call")];
    private static readonly string[] s_prefixes = s_isTable
        ? ["__arm64_sys_", "__arm64_compat_sys_", Inner]
        : ["__x64_sys_", "__ia32_sys_", "__ia32_compat_sys_", Inner];

    private readonly Dictionary<Abi, (ulong Address, byte[] Code)> _code = [];
    private readonly KernelCode _kernel = new();

    /// <summary>Reads the dispatchers' code.</summary>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public KernelDispatch()
    {
        (Abi Abi, ulong? Address)[] found = [.. s_dispatchers.Select(one => (one.Abi, _kernel.Find(one.Dispatcher)))];
        foreach ((Abi abi, ulong? at) in found)
        {
            if (at is { } address && _kernel.Read(address) is { } code)
                _code[abi] = (address, s_isTable ? code[..(int)Math.Min(KernelCode.ReadSize, ToNext(address, found.Select(one => one.Address ?? 0)))] : code);
        }
    }

    /// <summary>Whether the kernel has calls of an ABI, and they are known here.</summary>
    public bool Has(Abi abi) => _code.ContainsKey(abi);

    /// <summary>The function that the kernel calls for a number: <see cref="NoCall"/>'s, or 0, for one that it does not have.</summary>
    /// <returns>Null when it dispatches in a way that this does not know.</returns>
    public ulong? AddressOf(Abi abi, uint nr) => !_code.TryGetValue(abi, out var dispatcher) ? null
        : s_isTable ? Entry(dispatcher.Code, nr) : Walk(dispatcher.Address, dispatcher.Code, nr);

    /// <summary>The call that a function is of, without prefixes; null when it is none's.</summary>
    public string? CallAt(ulong address)
    {
        string name = _kernel.NameAt(address);
        return s_prefixes.FirstOrDefault(p => name.StartsWith(p, StringComparison.Ordinal)) is { } prefix ? name[prefix.Length..] : null;
    }

    /// <summary>The names that a function of a call may have, that of the kernel's types among them: several functions have several.</summary>
    public IEnumerable<string> NamesAt(ulong address) =>
        CallAt(address) is { } call ? s_prefixes.Select(prefix => prefix + call) : [];

    /// <summary>Whether a name means the function at an address, and no other one.</summary>
    public bool IsAt(string name, ulong address) => _kernel.NameAt(address) == name || _kernel.Find(name) == address;

    /// <summary>Whether the kernel preempts its own calls; also where it does not tell.</summary>
    public bool Preempts() => _kernel.Find(PreemptMode) is { } address && _kernel.Read(address) is { } value
        ? BinaryPrimitives.ReadInt32LittleEndian(value) is < 0 or > PreemptVoluntary
        : KernelSupport.Build.Contains("PREEMPT", StringComparison.Ordinal);

    /// <inheritdoc/>
    public void Dispose() => _kernel.Dispose();

    // One table may end where another begins.
    private static ulong ToNext(ulong address, IEnumerable<ulong> all) => all.Where(other => other > address).Select(other => other - address).DefaultIfEmpty((ulong)KernelCode.ReadSize).Min();

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
                case (0x66, 0x0f) when op[2] == 0x1f && op[3] == 0x00: // the same, taken out: nopw (%rax)
                    at += 4;
                    break;
                case (0x0f, 0x1f) when op[2] == 0x44: // where tracers of functions hook in: nopl 0(%rax, %rax), …
                case (0xe8, _) when at <= 4: // … or the call that one has made of it
                    at += 5;
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
                case (0x48, 0xc7) when op[2] == 0xc0: // mov -ENOSYS, %rax: without any function
                    return 0;
                case (0xe8, _): // call: of a function that does not return
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
