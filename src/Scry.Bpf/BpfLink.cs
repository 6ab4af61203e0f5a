using System.Runtime.InteropServices;

namespace Scry.Bpf;

/// <summary>What the kernel knows of a link.</summary>
/// <param name="Id">Its id, unique until reboot.</param>
/// <param name="Type">The kind of link, as <c>enum bpf_link_type</c> numbers it.</param>
/// <param name="ProgramId">The id of the program that is attached.</param>
public readonly record struct BpfLinkInfo(uint Id, uint Type, uint ProgramId)
{
    internal static unsafe BpfLinkInfo Of(int fd)
    {
        Libbpf.bpf_link_info info = default;
        uint length = (uint)sizeof(Libbpf.bpf_link_info);
        // SAFETY: the kernel writes at most length bytes.
        NativeException.Check(Libbpf.bpf_obj_get_info_by_fd(fd, &info, &length), "bpf_obj_get_info_by_fd(link)");
        return new BpfLinkInfo(info.id, info.type, info.prog_id);
    }
}

/// <summary>An attachment. Disposing it detaches the program, unless it is pinned.</summary>
public sealed class BpfLink : SafeHandle
{
    private bool _pinned;
    private int _event = -1;

    internal BpfLink(nint link)
        : base(0, ownsHandle: true) => handle = link;

    /// <summary>A link that owns the perf event it is attached to, as libbpf has it.</summary>
    internal BpfLink(nint link, int perfEvent)
        : this(link) => _event = perfEvent;

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
    public uint ProgramId => Info.ProgramId;

    /// <summary>What the kernel knows of it.</summary>
    /// <exception cref="NativeException">The link is none of the kernel's own, as perf events' before 5.15.</exception>
    public BpfLinkInfo Info => BpfLinkInfo.Of(Libbpf.bpf_link__fd(handle));

    /// <summary>
    /// Detaches the program now, whoever else holds or pinned the link. Tracing programs cannot be parted from theirs so: they
    /// are detached when the last holder closes it and the last pin is removed.
    /// </summary>
    /// <exception cref="NativeException">EOPNOTSUPP: a link of that kind cannot.</exception>
    public void Detach() => NativeException.Check(Libbpf.bpf_link_detach(Libbpf.bpf_link__fd(handle)), "bpf_link_detach");

    /// <summary>Names the link in a bpf filesystem: the program stays attached when this process ends, until the file is removed.</summary>
    /// <exception cref="NativeException">The path is in no bpf filesystem, or is taken.</exception>
    public void Pin(string path)
    {
        NativeException.Check(Libbpf.bpf_link__pin(handle, path), $"bpf_link__pin({path})");
        _pinned = true;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        if (!_pinned || _event < 0)
            return Libbpf.bpf_link__destroy(handle) == 0;
        // libbpf would disable the event, which the pin still needs: the two descriptors alone are closed. (A classic
        // tracepoint's program runs though its event is disabled.)
        bool closed = Libbpf.close(Libbpf.bpf_link__fd(handle)) == 0 & Libbpf.close(_event) == 0;
        Libbpf.bpf_link__disconnect(handle);
        return Libbpf.bpf_link__destroy(handle) == 0 && closed;
    }
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
