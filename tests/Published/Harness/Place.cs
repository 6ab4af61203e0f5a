using System.Text;

namespace Scry.Tests.Published.Harness;

/// <summary>
/// A place that Scry is started in: a root of its own in a mount namespace of its own, with the parts of this machine that a test
/// gives it, and the binary as /scry. Nothing of it outlives <see cref="Run"/>.
/// </summary>
internal sealed class Place : IDisposable
{
    /// <summary>Seconds until a command counts as hanging.</summary>
    private const int Patience = 40;

    private readonly Workspace _workspace = new();
    private readonly StringBuilder _setup = new();
    private string _through = "";

    public Place()
    {
        Directory.CreateDirectory(Root);
        _setup.Append($"set -e; mount --make-rprivate /; mount -t tmpfs none {Root}; cp {ScryBinary.Path} {Root}/scry; ");
    }

    /// <summary>Where the root is mounted.</summary>
    public string Root => _workspace["root"];

    /// <summary>With these directories of this machine, and what is mounted below them.</summary>
    public Place With(params string[] directories)
    {
        foreach (string directory in directories)
            _setup.Append($"mkdir -p {Root}{directory}; mount --rbind {directory} {Root}{directory}; ");
        return this;
    }

    /// <summary>With what a program of this machine needs, save /proc and /sys.</summary>
    public Place WithUserSpace()
    {
        _setup.Append($"for link in bin sbin lib lib64; do cp -a /$link {Root}/; done; mkdir {Root}/tmp; ");
        return With("/usr", "/etc", "/dev");
    }

    /// <summary>Does more when it is set up; R stands for the root.</summary>
    public Place And(string script)
    {
        _setup.Append(script.Replace("R/", Root + '/', StringComparison.Ordinal)).Append("; ");
        return this;
    }

    /// <summary>Started by another command: <c>env -i</c>.</summary>
    public Place Through(string words)
    {
        _through = words;
        return this;
    }

    /// <summary>Runs commands one after the other: words of Scry, as the shell has them.</summary>
    public IReadOnlyList<Finished> Run(params string[] commands)
    {
        var script = new StringBuilder(_setup.ToString()).Append("set +e; ");
        for (int i = 0; i < commands.Length; i++)
        {
            string timeout = commands[i].StartsWith(Interrupted, StringComparison.Ordinal)
                ? "timeout --preserve-status -s INT 1" : $"timeout {Patience}";
            string words = commands[i].Replace(Interrupted, "", StringComparison.Ordinal);
            script.Append($"{_through} {timeout} /usr/sbin/chroot {Root} /scry {words} < /dev/null > {File(i)}.out 2> {File(i)}.err; echo $? > {File(i)}.status; ");
        }
        Child.Run("unshare", "-m", "/bin/sh", "-c", script.ToString()).Expect();
        return [.. commands.Select((_, i) => new Finished(int.Parse(Text(i, "status")), Text(i, "out"), Text(i, "err")))];
    }

    /// <summary>Before a command: Ctrl-C ends it after a second.</summary>
    public const string Interrupted = "INTERRUPTED ";

    public void Dispose() => _workspace.Dispose();

    private string File(int command) => _workspace[$"{command}"];

    private string Text(int command, string suffix) => System.IO.File.ReadAllText($"{File(command)}.{suffix}", Encoding.Latin1);
}
