using System.Globalization;
using System.Runtime.InteropServices;

namespace Scry.Cli.Bench;

/// <summary>The machine that a bench ran on: what its figures depend on.</summary>
/// <param name="Kernel">The kernel's release.</param>
/// <param name="Cpu">The processor's name.</param>
/// <param name="Cpus">CPUs that the bench may use.</param>
/// <param name="MemoryBytes">All of its memory.</param>
/// <param name="Virtual">It is a virtual machine.</param>
/// <param name="Clocksource">What the kernel reads the time from.</param>
/// <param name="Mitigations">Each vulnerability that is not «Not affected», with what is done about it.</param>
internal sealed record Machine(
    string Kernel, string Cpu, IReadOnlyList<int> Cpus, long MemoryBytes, bool Virtual, string Clocksource, IReadOnlyList<string> Mitigations)
{
    private const string Vulnerabilities = "/sys/devices/system/cpu/vulnerabilities";

    /// <summary>The CPU that workloads run on: the last, since interrupts are mostly the first one's.</summary>
    public int TracedCpu => Cpus[^1];

    /// <summary>Where tools run: anywhere but there, when there is somewhere else.</summary>
    public int Elsewhere => Cpus.Count > 1 ? ProcessStart.AllBut(TracedCpu) : ProcessStart.AnyCpu;

    /// <summary>This machine.</summary>
    public static Machine Describe()
    {
        string[] cpu = ProcFile.Lines("/proc/cpuinfo");
        return new Machine(
            ProcFile.Line("/proc/sys/kernel/osrelease"),
            Value(cpu, "model name") ?? RuntimeInformation.OSArchitecture.ToString(),
            ParseCpus(Value(ProcFile.Lines("/proc/self/status"), "Cpus_allowed_list") ?? "0"),
            Kilobytes(Value(ProcFile.Lines("/proc/meminfo"), "MemTotal")),
            (Value(cpu, "flags") ?? "").Split(' ').Contains("hypervisor"),
            ProcFile.Line("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
            ReadMitigations());
    }

    /// <summary>In one line.</summary>
    public string Line => string.Create(CultureInfo.InvariantCulture,
        $"kernel {Kernel}, {Cpus.Count} CPUs: {Cpu}, {MemoryBytes / 1e9:F0} GB, {(Virtual ? "a virtual machine" : "no virtual machine")}, clocksource {Clocksource}");

    /// <summary>The numbers of a list such as <c>0-3,8</c>.</summary>
    public static IReadOnlyList<int> ParseCpus(string list)
    {
        var result = new List<int>();
        foreach (string range in list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            string[] ends = range.Split('-');
            if (int.TryParse(ends[0], NumberStyles.None, CultureInfo.InvariantCulture, out int first)
                && int.TryParse(ends[^1], NumberStyles.None, CultureInfo.InvariantCulture, out int last) && last >= first)
            {
                result.AddRange(Enumerable.Range(first, last - first + 1));
            }
        }
        return result.Count > 0 ? result : [0];
    }

    private static string[] ReadMitigations()
    {
        if (!Directory.Exists(Vulnerabilities))
            return [];
        return [.. Directory.GetFiles(Vulnerabilities).Order()
            .Select(file => (Name: Path.GetFileName(file), State: ProcFile.Line(file)))
            .Where(entry => entry.State.Length > 0 && entry.State != "Not affected")
            .Select(entry => $"{entry.Name}: {entry.State}")];
    }

    private static string? Value(string[] lines, string key) => lines
        .FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal) && line.AsSpan(key.Length).TrimStart() is [':', ..]) is { } line
        ? line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()
        : null;

    private static long Kilobytes(string? text) =>
        text is not null && long.TryParse(text.Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out long value) ? value * 1024 : 0;
}
