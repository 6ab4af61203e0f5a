using Scry.Syscalls;
using Scry.Tests.Conformance.Cases;
using Scry.Tests.Conformance.Known;
using Scry.Tests.Conformance.Traces;
using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Conformance;

/// <summary>Each row of the facts, called with each kind of its arguments, seen by strace and Scry at once.</summary>
public sealed class GeneratedTests
{
    [Theory]
    [InlineData("x86-64")]
    [InlineData("ia32")]
    public void EveryCallWithEachKindOfItsArguments(string abi)
    {
        string[]? chosen = Environment.GetEnvironmentVariable("CONFORMANCE_CALLS")?.Split(',');
        using CaseProgram program = CaseProgram.Compile(Array.IndexOf(AbiTable.Names, abi), chosen);
        var tally = new Tally();
        var cases = new CaseLines(program.Cases, abi);
        foreach (string[] options in new string[][] { [], ["-v"] })
        {
            using BothTracers run = BothTracers.Start([program.Path, program.Directory], options).Wait();
            tally.Compare(run.Strace, run.Scry, cases.Sort);
        }
        if (chosen is not null)
            tally.Remove("(caller)");
        Report.Write($"conformance-{abi}.txt", tally);
        Assert.True(tally.Lines > 2 * program.Cases.Count, $"{tally.Lines} lines of {program.Cases.Count} cases");
        if (chosen is null)
            KnownDifferences.Check(tally, abi);
    }
}
