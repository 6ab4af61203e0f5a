using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Scry.Wire;

/// <summary>What the data of a capture is (<c>SCRY_CAPTURE_*</c>).</summary>
[Flags]
public enum CaptureFlags : byte
{
    /// <summary>Memory of the caller.</summary>
    None = 0,
    /// <summary>A 64-bit count of the entries of a NULL-ended pointer array.</summary>
    Count = 0x01,
    /// <summary>A <see cref="CallSplit"/>.</summary>
    Split = 0x02,
    /// <summary>A <see cref="CallWaits"/>.</summary>
    Waits = 0x04,
    /// <summary>A <see cref="CallerRegisters"/>, and the caller's stack from the capture's address on.</summary>
    Stack = 0x08,
    /// <summary>64-bit addresses in the caller's code, by frame pointers, the innermost first.</summary>
    Frames = 0x10,
    /// <summary>32-bit numbers of places in code, the innermost first: user space's, for the two before.</summary>
    Places = 0x20,
    /// <summary>A <see cref="FileFacts"/> and its text: what the descriptor that the capture's address is stands for.</summary>
    File = 0x40,
    /// <summary>A <see cref="PidFacts"/>: the caller's ids.</summary>
    Pids = 0xc0,
    /// <summary>No data: the caller's code goes on at the capture's address.</summary>
    Ip = 0x80,
}

/// <summary>The caller's registers (<c>struct scry_registers</c>): on x86-64 <c>struct pt_regs</c>, 21 words; on arm64 <c>struct user_pt_regs</c>, 34.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CallerRegisters
{
    /// <summary>The words.</summary>
    public RegisterWords Words;

    /// <summary>As many words as the largest has.</summary>
    [InlineArray(34)]
    public struct RegisterWords
    {
        private ulong _first;
    }
}

/// <summary>
/// Where a call's time went, in nanoseconds (<c>struct scry_split</c>). What is in none of <see cref="Queued"/>,
/// <see cref="Preempted"/> and <see cref="Blocked"/> was on a CPU.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct CallSplit
{
    /// <summary>Woken, and waiting for a CPU.</summary>
    public ulong Queued;
    /// <summary>It could have run on, and had no CPU.</summary>
    public ulong Preempted;
    /// <summary>Blocked; the three that follow are parts of it.</summary>
    public ulong Blocked;
    /// <summary>Waiting for a device, as the scheduler counts it (iowait).</summary>
    public ulong Io;
    /// <summary>In other waits that no signal ends: locks of the kernel.</summary>
    public ulong Uninterruptible;
    /// <summary>Stopped by a signal or a tracer.</summary>
    public ulong Stopped;
    /// <summary>A part of <see cref="Queued"/> and <see cref="Preempted"/>: its cgroup was at its CPU limit.</summary>
    public ulong Throttled;
    /// <summary>The longest wait.</summary>
    public ulong Longest;
    /// <summary>How often it was blocked.</summary>
    public uint Waits;
    /// <summary>How often its CPU was taken away.</summary>
    public uint Preemptions;
    /// <summary>Page faults that needed no device.</summary>
    public uint MinorFaults;
    /// <summary>Page faults that did.</summary>
    public uint MajorFaults;
    /// <summary>Switches that the kernel counted and did not tell of: what they took is said to be on a CPU.</summary>
    public uint Unseen;
    private uint _pad;
}

/// <summary>A place in the kernel that a call waited at (<c>struct scry_site</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct WaitSite
{
    /// <summary>Of its frames; 0: unused.</summary>
    public ulong Hash;
    /// <summary>Nanoseconds of all its long waits.</summary>
    public ulong Total;
    /// <summary>Nanoseconds of the longest.</summary>
    public ulong Longest;
    /// <summary>How many there were.</summary>
    public uint Waits;
    /// <summary><c>task_struct.__state</c> in the longest; with <see cref="Layout.StateIo"/> when it was iowait.</summary>
    public uint State;
    /// <summary>Return addresses, the innermost first; 0: no more.</summary>
    public SiteFrames Frames;
}

/// <summary>A range of the kernel's code (<c>struct scry_code</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CodeRange
{
    /// <summary>Its first byte.</summary>
    public ulong Start;
    /// <summary>The byte behind it.</summary>
    public ulong End;
}

/// <summary>Return addresses of a place in the kernel.</summary>
[InlineArray(Layout.SiteFrames)]
public struct SiteFrames
{
    private ulong _first;
}

/// <summary>What is known of a waker (<c>SCRY_LINK_*</c>).</summary>
[Flags]
public enum LinkFlags : byte
{
    /// <summary>Nothing more.</summary>
    None = 0,
    /// <summary>The call in the link is that which it was in.</summary>
    InCall = 0x01,
    /// <summary>An interrupt did it: the thread is the one that was interrupted, and of no meaning.</summary>
    Interrupt = 0x02,
    /// <summary>It may have been an interrupt: its stack was too deep to tell.</summary>
    Unsure = 0x04,
    /// <summary>A thread of the kernel.</summary>
    Kernel = 0x08,
    /// <summary>It had waited in a call.</summary>
    WaitCall = 0x10,
}

/// <summary>Who woke a thread, and what that one had waited for itself before (<c>struct scry_link</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct WakerLink
{
    /// <summary>Nanoseconds of CLOCK_MONOTONIC: when it woke the thread before it in the chain.</summary>
    public ulong Time;
    /// <summary>The arguments of its call.</summary>
    public ThreadSlot.ArgWords Args;
    /// <summary>Nanoseconds of its own last long wait, which ended while that thread waited; 0: there was none.</summary>
    public ulong Waited;
    /// <summary>Where in the kernel it had waited.</summary>
    public LinkFrames Frames;
    /// <summary>The thread.</summary>
    public uint Tid;
    /// <summary>Its process.</summary>
    public uint Tgid;
    /// <summary>Its call's number.</summary>
    public uint Nr;
    /// <summary>The number of the call that it had waited in.</summary>
    public uint WaitNr;
    /// <summary>The table of <see cref="Nr"/>.</summary>
    public Abi Abi;
    /// <summary>The table of <see cref="WaitNr"/>.</summary>
    public Abi WaitAbi;
    /// <summary>What is known of it.</summary>
    public LinkFlags Flags;
    private Bytes5 _pad;
    /// <summary>The thread's name; hostile text.</summary>
    public CommBytes Comm;

    /// <summary>Return addresses, the innermost first; 0: no more.</summary>
    [InlineArray(Layout.LinkFrames)]
    public struct LinkFrames
    {
        private ulong _first;
    }

    [InlineArray(5)]
    private struct Bytes5
    {
        private byte _first;
    }
}

/// <summary>The long waits of a call (<c>struct scry_waits</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct CallWaits
{
    /// <summary>Nanoseconds of CLOCK_MONOTONIC: when the call began.</summary>
    public ulong Call;
    /// <summary>Nanoseconds of the longest.</summary>
    public ulong Longest;
    /// <summary>When it began.</summary>
    public ulong From;
    /// <summary>Nanoseconds of long waits at more places than <see cref="Sites"/> has.</summary>
    public ulong Other;
    /// <summary>How many of <see cref="Chain"/> there are.</summary>
    public uint Links;
    /// <summary>The call's number.</summary>
    public uint Nr;
    /// <summary>The call's table.</summary>
    public uint Abi;
    /// <summary>The site of the longest; <see cref="Layout.Sites"/>: it has none.</summary>
    public uint Site;
    /// <summary>Where in the kernel the one was that ended the longest wait.</summary>
    public WakerFrames Waker;
    /// <summary>Where it waited.</summary>
    public SiteArray Sites;
    /// <summary>Who ended the longest wait, who had ended that one's, and so on.</summary>
    public LinkArray Chain;

    /// <summary>Return addresses, the innermost first; 0: no more.</summary>
    [InlineArray(Layout.WakerFrames)]
    public struct WakerFrames
    {
        private ulong _first;
    }

    /// <summary>The places.</summary>
    [InlineArray(Layout.Sites)]
    public struct SiteArray
    {
        private WaitSite _first;
    }

    /// <summary>The wakers.</summary>
    [InlineArray(Layout.Chain)]
    public struct LinkArray
    {
        private WakerLink _first;
    }
}

/// <summary>What a thread did without a CPU (<c>SCRY_SPAN_*</c>).</summary>
[Flags]
public enum SpanFlags : byte
{
    /// <summary>It was blocked.</summary>
    None = 0,
    /// <summary>It could have run on.</summary>
    Preempted = 0x01,
    /// <summary>It waited for a device.</summary>
    Io = 0x02,
    /// <summary>An interrupt woke it.</summary>
    Interrupt = 0x04,
    /// <summary>It has no CPU yet: the run ends.</summary>
    Open = 0x08,
}

/// <summary>
/// A thread has a CPU again (<c>struct scry_span</c>): the header's time is when it got it, its detail <c>task_struct.__state</c> when it
/// left the one before, its flags are <see cref="SpanFlags"/>.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
public struct SpanRecord
{
    /// <summary>The header.</summary>
    public RecordHeader Header;
    /// <summary>Nanoseconds of CLOCK_MONOTONIC: when it left its CPU; 0: not seen.</summary>
    public ulong Left;
    /// <summary>When it was woken; 0: not seen, or it was preempted.</summary>
    public ulong Woken;
    /// <summary>The thread that woke it; 0: not seen.</summary>
    public uint Waker;
    /// <summary>The CPU that it has got.</summary>
    public uint Cpu;
}

/// <summary>A thread's sums of the scheduler, in nanoseconds (<c>struct scry_sched</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SchedSums
{
    /// <summary>On a CPU.</summary>
    public ulong Running;
    /// <summary>Waiting for a CPU, woken or preempted.</summary>
    public ulong Delay;
    /// <summary>The longest of these waits, …</summary>
    public ulong Worst;
    /// <summary>… and when it ended, of CLOCK_MONOTONIC.</summary>
    public ulong WorstEnd;
    /// <summary>Blocked.</summary>
    public ulong Blocked;
    /// <summary>When it was first seen, of CLOCK_MONOTONIC.</summary>
    public ulong Since;
    /// <summary>How often it got a CPU.</summary>
    public uint Switches;
    /// <summary>Waits for a CPU that were seen whole.</summary>
    public uint Delays;
    /// <summary>How often its CPU was taken away.</summary>
    public uint Preemptions;
    /// <summary>How often it went on on another CPU.</summary>
    public uint Migrations;
}

/// <summary>A thread's sums, at its end or the run's (<c>struct scry_sched_sums</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
public struct SchedRecord
{
    /// <summary>The header.</summary>
    public RecordHeader Header;
    /// <summary>The sums.</summary>
    public SchedSums Sums;
}
