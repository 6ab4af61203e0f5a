using System.Text;
using Scry.Syscalls;
using Scry.Wire;

namespace Scry.Views.Top;

/// <summary>The value of a dimension.</summary>
/// <param name="Key">What tells it apart: of a process its pid and start.</param>
/// <param name="Text">What is shown: printable ASCII.</param>
public readonly record struct TopName(string Key, string Text)
{
    /// <summary>What found no room of its own in the kernel.</summary>
    public static TopName Other { get; } = new("(other)", "(other)");

    /// <summary>There is none, as of a container on the host.</summary>
    public static TopName None { get; } = new("-", "-");

    /// <summary>A name that a traced process or a file chose, made fit for a terminal.</summary>
    public static TopName Of(ReadOnlySpan<byte> hostile)
    {
        string text = Escaped(hostile);
        return new TopName(text, text);
    }

    /// <summary>The same of text.</summary>
    public static TopName Of(string hostile) => Of(ByteText.Bytes(hostile));

    /// <summary>Text fit for a terminal, one column for each character.</summary>
    public static string Escaped(ReadOnlySpan<byte> hostile)
    {
        var to = new Utf8Buffer(hostile.Length);
        Escape.Name(to, hostile);
        return Encoding.ASCII.GetString(to.Written);
    }
}

/// <summary>Calls of one kind, as they are counted: the finest that the view tells apart. One object stands for them from tick to tick.</summary>
/// <param name="names">By <see cref="TopDimension"/>; those that are not counted by are default. Those of one group's calls may share them.</param>
/// <param name="syscall">The syscall, which is not taken from <paramref name="names"/>.</param>
public sealed class TopEntry(TopName[] names, TopName syscall)
{
    /// <summary>With all names of its own.</summary>
    public TopEntry(TopName[] names)
        : this(names, names[(int)TopDimension.Syscall])
    {
    }

    private string _processName = "";

    /// <summary>The value of a dimension.</summary>
    public TopName this[TopDimension dimension]
    {
        get => dimension == TopDimension.Syscall ? syscall : names[(int)dimension];
        set
        {
            names[(int)dimension] = value;
            Table = null;
        }
    }

    /// <summary>The last name of the process, fit for a terminal: shown with its pid.</summary>
    public string ProcessName
    {
        get => _processName;
        set
        {
            _processName = value;
            Table = null;
        }
    }

    // The row that it belongs to in the table that asked last.
    internal TopTable? Table { get; set; }
    internal TopRow? Row { get; set; }
}
