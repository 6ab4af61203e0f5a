using Scry.Tests.Conformance.Traces;
using Scry.Tests.Published.Harness;

namespace Scry.Tests.Conformance;

/// <summary>Tables for people, in out/.</summary>
internal static class Report
{
    public static void Write(string name, Tally tally, params IEnumerable<string> head)
    {
        string folder = Directory.CreateDirectory(Path.Combine(ScryBinary.Repository, "out")).FullName;
        File.WriteAllText(Path.Combine(folder, name), string.Concat(head.Select(line => line + "\n")) + tally.Table());
        Console.WriteLine($"{name}: {tally.Lines} lines, {Tally.Percent(tally.Lines, tally.Different)}");
    }
}
