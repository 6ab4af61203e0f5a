using System.Buffers.Binary;
using Scry.Wire;

namespace Scry.Syscalls;

/// <summary>What calls read and wrote, in hexadecimal and ASCII under their lines (strace -e read, -e write); as far as a record has it.</summary>
/// <param name="reads">Of which descriptors what is read; null: of none.</param>
/// <param name="writes">Of which descriptors what is written; null: of none.</param>
public sealed class DataDump(Func<int, bool>? reads, Func<int, bool>? writes)
{
    private const int Width = 16, Half = 8, MostVectors = 1024;

    private static readonly string[] s_reads = ["read", "pread64", "recv", "recvfrom"], s_writes = ["write", "pwrite64", "send", "sendto"];
    private static readonly string[] s_vectorReads = ["readv", "preadv", "preadv2"], s_vectorWrites = ["writev", "pwritev", "pwritev2", "vmsplice"];

    /// <summary>Appends the lines of a call; nothing when it failed, or moves no data of those descriptors.</summary>
    /// <param name="call">The call.</param>
    /// <param name="to">Where.</param>
    /// <param name="endLine">Ends a line.</param>
    public void Write(in CallRecord call, Utf8Buffer to, Action endLine)
    {
        int id = SyscallRow.Find(call.Header.Abi, call.Nr);
        if (id < 0 || call.Result < 0 || (call.Flags & CallFlags.Unfinished) != 0 || call.Args.Length < 3)
            return;
        var row = new SyscallRow(id);
        int fd = (int)call.Args[0];
        if (Is(row, s_reads) && reads?.Invoke(fd) == true)
            Buffer(in call, call.Args[1], (ulong)call.Result, CapturePhase.Exit, to, endLine);
        else if (Is(row, s_writes) && writes?.Invoke(fd) == true)
            Buffer(in call, call.Args[1], call.Args[2], CapturePhase.Entry, to, endLine);
        else if (Is(row, s_vectorReads) && reads?.Invoke(fd) == true)
            Vectors(in call, (ulong)call.Result, CapturePhase.Exit, to, endLine);
        else if (Is(row, s_vectorWrites) && writes?.Invoke(fd) == true)
            Vectors(in call, ulong.MaxValue, CapturePhase.Entry, to, endLine);
    }

    private static bool Is(SyscallRow row, string[] names)
    {
        foreach (string name in names)
        {
            if (System.Text.Ascii.Equals(row.Name, name))
                return true;
        }
        return false;
    }

    private static void Vectors(in CallRecord call, ulong left, CapturePhase phase, Utf8Buffer to, Action endLine)
    {
        int word = TypeSizes.Word(SyscallRow.TableOf(call.Header.Abi));
        if (!call.TryRead(call.Args[1], phase, out ReadOnlySpan<byte> vectors))
            return;
        int count = (int)Math.Min(Math.Min(call.Args[2], MostVectors), (ulong)(vectors.Length / (2 * word)));
        for (int i = 0; i < count && left > 0; i++)
        {
            ulong length = Math.Min(left, Word(vectors[((2 * i + 1) * word)..], word));
            // strace ends at an empty one.
            if (length == 0)
                return;
            left -= length;
            to.Append(" * "u8);
            to.AppendDecimal(length);
            to.Append(" bytes in buffer "u8);
            to.AppendDecimal((ulong)i);
            endLine();
            Buffer(in call, Word(vectors[(2 * i * word)..], word), length, phase, to, endLine);
        }
    }

    private static ulong Word(ReadOnlySpan<byte> bytes, int size) =>
        size == 4 ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt64LittleEndian(bytes);

    private static void Buffer(in CallRecord call, ulong address, ulong length, CapturePhase phase, Utf8Buffer to, Action endLine)
    {
        if (length == 0 || !call.TryRead(address, phase, out ReadOnlySpan<byte> bytes))
            return;
        ulong seen = Math.Min(length, (ulong)bytes.Length);
        for (int at = 0; (ulong)at < seen; at += Width)
        {
            Line(to, at, bytes[at..(int)Math.Min(seen, (ulong)(at + Width))]);
            endLine();
        }
        if (seen == length)
            return;
        to.Append(" | ... "u8);
        to.AppendDecimal(length - seen);
        to.Append(" bytes not recorded |"u8);
        endLine();
    }

    //  | 00010  61 62 63 64 65 66 67 68  69 6a 6b 6c              abcdefghijkl     |
    private static void Line(Utf8Buffer to, int offset, ReadOnlySpan<byte> bytes)
    {
        to.Append(" | "u8);
        for (int shift = 16; shift >= 0; shift -= 4)
            to.Append(Digit(offset >> shift & 15));
        to.Append((byte)' ');
        for (int i = 0; i < Width; i++)
        {
            to.Append(i % Half == 0 ? "  "u8[..(i == 0 ? 1 : 2)] : " "u8);
            to.Append(i < bytes.Length ? Digit(bytes[i] >> 4) : (byte)' ');
            to.Append(i < bytes.Length ? Digit(bytes[i] & 15) : (byte)' ');
        }
        to.Append("  "u8);
        for (int i = 0; i < Width; i++)
            to.Append(i >= bytes.Length ? (byte)' ' : bytes[i] is >= 0x20 and < 0x7f ? bytes[i] : (byte)'.');
        to.Append(" |"u8);
    }

    private static byte Digit(int value) => "0123456789abcdef"u8[value];
}
