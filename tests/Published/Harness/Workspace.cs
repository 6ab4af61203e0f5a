namespace Scry.Tests.Published.Harness;

/// <summary>A directory of a test's own, removed afterwards.</summary>
internal sealed class Workspace : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("scry-test-").FullName;

    public string this[string name] => Path.Combine(_path, name);

    public void Dispose() => Directory.Delete(_path, recursive: true);
}

/// <summary>Waiting for what another process does.</summary>
internal static class Eventually
{
    /// <summary>Asks until the answer is yes; fails after half a minute.</summary>
    public static void True(Func<bool> condition, string what)
    {
        var deadline = DateTime.UtcNow + TimeSpan.FromSeconds(30);
        while (!condition())
        {
            if (DateTime.UtcNow > deadline)
                throw new TimeoutException($"waited in vain until {what}");
            Thread.Sleep(10);
        }
    }

    /// <summary>Waits until a process has so many threads, and all of them sleep in the kernel.</summary>
    public static void HasThreads(int pid, int count)
    {
        True(() => Directory.GetDirectories($"/proc/{pid}/task").Length == count, $"{pid} has {count} threads");
        foreach (string task in Directory.GetDirectories($"/proc/{pid}/task"))
            Sleeps(int.Parse(Path.GetFileName(task)));
    }

    /// <summary>Waits until a thread sleeps in the kernel.</summary>
    public static void Sleeps(int tid) => True(
        () => File.ReadAllText($"/proc/{tid}/stat") is var stat && stat[stat.LastIndexOf(')') + 2] == 'S', $"{tid} sleeps");
}
