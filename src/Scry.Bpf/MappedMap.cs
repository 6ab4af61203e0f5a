using System.Runtime.InteropServices;

namespace Scry.Bpf;

/// <summary>A map's values in this process's memory, shared with the kernel.</summary>
public sealed unsafe class MappedMap : SafeHandle
{
    private const int Read = 1, Write = 2; // PROT_*
    private const int Shared = 1; // MAP_SHARED

    private readonly long _length;

    internal MappedMap(int fd, long offset, long length, string name, bool writable)
        : base(-1, ownsHandle: true)
    {
        _length = length;
        handle = (nint)Libbpf.mmap(null, (nuint)length, writable ? Read | Write : Read, Shared, fd, offset);
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
