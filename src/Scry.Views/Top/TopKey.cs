namespace Scry.Views.Top;

/// <summary>Keys that have a name.</summary>
public enum TopKeyKind
{
    /// <summary>One that writes a character.</summary>
    Character,
    /// <summary>Cursor up.</summary>
    Up,
    /// <summary>Cursor down.</summary>
    Down,
    /// <summary>Cursor left.</summary>
    Left,
    /// <summary>Cursor right.</summary>
    Right,
    /// <summary>A screen up.</summary>
    PageUp,
    /// <summary>A screen down.</summary>
    PageDown,
    /// <summary>To the first row.</summary>
    Home,
    /// <summary>To the last row.</summary>
    End,
    /// <summary>Return.</summary>
    Enter,
    /// <summary>Esc alone.</summary>
    Escape,
    /// <summary>Deletes backwards.</summary>
    Backspace,
}

/// <summary>A key that was pressed.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Character">With <see cref="TopKeyKind.Character"/>: printable ASCII.</param>
public readonly record struct TopKey(TopKeyKind Kind, char Character = '\0')
{
    /// <summary>The key of a character.</summary>
    public static TopKey Of(char character) => new(TopKeyKind.Character, character);
}

/// <summary>What bytes of a terminal's keyboard mean.</summary>
public static class TopKeys
{
    private static readonly (string Sequence, TopKeyKind Kind)[] s_sequences =
    [
        ("[A", TopKeyKind.Up), ("[B", TopKeyKind.Down), ("[C", TopKeyKind.Right), ("[D", TopKeyKind.Left),
        ("OA", TopKeyKind.Up), ("OB", TopKeyKind.Down), ("OC", TopKeyKind.Right), ("OD", TopKeyKind.Left),
        ("[5~", TopKeyKind.PageUp), ("[6~", TopKeyKind.PageDown), ("[H", TopKeyKind.Home), ("[F", TopKeyKind.End),
        ("OH", TopKeyKind.Home), ("OF", TopKeyKind.End), ("[1~", TopKeyKind.Home), ("[4~", TopKeyKind.End),
        ("[7~", TopKeyKind.Home), ("[8~", TopKeyKind.End),
    ];

    /// <summary>
    /// Reads keys. Sequences that mean nothing here are skipped whole; an Esc that begins none is the key.
    /// </summary>
    /// <param name="bytes">What was typed since the last time: terminals send a key's sequence in one piece.</param>
    public static List<TopKey> Read(ReadOnlySpan<byte> bytes)
    {
        var keys = new List<TopKey>();
        for (int i = 0; i < bytes.Length; i++)
        {
            byte value = bytes[i];
            if (value == 0x1b)
            {
                int length = SequenceLength(bytes[(i + 1)..]);
                if (length == 0)
                    keys.Add(new TopKey(TopKeyKind.Escape));
                else if (Known(bytes.Slice(i + 1, length)) is { } kind)
                    keys.Add(new TopKey(kind));
                i += length;
            }
            else if (value is (byte)'\r' or (byte)'\n')
            {
                keys.Add(new TopKey(TopKeyKind.Enter));
            }
            else if (value is 0x7f or 0x08)
            {
                keys.Add(new TopKey(TopKeyKind.Backspace));
            }
            else if (value is >= 0x20 and < 0x7f)
            {
                keys.Add(TopKey.Of((char)value));
            }
        }
        return keys;
    }

    // ECMA-48: CSI, parameters, one final byte; SS3 has one byte after it.
    private static int SequenceLength(ReadOnlySpan<byte> rest)
    {
        if (rest.Length < 2 || rest[0] is not ((byte)'[' or (byte)'O'))
            return 0;
        if (rest[0] == (byte)'O')
            return 2;
        int end = 1;
        while (end < rest.Length && rest[end] is >= 0x20 and <= 0x3f)
            end++;
        return Math.Min(end + 1, rest.Length);
    }

    private static TopKeyKind? Known(ReadOnlySpan<byte> sequence)
    {
        foreach ((string known, TopKeyKind kind) in s_sequences)
        {
            if (sequence.Length == known.Length && sequence[0] == known[0] && sequence[1] == known[1]
                && (known.Length == 2 || sequence[2] == known[2]))
                return kind;
        }
        return null;
    }
}
