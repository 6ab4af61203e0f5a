using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Scry.Wire;

namespace Scry.Syscalls;

/// <summary>Which descriptors are shown with what they stand for (strace --decode-fds).</summary>
[Flags]
public enum DescriptorParts
{
    /// <summary>None.</summary>
    None = 0,
    /// <summary>All, by path or name (strace -y).</summary>
    Path = 0x01,
    /// <summary>Sockets by protocol and addresses.</summary>
    Socket = 0x02,
    /// <summary>Devices with their numbers.</summary>
    Device = 0x04,
    /// <summary>Pidfds by their process.</summary>
    Pidfd = 0x08,
    /// <summary>All of it (strace -yy).</summary>
    All = Path | Socket | Device | Pidfd,
}

/// <summary>What the kernel told of a file, as text. Bounded, and trusts nothing in a record.</summary>
internal static class FileText
{
    // <linux/magic.h>
    private const uint PipeMagic = 0x50495045, SocketMagic = 0x534f434b, NamespaceMagic = 0x6e736673, PidMagic = 0x50494446, AnonymousMagic = 0x09041934, DmaBufMagic = 0x444d4142;

    // <linux/stat.h>
    private const int TypeMask = 0xf000, CharacterDevice = 0x2000, BlockDevice = 0x6000;

    private const ushort AfUnix = 1, AfInet = 2, AfInet6 = 10, AfNetlink = 16;

    // The protocols that strace knows by the kernel's names of them.
    private static readonly byte[][] s_protocols =
    [
        [.. "UNIX"u8], [.. "UNIX-STREAM"u8], [.. "TCP"u8], [.. "UDP"u8], [.. "UDPLITE"u8], [.. "DCCP"u8], [.. "SCTP"u8], [.. "L2TP/IP"u8], [.. "PING"u8], [.. "RAW"u8],
        [.. "TCPv6"u8], [.. "UDPv6"u8], [.. "UDPLITEv6"u8], [.. "DCCPv6"u8], [.. "SCTPv6"u8], [.. "L2TP/IPv6"u8], [.. "PINGv6"u8], [.. "RAWv6"u8], [.. "NETLINK"u8],
    ];

    /// <summary>Whether it has no name any more: its path is then that of what it was.</summary>
    public static bool IsDeleted(in FileFacts facts) =>
        (facts.Flags & FileFlags.Deleted) != 0 || (facts.Flags & FileFlags.Named) != 0 && !IsLink(in facts) && facts.Magic != DmaBufMagic;

    private static bool IsLink(in FileFacts facts) => facts.Magic is PipeMagic or SocketMagic or NamespaceMagic or PidMagic or AnonymousMagic;

    /// <summary>The path or name, as <c>/proc/PID/fd</c> has it, without its mark when it is deleted.</summary>
    public static void Link(Utf8Buffer to, in FileFacts facts, ReadOnlySpan<byte> text)
    {
        if ((facts.Flags & FileFlags.Named) == 0)
        {
            Path(to, in facts, text);
            return;
        }
        ReadOnlySpan<byte> name = First(text);
        switch (facts.Magic)
        {
            case PipeMagic:
                Numbered(to, "pipe"u8, facts.Inode);
                break;
            case SocketMagic:
                Numbered(to, "socket"u8, facts.Inode);
                break;
            case NamespaceMagic:
                Numbered(to, name, facts.Inode);
                break;
            case PidMagic:
                to.Append("anon_inode:[pidfd]"u8);
                break;
            case AnonymousMagic:
                to.Append("anon_inode:"u8);
                to.Append(name);
                break;
            default:
                to.Append(facts.Magic == DmaBufMagic ? "/dmabuf:"u8 : "/"u8);
                to.Append(name);
                break;
        }
    }

    /// <summary>
    /// The same as strace shows it where it asks for more than paths; without quoting what needs none.
    /// </summary>
    /// <returns>False when it is no socket, device or pidfd, or that is not asked for.</returns>
    public static bool Special(Utf8Buffer to, FileFacts facts, ReadOnlySpan<byte> text, DescriptorParts parts)
    {
        if (facts.Magic == SocketMagic && (facts.Flags & FileFlags.Named) != 0)
        {
            if ((parts & DescriptorParts.Socket) == 0)
                return false;
            Socket(to, in facts, text);
            return true;
        }
        if ((facts.Mode & TypeMask) is CharacterDevice or BlockDevice && (facts.Flags & FileFlags.Named) == 0 && !IsDeleted(in facts))
        {
            if ((parts & DescriptorParts.Device) == 0)
                return false;
            QuotedPath(to, in facts, text);
            to.Append((facts.Mode & TypeMask) == BlockDevice ? "<block "u8 : "<char "u8);
            to.AppendDecimal((ulong)facts.Major);
            to.Append((byte)':');
            to.AppendDecimal((ulong)facts.Minor);
            to.Append((byte)'>');
            return true;
        }
        if (IsPidfd(in facts, text) && (parts & DescriptorParts.Pidfd) != 0)
        {
            if (facts.Id == 0)
            {
                to.Append("anon_inode:[pidfd]"u8);
                return true;
            }
            to.Append("pid:"u8);
            to.AppendDecimal((ulong)facts.Id);
            return true;
        }
        return false;
    }

    private static bool IsPidfd(in FileFacts facts, ReadOnlySpan<byte> text) =>
        facts.Magic == PidMagic || facts.Magic == AnonymousMagic && First(text).SequenceEqual("[pidfd]"u8);

    // Components come with the last one first.
    private static void Path(Utf8Buffer to, in FileFacts facts, ReadOnlySpan<byte> text)
    {
        if ((facts.Flags & FileFlags.Cut) != 0)
            to.Append("..."u8);
        int end = text.Length;
        if (end == 0)
            to.Append((byte)'/');
        while (end > 0)
        {
            int last = text[end - 1] == 0 ? end - 1 : end;
            int start = text[..last].LastIndexOf((byte)0) + 1;
            to.Append((byte)'/');
            to.Append(text[start..last]);
            end = start;
        }
    }

    private static void QuotedPath(Utf8Buffer to, in FileFacts facts, ReadOnlySpan<byte> text)
    {
        int start = to.Length;
        Path(to, in facts, text);
        byte[]? unusual = to.Written[start..].ContainsAnyExceptInRange((byte)' ', (byte)'~') || to.Written[start..].ContainsAny("<>\\\""u8) ? to.Written[start..].ToArray() : null;
        if (unusual is null)
            return;
        to.Length = start;
        Quote.Name(to, unusual, path: true);
    }

    private static ReadOnlySpan<byte> First(ReadOnlySpan<byte> text)
    {
        int end = text.IndexOf((byte)0);
        return end < 0 ? text : text[..end];
    }

    private static void Numbered(Utf8Buffer to, ReadOnlySpan<byte> name, ulong inode)
    {
        to.Append(name);
        to.Append(":["u8);
        to.AppendDecimal(inode);
        to.Append((byte)']');
    }

    private static bool IsKnown(ReadOnlySpan<byte> protocol)
    {
        foreach (byte[] known in s_protocols)
        {
            if (protocol.SequenceEqual(known))
                return true;
        }
        return false;
    }

    private static void Socket(Utf8Buffer to, in FileFacts facts, ReadOnlySpan<byte> text)
    {
        ReadOnlySpan<byte> protocol = First(text);
        if (!IsKnown(protocol))
        {
            Numbered(to, "socket"u8, facts.Inode);
            return;
        }
        switch (facts.Family)
        {
            case AfInet or AfInet6 when facts.Port != 0 && !protocol.StartsWith("PING"u8):
                Internet(to, in facts, protocol);
                break;
            case AfUnix:
                Unix(to, in facts, protocol, text);
                break;
            case AfNetlink when facts.Id != 0:
                Netlink(to, in facts, protocol);
                break;
            default:
                Numbered(to, protocol, facts.Inode);
                break;
        }
    }

    private static void Internet(Utf8Buffer to, in FileFacts facts, ReadOnlySpan<byte> protocol)
    {
        int length = facts.Family == AfInet ? 4 : 16;
        ReadOnlySpan<byte> local = facts.Address, remote = facts.Remote;
        to.Append(protocol);
        to.Append(":["u8);
        Endpoint(to, local[..length], facts.Port);
        if (facts.RemotePort != 0 || remote[..length].ContainsAnyExcept((byte)0))
        {
            to.Append("->"u8);
            Endpoint(to, remote[..length], facts.RemotePort);
        }
        to.Append((byte)']');
    }

    private static void Endpoint(Utf8Buffer to, ReadOnlySpan<byte> address, ushort port)
    {
        if (address.Length == 16)
            to.Append((byte)'[');
        new IPAddress(address).TryFormat(to.Room(64), out int written);
        to.Length += written;
        if (address.Length == 16)
            to.Append((byte)']');
        to.Append((byte)':');
        to.AppendDecimal((ulong)port);
    }

    private static void Unix(Utf8Buffer to, in FileFacts facts, ReadOnlySpan<byte> protocol, ReadOnlySpan<byte> text)
    {
        to.Append(protocol);
        to.Append(":["u8);
        to.AppendDecimal(facts.Inode);
        if ((uint)facts.Peer != 0)
        {
            to.Append("->"u8);
            to.AppendDecimal((ulong)(uint)facts.Peer);
        }
        if (facts.AddressLength > 0 && facts.AddressLength <= text.Length)
        {
            ReadOnlySpan<byte> address = text[^facts.AddressLength..];
            to.Append((byte)',');
            if (address[0] == 0)
            {
                to.Append((byte)'@');
                address = address[1..];
            }
            Quote.Text(to, First(address));
        }
        to.Append((byte)']');
    }

    private static void Netlink(Utf8Buffer to, in FileFacts facts, ReadOnlySpan<byte> protocol)
    {
        to.Append(protocol);
        to.Append(":["u8);
        var names = new XlatRow(XlatTable.NetlinkProto, AbiTable.X86_64);
        int at = names.Find(facts.Protocol);
        if (at >= 0)
        {
            ReadOnlySpan<byte> name = names.Name(at);
            to.Append(name.StartsWith("NETLINK_"u8) ? name[8..] : name);
            to.Append((byte)':');
            to.AppendDecimal((ulong)facts.Id);
        }
        else
        {
            to.AppendDecimal((ulong)facts.Protocol);
        }
        to.Append((byte)']');
    }
}
