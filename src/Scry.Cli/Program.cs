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
return Runner.Run(root, StraceCommand.IsOwnName(Environment.GetCommandLineArgs()[0]) ? [StraceCommand.Name, .. args] : args);
