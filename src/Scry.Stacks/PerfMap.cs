using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Scry.Wire;

namespace Scry.Stacks;

/// <summary>The names that a JIT compiler gives its code: <c>/tmp/perf-PID.map</c>, a line for each function, <c>START SIZE NAME</c> in hexadecimal. It grows.</summary>
internal sealed class PerfMap(SafeFileHandle? file) : IDisposable
{
    private const int MostFunctions = 1 << 18, LongestName = 4096, PieceSize = 1 << 20;
    private const long MostBytes = 64 << 20, LookAgainMs = 100;

    private readonly List<Function> _read = [];
    private Function[] _sorted = [];
    private byte[] _rest = [];
    private long _position, _looked = long.MinValue / 2;

    private readonly record struct Function(ulong Start, ulong Size, string Name);

    /// <summary>Whether there is none, or was none when it was looked for.</summary>
    public bool IsMissing => file is null;

    /// <summary>When it was looked for (<see cref="Environment.TickCount64"/>).</summary>
    public long Since { get; } = Environment.TickCount64;

    /// <summary>Bytes that were read.</summary>
    public long Size => _position;

    /// <summary>The map of a process, in its own filesystem and by its own pid; none when it has none, or somebody else wrote it.</summary>
    public static PerfMap Open(uint tgid, Opener opener)
    {
        if (Status($"/proc/{tgid}/status") is not { } status)
            return new PerfMap(null);
        SafeFileHandle? file = opener.Open($"/proc/{tgid}/root/tmp/perf-{status.Pid}.map", follow: false, out Native.Status found);
        if (file is null || (found.Owner == status.User || found.Owner == 0) && found.Size > 0)
            return new PerfMap(file);
        file.Dispose();
        return new PerfMap(null);
    }

    /// <summary>The function at an address; what was written last counts.</summary>
    public (string Name, ulong Offset)? Find(ulong address)
    {
        if (Known(address) is { } known)
            return known;
        return Grow() ? Known(address) : null;
    }

    /// <inheritdoc/>
    public void Dispose() => file?.Dispose();

    /// <summary>Reads lines; what is none is left out.</summary>
    internal void Add(ReadOnlySpan<byte> bytes)
    {
        byte[] all = [.. _rest, .. bytes];
        ReadOnlySpan<byte> text = all;
        for (int end; (end = text.IndexOf((byte)'\n')) >= 0; text = text[(end + 1)..])
            Line(text[..end]);
        _rest = text.Length > LongestName ? [] : text.ToArray();
    }

    /// <summary>Puts what was read into order.</summary>
    internal void Sort()
    {
        // Stable: of those that begin at one place the last was written last.
        _sorted = [.. _read.OrderBy(function => function.Start)];
    }

    private void Line(ReadOnlySpan<byte> line)
    {
        int first = line.IndexOf((byte)' ');
        int second = first < 0 ? -1 : line[(first + 1)..].IndexOf((byte)' ') + first + 1;
        if (second <= first || _read.Count >= MostFunctions || second + 1 >= line.Length || line.Length > LongestName
            || !TryHex(line[..first], out ulong start) || !TryHex(line[(first + 1)..second], out ulong size) || start + size < start)
        {
            return;
        }
        _read.Add(new Function(start, size, ByteText.Of(line[(second + 1)..])));
    }

    private static bool TryHex(ReadOnlySpan<byte> text, out ulong value)
    {
        if (text.StartsWith("0x"u8))
            text = text[2..];
        return ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }

    private (string Name, ulong Offset)? Known(ulong address)
    {
        const int nested = 8;
        int low = 0, high = _sorted.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_sorted[middle].Start <= address)
                low = middle + 1;
            else
                high = middle;
        }
        for (int at = low - 1; at >= 0 && at >= low - nested; at--)
        {
            if (address - _sorted[at].Start < _sorted[at].Size)
                return (_sorted[at].Name, address - _sorted[at].Start);
        }
        return null;
    }

    private bool Grow()
    {
        long now = Environment.TickCount64;
        if (file is null || now - _looked < LookAgainMs)
            return false;
        _looked = now;
        long before = _position;
        var piece = new byte[PieceSize];
        try
        {
            for (int count; _position < MostBytes && (count = RandomAccess.Read(file, piece, _position)) > 0; _position += count)
                Add(piece.AsSpan(0, count));
        }
        catch (IOException)
        {
            // What was read is there.
        }
        if (_position != before)
            Sort();
        return _position != before;
    }

    // "NSpid:\t4711\t7": its pid in the namespace that it is in comes last. "Uid:\treal\teffective\t…".
    private static (string Pid, uint User)? Status(string path)
    {
        string? pid = null;
        uint? user = null;
        try
        {
            foreach (string line in File.ReadLines(path))
            {
                string[] words = line.Split('\t', StringSplitOptions.RemoveEmptyEntries);
                if (words is ["NSpid:", .., var last])
                    pid = last.Trim();
                else if (words is ["Uid:", _, var effective, ..] && uint.TryParse(effective, NumberStyles.None, CultureInfo.InvariantCulture, out uint id))
                    user = id;
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        return pid is not null && user is { } owner ? (pid, owner) : null;
    }
}
