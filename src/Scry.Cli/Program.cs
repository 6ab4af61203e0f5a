using System.CommandLine;
using Scry.Cli.CommandLine;
using Scry.Cli.Commands;
using Scry.Cli.Strace;

var root = new RootCommand("Traces the system calls of a live host at the cost of eBPF")
{
    TraceCommand.Create(),
    RecordCommand.Create(),
    ReportCommand.Create(),
    LoopCommand.Create(),
    StatCommand.Create(),
    TopCommand.Create(),
    StraceCommand.Create(),
    StuckCommand.Create(),
    SlowCommand.Create(),
    SchedCommand.Create(),
    TimelineCommand.Create(),
    BenchCommand.Create(),
    DoctorCommand.Create(),
};
RootHelp.AttachTo(root);
// Another tool's words, which only that command can read.
if (StraceCommand.IsOwnName(Environment.GetCommandLineArgs()[0]))
    return Runner.Guard(() => StraceCommand.Run(args));
return args is [StraceCommand.Name, .. var words] ? Runner.Guard(() => StraceCommand.Run(words)) : Runner.Run(root, args);
