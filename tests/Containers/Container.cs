using System.Globalization;
using Scry.Tests.Published.Harness;

namespace Scry.Tests.Containers;

/// <summary>A container that a test started; disposing ends and removes it.</summary>
internal sealed class Container : IDisposable
{
    private const int Kill = 9;

    private readonly Engine _engine;
    private readonly Child _run;

    internal Container(Engine engine, string id, Child run, string pidFile)
    {
        _engine = engine;
        _run = run;
        Id = id;
        Eventually.True(() => run.HasExited || File.Exists(pidFile), $"{id} is created");
        if (!File.Exists(pidFile))
            throw new InvalidOperationException($"{id} was not created: {run.Wait().Error}");
        Pid = int.Parse(File.ReadAllText(pidFile), CultureInfo.InvariantCulture);
        Eventually.True(() => run.HasExited || HasBegun(Pid), $"{id} is started");
    }

    public string Id { get; }

    /// <summary>Its first process, as the host numbers it.</summary>
    public int Pid { get; }

    /// <summary>Its directory in the unified hierarchy; it is gone when the container has ended.</summary>
    public string Cgroup => $"{Published.Harness.Cgroup.UnifiedMount}/{Engine.Namespace}/{Id}";

    /// <summary>Gives it the line on standard input that the test's commands wait for.</summary>
    public void Go()
    {
        _run.Input.WriteLine();
        _run.Input.Flush();
    }

    /// <summary>Sends a signal by number to its first process.</summary>
    public void Signal(int signal) => Child.Run("/bin/kill", $"-{signal}", $"{Pid}").Expect();

    /// <summary>Waits until its first process has a handler for the signal: until then the kernel drops it.</summary>
    public void AwaitHandler(int signal) => Eventually.True(
        () => (Handled() >> (signal - 1) & 1) != 0, $"{Id} handles signal {signal}");

    /// <summary>Waits for its end: its exit status, 128 and the signal's number for a signal, and what it printed.</summary>
    public Finished Wait() => _run.Wait();

    /// <summary>Ends it if it runs, and removes what the engine keeps of it.</summary>
    public void Remove()
    {
        if (!_run.HasExited)
            _engine.Ctr("tasks", "kill", "--signal", $"{Kill}", "--all", Id);
        Wait();
        _engine.Ctr("containers", "rm", Id).Expect();
    }

    public void Dispose()
    {
        Remove();
        _run.Dispose();
    }

    private ulong Handled()
    {
        const string Field = "SigCgt:";
        string line = File.ReadLines($"/proc/{Pid}/status").Single(line => line.StartsWith(Field, StringComparison.Ordinal));
        return ulong.Parse(line.AsSpan(Field.Length), NumberStyles.HexNumber | NumberStyles.AllowLeadingWhite, CultureInfo.InvariantCulture);
    }

    // Until then runc waits in the new process, under a name of its own; a process that is gone had begun too.
    private static bool HasBegun(int pid)
    {
        try
        {
            return !File.ReadAllText($"/proc/{pid}/comm").StartsWith("runc", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return true;
        }
    }
}
