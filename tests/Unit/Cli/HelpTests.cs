using System.CommandLine;
using Scry.Cli.CommandLine;
using Scry.Cli.Commands;
using Xunit;

namespace Scry.Tests.Unit.Cli;

/// <summary>What the help says of all commands alike.</summary>
public sealed class HelpTests
{
    [Fact]
    public void All_that_show_records_state_one_rule_for_their_order()
    {
        HelpPage[] pages = [TraceCommand.Help, ReportCommand.Help, LoopDumpCommand.Help, LoopRunCommand.Help];
        Assert.All(pages, page => Assert.Contains(string.Join('\n', HelpPage.Order), page.ToString()));
    }
}
