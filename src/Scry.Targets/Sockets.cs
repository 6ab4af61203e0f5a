using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Scry.Targets;

/// <summary>A socket, as the tables of its network namespace have it.</summary>
/// <param name="Protocol"><c>TCP</c>, <c>TCPv6</c>, <c>UDP</c>, <c>UDPv6</c>, <c>UNIX-STREAM</c>, <c>UNIX-DGRAM</c>, <c>UNIX-SEQPACKET</c>.</param>
/// <param name="Inode">Its inode number.</param>
/// <param name="Local">Its own address; of a unix socket the path, empty when it has none. Hostile text.</param>
/// <param name="Remote">The other end's address; empty when it has none.</param>
/// <param name="State">As <c>ESTABLISHED</c>; of a unix socket <c>LISTEN</c> or empty.</param>
/// <param name="Sending">Bytes that the other end has not acknowledged.</param>
/// <param name="Waiting">Bytes that wait to be read; of a listener, connections that wait to be accepted.</param>
public sealed record SocketFacts(string Protocol, ulong Inode, string Local, string Remote, string State, long Sending, long Waiting)
{
    /// <summary>Whether it is a unix socket.</summary>
    public bool IsUnix => Protocol.StartsWith("UNIX", StringComparison.Ordinal);

    /// <summary>The other way round: what its peer on this machine looks like.</summary>
    public bool IsPeerOf(SocketFacts other) =>
        Protocol == other.Protocol && Remote.Length > 0 && Local == other.Remote && Remote == other.Local && Inode != other.Inode;
}

/// <summary>The sockets of processes, by the tables of their network namespaces; each is read once, when the first question comes.</summary>
public sealed class Sockets : IDisposable
{
    // <net/tcp_states.h>
    private static readonly string[] s_states =
    [
        "", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING",
        "NEW_SYN_RECV",
    ];

    private static readonly (string File, string Protocol)[] s_tables = [("tcp", "TCP"), ("tcp6", "TCPv6"), ("udp", "UDP"), ("udp6", "UDPv6")];

    private readonly Dictionary<string, Namespace> _namespaces = [];

    private sealed class Namespace
    {
        public Dictionary<ulong, SocketFacts> ByInode { get; } = [];
        public SafeFileHandle? Diagnosis { get; set; }
        public bool Asked { get; set; }
    }

    /// <summary>The inode number of <c>socket:[123]</c>; null when the name is of no socket.</summary>
    public static ulong? InodeOf(string name) =>
        name.StartsWith("socket:[", StringComparison.Ordinal) && ulong.TryParse(name.AsSpan(8).TrimEnd(']'), NumberStyles.None, CultureInfo.InvariantCulture, out ulong inode)
            ? inode
            : null;

    /// <summary>A socket that a process has; null when its tables do not have it.</summary>
    public SocketFacts? Find(int pid, ulong inode) => Of(pid)?.ByInode.GetValueOrDefault(inode);

    /// <summary>The other end of a connection within the process's network namespace; null when it is elsewhere.</summary>
    public SocketFacts? PeerOf(int pid, SocketFacts socket) => Of(pid)?.ByInode.Values.FirstOrDefault(other => other.IsPeerOf(socket));

    /// <summary>The unix socket that listens at a path, or is bound to it.</summary>
    public SocketFacts? AtPath(int pid, string path) =>
        Of(pid)?.ByInode.Values.Where(socket => socket.IsUnix && socket.Local == path).MaxBy(socket => socket.State.Length);

    /// <summary>
    /// The inode number of a unix socket's other end, which only the kernel's socket diagnosis knows: null when there is none or it
    /// cannot be asked, 0 of a connection that is not accepted yet.
    /// </summary>
    public ulong? UnixPeerOf(int pid, ulong inode)
    {
        if (Of(pid) is not { } space)
            return null;
        if (!space.Asked)
            (space.Diagnosis, space.Asked) = (Native.OpenSocketDiagnosis(pid), true);
        return space.Diagnosis is { } diagnosis ? UnixDiagnosis.PeerOf(diagnosis, inode) : null;
    }

    /// <summary>What a descriptor's socket is, as strace -yy writes it: <c>TCP:[127.0.0.1:80->127.0.0.1:4242]</c>; null when it is not known.</summary>
    public string? Describe(int pid, ulong inode)
    {
        if (Find(pid, inode) is not { } socket)
            return null;
        if (!socket.IsUnix)
            return socket.Remote.Length > 0 ? $"{socket.Protocol}:[{socket.Local}->{socket.Remote}]" : $"{socket.Protocol}:[{socket.Local}]";
        string peer = UnixPeerOf(pid, inode) is { } other and not 0 ? $"->{other}" : "";
        return socket.Local.Length > 0 ? $"{socket.Protocol}:[{inode}{peer},\"{socket.Local}\"]" : $"{socket.Protocol}:[{inode}{peer}]";
    }

    /// <summary>Closes what was opened to ask the kernel.</summary>
    public void Dispose()
    {
        foreach (Namespace space in _namespaces.Values)
            space.Diagnosis?.Dispose();
    }

    private Namespace? Of(int pid)
    {
        if (Native.ReadLink($"/proc/{pid}/ns/net") is not { } name)
            return null;
        if (!_namespaces.TryGetValue(name, out Namespace? space))
        {
            _namespaces[name] = space = new Namespace();
            foreach ((string file, string protocol) in s_tables)
                Read(space, $"/proc/{pid}/net/{file}", line => ParseInternet(line, protocol));
            Read(space, $"/proc/{pid}/net/unix", ParseUnix);
        }
        return space;
    }

    private static void Read(Namespace space, string path, Func<string, SocketFacts?> parse)
    {
        try
        {
            foreach (string line in File.ReadLines(path).Skip(1))
            {
                if (parse(line) is { Inode: > 0 } socket)
                    space.ByInode[socket.Inode] = socket;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // The process ended, or the kernel has no such protocol.
        }
    }

    /// <summary>A line of /proc/net/tcp and the like; null when it is none.</summary>
    internal static SocketFacts? ParseInternet(string line, string protocol)
    {
        // sl local remote st tx:rx tr:when retrnsmt uid timeout inode …
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 10 || !ulong.TryParse(words[9], NumberStyles.None, CultureInfo.InvariantCulture, out ulong inode)
            || Address(words[1]) is not { } local || Address(words[2]) is not { } remote
            || !int.TryParse(words[3], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int state))
        {
            return null;
        }
        bool tcp = protocol.StartsWith("TCP", StringComparison.Ordinal);
        string[] queues = words[4].Split(':');
        return new SocketFacts(protocol, inode, local.Text, remote.Port == 0 ? "" : remote.Text,
            tcp && state > 0 && state < s_states.Length ? s_states[state] : "", Hex(queues[0]), queues.Length > 1 ? Hex(queues[1]) : 0);
    }

    /// <summary>A line of /proc/net/unix; null when it is none.</summary>
    internal static SocketFacts? ParseUnix(string line)
    {
        // Num RefCount Protocol Flags Type St Inode Path: the path may have blanks.
        string[] words = line.Split(' ', 8, StringSplitOptions.RemoveEmptyEntries);
        if (words.Length < 7 || !ulong.TryParse(words[6], NumberStyles.None, CultureInfo.InvariantCulture, out ulong inode))
            return null;
        string type = words[4] switch { "0001" => "UNIX-STREAM", "0002" => "UNIX-DGRAM", "0005" => "UNIX-SEQPACKET", _ => "UNIX" };
        bool listens = (Hex(words[3]) & 0x10000) != 0; // __SO_ACCEPTCON
        return new SocketFacts(type, inode, words.Length > 7 ? words[7] : "", "", listens ? "LISTEN" : "", 0, 0);
    }

    private static long Hex(string text) => long.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out long value) ? value : 0;

    // Words of the host's order, each of them in hexadecimal, then the port.
    private static (string Text, int Port)? Address(string text)
    {
        int colon = text.IndexOf(':');
        if (colon is not (8 or 32) || !int.TryParse(text.AsSpan(colon + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int port))
            return null;
        Span<byte> bytes = stackalloc byte[16];
        for (int word = 0; word < colon / 8; word++)
        {
            if (!uint.TryParse(text.AsSpan(word * 8, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint value))
                return null;
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[(word * 4)..], value);
        }
        var address = new IPAddress(bytes[..(colon / 2)]);
        return (colon == 8 ? $"{address}:{port}" : $"[{address}]:{port}", port);
    }
}

/// <summary>The kernel's diagnosis of unix sockets, by <c>&lt;linux/unix_diag.h&gt;</c>; see sock_diag(7).</summary>
internal static class UnixDiagnosis
{
    private const int HeadSize = 16; // struct nlmsghdr
    private const int RequestSize = 24; // struct unix_diag_req
    private const int MessageSize = 16; // struct unix_diag_msg
    private const ushort ByFamily = 20; // SOCK_DIAG_BY_FAMILY
    private const ushort Request = 1; // NLM_F_REQUEST
    private const uint ShowPeer = 4; // UDIAG_SHOW_PEER
    private const ushort PeerAttribute = 2; // UNIX_DIAG_PEER
    private const byte AfUnix = 1;

    /// <summary>The inode number of the socket's peer; null when it has none.</summary>
    public static ulong? PeerOf(SafeFileHandle socket, ulong inode)
    {
        Span<byte> request = stackalloc byte[HeadSize + RequestSize], answer = stackalloc byte[1024];
        request.Clear();
        uint size = (uint)request.Length, number = (uint)inode, any = uint.MaxValue, show = ShowPeer;
        ushort kind = ByFamily, flags = Request;
        MemoryMarshal.Write(request, in size);
        MemoryMarshal.Write(request[4..], in kind);
        MemoryMarshal.Write(request[6..], in flags);
        request[HeadSize] = AfUnix;
        MemoryMarshal.Write(request[(HeadSize + 4)..], in any); // states
        MemoryMarshal.Write(request[(HeadSize + 8)..], in number);
        MemoryMarshal.Write(request[(HeadSize + 12)..], in show);
        MemoryMarshal.Write(request[(HeadSize + 16)..], in any); // cookie: any
        MemoryMarshal.Write(request[(HeadSize + 20)..], in any);
        int got = Native.AskNetlink(socket, request, answer);
        // An error has another type: the socket is gone.
        if (got < HeadSize + MessageSize || MemoryMarshal.Read<ushort>(answer[4..]) != ByFamily)
            return null;
        ReadOnlySpan<byte> rest = answer[(HeadSize + MessageSize)..got];
        while (rest.Length >= 4)
        {
            int length = MemoryMarshal.Read<ushort>(rest);
            if (length < 4 || length > rest.Length)
                break;
            if (MemoryMarshal.Read<ushort>(rest[2..]) == PeerAttribute && length >= 8)
                return MemoryMarshal.Read<uint>(rest[4..]);
            rest = rest[Math.Min(rest.Length, (length + 3) & ~3)..];
        }
        return null;
    }
}
