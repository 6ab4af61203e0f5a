using System.Text;
using Scry.Cli.Launch;
using Scry.Syscalls;
using Scry.Views.Top;

namespace Scry.Cli.Top;

/// <summary>
/// The terminal while a full screen has it: its other screen, no cursor, keys one by one. What changed of a frame is written in one
/// piece. Disposing gives the terminal back as it was.
/// </summary>
internal sealed class Screen : IDisposable
{
    // Escape sequences of ECMA-48 and of xterm: other screen, cursor, automatic wrap.
    private static ReadOnlySpan<byte> Enter => "\e[?1049h\e[?25l\e[?7l\e[m\e[2J"u8;
    private static ReadOnlySpan<byte> Leave => "\e[m\e[?7h\e[?25h\e[?1049l"u8;
    private const int Resized = 1, Stopped = 2, Continued = 4;
    private const int GapToSkip = 6; // a move of the cursor is about as long
    private const int StandardOutput = 1;
    private const int DefaultColumns = 80, DefaultRows = 24, Most = 1000;

    private readonly DescriptorStream _stream = new(1);
    private readonly Utf8Buffer _bytes = new();
    private readonly bool _color;
    private Frame _next, _shown;
    private bool _isOpen;

    private Screen(bool color)
    {
        _color = color;
        (_next, _shown) = NewFrames();
    }

    /// <summary>Takes the terminal over.</summary>
    /// <exception cref="ToolException">It cannot be had.</exception>
    public static Screen Open(bool color)
    {
        int error = NativeMethods.OpenTerminal(Leave, Leave.Length);
        if (error < 0)
            throw new ToolException($"the terminal cannot be read: {ErrnoText.Describe(-error)}", "'scry top --batch N' prints tables");
        var screen = new Screen(color);
        try
        {
            screen.TakeOver();
            return screen;
        }
        catch
        {
            screen.Dispose();
            throw;
        }
    }

    /// <summary>Waits for keys.</summary>
    /// <param name="milliseconds">At most so long.</param>
    /// <returns>Null: the terminal is gone.</returns>
    public static List<TopKey>? ReadKeys(int milliseconds)
    {
        Span<byte> bytes = stackalloc byte[256];
        int count = NativeMethods.ReadKeys(bytes, bytes.Length, milliseconds);
        return count < 0 ? null : TopKeys.Read(bytes[..count]);
    }

    /// <summary>Does what signals asked for: a new size, a stop until the shell continues it.</summary>
    /// <returns>Whether the screen is to be drawn again; not, when a signal is to end the run.</returns>
    public bool HandleEvents()
    {
        int events = NativeMethods.TakeTerminalEvents();
        if (events == 0)
            return false;
        if ((events & Stopped) != 0)
        {
            GiveBack();
            NativeMethods.StopByTerminal();
        }
        // A shell sets the terminal up for itself meanwhile.
        if ((events & (Stopped | Continued)) != 0)
        {
            if (NativeMethods.RetakeTerminal() == 0)
                return false;
            TakeOver();
        }
        (_next, _shown) = NewFrames();
        Write("\e[m\e[2J"u8);
        return true;
    }

    /// <summary>Draws a model.</summary>
    /// <exception cref="TerminalGoneException">The terminal is gone.</exception>
    public void Draw(TopModel model)
    {
        model.Draw(_next);
        _bytes.Clear();
        Ink? ink = null;
        for (int y = 0; y < _next.Height; y++)
            WriteChanges(y, ref ink);
        if (_bytes.Length > 0)
            Write(_bytes.Written);
        (_next, _shown) = (_shown, _next);
    }

    /// <summary>Gives the terminal back.</summary>
    public void Dispose()
    {
        if (_isOpen)
            GiveBack();
    }

    private void WriteChanges(int y, ref Ink? ink)
    {
        ReadOnlySpan<char> chars = _next.Chars(y), oldChars = _shown.Chars(y);
        ReadOnlySpan<Ink> inks = _next.Inks(y), oldInks = _shown.Inks(y);
        int written = -1;
        for (int x = 0; x < chars.Length; x++)
        {
            if (chars[x] == oldChars[x] && inks[x] == oldInks[x])
                continue;
            // A few cells that are as they were cost less than a move of the cursor.
            if (written < 0 || x - written > GapToSkip)
                Move(y, x);
            else
                x = written;
            Put(chars[x], inks[x], ref ink);
            written = x + 1;
        }
    }

    private void Move(int y, int x)
    {
        _bytes.Append("\e["u8);
        _bytes.AppendDecimal(y + 1L);
        _bytes.Append((byte)';');
        _bytes.AppendDecimal(x + 1L);
        _bytes.Append((byte)'H');
    }

    private void Put(char c, Ink look, ref Ink? ink)
    {
        if (look != ink)
            _bytes.Append(Sgr(look));
        ink = look;
        _bytes.Length += Encoding.UTF8.GetBytes([c], _bytes.Room(3));
    }

    private ReadOnlySpan<byte> Sgr(Ink ink) => ink switch
    {
        Ink.Bold => "\e[;1m"u8,
        Ink.Dim => "\e[;2m"u8,
        Ink.Head => _color ? "\e[;30;46m"u8 : "\e[;7m"u8,
        Ink.Cursor => "\e[;1;7m"u8,
        Ink.Graph => _color ? "\e[;32m"u8 : "\e[m"u8,
        Ink.Alarm => _color ? "\e[;31m"u8 : "\e[;1m"u8,
        _ => "\e[m"u8,
    };

    private void TakeOver()
    {
        _isOpen = true;
        Write(Enter);
    }

    private void GiveBack()
    {
        _isOpen = false;
        try
        {
            Write(Leave);
        }
        catch (TerminalGoneException)
        {
            // Its settings may still be there.
        }
        NativeMethods.RestoreTerminal();
    }

    private void Write(ReadOnlySpan<byte> bytes)
    {
        try
        {
            _stream.Write(bytes);
        }
        catch (IOException error)
        {
            throw new TerminalGoneException(error);
        }
    }

    // What is shown is not known: both are blank, and so is the terminal.
    private static (Frame, Frame) NewFrames()
    {
        NativeMethods.TerminalSize(StandardOutput, out int columns, out int rows);
        columns = columns > 0 ? Math.Min(columns, Most) : DefaultColumns;
        rows = rows > 0 ? Math.Min(rows, Most) : DefaultRows;
        return (new Frame(columns, rows), new Frame(columns, rows));
    }
}

/// <summary>The terminal cannot be written any more.</summary>
internal sealed class TerminalGoneException(IOException inner) : IOException(inner.Message, inner);
