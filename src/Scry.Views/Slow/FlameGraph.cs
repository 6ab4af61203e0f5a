using System.Globalization;
using System.Text;

namespace Scry.Views.Slow;

/// <summary>What a flame graph is of.</summary>
public sealed record FlameOptions
{
    /// <summary>What stands above it; may be hostile.</summary>
    public required string Title { get; init; }

    /// <summary>Whether a frame is as wide as the calls are many; else as long as they took.</summary>
    public bool ByCount { get; init; }
}

/// <summary>
/// Stacks by the time that was spent in them, in two trees beside each other: on a CPU, and blocked. As a picture (SVG, which needs
/// nothing else) and as folded text. Names of frames are hostile. What finds no room is merged, and named so.
/// </summary>
/// <param name="most">Frames that it has room for.</param>
public sealed class FlameGraph(int most = FlameGraph.MostNodes)
{
    /// <summary>Frames of one stack; of a deeper one the middle is left out.</summary>
    public const int MostDepth = 256;
    /// <summary>Frames in all.</summary>
    public const int MostNodes = 500_000;

    /// <summary>Stands for the frames of a stack that is too deep.</summary>
    public const string LeftOut = "[frames left out]";
    /// <summary>Stands for frames that found no room.</summary>
    public const string Others = "[other frames]";
    /// <summary>What the last frame of a blocked stack ends with in folded text.</summary>
    public const string BlockedMark = "_[b]";

    private const int Innermost = 64, LongestName = 1024;

    private int _nodes;

    /// <summary>The trees: on a CPU, and blocked.</summary>
    internal FlameNode OnCpu { get; } = new("on CPU");
    internal FlameNode Blocked { get; } = new("blocked");

    /// <summary>Nanoseconds in all.</summary>
    public ulong Nanoseconds => OnCpu.Nanoseconds + Blocked.Nanoseconds;

    /// <summary>Adds a part of a call: each addition counts one in its tree.</summary>
    /// <param name="frames">The outermost first; empty: the stack is not known.</param>
    /// <param name="nanoseconds">How long it was there.</param>
    /// <param name="blocked">Whether it was blocked, or waiting for a CPU; else it was on one.</param>
    public void Add(IReadOnlyList<string> frames, ulong nanoseconds, bool blocked)
    {
        FlameNode at = blocked ? Blocked : OnCpu;
        at.Pass(nanoseconds);
        int left = frames.Count > MostDepth ? frames.Count - (MostDepth - 1) : 0;
        for (int i = 0; i < frames.Count; i++)
        {
            bool gap = left > 0 && i == MostDepth - 1 - Innermost;
            FlameNode next = Step(at, gap ? LeftOut : frames[i]);
            if (next != at)
                next.Pass(nanoseconds);
            at = next;
            if (gap)
                i += left - 1;
        }
        at.End(nanoseconds);
    }

    /// <summary>Writes the picture.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void WriteSvg(Stream to, FlameOptions options)
    {
        using var writer = new StreamWriter(to, new UTF8Encoding(false), 1 << 16, leaveOpen: true) { NewLine = "\n" };
        new FlameSvg(this, options, writer).Write();
    }

    /// <summary>
    /// Writes folded text: for each stack a line of frames with semicolons between, and microseconds or calls. The last frame of a blocked
    /// one ends with <see cref="BlockedMark"/>.
    /// </summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void WriteFolded(Stream to, bool byCount)
    {
        using var writer = new StreamWriter(to, new UTF8Encoding(false), 1 << 16, leaveOpen: true) { NewLine = "\n" };
        var path = new StringBuilder();
        foreach (FlameNode root in new[] { OnCpu, Blocked })
            WriteFolded(writer, root, path, byCount, root == Blocked);
    }

    private FlameNode Step(FlameNode at, string name)
    {
        name = name.Length > LongestName ? name[..LongestName] : name;
        if (at.Find(name) is { } known)
            return known;
        if (_nodes >= most)
            return at.Name == Others ? at : at.Find(Others) ?? at.Add(Others);
        _nodes++;
        return at.Add(name);
    }

    private static void WriteFolded(StreamWriter to, FlameNode node, StringBuilder path, bool byCount, bool blocked)
    {
        ulong value = byCount ? node.SelfCount : (node.SelfNanoseconds + 500) / 1000;
        // Of a stack that is not known nothing else is there to be named.
        if (value > 0)
            to.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(path.Length > 0 ? path : "[unknown]")}{(blocked ? BlockedMark : "")} {value}"));
        foreach (FlameNode child in node.Children)
        {
            int length = path.Length;
            if (length > 0)
                path.Append(';');
            path.Append(Folded(child.Name));
            WriteFolded(to, child, path, byCount, blocked);
            path.Length = length;
        }
    }

    // A semicolon would end the frame, a line feed the stack.
    private static string Folded(string name)
    {
        string safe = string.Concat(name.EnumerateRunes().Select(rune => rune.Value == ';' ? ":" : Syscalls.Quote.Unseen(rune.Value) ? "?" : rune.ToString()));
        return string.IsNullOrWhiteSpace(safe) ? "[unknown]" : safe;
    }
}
