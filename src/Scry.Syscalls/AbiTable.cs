using System.Runtime.InteropServices;
using Scry.Wire;

namespace Scry.Syscalls;

/// <summary>The ABIs that the facts tell apart: a table of numbers, values and layouts each. x32 has x86-64's.</summary>
internal static class AbiTable
{
    public const int X86_64 = 0, Ia32 = 1, Arm64 = 2, Arm = 3, Count = 4;
    /// <summary>Numbers of a table.</summary>
    public const int Places = Layout.MaxNr;

    /// <summary>As the facts write them.</summary>
    public static readonly string[] Names = ["x86-64", "ia32", "arm64", "arm"];

    /// <summary>Whether C's long and pointers have 32 bits.</summary>
    public static bool Is32Bit(int table) => table is Ia32 or Arm;

    /// <summary>The table of a machine's own ABI (0), of its 32-bit one (1).</summary>
    /// <param name="machine">This machine when missing.</param>
    /// <param name="abi">Which of the two.</param>
    public static int Of(Architecture? machine, int abi) => ((machine ?? RuntimeInformation.ProcessArchitecture) == Architecture.Arm64 ? Arm64 : X86_64) + abi;

    /// <summary>The number by which a thread entered a call: of one that ia32 has behind another, that one.</summary>
    /// <param name="abi">The call's ABI.</param>
    /// <param name="nr">Its number.</param>
    /// <param name="behind">Whether it is known to have come so; those that have no number of their own always do.</param>
    public static uint Entered(Abi abi, uint nr, bool behind)
    {
        const uint socketcall = 102, ipc = 117, firstIpc = 393, lastIpc = 402, semop = Layout.FarFirst + 3;
        bool far = nr - Layout.FarFirst < Layout.FarCount;
        return abi != Abi.Ia32 || !behind && !far ? nr : nr is >= firstIpc and <= lastIpc || nr >= semop ? ipc : socketcall;
    }

    // arch/x86/entry/syscalls/syscall_64.tbl: x86-64's numbers of x32's calls from 512 on, which have layouts of 32 bits; x32 has these
    // no more under their own.
    private const int FirstOfX32 = 512;
    private static ReadOnlySpan<short> X32 => [
        13, 15, 16, 19, 20, 45, 46, 47, 59, 101, 127, 128, 129, 131, 222, 244, 246, 247, 273, 274, 278, 279, 295, 296, 297, 299, 307, 310, 311, 54, 55, 206, 209, 322, 327, 328];

    /// <summary>x86-64's number of an x32 call; -1 when x32 has none.</summary>
    public static int OfX32(uint nr) => nr - FirstOfX32 < X32.Length ? X32[(int)(nr - FirstOfX32)]
        : nr < FirstOfX32 && X32.IndexOf((short)nr) < 0 ? (int)nr : -1;

    /// <summary>Where a number stands in its table, or -1.</summary>
    public static int Place(int table, uint nr)
    {
        if (Is32Bit(table) && nr - Layout.FarFirst < Layout.FarCount)
            return Layout.FarPlace + (int)(nr - Layout.FarFirst);
        bool taken = Is32Bit(table) && nr - Layout.FarPlace < Layout.FarCount;
        return nr < Places && !taken ? (int)nr : -1;
    }
}
