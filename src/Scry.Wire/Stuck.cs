using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Scry.Wire;

/// <summary>What is known of a blocked thread (<c>SCRY_STUCK_*</c>).</summary>
[Flags]
public enum StuckFlags : byte
{
    /// <summary>It is in no system call: a page fault, or stopped in its own code.</summary>
    None = 0,
    /// <summary>Number, ABI and arguments are those of its call.</summary>
    InCall = 0x01,
    /// <summary>It is frozen, with its cgroup.</summary>
    Frozen = 0x02,
}

/// <summary>A thread that is blocked (<c>struct scry_stuck</c>); of its stack only <see cref="Frames"/> entries are there.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct StuckRecord
{
    /// <summary>Nanoseconds of CLOCK_MONOTONIC: when it was looked at.</summary>
    public ulong Time;
    /// <summary>Nanoseconds of the scheduler's clock: when it stopped running.</summary>
    public ulong LastRan;
    /// <summary>How often it was switched away from: while that is the same it has not run.</summary>
    public ulong Switches;
    /// <summary>Id (inode number) of its cgroup in the v2 hierarchy.</summary>
    public ulong CgroupId;
    /// <summary>The argument registers of its call.</summary>
    public ThreadSlot.ArgWords Args;
    /// <summary>Bytes of the record, with the frames that are there.</summary>
    public uint Size;
    /// <summary>Thread id in the pid namespace of the run.</summary>
    public uint Tid;
    /// <summary>Thread group id (the process).</summary>
    public uint Tgid;
    /// <summary>Thread group id of its real parent.</summary>
    public uint ParentTgid;
    /// <summary>Effective user id.</summary>
    public uint Uid;
    /// <summary>The call's number, without x32's bit.</summary>
    public uint Nr;
    /// <summary>The kernel's task state, as <c>task_struct.__state</c> has it.</summary>
    public uint State;
    /// <summary>Return addresses that follow, at most <see cref="Layout.StuckFrames"/>.</summary>
    public ushort Frames;
    /// <summary>ABI of the call.</summary>
    public Abi Abi;
    /// <summary>What is known of it.</summary>
    public StuckFlags Flags;
    /// <summary>The thread's name, NUL-padded; hostile text.</summary>
    public CommBytes Comm;
    /// <summary>Return addresses in the kernel, the innermost first.</summary>
    public FrameWords Stack;

    /// <summary>64 addresses.</summary>
    [InlineArray(Layout.StuckFrames)]
    public struct FrameWords
    {
        private ulong _first;
    }
}

/// <summary>What the scheduler's clock said when the asker was given its CPU, and another clock now (<c>struct scry_sched_clock</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SchedClock
{
    /// <summary>Nanoseconds of the scheduler's clock.</summary>
    public ulong Arrival;
    /// <summary>Nanoseconds of CLOCK_MONOTONIC.</summary>
    public ulong Time;
}
