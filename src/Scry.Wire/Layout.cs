namespace Scry.Wire;

/// <summary>Sizes and limits of wire.h.</summary>
public static class Layout
{
    /// <summary>SCRY_WIRE_VERSION.</summary>
    public const uint Version = 2;
    /// <summary>SCRY_NR_MAX: numbers below it have a plan.</summary>
    public const int MaxNr = 512;
    /// <summary>SCRY_FAR_FIRST: numbers of 32-bit ABIs that lie far from the others: Arm's own calls, and those that ia32 has behind socketcall and ipc alone.</summary>
    public const uint FarFirst = 0xf0000;
    /// <summary>SCRY_FAR_COUNT: as many of them.</summary>
    public const int FarCount = 8;
    /// <summary>SCRY_FAR_PLACE: their plans begin here.</summary>
    public const int FarPlace = 503;
    /// <summary>SCRY_ABI_COUNT: ABIs with plans of their own on one machine: its own, its 32-bit one.</summary>
    public const int AbiCount = 2;
    /// <summary>SCRY_RING_HEADER: bytes before a ring's data.</summary>
    public const int RingHeader = 4096;
    /// <summary>SCRY_RECORD_MAX: bytes of the largest record.</summary>
    public const int MaxRecord = 256 * 1024;
    /// <summary>SCRY_LOST_REASONS.</summary>
    public const int LostReasons = 4;
    /// <summary>SCRY_RECORD_KINDS.</summary>
    public const int RecordKinds = 8;
    /// <summary>SCRY_SEGMENT_SIZE: bytes of a segment of the flight recorder.</summary>
    public const int SegmentSize = 16384;
    /// <summary>SCRY_SEGMENT_PAD: bytes behind the last segment.</summary>
    public const int SegmentPad = 32768;
    /// <summary>SCRY_GROUP_PATH: bytes kept of a cgroup's path.</summary>
    public const int GroupPath = 768;
    /// <summary>SCRY_LANES: lanes of a group at most.</summary>
    public const int Lanes = 32;
    /// <summary>SCRY_GIVENS: how much of what a recorder gave up it remembers.</summary>
    public const int Givens = 64;
    /// <summary>SCRY_DISPATCH_NS: nanoseconds that a program's run costs before its first instruction and behind its last.</summary>
    public const ulong DispatchNs = 55;

    /// <summary>SCRY_DISPATCH_ALONE_NS: the same of a program on exits, where there is none on entries.</summary>
    public const ulong DispatchAloneNs = 87;
    /// <summary>SCRY_PATTERNS: path patterns that can be triggers.</summary>
    public const int Patterns = 4;
    /// <summary>SCRY_PATTERN_TEXT: bytes of either end of a pattern, its NUL included.</summary>
    public const int PatternText = 64;
    /// <summary>SCRY_STUCK_FRAMES: return addresses that are kept of a stack.</summary>
    public const int StuckFrames = 64;
    /// <summary>SCRY_COUNT_TEXT: bytes of a group's path.</summary>
    public const int CountText = 384;
    /// <summary>SCRY_COUNT_OCTAVES: octaves of durations.</summary>
    public const int CountOctaves = 41;
    /// <summary>SCRY_COUNT_BUCKETS: buckets of an octave.</summary>
    public const int CountBuckets = 32;
    /// <summary>SCRY_COUNT_ERRNOS: errnos of a chunk.</summary>
    public const int CountErrnos = 10;
    /// <summary>SCRY_COUNT_NR_BITS: bits of a number in a row's key.</summary>
    public const int CountNrBits = 13;
    /// <summary>SCRY_COUNT_NR_MAX: numbers from the one before on are counted as one, but for -1.</summary>
    public const int CountNrMax = 0x1fff;
    /// <summary>SCRY_COUNT_NR_NONE: -1, which is no number of a call.</summary>
    public const int CountNrNone = 0x1ffe;
    /// <summary>Slots that may serve a thread's id, where there are fewer than ids.</summary>
    public const uint ThreadProbes = 32;
    /// <summary>From the slot of one thread id to the next's.</summary>
    public const uint ThreadStride = 0x9e3779b1;
    /// <summary>SCRY_REGISTERS: words of the caller's registers.</summary>
    public const int Registers = 34;
    /// <summary>SCRY_STACK_MAX: bytes of a caller's stack.</summary>
    public const int StackMax = 65536;
    /// <summary>SCRY_CALLER_DEPTH: frames of a caller, by frame pointers.</summary>
    public const int CallerDepth = 127;
    /// <summary>SCRY_SITES: places that a call waited at.</summary>
    public const int Sites = 4;
    /// <summary>SCRY_SITE_FRAMES: return addresses of one.</summary>
    public const int SiteFrames = 20;
    /// <summary>SCRY_WAKER_FRAMES: return addresses of a waker.</summary>
    public const int WakerFrames = 40;
    /// <summary>SCRY_INTERRUPTS: ranges of code that interrupts come in by.</summary>
    public const int Interrupts = 4;
    /// <summary>SCRY_STATE_IO: in a state of a task: it waited for a device.</summary>
    public const uint StateIo = 0x80000000;
    /// <summary>SCRY_CHAIN: wakers, one behind the other.</summary>
    public const int Chain = 8;
    /// <summary>SCRY_MAX_ARGS: arguments of a call.</summary>
    public const int MaxArgs = 6;
    /// <summary>SCRY_FILE_TEXT: bytes of a file's text, but for its last component.</summary>
    public const int FileText = 4096;
    /// <summary>SCRY_FILE_ADDRESS: bytes of a unix socket's address.</summary>
    public const int FileAddress = 108;
    /// <summary>SCRY_FD_OPS: places of a call's descriptors.</summary>
    public const int FdOps = 6;
    /// <summary>SCRY_FD_GENERAL: the value of a call's own plan of descriptors.</summary>
    public const ulong FdGeneral = ulong.MaxValue;
    /// <summary>SCRY_FD_MOST: descriptors of one place.</summary>
    public const int FdMost = 128;
    /// <summary>SCRY_PIDS: kinds of id of a thread.</summary>
    public const int Pids = 4;
    /// <summary>SCRY_PIDS_SPACES: pid namespaces that a thread's ids are known in.</summary>
    public const int PidSpaces = 4;
    /// <summary>SCRY_LINK_FRAMES: return addresses of where a waker had waited.</summary>
    public const int LinkFrames = 10;
}
