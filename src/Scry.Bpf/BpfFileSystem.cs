using System.Runtime.InteropServices;

namespace Scry.Bpf;

/// <summary>
/// A bpf filesystem that is mounted nowhere: what is pinned there stays as long as this is open. The kernel takes off what hangs on
/// such a pin later and by itself, where whoever closes a link waits for it.
/// </summary>
public sealed unsafe class BpfFileSystem : SafeHandle
{
    private const nint FsOpen = 430, FsConfig = 431, FsMount = 432; // the same on all processors
    private const uint CommandCreate = 6; // FSCONFIG_CMD_CREATE, <linux/mount.h>
    private const nint CloseOnExec = 1;

    private BpfFileSystem(int fd)
        : base(-1, ownsHandle: true) => handle = fd;

    /// <inheritdoc/>
    public override bool IsInvalid => handle < 0;

    /// <summary>Makes one.</summary>
    /// <returns>Null where this process may not.</returns>
    public static BpfFileSystem? TryMake()
    {
        // SAFETY: the name is NUL-ended and only read; the other pointers are null.
        fixed (byte* name = "bpf\0"u8)
        {
            int context = (int)Libbpf.syscall(FsOpen, name, CloseOnExec, 0, 0, 0);
            if (context < 0)
                return null;
            int mount = Libbpf.syscall(FsConfig, (void*)context, (nint)CommandCreate, 0, 0, 0) < 0 ? -1
                : (int)Libbpf.syscall(FsMount, (void*)context, CloseOnExec, 0, 0, 0);
            Libbpf.close(context);
            return mount < 0 ? null : new BpfFileSystem(mount);
        }
    }

    /// <summary>The path of a name in it, for this process.</summary>
    public string PathOf(string name) => $"/proc/self/fd/{handle}/{name}";

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libbpf.close((int)handle) == 0;
}
