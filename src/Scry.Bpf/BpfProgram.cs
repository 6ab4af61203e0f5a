namespace Scry.Bpf;

/// <summary>A program of a <see cref="BpfObject"/>, borrowed: valid as long as the object.</summary>
public readonly unsafe struct BpfProgram
{
    private readonly nint _program;

    internal BpfProgram(nint program) => _program = program;

    /// <summary>The C function's name.</summary>
    public string Name => Libbpf.Text(Libbpf.bpf_program__name(_program));

    /// <summary>Whether the object's load loads it. Set before load only.</summary>
    /// <exception cref="NativeException">The object is loaded already.</exception>
    public bool AutoLoad
    {
        get => Libbpf.bpf_program__autoload(_program) != 0;
        set => NativeException.Check(Libbpf.bpf_program__set_autoload(_program, value ? (byte)1 : (byte)0), $"bpf_program__set_autoload({Name})");
    }

    /// <summary>The descriptor of the loaded program, owned by the object; negative before load.</summary>
    public int Fd => Libbpf.bpf_program__fd(_program);

    /// <summary>Attaches to what the program's section names.</summary>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public BpfLink Attach() =>
        new(NativeException.Check(Libbpf.bpf_program__attach(_program), $"bpf_program__attach({Name})"));

    /// <summary>Attaches an iterator program, to be opened and read.</summary>
    /// <exception cref="NativeException">The kernel refused.</exception>
    // SAFETY: the only pointer is null: no options.
    public BpfLink AttachIterator() =>
        new(NativeException.Check(Libbpf.bpf_program__attach_iter(_program, null), $"bpf_program__attach_iter({Name})"));

    /// <summary>Runs a program of section <c>syscall</c> once, here and now.</summary>
    /// <returns>What it returned.</returns>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public uint Run()
    {
        var options = new Libbpf.bpf_test_run_opts { sz = (nuint)sizeof(Libbpf.bpf_test_run_opts) };
        NativeException.Check(Libbpf.bpf_prog_test_run_opts(Fd, &options), $"bpf_prog_test_run({Name})");
        return options.retval;
    }
}
