using System.Runtime.InteropServices;

namespace Scry.Bpf;

/// <summary>Takes one record of a ring buffer; its bytes are valid during the call only.</summary>
public delegate void RingBufferHandler(ReadOnlySpan<byte> record);

/// <summary>A consumer of a BPF_MAP_TYPE_RINGBUF map.</summary>
public sealed unsafe class RingBuffer : SafeHandle
{
    private GCHandle _self;
    private readonly RingBufferHandler _handler;
    private Exception? _failure;

    /// <summary>Opens the ring buffer <paramref name="map"/>.</summary>
    /// <exception cref="NativeException">It is none, or the kernel refused.</exception>
    public RingBuffer(BpfMap map, RingBufferHandler handler)
        : base(0, ownsHandle: true)
    {
        _handler = handler;
        _self = GCHandle.Alloc(this, GCHandleType.Weak);
        handle = Libbpf.ring_buffer__new(map.Fd, &Sample, (void*)GCHandle.ToIntPtr(_self), null);
        if (handle == 0)
            throw new NativeException($"ring_buffer__new({map.Name})", Marshal.GetLastPInvokeError());
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>Waits for records and hands them over.</summary>
    /// <param name="timeoutMs">Milliseconds; 0: does not wait, -1: for ever.</param>
    /// <returns>The number of records; 0 also when a signal came.</returns>
    /// <exception cref="NativeException">The wait failed.</exception>
    public int Poll(int timeoutMs)
    {
        const int eintr = 4;
        int result = Libbpf.ring_buffer__poll(handle, timeoutMs);
        if (_failure is not null)
        {
            Exception failure = _failure;
            _failure = null;
            throw failure;
        }
        return result == -eintr ? 0 : NativeException.Check(result, "ring_buffer__poll");
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        Libbpf.ring_buffer__free(handle);
        _self.Free();
        return true;
    }

    [UnmanagedCallersOnly]
    private static int Sample(void* context, void* data, nuint size)
    {
        var ring = GCHandle.FromIntPtr((nint)context).Target as RingBuffer;
        try
        {
            // SAFETY: libbpf lends size bytes at data during the callback.
            ring?._handler(new ReadOnlySpan<byte>(data, (int)size));
            return 0;
        }
        catch (Exception failure)
        {
            // Carried over the native frames to Poll's caller.
            if (ring is not null)
                ring._failure = failure;
            return -1;
        }
    }
}
