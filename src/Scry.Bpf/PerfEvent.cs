using System.Runtime.InteropServices;

namespace Scry.Bpf;

/// <summary>Takes one record of an event's ring, its header included; its bytes are valid during the call only.</summary>
public delegate void PerfRecordHandler(ReadOnlySpan<byte> record);

/// <summary>An event of perf_event_open(2) on one CPU: to attach a program to, or with a ring of what the kernel tells.</summary>
public sealed unsafe class PerfEvent : SafeHandle
{
    // <asm/unistd.h>: perf_event_open.
    private static readonly nint s_syscallNumber = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 241 : 298;
    private const uint Software = 1; // PERF_TYPE_SOFTWARE
    private const ulong Dummy = 9; // PERF_COUNT_SW_DUMMY
    private const ulong UseFrequency = 1 << 10; // attr.freq
    // attr's mmap, comm, task, watermark, sample_id_all, mmap2, comm_exec, use_clockid.
    private const ulong TellMappings = 1 << 8 | 1 << 9 | 1 << 13 | 1 << 14 | 1 << 18 | 1 << 23 | 1 << 24 | 1 << 25;
    private const ulong SampleTime = 1 << 2; // PERF_SAMPLE_TIME
    private const int Monotonic = 1; // CLOCK_MONOTONIC
    private const nint CloseOnExec = 8; // PERF_FLAG_FD_CLOEXEC
    // struct perf_event_mmap_page: data_head, data_tail; a record's header is 8 bytes.
    private const int HeadOffset = 1024, TailOffset = 1032, HeaderSize = 8, SizeOffset = 6;

    private MappedMap? _ring;
    private int _dataSize;
    private byte[] _record = [];

    private PerfEvent(nint fd)
        : base(-1, ownsHandle: true) => handle = fd;

    /// <inheritdoc/>
    public override bool IsInvalid => handle < 0;

    internal int Fd => (int)handle;

    /// <summary>A software event that fires so many times a second on a CPU.</summary>
    /// <param name="config">Which one: 0 is the CPU's clock (<c>PERF_COUNT_SW_*</c>).</param>
    /// <param name="cpu">The CPU's number; it must be online.</param>
    /// <param name="frequency">Times a second, at most what the sysctl kernel.perf_event_max_sample_rate allows.</param>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public static PerfEvent OpenSoftware(ulong config, int cpu, ulong frequency) => Open(config, cpu, frequency, UseFrequency);

    /// <summary>A software event that fires each time so much was counted on a CPU.</summary>
    /// <param name="config">As for <see cref="OpenSoftware"/>.</param>
    /// <param name="cpu">As for <see cref="OpenSoftware"/>.</param>
    /// <param name="period">How much: nanoseconds for the CPU's clock, occurrences for events that count them.</param>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public static PerfEvent OpenSoftwarePeriod(ulong config, int cpu, ulong period) => Open(config, cpu, period, 0);

    /// <summary>
    /// What tells of each executable mapping, execve, fork and end on a CPU (PERF_RECORD_MMAP2, COMM, FORK, EXIT), each with the
    /// time of CLOCK_MONOTONIC as its last 8 bytes.
    /// </summary>
    /// <param name="cpu">The CPU's number; it must be online.</param>
    /// <param name="ringSize">Bytes of the ring, a power of two and of whole pages.</param>
    /// <exception cref="NativeException">The kernel refused.</exception>
    public static PerfEvent OpenMappings(int cpu, int ringSize)
    {
        PerfEvent opened = Open(Dummy, cpu, 0, TellMappings, SampleTime);
        try
        {
            // The first page has the positions.
            opened._ring = new MappedMap(opened.Fd, 0, Environment.SystemPageSize + ringSize, "perf_event", writable: true);
            opened._dataSize = ringSize;
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>Waits until one of them has records.</summary>
    /// <param name="events">Those of <see cref="OpenMappings"/>.</param>
    /// <param name="timeoutMs">Milliseconds.</param>
    public static void Wait(IReadOnlyList<PerfEvent> events, int timeoutMs)
    {
        var polled = new Libbpf.poll_fd[events.Count];
        for (int i = 0; i < polled.Length; i++)
            polled[i] = new Libbpf.poll_fd { fd = events[i].Fd, events = 1 };
        // SAFETY: the kernel writes into as many as it is told there are.
        fixed (Libbpf.poll_fd* first = polled)
            _ = Libbpf.poll(first, (nuint)polled.Length, timeoutMs);
    }

    /// <summary>Hands over what is in the ring and gives its room back.</summary>
    public void Read(PerfRecordHandler handler)
    {
        if (_ring is null)
            return;
        // SAFETY: both words lie in the first page that was mapped.
        ulong* headAt = (ulong*)(_ring.Pointer + HeadOffset), tailAt = (ulong*)(_ring.Pointer + TailOffset);
        ulong head = Volatile.Read(ref *headAt), tail = *tailAt;
        Span<byte> header = stackalloc byte[HeaderSize];
        while (head - tail >= HeaderSize && head - tail <= (ulong)_dataSize)
        {
            Copy(tail, header);
            int size = MemoryMarshal.Read<ushort>(header[SizeOffset..]);
            if (size < HeaderSize || (ulong)size > head - tail)
                break;
            if (_record.Length < size)
                _record = new byte[ushort.MaxValue];
            Copy(tail, _record.AsSpan(0, size));
            tail += (ulong)size;
            handler(_record.AsSpan(0, size));
        }
        Volatile.Write(ref *tailAt, head);
    }

    private void Copy(ulong position, Span<byte> to)
    {
        ReadOnlySpan<byte> data = _ring!.Span[Environment.SystemPageSize..];
        int at = (int)(position & (ulong)(_dataSize - 1)), first = Math.Min(to.Length, _dataSize - at);
        data.Slice(at, first).CopyTo(to);
        data[..(to.Length - first)].CopyTo(to[first..]);
    }

    private static PerfEvent Open(ulong config, int cpu, ulong amount, ulong flags, ulong sampleType = 0)
    {
        var attributes = new Libbpf.perf_event_attr
        {
            type = Software,
            size = (uint)sizeof(Libbpf.perf_event_attr),
            config = config,
            sample_period_or_freq = amount,
            sample_type = sampleType,
            flags = flags,
            wakeup_watermark = sampleType == 0 ? 0u : 1,
            clockid = sampleType == 0 ? 0 : Monotonic,
        };
        // SAFETY: the kernel reads as many bytes of the attributes as their size says.
        nint fd = Libbpf.syscall(s_syscallNumber, &attributes, -1, cpu, -1, CloseOnExec);
        return fd >= 0 ? new PerfEvent(fd) : throw new NativeException("perf_event_open", Marshal.GetLastPInvokeError());
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        _ring?.Dispose();
        return Libbpf.close((int)handle) == 0;
    }
}
