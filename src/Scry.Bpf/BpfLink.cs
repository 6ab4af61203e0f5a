using System.Runtime.InteropServices;

namespace Scry.Bpf;

/// <summary>An attachment. Disposing it detaches the program, unless it is pinned.</summary>
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

    /// <summary>Opens a pinned link. Disposing it then leaves the attachment to the pin.</summary>
    /// <exception cref="NativeException">There is no link at that path.</exception>
    public static BpfLink OpenPinned(string path) => new(NativeException.Check(Libbpf.bpf_link__open(path), $"bpf_link__open({path})"));

    /// <summary>The id of the program that is attached.</summary>
    /// <exception cref="NativeException">The link is none of the kernel's own, as perf events' before 5.15.</exception>
    public unsafe uint ProgramId
    {
        get
        {
            Libbpf.bpf_link_info info = default;
            uint length = (uint)sizeof(Libbpf.bpf_link_info);
            NativeException.Check(Libbpf.bpf_obj_get_info_by_fd(Libbpf.bpf_link__fd(handle), &info, &length), "bpf_obj_get_info_by_fd(link)");
            return info.prog_id;
        }
    }

    /// <summary>Names the link in a bpf filesystem: the program stays attached when this process ends, until the file is removed.</summary>
    /// <exception cref="NativeException">The path is in no bpf filesystem, or is taken.</exception>
    public void Pin(string path) => NativeException.Check(Libbpf.bpf_link__pin(handle, path), $"bpf_link__pin({path})");

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
