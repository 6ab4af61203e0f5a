using System.Runtime.InteropServices;

namespace Scry.Bpf;

/// <summary>An attachment. Disposing it detaches the program.</summary>
public sealed class BpfLink : SafeHandle
{
    internal BpfLink(nint link)
        : base(0, ownsHandle: true) => handle = link;

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Opens an attached iterator for one pass.</summary>
    /// <exception cref="NativeException">The link is of no iterator, or the kernel refused.</exception>
    public BpfIterator OpenIterator() =>
        new(NativeException.Check(Libbpf.bpf_iter_create(Libbpf.bpf_link__fd(handle)), "bpf_iter_create"));

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libbpf.bpf_link__destroy(handle) == 0;
}

/// <summary>One pass of an iterator program: reading it runs the program.</summary>
public sealed unsafe class BpfIterator : SafeHandle
{
    internal BpfIterator(int fd)
        : base(-1, ownsHandle: true) => handle = fd;

    /// <inheritdoc/>
    public override bool IsInvalid => handle < 0;

    /// <summary>Runs the program on; gives what it printed.</summary>
    /// <returns>Bytes read; 0 at the end.</returns>
    /// <exception cref="NativeException">The read failed.</exception>
    public int Read(Span<byte> buffer)
    {
        // SAFETY: read writes at most the span's length.
        fixed (byte* bytes = buffer)
        {
            nint got = Libbpf.read((int)handle, bytes, (nuint)buffer.Length);
            return got >= 0 ? (int)got : throw new NativeException("read(iterator)", Marshal.GetLastPInvokeError());
        }
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libbpf.close((int)handle) == 0;
}
