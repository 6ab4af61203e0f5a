using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Scry.Wire;

namespace Scry.Targets;

/// <summary>
/// What blocked threads wait for and who holds it: futex owners, the other ends of pipes and sockets, holders of file locks, children.
/// It reads /proc, the kernel's socket tables and the callers' memory; it stops nobody. Of what is not known it says nothing.
/// </summary>
/// <param name="memory">Reads the callers' memory.</param>
public sealed class Holders(ReadMemory memory) : IDisposable
{
    private const int MostChildren = 16;
    private const ulong TimerAbsolute = 1; // TIMER_ABSTIME

    private OpenFileIndex _open = new();
    private readonly FutexHolders _futexes = new(memory);
    private IReadOnlyList<FileLock>? _locks;

    /// <summary>The sockets that it knows.</summary>
    public Sockets Sockets { get; private set; } = new();

    /// <summary>What a call waits for; empty when that is not known.</summary>
    public IReadOnlyList<Holder> Find(BlockedCall call)
    {
        var found = new List<Holder>();
        if (call.State == 't' && Tasks.TracerOf(call.Tid) is > 0 and int tracer)
            found.Add(new Holder("tracer", "stopped by its tracer", [Task(tracer, tracer)]));
        if (call.IsFrozen)
            found.Add(new Holder("frozen", "frozen, with its cgroup", []));
        // A v2 cgroup's freezer has it leave what it waited for, as a signal would.
        if (call.State is 'S' or 'D' && !(call.IsFrozen && call.Passes("get_signal")))
            found.AddRange(ByCall(call.Name == "socketcall" ? Unpacked(call) : call));
        return found;
    }

    /// <summary>Forgets what was true of the machine so far; the next question reads it again.</summary>
    public void Forget()
    {
        Sockets.Dispose();
        (Sockets, _open, _locks) = (new Sockets(), new OpenFileIndex(), null);
    }

    /// <summary>Closes what was opened to ask the kernel.</summary>
    public void Dispose() => Sockets.Dispose();

    /// <summary>A process or thread with its name and state.</summary>
    internal static HolderTask Task(int pid, int tid, int? fd = null) => new(pid, tid, Tasks.CommOf(tid) ?? "", Tasks.StateOf(tid), fd);

    // 32-bit programs make calls of sockets by one number, with the arguments in memory; <linux/net.h>.
    private BlockedCall Unpacked(BlockedCall call)
    {
        string name = call.Args[0] switch
        {
            3 => "connect", 9 => "send", 10 => "recv", 11 => "sendto", 12 => "recvfrom", 16 => "sendmsg", 17 => "recvmsg", _ => "",
        };
        Span<byte> packed = stackalloc byte[3 * sizeof(uint)];
        return memory(call.Tid, call.Args[1], packed) == packed.Length
            ? call with { Name = name, Args = [.. MemoryMarshal.Cast<byte, uint>(packed).ToArray().Select(argument => (ulong)argument), 0, 0, 0] }
            : call;
    }

    private IEnumerable<Holder> ByCall(BlockedCall call)
    {
        switch (call.Name)
        {
            case "futex" or "futex_time64":
                return _futexes.Find(call);
            case "read" or "readv" or "pread64" or "preadv" or "preadv2" or "recvfrom" or "recv" or "recvmsg" or "recvmmsg" or "recvmmsg_time64":
                return OtherEnd(call, (int)call.Args[0], reads: true);
            case "write" or "writev" or "pwrite64" or "pwritev" or "pwritev2" or "send" or "sendto" or "sendmsg" or "sendmmsg" or "vmsplice":
                return OtherEnd(call, (int)call.Args[0], reads: false);
            case "sendfile" or "sendfile64":
                return [.. OtherEnd(call, (int)call.Args[0], reads: false), .. OtherEnd(call, (int)call.Args[1], reads: true)];
            case "splice":
                return [.. OtherEnd(call, (int)call.Args[0], reads: true), .. OtherEnd(call, (int)call.Args[2], reads: false)];
            case "tee":
                return [.. OtherEnd(call, (int)call.Args[0], reads: true), .. OtherEnd(call, (int)call.Args[1], reads: false)];
            case "poll" or "ppoll" or "ppoll_time64":
                return Polled(call);
            case "connect":
                return Connecting(call);
            case "open" or "openat" or "openat2" or "creat" when call.Passes("fifo_open"):
                return Unpaired(call);
            case "flock":
                return Locking(call, "FLOCK");
            case "fcntl" or "fcntl64":
                return call.Args[1] switch
                {
                    7 or 14 => Locking(call, "POSIX"), // F_SETLKW, F_SETLKW64
                    38 => Locking(call, "OFDLCK"), // F_OFD_SETLKW
                    _ => [],
                };
            case "wait4" or "waitid" or "waitpid":
                return Children(call);
            case "vfork" or "clone" or "clone3":
                return Vforked(call);
            case "epoll_wait" or "epoll_pwait" or "epoll_pwait2":
                return Watched(call);
            case "nanosleep" or "clock_nanosleep" or "clock_nanosleep_time64":
                return Sleeping(call);
            default:
                return [];
        }
    }

    private IEnumerable<Holder> OtherEnd(BlockedCall call, int fd, bool reads)
    {
        if (OpenFileIndex.NameOf(call.Tid, fd) is not { } name)
            return [];
        if (Sockets.InodeOf(name) is { } inode)
            return Connected(call, inode);
        bool fifo = call.Passes("pipe_read") || call.Passes("pipe_write") || call.Passes("splice");
        if (!name.StartsWith("pipe:[", StringComparison.Ordinal) && !(fifo && name.StartsWith('/')))
            return [];
        HolderTask[] ends =
        [
            .. _open.Of(name).Where(end => OpenFileDetails.Of(end.Pid, end.Fd) is { } file && (reads ? file.Writes : file.Reads))
                .Select(end => Task(end.Pid, end.Pid, end.Fd)),
        ];
        return ends.Length == 0 ? []
            : [new Holder(reads ? "pipe_writer" : "pipe_reader", reads ? "write end open in" : "full; read end open in", ends)];
    }

    private IEnumerable<Holder> Connected(BlockedCall call, ulong inode)
    {
        if (Sockets.Find(call.Tid, inode) is not { } socket)
            return [];
        if (socket.IsUnix)
        {
            return Sockets.UnixPeerOf(call.Tid, inode) switch
            {
                null => [],
                0 => [new Holder("no_peer", "the other end has not accepted the connection yet", [])],
                { } peer => [new Holder("peer", "other end open in", Owners(peer))],
            };
        }
        if (socket.State == "LISTEN")
            return [];
        string text = $"{socket.Protocol} {socket.Local}{(socket.Remote.Length > 0 ? " -> " + socket.Remote : "")} {socket.State}".TrimEnd();
        if (socket.Sending > 0)
            text += $", {socket.Sending} bytes not acknowledged";
        HolderTask[] owners = Sockets.PeerOf(call.Tid, socket) is { } other ? Owners(other.Inode) : [];
        return [new Holder("socket", owners.Length > 0 ? text + ", other end open in" : text, owners)];
    }

    // A client that waits for an answer polls one or two sockets; of many, none is to blame.
    private List<Holder> Polled(BlockedCall call)
    {
        const int most = 2, size = 8; // struct pollfd
        var found = new List<Holder>();
        int count = (int)Math.Min(call.Args[1], most + 1);
        Span<byte> bytes = stackalloc byte[(most + 1) * size];
        if (count > most || memory(call.Tid, call.Args[0], bytes[..(count * size)]) < count * size)
            return found;
        for (int i = 0; i < count; i++)
        {
            int fd = MemoryMarshal.Read<int>(bytes[(i * size)..]);
            if (OpenFileIndex.NameOf(call.Tid, fd) is { } name && Sockets.InodeOf(name) is { } inode)
                found.AddRange(Connected(call, inode));
        }
        return found;
    }

    private HolderTask[] Owners(ulong inode) => [.. _open.Of($"socket:[{inode}]").Select(end => Task(end.Pid, end.Pid, end.Fd))];

    private IEnumerable<Holder> Connecting(BlockedCall call)
    {
        if (OpenFileIndex.NameOf(call.Tid, (int)call.Args[0]) is not { } name || Sockets.InodeOf(name) is not { } inode)
            return [];
        if (Sockets.Find(call.Tid, inode) is { IsUnix: false } socket)
        {
            return socket.State == "SYN_SENT"
                ? [new Holder("socket", $"{socket.Protocol} {socket.Local} -> {socket.Remote} SYN_SENT: no answer from {socket.Remote}", [])]
                : Connected(call, inode);
        }
        // struct sockaddr_un: family, path.
        Span<byte> address = stackalloc byte[(int)Math.Min(call.Args[2] & 0xffff, 110)];
        int got = memory(call.Tid, call.Args[1], address);
        if (got <= 3 || MemoryMarshal.Read<ushort>(address) != 1)
            return [];
        ReadOnlySpan<byte> path = address[2..got];
        // An abstract name begins with a NUL, which the tables write as @.
        int end = path[1..].IndexOf((byte)0) + 1;
        string text = path[0] == 0 ? '@' + ByteText.Of(path[1..]) : ByteText.Of(end > 0 ? path[..end] : path);
        return Sockets.AtPath(call.Tid, text) is { } listener && Owners(listener.Inode) is { Length: > 0 } owners
            ? [new Holder("listener", $"{text} listens in", owners)]
            : [];
    }

    // The kernel waits in fifo_open for just that.
    private static IEnumerable<Holder> Unpaired(BlockedCall call)
    {
        ulong? flags = call.Name switch { "open" => call.Args[1], "openat" => call.Args[2], "creat" => 1, _ => null };
        string end = flags is { } known ? (known & 3) == 0 ? "nobody has the FIFO open for writing" : "nobody has the FIFO open for reading"
            : "nobody has the FIFO's other end open";
        return [new Holder("no_peer", end, [])];
    }

    private IEnumerable<Holder> Locking(BlockedCall call, string kind)
    {
        int fd = (int)call.Args[0];
        if (OpenFileDetails.Of(call.Tid, fd) is not { } file || OpenFileIndex.NameOf(call.Tid, fd) is not { } name)
            return [];
        _locks ??= FileLock.All();
        if (FileLock.HeldAgainst(_locks, call.Tgid, file.Inode, kind) is not { } held)
            return [];
        var tasks = new List<HolderTask>();
        if (held.Kind == "POSIX" && held.Pid > 0)
        {
            tasks.Add(Task(held.Pid, held.Pid));
        }
        else
        {
            // It belongs to an open file, which the process that locked it may have left to others.
            foreach (Opener opener in _open.Of(name))
            {
                if (OpenFileDetails.Of(opener.Pid, opener.Fd) is { } other && other.Locks.Any(held.IsSame))
                    tasks.Add(Task(opener.Pid, opener.Pid, opener.Fd));
            }
            // Who waits for it may have been left it too, and does not hold it against itself: unless nobody else does.
            if (tasks.Exists(task => !Waits(task)))
                tasks.RemoveAll(Waits);
            if (tasks.Count == 0 && held.Pid > 0 && Tasks.StateOf(held.Pid) is not null)
                tasks.Add(Task(held.Pid, held.Pid));
        }
        bool Waits(HolderTask task) => task.Pid == call.Tgid || _locks.Any(one => one.Waits && one.Number == held.Number && one.Pid == task.Pid);
        string what = held.Kind switch { "FLOCK" => "flock", "OFDLCK" => "lock of an open file (OFD)", _ => "lock (fcntl)" };
        return [new Holder("lock", $"{held.Access.ToLowerInvariant()} {what} held {(tasks.Count > 0 ? "by" : "by a process that cannot be told")}", tasks)];
    }

    private static IEnumerable<Holder> Children(BlockedCall call)
    {
        // wait4 and waitpid: a pid, or any; waitid: P_PID is 1.
        int wanted = call.Name == "waitid" ? (int)call.Args[0] == 1 ? (int)call.Args[1] : 0 : (int)call.Args[0];
        int[] children = [.. Tasks.ChildrenOf(call.Tgid)];
        if (wanted > 0)
            children = [.. children.Where(child => Tasks.OwnIdOf(child) == wanted)];
        return children.Length == 0 ? []
            : [new Holder("child", "waits for", [.. children.Take(MostChildren).Select(child => Task(child, child))])];
    }

    // With CLONE_VFORK the kernel waits until the child has another memory than its parent.
    private IEnumerable<Holder> Vforked(BlockedCall call)
    {
        const ulong cloneVfork = 0x4000;
        Span<byte> flags = stackalloc byte[8];
        bool waits = call.Name switch
        {
            "vfork" => true,
            "clone" => (call.Args[0] & cloneVfork) != 0,
            _ => memory(call.Tid, call.Args[0], flags) == flags.Length && (MemoryMarshal.Read<ulong>(flags) & cloneVfork) != 0,
        };
        return waits && Tasks.ChildrenOfThread(call.Tgid, call.Tid) is { Count: > 0 } children
            ? [new Holder("child", "waits until its child executes a program or ends:", [Task(children[^1], children[^1])])]
            : [];
    }

    private IEnumerable<Holder> Watched(BlockedCall call)
    {
        const int most = 8;
        if (OpenFileDetails.Of(call.Tid, (int)call.Args[0]) is not { Watched.Count: > 0 } file)
            return [];
        IEnumerable<string> names = file.Watched.Take(most).Select(fd => $"{fd}<{NameOf(call.Tid, fd) ?? "?"}>");
        string more = file.Watched.Count > most ? $", and {file.Watched.Count - most} more" : "";
        return [new Holder("watched", $"watches {string.Join(", ", names)}{more}", [])];
    }

    /// <summary>What a descriptor stands for, a socket by its addresses; null when it is not there. Hostile text.</summary>
    public string? NameOf(int pid, int fd) => OpenFileIndex.NameOf(pid, fd) is { } name
        ? Sockets.InodeOf(name) is { } inode ? Sockets.Describe(pid, inode) ?? name : name
        : null;

    private IEnumerable<Holder> Sleeping(BlockedCall call)
    {
        bool ofClock = call.Name != "nanosleep";
        int size = call.Word == 4 && call.Name != "clock_nanosleep_time64" ? 4 : 8;
        Span<byte> time = stackalloc byte[2 * size];
        if (memory(call.Tid, call.Args[ofClock ? 2 : 0], time) < time.Length)
            return [];
        double seconds = size == 8 ? MemoryMarshal.Read<long>(time) + MemoryMarshal.Read<long>(time[8..]) / 1e9
            : MemoryMarshal.Read<int>(time) + MemoryMarshal.Read<int>(time[4..]) / 1e9;
        bool absolute = ofClock && (call.Args[1] & TimerAbsolute) != 0;
        double? left = !absolute ? seconds - call.IdleNs / 1e9 : (int)call.Args[0] switch
        {
            0 => seconds - DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1e3, // CLOCK_REALTIME
            1 => seconds - KernelClock.NowOf(call.Tid) / 1e9, // CLOCK_MONOTONIC
            _ => null,
        };
        if (left is not >= 0)
            return [];
        string text = left.Value.ToString("0.0", CultureInfo.InvariantCulture);
        // A signal that it slept on after, or a stop, is not seen: then less is left.
        return [new Holder("timer", absolute ? $"wakes in {text} s" : $"wakes in {text} s at most", [])];
    }
}
