using Scry.Wire;

namespace Scry.Syscalls;

/// <summary>What ABIs are called in output.</summary>
public static class AbiNames
{
    /// <summary>The name, as <c>x86-64</c>.</summary>
    public static string Name(Abi abi) => abi == Abi.X32 ? "x32" : AbiTable.Names[SyscallRow.TableOf(abi)];

    /// <summary>The same in bytes.</summary>
    public static ReadOnlySpan<byte> Utf8(Abi abi) => abi switch
    {
        Abi.X32 => "x32"u8,
        Abi.Ia32 => "ia32"u8,
        Abi.Arm64 => "arm64"u8,
        Abi.Arm => "arm"u8,
        _ => "x86-64"u8,
    };

    /// <summary>What tells a call's name from that of the machine's own ABI, as <c>-e</c> has it: <c>@32</c>.</summary>
    public static string Suffix(Abi abi) => abi.Is32Bit ? "@32" : abi == Abi.X32 ? "@x32" : "";
}
