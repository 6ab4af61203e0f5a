using System.Runtime.InteropServices;

namespace Scry.Bpf;

/// <summary>A map, program or link that was loaded elsewhere, by its pin or its id. Disposing it closes the descriptor alone.</summary>
public sealed class BpfHandle : SafeHandle
{
    internal BpfHandle(int fd)
        : base(-1, ownsHandle: true) => handle = fd;

    /// <inheritdoc/>
    public override bool IsInvalid => handle < 0;

    /// <summary>Opens what is pinned at a path.</summary>
    /// <exception cref="NativeException">Nothing is pinned there, or this process may not have it.</exception>
    public static BpfHandle OpenPinned(string path) => new(NativeException.Check(Libbpf.bpf_obj_get(path), $"bpf_obj_get({path})"));

    /// <summary>Opens a loaded program by its id.</summary>
    /// <exception cref="NativeException">There is none.</exception>
    public static BpfHandle OpenProgram(uint id) => new(NativeException.Check(Libbpf.bpf_prog_get_fd_by_id(id), $"bpf_prog_get_fd_by_id({id})"));

    /// <summary>Opens a map by its id.</summary>
    /// <exception cref="NativeException">There is none.</exception>
    public static BpfHandle OpenMap(uint id) => new(NativeException.Check(Libbpf.bpf_map_get_fd_by_id(id), $"bpf_map_get_fd_by_id({id})"));

    /// <summary>Opens a link by its id, to ask for its program or to detach it; disposing this leaves it attached.</summary>
    /// <exception cref="NativeException">There is none.</exception>
    public static BpfHandle OpenLink(uint id) => new(NativeException.Check(Libbpf.bpf_link_get_fd_by_id(id), $"bpf_link_get_fd_by_id({id})"));

    /// <summary>The map; valid until this is disposed.</summary>
    /// <exception cref="NativeException">It is no map.</exception>
    public BpfMap Map => new((int)handle);

    /// <summary>The program; valid until this is disposed.</summary>
    public BpfProgram Program => new((int)handle);

    /// <summary>Names it in a bpf filesystem: it stays when this is disposed, until the file is removed.</summary>
    /// <exception cref="NativeException">The path is in no bpf filesystem, or is taken.</exception>
    public void Pin(string path) => NativeException.Check(Libbpf.bpf_obj_pin((int)handle, path), $"bpf_obj_pin({path})");

    /// <summary>What the kernel knows of the link.</summary>
    /// <exception cref="NativeException">It is no link.</exception>
    public BpfLinkInfo LinkInfo => BpfLinkInfo.Of((int)handle);

    /// <summary>As <see cref="BpfLink.Detach"/>.</summary>
    /// <exception cref="NativeException">It is no link, or of a kind that cannot (EOPNOTSUPP).</exception>
    public void DetachLink() => NativeException.Check(Libbpf.bpf_link_detach((int)handle), "bpf_link_detach");

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libbpf.close((int)handle) == 0;
}
