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

    /// <summary>Runs commands one after the other.</summary>
    public IReadOnlyList<Finished> Run(params Step[] steps)
    {
        var script = new StringBuilder(_setup.ToString()).Append("set +e; ");
        for (int i = 0; i < steps.Length; i++)
        {
            string output = $"< /dev/null > {File(i)}.out 2> {File(i)}.err", scry = $"/usr/sbin/chroot {Root} /scry {steps[i].Words} {output}";
            script.Append(steps[i].EndsAt is { } text
                ? $"{_through} {scry} & i=0; while [ $i -lt {Patience}0 ] && ! grep -q -e '{text}' -e '^scry: ' {File(i)}.out {File(i)}.err; do sleep 0.1; i=$((i + 1)); done; kill -TERM $!; wait $!; "
                : $"{_through} timeout {Patience} {scry}; ").Append($"echo $? > {File(i)}.status; ");
        }
        using Child child = Child.Start("unshare", ["-m", "/bin/sh", "-c", script.ToString()]);
        child.Input.Close();
        child.Wait(TimeSpan.FromSeconds(Patience * steps.Length)).Expect();
        return [.. steps.Select((_, i) => new Finished(int.Parse(Text(i, "status")), Text(i, "out"), Text(i, "err")))];
    }

    public void Dispose() => _workspace.Dispose();

    private string File(int command) => _workspace[$"{command}"];

    private string Text(int command, string suffix) => System.IO.File.ReadAllText($"{File(command)}.{suffix}", Encoding.Latin1);
}

/// <summary>A command that is run in a <see cref="Place"/>.</summary>
/// <param name="Words">Words of Scry, as the shell has them.</param>
/// <param name="EndsAt">SIGTERM ends it when it says this, or anything of its own; null: it ends by itself.</param>
internal sealed record Step(string Words, string? EndsAt = null)
{
    public static implicit operator Step(string words) => new(words);
}
