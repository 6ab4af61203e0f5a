namespace Scry.Bpf;

/// <summary>What the kernel knows of a loaded program.</summary>
/// <param name="Id">Its id, unique until reboot.</param>
/// <param name="Name">Its function's name, 15 bytes of it.</param>
/// <param name="JitedBytes">Bytes of machine code.</param>
/// <param name="VerifiedInstructions">Instructions that the verifier walked (since 5.16).</param>
/// <param name="RunTimeNs">Nanoseconds spent in it while statistics were on (<see cref="BpfSystem.EnableStats"/>).</param>
/// <param name="RunCount">Its runs while statistics were on.</param>
/// <param name="Missed">Runs that the kernel left out, since the program was running on that CPU already.</param>
public readonly record struct BpfProgramInfo(uint Id, string Name, uint JitedBytes, uint VerifiedInstructions, ulong RunTimeNs, ulong RunCount, ulong Missed);

/// <summary>
/// A program, borrowed: of a <see cref="BpfObject"/>, valid as long as that, or of a <see cref="BpfHandle"/>; the latter can be run,
/// pinned and asked for, and throws <see cref="InvalidOperationException"/> at the rest.
/// </summary>
public readonly unsafe struct BpfProgram
{
    private readonly nint _program;
    private readonly int _fd;

    internal BpfProgram(nint program) => _program = program;

    internal BpfProgram(int fd) => _fd = fd;

    /// <summary>The C function's name.</summary>
    public string Name => _program != 0 ? Libbpf.Text(Libbpf.bpf_program__name(_program)) : Info.Name;

    /// <summary>Whether the object's load loads it. Set before load only.</summary>
    /// <exception cref="NativeException">The object is loaded already.</exception>
    public bool AutoLoad
    {
        get => Libbpf.bpf_program__autoload(Own) != 0;
        set => NativeException.Check(Libbpf.bpf_program__set_autoload(Own, value ? (byte)1 : (byte)0), $"bpf_program__set_autoload({Name})");
    }

    /// <summary>The descriptor of the loaded program, owned by the object or handle; negative before load.</summary>
    public int Fd => _program != 0 ? Libbpf.bpf_program__fd(_program) : _fd;

    // libbpf's functions take no null: a program that was loaded elsewhere has a descriptor alone.
    private nint Own => _program != 0 ? _program : throw new InvalidOperationException("the program is not of an object that is open here");

    /// <summary>Makes it a program for that function of the kernel, where its section names none. Before load only.</summary>
    /// <exception cref="NativeException">The kernel's types have no such function.</exception>
    public void SetFunction(string function) =>
        NativeException.Check(Libbpf.bpf_program__set_attach_target(Own, 0, function), $"bpf_program__set_attach_target({Name}, {function})");

    /// <summary>Attaches to what the program's section names.</summary>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public BpfLink Attach() =>
        new(NativeException.Check(Libbpf.bpf_program__attach(Own), $"bpf_program__attach({Name})"));

    /// <summary>Attaches an iterator program, to be opened and read.</summary>
    /// <exception cref="NativeException">The kernel refused.</exception>
    // SAFETY: the only pointer is null: no options.
    public BpfLink AttachIterator() =>
        new(NativeException.Check(Libbpf.bpf_program__attach_iter(Own, null), $"bpf_program__attach_iter({Name})"));

    /// <summary>What the kernel knows of it; after load.</summary>
    /// <exception cref="NativeException">It is not loaded.</exception>
    public BpfProgramInfo Info
    {
        get
        {
            Libbpf.bpf_prog_info info = default;
            uint length = (uint)sizeof(Libbpf.bpf_prog_info);
            NativeException.Check(Libbpf.bpf_obj_get_info_by_fd(Fd, &info, &length), "bpf_obj_get_info_by_fd(program)");
            // SAFETY: the kernel ends the name with a NUL.
            return new BpfProgramInfo(info.id, Libbpf.Text(info.name), info.jited_prog_len, info.verified_insns, info.run_time_ns, info.run_cnt, info.recursion_misses);
        }
    }

    /// <summary>Attaches to a classic tracepoint, as <c>sched</c>, <c>sched_switch</c>. Needs tracefs.</summary>
    /// <exception cref="NativeException">There is none of that name, tracefs is not mounted, or the kernel refused.</exception>
    public BpfLink AttachTracepoint(string category, string name) =>
        new(NativeException.Check(Libbpf.bpf_program__attach_tracepoint(Own, category, name), $"bpf_program__attach_tracepoint({category}:{name})"));

    /// <summary>Attaches to a raw tracepoint.</summary>
    /// <exception cref="NativeException">There is none of that name, or the kernel refused.</exception>
    public BpfLink AttachRawTracepoint(string name) =>
        new(NativeException.Check(Libbpf.bpf_program__attach_raw_tracepoint(Own, name), $"bpf_program__attach_raw_tracepoint({name})"));

    /// <summary>Attaches to an event; the link owns it from here on.</summary>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public BpfLink AttachPerfEvent(PerfEvent source)
    {
        nint link = NativeException.Check(Libbpf.bpf_program__attach_perf_event(Own, source.Fd), "bpf_program__attach_perf_event");
        var result = new BpfLink(link, source.Fd);
        source.SetHandleAsInvalid();
        return result;
    }

    /// <summary>Names the program in a bpf filesystem: it stays loaded when this process ends, until the file is removed.</summary>
    /// <exception cref="NativeException">The path is in no bpf filesystem, or is taken.</exception>
    public void Pin(string path) => NativeException.Check(Libbpf.bpf_obj_pin(Fd, path), $"bpf_obj_pin({path})");

    /// <summary>Runs a program of section <c>syscall</c> once, here and now.</summary>
    /// <param name="context">What the program gets as its argument, to read and write; at most 64 KiB.</param>
    /// <returns>What it returned.</returns>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public uint Run(Span<byte> context = default)
    {
        // SAFETY: the kernel reads and writes as many bytes as the span has.
        fixed (byte* bytes = context)
        {
            var options = new Libbpf.bpf_test_run_opts { sz = (nuint)sizeof(Libbpf.bpf_test_run_opts), ctx_in = bytes, ctx_size_in = (uint)context.Length };
            NativeException.Check(Libbpf.bpf_prog_test_run_opts(Fd, &options), $"bpf_prog_test_run({Name})");
            return options.retval;
        }
    }
}
