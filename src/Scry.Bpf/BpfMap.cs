using System.Runtime.InteropServices;

namespace Scry.Bpf;

/// <summary>A map of a <see cref="BpfObject"/>, borrowed: valid as long as the object.</summary>
public readonly unsafe struct BpfMap
{
    private const int Enoent = 2;

    private readonly nint _map;

    internal BpfMap(nint map) => _map = map;

    /// <summary>The map's name; of a data section: object name and section.</summary>
    public string Name => Libbpf.Text(Libbpf.bpf_map__name(_map));

    /// <summary>The descriptor, owned by the object; negative before load.</summary>
    public int Fd => Libbpf.bpf_map__fd(_map);

    /// <summary>Bytes of a key.</summary>
    public uint KeySize => Libbpf.bpf_map__key_size(_map);

    /// <summary>Bytes of a value. Set before load only.</summary>
    /// <exception cref="NativeException">The object is loaded already.</exception>
    public uint ValueSize
    {
        get => Libbpf.bpf_map__value_size(_map);
        set => NativeException.Check(Libbpf.bpf_map__set_value_size(_map, value), $"bpf_map__set_value_size({Name})");
    }

    /// <summary>Most entries. Set before load only.</summary>
    /// <exception cref="NativeException">The object is loaded already.</exception>
    public uint MaxEntries
    {
        get => Libbpf.bpf_map__max_entries(_map);
        set => NativeException.Check(Libbpf.bpf_map__set_max_entries(_map, value), $"bpf_map__set_max_entries({Name})");
    }

    /// <summary>The contents of a data section as the kernel will get them: write before load.</summary>
    /// <exception cref="InvalidOperationException">The map is no data section.</exception>
    public Span<byte> InitialValue
    {
        get
        {
            nuint size;
            byte* value = Libbpf.bpf_map__initial_value(_map, &size);
            if (value == null)
                throw new InvalidOperationException($"map '{Name}' has no initial value");
            // SAFETY: libbpf keeps size bytes there until the object is closed.
            return new Span<byte>(value, (int)size);
        }
    }

    /// <summary>Sets the value of a key.</summary>
    /// <exception cref="NativeException">The map is full, or the kernel refused.</exception>
    public void Update(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Check(key, KeySize, nameof(key));
        Check(value, ValueSize, nameof(value));
        // SAFETY: the kernel reads KeySize and ValueSize bytes, which the spans have.
        fixed (byte* k = key, v = value)
            NativeException.Check(Libbpf.bpf_map_update_elem(Fd, k, v, 0), $"bpf_map_update_elem({Name})");
    }

    /// <summary>Reads the value of a key.</summary>
    /// <returns>False when the key is not in the map.</returns>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public bool TryLookup(ReadOnlySpan<byte> key, Span<byte> value)
    {
        Check(key, KeySize, nameof(key));
        Check(value, ValueSize, nameof(value));
        // SAFETY: the kernel reads KeySize and writes ValueSize bytes, which the spans have.
        fixed (byte* k = key, v = value)
        {
            int result = Libbpf.bpf_map_lookup_elem(Fd, k, v);
            return result == -Enoent ? false : NativeException.Check(result, $"bpf_map_lookup_elem({Name})") >= 0;
        }
    }

    /// <summary>Maps the values of a mmapable array into this process, readable and writable.</summary>
    /// <param name="offset">Bytes from the first value's start, a multiple of the page size.</param>
    /// <param name="length">Bytes.</param>
    /// <exception cref="NativeException">The map is not mmapable, or the range is not in it.</exception>
    public MappedMap Mmap(long offset, long length) => new(Fd, offset, length, Name);

    private static void Check(ReadOnlySpan<byte> bytes, uint size, string what)
    {
        if (bytes.Length < size)
            throw new ArgumentException($"{bytes.Length} bytes where the map has {size}", what);
    }
}

/// <summary>A map's values in this process's memory, shared with the kernel.</summary>
public sealed unsafe class MappedMap : SafeHandle
{
    private const int ReadWrite = 3; // PROT_READ | PROT_WRITE
    private const int Shared = 1; // MAP_SHARED

    private readonly long _length;

    internal MappedMap(int fd, long offset, long length, string name)
        : base(-1, ownsHandle: true)
    {
        _length = length;
        handle = (nint)Libbpf.mmap(null, (nuint)length, ReadWrite, Shared, fd, offset);
        if (handle == -1)
            throw new NativeException($"mmap({name})", Marshal.GetLastPInvokeError());
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == -1;

    /// <summary>Bytes mapped.</summary>
    public long Length => _length;

    /// <summary>The first of the mapped bytes: valid until this is disposed.</summary>
    public byte* Pointer => (byte*)handle;

    /// <summary>The mapped bytes, at most 2 GiB of them: valid until this is disposed.</summary>
    // SAFETY: mmap gave Length bytes at Pointer.
    public Span<byte> Span => new(Pointer, (int)Math.Min(_length, int.MaxValue));

    /// <inheritdoc/>
    // SAFETY: the range is what mmap gave; nobody uses it after dispose.
    protected override bool ReleaseHandle() => Libbpf.munmap((void*)handle, (nuint)_length) == 0;
}
