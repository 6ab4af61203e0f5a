using Scry.Syscalls;
using Scry.Views;
using Scry.Views.Slow;
using Xunit;
using static Scry.Tests.Unit.Views.RecordMaker;

namespace Scry.Tests.Unit.Views;

/// <summary>The longest calls alone, at the end.</summary>
public sealed class TopCallsTests
{
    [Fact]
    public void The_longest_come_first_and_of_as_long_ones_the_earlier()
    {
        var lines = new MemoryStream();
        OutputWriter output = OutputWriter.To(lines, lineBuffered: false);
        var view = new TopCallsView(new LineView(new Decoder(), output, new LineOptions { Thread = ThreadColumn.Plain }), output, 3);
        uint[] durations = [5, 9, 1, 9, 7, 2];
        for (uint i = 0; i < durations.Length; i++)
            view.Write(Call(Getppid, 100 + i, 0, 1000 + i, durations[i]));
        Assert.Equal(0, output.Buffer.Length);
        view.Finish(new RunSummary(6, []));
        Assert.Equal(["101", "103", "104"], System.Text.Encoding.UTF8.GetString(lines.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line[..3]));
    }

    [Fact]
    public void Fewer_than_asked_for_are_all_there()
    {
        var lines = new MemoryStream();
        OutputWriter output = OutputWriter.To(lines, lineBuffered: false);
        var view = new TopCallsView(new LineView(new Decoder(), output, new LineOptions { Thread = ThreadColumn.Plain }), output, 10);
        view.Write(Call(Getppid, 1, 0, 1000, 5));
        view.Finish(new RunSummary(1, []));
        Assert.Single(System.Text.Encoding.UTF8.GetString(lines.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
