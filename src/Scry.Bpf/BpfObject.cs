using System.Runtime.InteropServices;
using System.Text;

namespace Scry.Bpf;

/// <summary>
/// An ELF object with programs and maps. Open it, set sizes and read-only data, load it, attach its programs.
/// Disposing it unloads what is not attached or pinned.
/// </summary>
public sealed unsafe class BpfObject : SafeHandle
{
    private const int LogSize = 1 << 20;

    private readonly byte[] _elf;
    private readonly string _name;

    private BpfObject(byte[] elf, string name)
        : base(0, ownsHandle: true)
    {
        _elf = elf;
        _name = name;
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Parses an ELF object. Nothing is given to the kernel yet.</summary>
    /// <param name="elf">The bytes of the object; they are copied.</param>
    /// <param name="name">A name for messages and the kernel's lists; at most 15 bytes count.</param>
    /// <exception cref="NativeException">It is not a BPF object.</exception>
    public static BpfObject Open(ReadOnlySpan<byte> elf, string name)
    {
        LibbpfLog.Install();
        var result = new BpfObject(elf.ToArray(), name);
        byte[] utf8 = Encoding.UTF8.GetBytes(name + "\0");
        // SAFETY: libbpf copies the name and parses the ELF during the call.
        fixed (byte* bytes = result._elf, text = utf8)
        {
            var options = new Libbpf.bpf_object_open_opts { sz = (nuint)sizeof(Libbpf.bpf_object_open_opts), object_name = text };
            LibbpfLog.Clear();
            result.handle = Libbpf.bpf_object__open_mem(bytes, (nuint)result._elf.Length, &options);
        }
        if (result.handle == 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            throw new NativeException($"bpf_object__open_mem({name})", errno, LibbpfLog.Take());
        }
        return result;
    }

    /// <summary>Creates the maps and loads the programs whose <see cref="BpfProgram.AutoLoad"/> is set.</summary>
    /// <exception cref="NativeException">The kernel refused; <see cref="NativeException.Log"/> has the verifier's words.</exception>
    public void Load()
    {
        // libbpf itself asks the verifier again with a log when a program fails, and prints it.
        LibbpfLog.Clear();
        int result = Libbpf.bpf_object__load(handle);
        if (result < 0)
            throw new NativeException($"bpf_object__load({_name})", -result, LibbpfLog.Take());
    }

    /// <summary>The programs, in the object's order.</summary>
    public IEnumerable<BpfProgram> Programs
    {
        get
        {
            for (nint program = Libbpf.bpf_object__next_program(handle, 0); program != 0; program = Libbpf.bpf_object__next_program(handle, program))
                yield return new BpfProgram(program);
        }
    }

    /// <summary>The maps, in the object's order.</summary>
    public IEnumerable<BpfMap> Maps
    {
        get
        {
            for (nint map = Libbpf.bpf_object__next_map(handle, 0); map != 0; map = Libbpf.bpf_object__next_map(handle, map))
                yield return new BpfMap(map);
        }
    }

    /// <summary>The program of that name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public BpfProgram FindProgram(string name)
    {
        foreach (BpfProgram program in Programs)
        {
            if (program.Name == name)
                return program;
        }
        throw new ArgumentException($"no program '{name}' in {_name}", nameof(name));
    }

    /// <summary>The map of that name; of the data sections also by the section's (<c>.rodata</c>).</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public BpfMap FindMap(string name)
    {
        foreach (BpfMap map in Maps)
        {
            if (map.Name == name || (name.StartsWith('.') && map.Name.EndsWith(name, StringComparison.Ordinal)))
                return map;
        }
        throw new ArgumentException($"no map '{name}' in {_name}", nameof(name));
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        Libbpf.bpf_object__close(handle);
        return true;
    }
}
