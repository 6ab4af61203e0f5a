namespace Scry.Bpf;

/// <summary>
/// Programs on functions of the kernel that do nothing but jump to another program, through a table of one entry. A program is
/// verified for one function, a large one for long; so the large one is loaded once, and these for each function. The
/// kernel lets a program jump only to one whose function has the same prototype.
/// </summary>
public sealed unsafe class FunctionJump : IDisposable
{
    private const uint MapTypeProgramArray = 3, ProgramTypeTracing = 26, AttachEntry = 24, AttachExit = 25; // <linux/bpf.h>

    private readonly uint _when;

    /// <summary>Makes the table: empty, so that those who jump come back at once.</summary>
    /// <param name="atExit">Whether the functions' returns are meant, or their entries.</param>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public FunctionJump(bool atExit)
    {
        _when = atExit ? AttachExit : AttachEntry;
        // SAFETY: here and below names are NUL-ended literals, which the callee copies; there are no options.
        fixed (byte* name = "scry_jump\0"u8)
            Table = new BpfHandle(NativeException.Check(Libbpf.bpf_map_create(MapTypeProgramArray, name, sizeof(uint), sizeof(uint), 1, null), "bpf_map_create(program array)"));
    }

    /// <summary>The table. It is emptied when nobody has it open or pinned any more.</summary>
    public BpfHandle Table { get; }

    /// <summary>Whether the kernel lets this process load programs for functions at all: what it says of one for none.</summary>
    /// <returns>Null, or the errno.</returns>
    public static int? Refusal()
    {
        int result = Load(default, AttachEntry, 1);
        return result is -1 or -13 ? -result : null; // EPERM, EACCES
    }

    /// <summary>Attaches a program to a function that jumps to what the table has.</summary>
    /// <param name="function">Its id among the kernel's types.</param>
    /// <returns>The program and its link; disposing the link detaches it, which takes the kernel a tenth of a second and more.</returns>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public (BpfHandle Program, BpfHandle Link) Attach(uint function)
    {
        var program = new BpfHandle(NativeException.Check(Load(Table.Map, _when, function), "bpf_prog_load(a function's)"));
        try
        {
            return (program, new BpfHandle(NativeException.Check(Libbpf.bpf_raw_tracepoint_open(null, program.Program.Fd), "bpf_raw_tracepoint_open(a function's)")));
        }
        catch
        {
            program.Dispose();
            throw;
        }
    }

    /// <summary>From here on the jumps lead to that program.</summary>
    /// <exception cref="NativeException">Its function has another prototype.</exception>
    public void To(BpfProgram program)
    {
        uint zero = 0;
        int fd = program.Fd;
        NativeException.Check(Libbpf.bpf_map_update_elem(Table.Map.Fd, (byte*)&zero, (byte*)&fd, 0), $"bpf_map_update_elem(program array, {program.Name})");
    }

    /// <inheritdoc/>
    public void Dispose() => Table.Dispose();

    private static int Load(BpfMap? table, uint when, uint function)
    {
        Libbpf.bpf_insn* code = stackalloc Libbpf.bpf_insn[6];
        code[0] = new(0x18, 2 | 1 << 4, table?.Fd ?? 0); // r2 = the map of that descriptor, in two parts
        code[1] = default;
        code[2] = new(0xb7, 3, 0); // r3 = 0
        code[3] = new(0x85, 0, 12); // call bpf_tail_call
        code[4] = new(0xb7, 0, 0); // return 0
        code[5] = new(0x95, 0, 0);
        int skip = table is null ? 4 : 0;
        var options = new Libbpf.bpf_prog_load_opts { sz = (nuint)sizeof(Libbpf.bpf_prog_load_opts), expected_attach_type = when, attach_btf_id = function };
        fixed (byte* name = "scry_jump\0"u8, license = "GPL\0"u8)
            return Libbpf.bpf_prog_load(ProgramTypeTracing, name, license, code + skip, (nuint)(6 - skip), &options);
    }
}
