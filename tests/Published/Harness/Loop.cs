namespace Scry.Tests.Published.Harness;

/// <summary>A flight recorder with a name of its own; disposing stops it.</summary>
internal sealed class Loop : IDisposable
{
    private static int s_count;

    private bool _stopped;

    public Loop(params string[] words)
    {
        Name = FreshName();
        Child.Run(ScryBinary.Path, ["loop", "start", Name, .. words]).Expect();
    }

    public string Name { get; }

    /// <summary>Where it is pinned.</summary>
    public string Directory => $"{BpfMount}/scry/{Name}";

    /// <summary>Where recorders are pinned: the usual bpf filesystem, else the last.</summary>
    public static string BpfMount => File.ReadLines("/proc/self/mounts").Select(line => line.Split(' ')).Where(words => words[2] == "bpf")
        .Select(words => words[1]).OrderBy(mount => mount != "/sys/fs/bpf").First();

    /// <summary>A name that no recorder has.</summary>
    public static string FreshName() => $"test-{Environment.ProcessId}-{Interlocked.Increment(ref s_count)}";

    /// <summary>The names of all recorders.</summary>
    public static string[] Names() => [.. Child.Run(ScryBinary.Path, "loop", "list").Lines.Where(line => line[0] != ' ').Select(line => line.Split(':')[0])];

    public Finished Dump(params string[] words) => Child.Run(ScryBinary.Path, ["loop", "dump", Name, .. words]).Expect();

    public Finished List(params string[] words) => Child.Run(ScryBinary.Path, ["loop", "list", Name, .. words]).Expect();

    public Child Watch(string directory, params string[] words) => Child.Start(ScryBinary.Path, ["loop", "watch", Name, "--dir", directory, .. words]);

    public void Stop()
    {
        _stopped = true;
        Child.Run(ScryBinary.Path, "loop", "stop", Name, "--discard").Expect();
    }

    /// <summary>It was stopped by other means.</summary>
    public void Forget() => _stopped = true;

    public void Dispose()
    {
        if (!_stopped)
            Stop();
    }
}
