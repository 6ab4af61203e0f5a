using System.Runtime.InteropServices;

namespace Scry.Bpf;

/// <summary>Which keys an update may meet (<c>BPF_ANY</c> …).</summary>
public enum MapUpdate : ulong
{
    /// <summary>Any.</summary>
    Any = 0,
    /// <summary>Only one that is not there.</summary>
    New = 1,
    /// <summary>Only one that is there.</summary>
    Existing = 2,
}

/// <summary>
/// A map, borrowed: of a <see cref="BpfObject"/>, valid as long as that, or of a <see cref="BpfHandle"/>; what is done before load
/// throws <see cref="InvalidOperationException"/> on the latter. Entries can be used from several threads at once, as the
/// kernel allows.
/// </summary>
public readonly unsafe struct BpfMap
{
    private const int Enoent = 2;
    // <linux/bpf.h>: those whose values the kernel keeps once for each CPU.
    private static ReadOnlySpan<uint> PerCpuTypes => [5, 6, 10, 21];

    private readonly nint _map;
    private readonly int _fd;
    private readonly Libbpf.bpf_map_info _info;

    internal BpfMap(nint map) => _map = map;

    internal BpfMap(int fd)
    {
        _fd = fd;
        _info = Ask(fd);
    }

    private static Libbpf.bpf_map_info Ask(int fd)
    {
        Libbpf.bpf_map_info info = default;
        uint length = (uint)sizeof(Libbpf.bpf_map_info);
        // SAFETY: the kernel writes at most length bytes.
        NativeException.Check(Libbpf.bpf_obj_get_info_by_fd(fd, &info, &length), "bpf_obj_get_info_by_fd(map)");
        return info;
    }

    // libbpf's functions take no null: a map that was made elsewhere has a descriptor alone.
    private nint Own => _map != 0 ? _map : throw new InvalidOperationException("the map is not of an object that is open here");

    /// <summary>Its id, unique until reboot; after load. A lookup in a map of maps gives the inner map's.</summary>
    /// <exception cref="NativeException">It is not loaded.</exception>
    public uint Id => _map != 0 ? Ask(Fd).id : _info.id;

    /// <summary>The map's name; of a data section: object name and section. The kernel keeps 15 bytes of it.</summary>
    public string Name
    {
        get
        {
            if (_map != 0)
                return Libbpf.Text(Libbpf.bpf_map__name(_map));
            // SAFETY: the kernel ends the name with a NUL.
            fixed (byte* name = _info.name)
                return Libbpf.Text(name);
        }
    }

    /// <summary>The descriptor, owned by the object or handle; negative before load.</summary>
    public int Fd => _map != 0 ? Libbpf.bpf_map__fd(_map) : _fd;

    /// <summary>The kind of map, as <c>enum bpf_map_type</c> numbers it.</summary>
    public uint Type => _map != 0 ? Libbpf.bpf_map__type(_map) : _info.type;

    /// <summary>Bytes of a key.</summary>
    public uint KeySize => _map != 0 ? Libbpf.bpf_map__key_size(_map) : _info.key_size;

    /// <summary>Bytes of a value. Set before load only.</summary>
    /// <exception cref="NativeException">The object is loaded already.</exception>
    public uint ValueSize
    {
        get => _map != 0 ? Libbpf.bpf_map__value_size(_map) : _info.value_size;
        set => NativeException.Check(Libbpf.bpf_map__set_value_size(Own, value), $"bpf_map__set_value_size({Name})");
    }

    /// <summary>Most entries. Set before load only.</summary>
    /// <exception cref="NativeException">The object is loaded already.</exception>
    public uint MaxEntries
    {
        get => _map != 0 ? Libbpf.bpf_map__max_entries(_map) : _info.max_entries;
        set => NativeException.Check(Libbpf.bpf_map__set_max_entries(Own, value), $"bpf_map__set_max_entries({Name})");
    }

    /// <summary>Bytes that a lookup gives: of a per-CPU map, a value rounded up to 8 bytes for each possible CPU.</summary>
    public int TransferSize =>
        PerCpuTypes.Contains(Type) ? (int)(ValueSize + 7 & ~7u) * BpfSystem.PossibleCpus : (int)ValueSize;

    /// <summary>The contents of a data section as the kernel will get them: write before load.</summary>
    /// <exception cref="InvalidOperationException">The map is no data section.</exception>
    public Span<byte> InitialValue
    {
        get
        {
            nuint size;
            byte* value = Libbpf.bpf_map__initial_value(Own, &size);
            if (value == null)
                throw new InvalidOperationException($"map '{Name}' has no initial value");
            // SAFETY: libbpf keeps size bytes there until the object is closed.
            return new Span<byte>(value, (int)size);
        }
    }

    /// <summary>Makes the object use a map that there is already; before load.</summary>
    /// <exception cref="NativeException">It is of another kind or size.</exception>
    public void Reuse(BpfMap other) => NativeException.Check(Libbpf.bpf_map__reuse_fd(Own, other.Fd), $"bpf_map__reuse_fd({Name})");

    /// <summary>Sets the pattern of a map of maps; before load.</summary>
    /// <exception cref="NativeException">The map holds no maps.</exception>
    public void SetInner(BpfMap pattern) => NativeException.Check(Libbpf.bpf_map__set_inner_map_fd(Own, pattern.Fd), $"bpf_map__set_inner_map_fd({Name})");

    /// <summary>Sets the value of a key.</summary>
    /// <exception cref="NativeException">The map is full, the key is not as <paramref name="which"/> demands, or the kernel refused.</exception>
    public void Update(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, MapUpdate which = MapUpdate.Any)
    {
        Check(key, KeySize, nameof(key));
        Check(value, TransferSize, nameof(value));
        // SAFETY: the kernel reads as many bytes as were checked.
        fixed (byte* k = key, v = value)
            Done(Libbpf.bpf_map_update_elem(Fd, k, v, (ulong)which), "bpf_map_update_elem");
    }

    /// <summary>Reads the value of a key.</summary>
    /// <returns>False when the key is not in the map.</returns>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public bool TryLookup(ReadOnlySpan<byte> key, Span<byte> value)
    {
        Check(key, KeySize, nameof(key));
        Check(value, TransferSize, nameof(value));
        // SAFETY: the kernel reads and writes as many bytes as were checked.
        fixed (byte* k = key, v = value)
            return Found(Libbpf.bpf_map_lookup_elem(Fd, k, v), "bpf_map_lookup_elem");
    }

    /// <summary>Reads the value of a key and removes it, in one step.</summary>
    /// <returns>False when the key is not in the map.</returns>
    /// <exception cref="NativeException">The kernel refused: not all kinds of map can (hash maps since 5.14).</exception>
    public bool TryTake(ReadOnlySpan<byte> key, Span<byte> value)
    {
        Check(key, KeySize, nameof(key));
        Check(value, TransferSize, nameof(value));
        // SAFETY: as TryLookup.
        fixed (byte* k = key, v = value)
            return Found(Libbpf.bpf_map_lookup_and_delete_elem(Fd, k, v), "bpf_map_lookup_and_delete_elem");
    }

    /// <summary>Removes a key.</summary>
    /// <returns>False when the key was not in the map.</returns>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public bool Delete(ReadOnlySpan<byte> key)
    {
        Check(key, KeySize, nameof(key));
        // SAFETY: the kernel reads as many bytes as were checked.
        fixed (byte* k = key)
            return Found(Libbpf.bpf_map_delete_elem(Fd, k), "bpf_map_delete_elem");
    }

    /// <summary>
    /// The key after <paramref name="key"/>, in the map's own order; the first one after an empty span. A map that changes
    /// meanwhile may show keys twice, or begin again.
    /// </summary>
    /// <returns>False at the end.</returns>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public bool TryNextKey(ReadOnlySpan<byte> key, Span<byte> next)
    {
        if (!key.IsEmpty)
            Check(key, KeySize, nameof(key));
        Check(next, KeySize, nameof(next));
        // SAFETY: an empty span is pinned as null, which asks for the first key; else as many bytes as were checked.
        fixed (byte* k = key, n = next)
            return Found(Libbpf.bpf_map_get_next_key(Fd, k, n), "bpf_map_get_next_key");
    }

    /// <summary>Reads many entries with one call.</summary>
    /// <param name="cursor">At least 4 bytes, and a key's; where the next call goes on. Zero-filled at first.</param>
    /// <param name="first">Whether to begin at the start.</param>
    /// <param name="keys">Room for keys, one after the other.</param>
    /// <param name="values">Room for as many values.</param>
    /// <param name="atEnd">Whether nothing is left.</param>
    /// <returns>Entries read.</returns>
    /// <exception cref="NativeException">The kernel refused; ENOSPC: the room is smaller than one bucket of a hash map.</exception>
    public int LookupBatch(Span<byte> cursor, bool first, Span<byte> keys, Span<byte> values, out bool atEnd)
    {
        Check(cursor, Math.Max(4, KeySize), nameof(cursor));
        uint count = (uint)Math.Min(keys.Length / KeySize, values.Length / TransferSize);
        var options = new Libbpf.bpf_map_batch_opts { sz = (nuint)sizeof(Libbpf.bpf_map_batch_opts) };
        // SAFETY: both spans have room for count entries; the cursor has what the kernel writes there.
        fixed (byte* c = cursor, k = keys, v = values)
            atEnd = !Found(Libbpf.bpf_map_lookup_batch(Fd, first ? null : c, c, k, v, &count, &options), "bpf_map_lookup_batch");
        return (int)count;
    }

    /// <summary>Sets many entries with one call.</summary>
    /// <exception cref="NativeException">The kernel refused, after some of them perhaps.</exception>
    public void UpdateBatch(ReadOnlySpan<byte> keys, ReadOnlySpan<byte> values, int count)
    {
        Check(keys, count * KeySize, nameof(keys));
        Check(values, count * TransferSize, nameof(values));
        uint done = (uint)count;
        var options = new Libbpf.bpf_map_batch_opts { sz = (nuint)sizeof(Libbpf.bpf_map_batch_opts) };
        // SAFETY: the kernel reads count keys and values, which the spans have.
        fixed (byte* k = keys, v = values)
            Done(Libbpf.bpf_map_update_batch(Fd, k, v, &done, &options), "bpf_map_update_batch");
    }

    /// <summary>Removes many keys with one call.</summary>
    /// <exception cref="NativeException">The kernel refused; ENOENT: one was not there, those before it are gone.</exception>
    public void DeleteBatch(ReadOnlySpan<byte> keys, int count)
    {
        Check(keys, count * KeySize, nameof(keys));
        uint done = (uint)count;
        var options = new Libbpf.bpf_map_batch_opts { sz = (nuint)sizeof(Libbpf.bpf_map_batch_opts) };
        // SAFETY: the kernel reads count keys, which the span has.
        fixed (byte* k = keys)
            Done(Libbpf.bpf_map_delete_batch(Fd, k, &done, &options), "bpf_map_delete_batch");
    }

    /// <summary>Forbids further writes from user space.</summary>
    /// <exception cref="NativeException">The kernel refused: it is mapped writable, or frozen already.</exception>
    public void Freeze() => Done(Libbpf.bpf_map_freeze(Fd), "bpf_map_freeze");

    /// <summary>Names the map in a bpf filesystem: it stays when this process ends, until the file is removed.</summary>
    /// <exception cref="NativeException">The path is in no bpf filesystem, or is taken.</exception>
    public void Pin(string path) => Done(Libbpf.bpf_obj_pin(Fd, path), "bpf_obj_pin");

    /// <summary>Maps the values of a mmapable array into this process.</summary>
    /// <param name="offset">Bytes from the first value's start, a multiple of the page size.</param>
    /// <param name="length">Bytes.</param>
    /// <param name="writable">Whether this process may write there too.</param>
    /// <exception cref="NativeException">The map is not mmapable, or the range is not in it.</exception>
    public MappedMap Mmap(long offset, long length, bool writable = true) => new(Fd, offset, length, Name, writable);

    private void Done(int result, string call)
    {
        if (result < 0)
            throw new NativeException($"{call}({Name})", -result);
    }

    private bool Found(int result, string call)
    {
        if (result == -Enoent)
            return false;
        Done(result, call);
        return true;
    }

    private static void Check(ReadOnlySpan<byte> bytes, long size, string what)
    {
        if (bytes.Length < size)
            throw new ArgumentException($"{bytes.Length} bytes where the map has {size}", what);
    }
}
