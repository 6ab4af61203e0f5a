using System.Globalization;
using Scry.Tests.Conformance.Known;
using Scry.Tests.Conformance.Traces;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Conformance;

/// <summary>Real programs, seen by strace and Scry at once: their lines are the same. CONFORMANCE_ALL=1 has those too that take long.</summary>
public sealed class RealTests
{
    private const double Goal = 0.995;

    [Fact]
    public void ProgramsOfEachDay()
    {
        bool all = Environment.GetEnvironmentVariable("CONFORMANCE_ALL") == "1";
        string? only = Environment.GetEnvironmentVariable("CONFORMANCE_PROGRAM");
        var together = new Tally();
        var table = new List<string>();
        foreach (RealProgram program in RealProgram.All)
        {
            if (only is null ? !program.Daily && !all : only != program.Name)
                continue;
            if (!program.Available)
            {
                Assert.False(program.Daily, $"{program.Name} needs {program.Needs}");
                table.Add($"{program.Name}: not installed ({program.Needs})");
                continue;
            }
            int lines = together.Lines, different = together.Different;
            Run(program, together);
            (lines, different) = (together.Lines - lines, together.Different - different);
            table.Add(string.Create(CultureInfo.InvariantCulture, $"{lines,9} {different,9}  {Tally.Percent(lines, different),-16} {program.Name}"));
        }
        Report.Write("conformance-real.txt", together, [$"{"lines",9} {"different",9}", .. table]);
        if (only is not null)
            return;
        KnownDifferences.Check(together, all ? [] : ["real"]);
        Assert.True(together.Different <= (1 - Goal) * together.Lines, Tally.Percent(together.Lines, together.Different));
    }

    private static void Run(RealProgram program, Tally tally)
    {
        using var workspace = new Workspace();
        string directory = Directory.CreateDirectory(workspace["d"]).FullName;
        File.SetUnixFileMode(Path.GetDirectoryName(directory)!, (UnixFileMode)0b111_101_101);
        using BothTracers run = BothTracers.Start(program.Command(directory)).Wait();
        tally.Compare(run.Strace, run.Scry, (lines, at) => ("real", lines[at].IsCall ? lines[at].Name : "(signals)", "-"));
    }
}
