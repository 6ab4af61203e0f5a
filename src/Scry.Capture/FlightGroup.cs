using Scry.Wire;

namespace Scry.Capture;

/// <summary>The past of one cgroup as a flight recorder has it, or an incident: a past that was frozen.</summary>
public sealed class FlightGroup
{
    private readonly GroupHeader _header;

    internal FlightGroup(int index, GroupHeader header, string path)
    {
        Index = index;
        _header = header;
        Path = path.Length > 0 ? path : "/";
    }

    internal int Index { get; }

    /// <summary>Number of its use, unique in its recorder.</summary>
    public uint Serial => _header.Serial;

    /// <summary>Its number as an incident, in the order of the triggers, from 1; 0: it is none.</summary>
    public ulong Incident => _header.Incident;

    /// <summary>Id of the cgroup; 0: of all that found no group of their own.</summary>
    public ulong CgroupId => _header.CgroupId;

    /// <summary>The cgroup's path below its hierarchy, as it was at its first call. Hostile text.</summary>
    public string Path { get; }

    /// <summary>Whether it is recorded into, gone or frozen.</summary>
    public GroupState State => _header.State;

    /// <summary>Nanoseconds of CLOCK_MONOTONIC at which it was removed or frozen; 0 when it lives.</summary>
    public ulong Ended => _header.State == GroupState.Live ? 0 : _header.Ended;

    /// <summary>Bytes of memory that it holds.</summary>
    public long Bytes => (long)_header.Segments * Layout.SegmentSize;

    /// <summary>Records that were overwritten.</summary>
    public ulong Overwritten => _header.Overwritten;

    /// <summary>Nanoseconds of CLOCK_MONOTONIC of the newest record that was overwritten; 0: none was.</summary>
    public ulong Horizon => _header.Horizon;

    /// <summary>Why it was frozen.</summary>
    public IncidentCause Why => _header.Why;

    /// <summary>The signal, exit code, errno or nanoseconds that go with <see cref="Why"/>.</summary>
    public ulong Detail => _header.Detail;

    /// <summary>The process that fired it.</summary>
    public uint Tgid => _header.Tgid;

    /// <summary>The thread that fired it.</summary>
    public uint Tid => _header.Tid;

    /// <summary>The syscall that fired it, with a cause that is a call.</summary>
    public uint Nr => _header.Nr;

    /// <summary>Name of the thread that fired it. Hostile text.</summary>
    public string Comm => ByteText.Of(_header.Comm.Text);
}
