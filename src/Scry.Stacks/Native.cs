using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Scry.Wire;

namespace Scry.Stacks;

/// <summary>
/// Calls of the C library that .NET does not offer: a program's start with a socket, descriptors sent over it, and files that are opened
/// only when they are regular ones.
/// </summary>
internal static partial class Native
{
    private const int PathOnly = 0x200000, NonBlocking = 0x800, CloseOnExec = 0x80000;
    private const int Unix = 1, Stream = 1, Socket = 1, Rights = 1, NoSignal = 0x4000, PollIn = 1;
    private const int AtEmptyPath = 0x1000, StatxSize = 256, FormatMask = 0xf000, FormatRegular = 0x8000;
    private const uint StatxBasic = 0x7ff;
    private const int LinksOffset = 16, UidOffset = 20, ModeOffset = 28, InodeOffset = 32, SizeOffset = 40, MajorOffset = 136, MinorOffset = 140;
    private const int SpawnRoom = 512; // more than posix_spawn's structures have
    private const int Kill = 9;
    private static readonly int NoFollowFlag = OnArm ? 0x8000 : 0x20000;

    private static bool OnArm => RuntimeInformation.ProcessArchitecture == Architecture.Arm64;

    [LibraryImport("libc", EntryPoint = "socketpair", SetLastError = true)]
    private static partial int SocketPair(int domain, int type, int protocol, Span<int> pair);

    [LibraryImport("libc", EntryPoint = "setsockopt")]
    private static partial int SetOption(SafeFileHandle socket, int level, int option, in TimeValue value, uint length);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static partial int ActionsInit(Span<byte> actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static partial int ActionsAddDup(Span<byte> actions, int fd, int to);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static partial int ActionsDestroy(Span<byte> actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn")]
    private static partial int Spawn(out int pid, ReadOnlySpan<byte> path, ReadOnlySpan<byte> actions, nint attributes, ReadOnlySpan<nint> words, ReadOnlySpan<nint> environment);

    [LibraryImport("libc", EntryPoint = "sendmsg", SetLastError = true)]
    private static partial nint SendMessage(SafeFileHandle socket, in MessageHead message, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(SafeFileHandle socket, Span<byte> bytes, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "poll")]
    private static partial int Poll(ref PollEntry entry, nint count, int timeout);

    [LibraryImport("libc", EntryPoint = "pidfd_open")]
    private static partial int OpenProcess(int pid, uint flags);

    [LibraryImport("libc", EntryPoint = "pidfd_send_signal")]
    private static partial int SendSignal(SafeFileHandle process, int signal, nint info, uint flags);

    [LibraryImport("libc", EntryPoint = "waitid")]
    private static partial int WaitForEnd(int kind, uint process, Span<byte> info, int options);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true)]
    private static partial int OpenPath(ReadOnlySpan<byte> path, int flags);

    [LibraryImport("libc", EntryPoint = "statx")]
    private static partial int Statx(SafeFileHandle file, ReadOnlySpan<byte> path, int flags, uint mask, Span<byte> result);

    [LibraryImport("libc", EntryPoint = "memfd_create")]
    private static partial int MemoryFile(ReadOnlySpan<byte> name, uint flags);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();

    /// <summary>struct msghdr, on 64-bit processors.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct MessageHead
    {
        public nint Name;
        public ulong NameLength;
        public nint Vectors;
        public ulong VectorCount;
        public nint Control;
        public ulong ControlLength;
        public ulong Flags;
    }

    /// <summary>struct timeval.</summary>
    private readonly struct TimeValue(int milliseconds)
    {
        public readonly long Seconds = milliseconds / 1000, Microseconds = milliseconds % 1000 * 1000;
    }

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        public int Descriptor;
        public short Events, Returned;
    }

    /// <summary>What is known of an open file.</summary>
    public readonly record struct Status(uint Major, uint Minor, ulong Inode, uint Owner, uint Links, long Size);

    /// <summary>Starts a program without arguments and environment, under a name, with a socket as its descriptor 3.</summary>
    /// <returns>0, or why not, as an errno.</returns>
    public static int Start(string program, string name, int patienceMs, out int pid, out SafeFileHandle? process, out SafeFileHandle? socket)
    {
        Span<int> pair = stackalloc int[2];
        (pid, process, socket) = (0, null, null);
        if (SocketPair(Unix, Stream | CloseOnExec, 0, pair) != 0)
            return Marshal.GetLastPInvokeError();
        socket = new SafeFileHandle(pair[0], ownsHandle: true);
        using var theirs = new SafeFileHandle(pair[1], ownsHandle: true);
        // It may not read what it is sent.
        var patience = new TimeValue(patienceMs);
        _ = SetOption(socket, 1 /* SOL_SOCKET */, 21 /* SO_SNDTIMEO */, in patience, 16);
        Span<byte> actions = stackalloc byte[SpawnRoom];
        actions.Clear();
        int error = ActionsInit(actions);
        if (error != 0)
            return error;
        nint word = Marshal.StringToCoTaskMemUTF8(name);
        error = ActionsAddDup(actions, pair[1], 3);
        if (error == 0)
            error = Spawn(out pid, ByteText.Bytes(program + '\0'), actions, 0, [word, 0], [0]);
        Marshal.FreeCoTaskMem(word);
        _ = ActionsDestroy(actions);
        if (error == 0)
            process = new SafeFileHandle(OpenProcess(pid, 0), ownsHandle: true);
        return error;
    }

    /// <summary>
    /// Ends a child and reaps it, unless it waits for a filesystem that does not answer. By its descriptor: Scry reaps whatever ends, and its
    /// pid may be another's by then.
    /// </summary>
    public static void End(SafeFileHandle process)
    {
        const int byDescriptor = 3 /* P_PIDFD */, ended = 4 /* WEXITED */, atOnce = 1 /* WNOHANG */;
        const int tries = 40, pauseMs = 5, infoSize = 128, pidOffset = 12;
        Span<byte> info = stackalloc byte[infoSize];
        if (SendSignal(process, Kill, 0, 0) != 0)
            return;
        for (int i = 0; i < tries; i++)
        {
            info.Clear();
            if (WaitForEnd(byDescriptor, (uint)process.DangerousGetHandle(), info, ended | atOnce) != 0 || MemoryMarshal.Read<int>(info[pidOffset..]) != 0)
                return;
            Thread.Sleep(i == 0 ? 1 : pauseMs);
        }
    }

    /// <summary>Sends bytes, which must be pinned, and a descriptor with the first of them.</summary>
    public static bool Send(SafeFileHandle socket, byte[] pinned, int length, SafeFileHandle? with)
    {
        var message = new MessageHead();
        nint bytes = Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0);
        for (int at = 0; at < length;)
        {
            nint[] vector = GC.AllocateUninitializedArray<nint>(2, pinned: true);
            (vector[0], vector[1]) = (bytes + at, length - at);
            byte[] control = at == 0 && with is not null ? ControlWith(with) : [];
            message.Vectors = Marshal.UnsafeAddrOfPinnedArrayElement(vector, 0);
            message.VectorCount = 1;
            message.Control = control.Length == 0 ? 0 : Marshal.UnsafeAddrOfPinnedArrayElement(control, 0);
            message.ControlLength = (ulong)control.Length;
            nint sent = SendMessage(socket, in message, NoSignal);
            GC.KeepAlive(vector);
            GC.KeepAlive(control);
            const int interrupted = 4;
            if (sent < 0 && Marshal.GetLastPInvokeError() == interrupted)
                continue;
            if (sent <= 0)
                return false;
            at += (int)sent;
        }
        return true;
    }

    // struct cmsghdr with one descriptor, padded.
    private static byte[] ControlWith(SafeFileHandle file)
    {
        byte[] control = GC.AllocateArray<byte>(24, pinned: true);
        MemoryMarshal.Write(control, (ulong)20);
        MemoryMarshal.Write(control.AsSpan(8), Socket);
        MemoryMarshal.Write(control.AsSpan(12), Rights);
        MemoryMarshal.Write(control.AsSpan(16), (int)file.DangerousGetHandle());
        return control;
    }

    /// <summary>Receives so many bytes before a point of time (<see cref="Environment.TickCount64"/>).</summary>
    public static bool Receive(SafeFileHandle socket, Span<byte> bytes, long until)
    {
        while (!bytes.IsEmpty)
        {
            var entry = new PollEntry { Descriptor = (int)socket.DangerousGetHandle(), Events = PollIn };
            long left = until - Environment.TickCount64;
            int ready = left <= 0 ? 0 : Poll(ref entry, 1, (int)left);
            if (ready == 0)
                return false;
            if (ready < 0)
                continue;
            nint count = Receive(socket, bytes, bytes.Length, 0);
            if (count <= 0)
                return false;
            bytes = bytes[(int)count..];
        }
        return true;
    }

    /// <summary>
    /// Opens a path for reading when a regular file is there: what it leads to is looked at before it is opened, since a device may do
    /// something when it is opened, and a FIFO may never open.
    /// </summary>
    /// <param name="path">The path; hostile.</param>
    /// <param name="follow">Whether a link is followed.</param>
    /// <param name="status">What is known of it.</param>
    public static SafeFileHandle? OpenRegular(string path, bool follow, out Status status)
    {
        status = default;
        int fd = OpenPath(ByteText.Bytes(path + '\0'), PathOnly | CloseOnExec | (follow ? 0 : NoFollowFlag));
        if (fd < 0)
            return null;
        using var place = new SafeFileHandle(fd, ownsHandle: true);
        if (!IsRegular(place, out status))
            return null;
        int opened = OpenPath(ByteText.Bytes($"/proc/self/fd/{fd}\0"), NonBlocking | CloseOnExec);
        return opened < 0 ? null : new SafeFileHandle(opened, ownsHandle: true);
    }

    /// <summary>Whether what is open is a regular file.</summary>
    public static bool IsRegular(SafeFileHandle file, out Status status)
    {
        Span<byte> result = stackalloc byte[StatxSize];
        result.Clear();
        bool known = Statx(file, "\0"u8, AtEmptyPath, StatxBasic, result) == 0;
        status = new Status(MemoryMarshal.Read<uint>(result[MajorOffset..]), MemoryMarshal.Read<uint>(result[MinorOffset..]),
            MemoryMarshal.Read<ulong>(result[InodeOffset..]), MemoryMarshal.Read<uint>(result[UidOffset..]),
            MemoryMarshal.Read<uint>(result[LinksOffset..]), MemoryMarshal.Read<long>(result[SizeOffset..]));
        return known && (MemoryMarshal.Read<ushort>(result[ModeOffset..]) & FormatMask) == FormatRegular;
    }

    /// <summary>A file of memory with these bytes; null when the kernel gives none.</summary>
    public static SafeFileHandle? InMemory(ReadOnlySpan<byte> bytes)
    {
        int fd = MemoryFile("scry\0"u8, 1 /* MFD_CLOEXEC */);
        if (fd < 0)
            return null;
        var file = new SafeFileHandle(fd, ownsHandle: true);
        try
        {
            RandomAccess.Write(file, bytes, 0);
            return file;
        }
        catch (IOException)
        {
            file.Dispose();
            return null;
        }
    }
}
