using System.CommandLine;
using Scry.Cli;
using Scry.Cli.CommandLine;
using Scry.Cli.Commands;
using Scry.Cli.Recordings;
using Scry.Recording;
using Scry.Tests.Unit.Recording;
using Scry.Tests.Unit.Views;
using Scry.Wire;
using Xunit;

namespace Scry.Tests.Unit.Cli;

/// <summary>What <c>scry report</c>, and with it a dump, refuses.</summary>
public sealed class ReportTests
{
    [Theory]
    [InlineData(true, "--over")]
    [InlineData(true, "--duration")]
    [InlineData(false, "--over")]
    public void Nothing_is_chosen_by_durations_that_are_ticks(bool known, string option)
    {
        using var samples = new Samples();
        using (RecordingWriter writer = RecordingWriter.Create(samples.Path(), Samples.About with { CoarseTimes = known }, Samples.New))
        {
            writer.Write(RecordMaker.Call(RecordMaker.Getppid, 1, 0, 9_000_000, 4_000_000, flags: CallFlags.Coarse));
            writer.Finish(new Dictionary<string, ulong>(), complete: true);
        }
        ParseResult words = ReportCommand.Create().Parse([samples.Path(), option, "1", "-o", samples.Path("out")]);
        ToolException refused = Assert.Throws<ToolException>(() =>
        {
            using var run = new ReportRun(ReportArguments.Read(words));
            run.Run();
        });
        Assert.Contains("how long they took", refused.Message);
        Assert.Contains("-T", refused.Hint);
    }
}
