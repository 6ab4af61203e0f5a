using System.Globalization;
using System.Text;
using Scry.Wire;

namespace Scry.Stacks;

/// <summary>/proc/PID/maps, as far as it is code.</summary>
internal static class ProcMaps
{
    /// <summary>What the kernel puts into each process for calls that need none of it.</summary>
    public const string Vdso = "[vdso]";

    /// <summary>So many mappings of a process are looked at.</summary>
    public const int MostMappings = 16000;

    /// <summary>Reads the lines; what is none is left out.</summary>
    /// <param name="text">The file.</param>
    /// <param name="files">Gives the file of a mapping.</param>
    public static Mapping[] Read(ReadOnlySpan<byte> text, Func<FileKey, string, ulong, ulong, MappedFile?> files)
    {
        var found = new List<Mapping>();
        while (!text.IsEmpty && found.Count < MostMappings)
        {
            int end = text.IndexOf((byte)'\n');
            ReadOnlySpan<byte> line = end < 0 ? text : text[..end];
            text = end < 0 ? default : text[(end + 1)..];
            if (Line(line, files) is { } mapping)
                found.Add(mapping);
        }
        return [.. found.OrderBy(mapping => mapping.Start)];
    }

    /// <summary>How a mapping is called: by its file, or by what it is.</summary>
    public static string NameOf(string text)
    {
        const string deleted = " (deleted)";
        if (text.EndsWith(deleted, StringComparison.Ordinal))
            text = text[..^deleted.Length];
        return text.Length == 0 || text.StartsWith("//anon", StringComparison.Ordinal) ? "[anon]" : text;
    }

    // "7f0c1e028000-7f0c1e17d000 r-xp 00028000 fe:01 1234    /usr/lib/libc.so.6"
    private static Mapping? Line(ReadOnlySpan<byte> line, Func<FileKey, string, ulong, ulong, MappedFile?> files)
    {
        const int pathColumn = 73;
        Span<Range> words = stackalloc Range[6];
        string text = Encoding.ASCII.GetString(line[..Math.Min(line.Length, pathColumn)]);
        int count = text.AsSpan().Split(words, ' ', StringSplitOptions.RemoveEmptyEntries);
        if (count < 5)
            return null;
        ReadOnlySpan<char> range = text.AsSpan()[words[0]], device = text.AsSpan()[words[3]];
        int dash = range.IndexOf('-'), colon = device.IndexOf(':');
        if (dash < 0 || colon < 0 || !TryHex(range[..dash], out ulong start) || !TryHex(range[(dash + 1)..], out ulong end) || start >= end
            || text.AsSpan()[words[1]].IndexOf('x') < 0 || !TryHex(text.AsSpan()[words[2]], out ulong offset)
            || !TryHex(device[..colon], out ulong major) || !TryHex(device[(colon + 1)..], out ulong minor)
            || !ulong.TryParse(text.AsSpan()[words[4]], NumberStyles.None, CultureInfo.InvariantCulture, out ulong inode))
        {
            return null;
        }
        // The path begins behind the inode's number and its blanks.
        ReadOnlySpan<byte> path = line[Math.Min(line.Length, words[4].End.Value)..].TrimStart((byte)' ');
        string name = ByteText.Of(path);
        MappedFile? file = inode == 0 && name != Vdso ? null : files(new FileKey((uint)major, (uint)minor, inode), name, start, end);
        return new Mapping(start, end, offset, NameOf(name), file);
    }

    private static bool TryHex(ReadOnlySpan<char> text, out ulong value) =>
        ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
}
