using System.Globalization;
using Scry.Cli.Loops;

namespace Scry.Cli.Bench;

/// <summary>
/// What outlives a bench that is killed has its pid in its name: a cgroup, a mount, a recorder, an ftrace instance. The next bench
/// removes it.
/// </summary>
internal static class Leftovers
{
    private const string Prefix = "scry-bench-";

    /// <summary>The name of all that this bench makes.</summary>
    public static string OwnName { get; } = Prefix + Environment.ProcessId.ToString(CultureInfo.InvariantCulture);

    /// <summary>The directories in <paramref name="parent"/> that a bench made which is gone.</summary>
    public static IEnumerable<string> In(string parent) =>
        Directory.Exists(parent) ? Directory.GetDirectories(parent, Prefix + "*").Where(path => IsOfTheDead(Path.GetFileName(path))) : [];

    /// <summary>Stops a recorder of a bench, if it is there.</summary>
    public static void StopRecorder(string name)
    {
        if (!LoopStore.Names().Contains(name))
            return;
        try
        {
            LoopStore.Remove(LoopStore.Find(name));
        }
        catch (ToolException error)
        {
            CommandLine.Runner.Say($"the recorder {name} is left: {error.Message}");
        }
    }

    /// <summary>Stops the recorders of benches that are gone.</summary>
    public static void StopRecorders()
    {
        foreach (string name in LoopStore.Names().Where(IsOfTheDead))
            StopRecorder(name);
    }

    /// <summary>Whether a name is <c>scry-bench-PID</c>, or begins with <c>scry-bench-PID-</c>, of a process that is gone.</summary>
    public static bool IsOfTheDead(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal)
        && int.TryParse(name[Prefix.Length..].Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out int pid)
        && !IsAlive(pid);

    /// <summary>One that was killed and that nobody waits for keeps its pid; it holds nothing else.</summary>
    private static bool IsAlive(int pid) => ProcFile.Lines($"/proc/{pid}/status")
        .FirstOrDefault(line => line.StartsWith("State:", StringComparison.Ordinal)) is { } state && !state.Contains("(zombie)", StringComparison.Ordinal);
}
