using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Scry.Wire;

/// <summary>A path for a trigger (<c>struct scry_pattern</c>): <c>prefix*suffix</c>, or the prefix alone.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct PathPattern
{
    /// <summary>Bytes before the star.</summary>
    public byte PrefixLength;
    /// <summary>Bytes behind it.</summary>
    public byte SuffixLength;
    /// <summary>1: no star, the prefix is the whole path.</summary>
    public byte Exact;
    /// <summary>Padding.</summary>
    public PadBytes Pad;
    /// <summary>The text before the star, NUL-ended.</summary>
    public TextBytes Prefix;
    /// <summary>The text behind it.</summary>
    public TextBytes Suffix;

    /// <summary>5 bytes.</summary>
    [InlineArray(5)]
    public struct PadBytes
    {
        private byte _first;
    }

    /// <summary>Text with its NUL.</summary>
    [InlineArray(Layout.PatternText)]
    public struct TextBytes
    {
        private byte _first;
    }
}

/// <summary>A segment of the flight recorder's memory (<c>struct scry_segment</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SegmentHeader
{
    /// <summary>Number of its use, from 1; a copy during which it changed is void. 0: not used yet.</summary>
    public ulong Number;
    /// <summary>Nanoseconds of CLOCK_MONOTONIC of its first record.</summary>
    public ulong First;
    /// <summary>Nanoseconds of its newest record.</summary>
    public ulong Last;
    /// <summary>Serial of the group that it belongs to.</summary>
    public uint Serial;
    /// <summary>Bytes of whole records.</summary>
    public uint Used;
    /// <summary>Number of them.</summary>
    public uint Records;
    /// <summary>CPU + 1 of the writer; 0: none.</summary>
    public uint Busy;
    /// <summary>Lane + 1 whose newest it is; 0: none's.</summary>
    public uint Lane;
    /// <summary>Index + 1 of the next in its group's queue.</summary>
    public uint Newer;
    /// <summary>Nanoseconds to add to CLOCK_MONOTONIC to have CLOCK_TAI, when it was taken.</summary>
    public long Tai;
    /// <summary>Padding.</summary>
    public ulong Pad;
}

/// <summary>What a group is used for (<c>SCRY_GROUP_*</c>).</summary>
public enum GroupState : uint
{
    /// <summary>Nothing.</summary>
    Free = 0,
    /// <summary>A cgroup's records go there.</summary>
    Live = 1,
    /// <summary>Its cgroup was removed, or its incident was saved: it is the first to give way.</summary>
    Gone = 2,
    /// <summary>An incident.</summary>
    Frozen = 3,
}

/// <summary>Why a group was frozen (<c>SCRY_WHY_*</c>).</summary>
public enum IncidentCause : uint
{
    /// <summary>It was not.</summary>
    None = 0,
    /// <summary>A signal ended a process.</summary>
    Signal = 1,
    /// <summary>The OOM killer did.</summary>
    Oom = 2,
    /// <summary>A process exited with a code.</summary>
    Exit = 3,
    /// <summary>A call failed.</summary>
    Errno = 4,
    /// <summary>A call took long.</summary>
    Slow = 5,
    /// <summary>The cgroup was removed.</summary>
    Removal = 6,
    /// <summary>A call named a path.</summary>
    Path = 7,
    /// <summary>Somebody asked for it.</summary>
    Asked = 8,
}

/// <summary>The past of one cgroup (<c>struct scry_group</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct GroupHeader
{
    /// <summary>Id of the cgroup; 0: of those that found no group of their own.</summary>
    public ulong CgroupId;
    /// <summary>Nanoseconds of CLOCK_MONOTONIC of its first call.</summary>
    public ulong Created;
    /// <summary>Nanoseconds at which it was removed, frozen or saved.</summary>
    public ulong Ended;
    /// <summary>Records that were overwritten.</summary>
    public ulong Overwritten;
    /// <summary>Nanoseconds of the newest record that was overwritten; 0: none was.</summary>
    public ulong Horizon;
    /// <summary>What the cause needs: a signal, an exit code, an errno, nanoseconds.</summary>
    public ulong Detail;
    /// <summary>What it is used for.</summary>
    public GroupState State;
    /// <summary>Number of its use, unique.</summary>
    public uint Serial;
    /// <summary>Segments that it has.</summary>
    public uint Segments;
    /// <summary>The oldest, index + 1.</summary>
    public uint Oldest;
    /// <summary>The newest, index + 1.</summary>
    public uint Newest;
    /// <summary>Lanes less 1.</summary>
    public uint LaneMask;
    /// <summary>Why it was frozen.</summary>
    public IncidentCause Why;
    /// <summary>The process that fired it.</summary>
    public uint Tgid;
    /// <summary>The thread that did.</summary>
    public uint Tid;
    /// <summary>The syscall that did, with a cause that is a call.</summary>
    public uint Nr;
    /// <summary>The thread's name; hostile text.</summary>
    public CommBytes Comm;
    /// <summary>Each lane's newest segment, index + 1.</summary>
    public LaneWords Current;
    /// <summary>Its number as an incident, in the order of the triggers, from 1; 0: it is none.</summary>
    public ulong Incident;
    /// <summary>Its calls, estimated; counted with a budget alone, as what follows.</summary>
    public uint Calls;
    /// <summary>The same when the cost was last judged.</summary>
    public uint CallsBefore;
    /// <summary>Calls between the last two judgements.</summary>
    public uint Rate;
    /// <summary>Number + 1 of the <see cref="GivenUp"/> that says since when its calls are given up; 0: they are not.</summary>
    public uint Muted;

    /// <summary>A number for each lane.</summary>
    [InlineArray(Layout.Lanes)]
    public struct LaneWords
    {
        private uint _first;
    }
}

/// <summary>What there is once for a flight recorder (<c>struct scry_flight</c>).</summary>
[StructLayout(LayoutKind.Explicit, Size = 4096)]
public struct FlightState
{
    /// <summary>Segments handed out so far.</summary>
    [FieldOffset(0)] public ulong Numbers;
    /// <summary>Incidents so far.</summary>
    [FieldOffset(8)] public ulong Incidents;
    /// <summary>Triggers that fired too soon after another in their cgroup.</summary>
    [FieldOffset(16)] public ulong SuppressedCooldown;
    /// <summary>Triggers that fired when as many incidents were kept as there may be.</summary>
    [FieldOffset(24)] public ulong SuppressedFull;
    /// <summary>Nanoseconds than which no record of a group that is no more was newer; 0: there is none.</summary>
    [FieldOffset(32)] public ulong Horizon;
    /// <summary>Segments that were ever used.</summary>
    [FieldOffset(44)] public uint Fresh;
    /// <summary>Process that fires no trigger: Scry's own that watches.</summary>
    [FieldOffset(64)] public uint Watcher;
    /// <summary>Nanoseconds of CLOCK_MONOTONIC at which the cost was last judged; 0: never.</summary>
    [FieldOffset(128)] public ulong Judged;
    /// <summary>What was given up until then may be forgotten; 0: nothing is.</summary>
    [FieldOffset(176)] public ulong GivenHorizon;
    /// <summary>The cost between the last two judgements, in thousandths of the budget.</summary>
    [FieldOffset(188)] public uint Cost;
    /// <summary>Cgroups whose calls are given up.</summary>
    [FieldOffset(196)] public uint Muted;
    /// <summary>What was given up, in no order.</summary>
    [FieldOffset(208)] public GivenUps Given;

    /// <summary>As many as are remembered.</summary>
    [InlineArray(Layout.Givens)]
    public struct GivenUps
    {
        private GivenUp _first;
    }
}

/// <summary>What a recorder gives up for its budget, in this order (<c>SCRY_GIVEN_*</c>).</summary>
public enum GivenDetail : uint
{
    /// <summary>Nothing.</summary>
    None = 0,
    /// <summary>Exact durations.</summary>
    Durations = 1,
    /// <summary>The memory of calls: paths, structures, payload.</summary>
    Memory = 2,
    /// <summary>All calls of a cgroup.</summary>
    Cgroup = 3,
}

/// <summary>What was given up, from when to when (<c>struct scry_given</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct GivenUp
{
    /// <summary>Nanoseconds of CLOCK_MONOTONIC.</summary>
    public ulong From;
    /// <summary>Nanoseconds; 0: it is still given up.</summary>
    public ulong To;
    /// <summary>With <see cref="GivenDetail.Cgroup"/>: which; 0: those that found no group of their own.</summary>
    public ulong CgroupId;
    /// <summary>Its calls that were not recorded.</summary>
    public ulong Calls;
    /// <summary>What; <see cref="GivenDetail.None"/>: unused.</summary>
    public GivenDetail What;
    /// <summary>The cost when it was given up, in thousandths of the budget.</summary>
    public uint Cost;
}

/// <summary>Two clocks at one instant (<c>struct scry_clock</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct ClockPair
{
    /// <summary>Ticks of the kernel.</summary>
    public ulong Jiffies;
    /// <summary>Nanoseconds of CLOCK_MONOTONIC.</summary>
    public ulong Time;
}

/// <summary>A pid namespace (<c>struct scry_pid_namespace</c>), as the kernel knows it.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct PidNamespaceFound
{
    /// <summary>Its address.</summary>
    public ulong Address;
    /// <summary>Its depth; 0: the initial one.</summary>
    public ulong Level;
}

/// <summary>How deep a cgroup lies (<c>struct scry_cgroup_level</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CgroupLevelAsked
{
    /// <summary>The cgroup.</summary>
    public ulong Id;
    /// <summary>Its depth; -1: the asker is not in it.</summary>
    public long Level;
}

/// <summary>What the control program is asked (<c>struct scry_control</c>): to freeze a cgroup's past.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct FlightControl
{
    /// <summary>Id of the cgroup.</summary>
    public ulong CgroupId;
    /// <summary>Answer: 1 when it was frozen.</summary>
    public uint Frozen;
    /// <summary>Padding.</summary>
    public uint Pad;
}
