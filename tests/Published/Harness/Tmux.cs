using System.Globalization;
using System.Text;

namespace Scry.Tests.Published.Harness;

/// <summary>A terminal: tmux with a server of its own, and a shell in it. Disposing ends all that runs there.</summary>
internal sealed class Tmux : IDisposable
{
    private const string Prompt = "ready>";

    private readonly string _socket = $"scry-test-{Guid.NewGuid():N}";
    private readonly Workspace _workspace = new();

    public Tmux(int columns, int rows)
    {
        // A session with a shell that reads no files of the user's.
        Run("-f", "/dev/null", "-u", "new-session", "-d", "-x", Text(columns), "-y", Text(rows), "env", "-i", "PATH=/usr/bin:/bin:/usr/sbin:/sbin",
            "TERM=screen", "LC_ALL=C.UTF-8", $"PS1={Prompt}", "bash", "--norc", "--noprofile").Expect();
        Eventually.True(() => Lines()[0].StartsWith(Prompt, StringComparison.Ordinal), "the shell is there");
    }

    /// <summary>The screen, without trailing blanks.</summary>
    public string[] Lines()
    {
        string text = Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(Run("capture-pane", "-p").Expect().Output));
        return text.EndsWith('\n') ? text[..^1].Split('\n') : text.Split('\n');
    }

    /// <summary>Types text, and then the key Enter.</summary>
    public void Type(string line)
    {
        Run("send-keys", "-l", line).Expect();
        Key("Enter");
    }

    /// <summary>Presses keys, by tmux's names of them: <c>Enter</c>, <c>Escape</c>, <c>C-c</c>, <c>q</c>.</summary>
    public void Key(params string[] keys) => Run(["send-keys", .. keys]).Expect();

    /// <summary>Changes the size.</summary>
    public void Resize(int columns, int rows) => Run("resize-window", "-x", Text(columns), "-y", Text(rows)).Expect();

    /// <summary>Waits until the screen shows something.</summary>
    public string[] Until(Func<string[], bool> condition, string what)
    {
        string[] lines = [];
        try
        {
            Eventually.True(() => condition(lines = Lines()), what);
        }
        catch (TimeoutException error)
        {
            throw new TimeoutException($"{error.Message}; the screen is\n{string.Join('\n', lines)}", error);
        }
        return lines;
    }

    /// <summary>Waits until the terminal is an ordinary one again, with the shell at its prompt: no other screen, a cursor, wrapping.</summary>
    public string[] UntilLeft() =>
        Until(lines => Modes() == "0 1 1" && lines.LastOrDefault(line => line.Length > 0) == Prompt, "the terminal is left");

    /// <summary>Whether the other screen is shown, the cursor is seen, lines wrap.</summary>
    public string Modes() => Run("display-message", "-p", "#{alternate_on} #{cursor_flag} #{wrap_flag}").Expect().Output.Trim();

    /// <summary>What stty(1) says of the terminal, without its size.</summary>
    public string Settings()
    {
        string file = _workspace[$"stty-{Guid.NewGuid():N}"];
        Type($"stty -g > {file}.new; mv {file}.new {file}; clear");
        Eventually.True(() => File.Exists(file), "stty has answered");
        return File.ReadAllText(file);
    }

    /// <summary>The newest scry that runs in this terminal.</summary>
    public int Scry()
    {
        int pid = 0;
        string shell = Run("display-message", "-p", "#{pane_pid}").Expect().Output.Trim();
        Eventually.True(() => int.TryParse(Child.Run("pgrep", "-n", "-x", "-P", shell, "scry").Output, out pid), "scry runs in the terminal");
        return pid;
    }

    public void Dispose()
    {
        Run("kill-server");
        _workspace.Dispose();
    }

    private Finished Run(params string[] words) => Child.Run("tmux", ["-L", _socket, .. words]);

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
