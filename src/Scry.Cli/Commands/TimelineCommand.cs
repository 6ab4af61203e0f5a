using System.CommandLine;
using System.Globalization;
using Scry.Cli.CommandLine;
using Scry.Cli.Recordings;
using Scry.Cli.Tracing;
using Scry.Syscalls;
using Scry.Views;
using Scry.Views.Timeline;

namespace Scry.Cli.Commands;

/// <summary><c>scry timeline</c>: what threads did over time, as a picture.</summary>
internal static class TimelineCommand
{
    /// <summary>The command with its options and help.</summary>
    public static Command Create()
    {
        var command = new Command("timeline", "Draw what threads do over time, with their calls, as a page or for Perfetto");
        foreach (Option option in TimelineOptionList.Groups.SelectMany(group => group.Options))
            command.Options.Add(option);
        command.Arguments.Add(TimelineOptionList.Operands);
        command.SetAction(words => Run(TimelineArguments.Read(words)));
        Help.AttachTo(command);
        return command;
    }

    private static int Run(TimelineArguments arguments)
    {
        ITimeline? timeline = null;
        MakeView View(string title) => (decoder, output, clock) =>
        {
            var options = new TimelineOptions { Title = title, Clock = clock, MostBytes = arguments.MaxSize };
            timeline = arguments.Perfetto ? new PerfettoView(decoder, output, options) : new TimelineView(decoder, output, options);
            return timeline;
        };
        int status = arguments.Recording is { } recording ? Report(recording, View) : Trace(arguments.Trace, View);
        if (timeline is not null)
            Tell(arguments, timeline);
        return status;
    }

    private static int Trace(TraceArguments arguments, Func<string, MakeView> view)
    {
        Privileges.Require();
        using var run = new TraceRun(arguments, names => TraceOutput.Open(arguments, names, view: view(AboutRun.Target(arguments))));
        return run.Run();
    }

    private static int Report(ReportArguments arguments, Func<string, MakeView> view)
    {
        using var run = new ReportRun(arguments, about => view($"{about.HostName}: {about.Target}"));
        return run.Run();
    }

    private static void Tell(TimelineArguments arguments, ITimeline timeline)
    {
        string file = Printable.Escape(arguments.File);
        if (timeline.Cut > 0)
            Runner.Say(string.Create(CultureInfo.InvariantCulture, $"'{file}' is full: {timeline.Cut} spans, calls and marks at the end found no room; --max-size gives more, --for, -e and --over ask for less"));
        if (timeline.Spans == 0)
            Runner.Say(arguments.Recording is null
                ? "nothing was seen of the scheduler: there are calls alone"
                : "the recording has nothing of the scheduler: there are calls alone; 'scry record --spans' records it");
    }

    internal static readonly HelpPage Help = new(
        "timeline [TARGET] [SELECT] (-o FILE.html | --perfetto FILE) [-- COMMAND [ARGUMENT…]]\n       scry timeline RECORDING.scry [TARGET] [SELECT] (-o FILE.html | --perfetto FILE)",
        "Draws threads over time: when they ran and on which CPU, waited for one, were preempted or blocked, with the calls that they made.",
        TimelineOptionList.Groups,
        [
            ("scry timeline -p 1234 --for 5s -o web.html", "five seconds of a process, as a page"),
            ("scry timeline -a --for 1s -o all.html", "the whole machine"),
            ("scry timeline -o make.html -- make -j4", "a command, from its first call"),
            ("scry timeline --unit nginx --over 1ms --for 10s -o nginx.html", "states all, of calls the longer ones"),
            ("scry timeline -p 1234 --for 5s --perfetto web.json", "for ui.perfetto.dev"),
            ("scry timeline all.scry --comm nginx -o nginx.html", "of a recording (scry record --spans)"),
        ],
        [
            "A page needs no other file and no network: zoom, search by thread, call or error, click for the call; '?' in it has the keys.",
            "What is chosen in SELECT are calls; states of threads are all there. A long run is cut at --max-size, and the page says where.",
            "A command stands behind '--', since what stands alone is a recording. docs/TIMELINE.md says the rest.",
            "Exit status: as of 'scry trace', or of 'scry report' for a recording.",
        ]);
}
