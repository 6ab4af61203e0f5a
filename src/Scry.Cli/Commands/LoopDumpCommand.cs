using System.CommandLine;
using Microsoft.Win32.SafeHandles;
using Scry.Capture;
using Scry.Cli.CommandLine;
using Scry.Cli.Launch;
using Scry.Cli.Loops;
using Scry.Cli.Recordings;
using Scry.Recording;
using Scry.Targets;
using Scry.Wire;

namespace Scry.Cli.Commands;

/// <summary><c>scry loop dump</c>: the past, as text, JSON or a recording.</summary>
internal static class LoopDumpCommand
{
    private const string RecordingSuffix = ".scry";

    /// <summary>The command with its options and help.</summary>
    public static Command Create() => LoopCommand.Subcommand("dump", "Show the past, or write it into a recording", Help, Run);

    private static int Run(ParseResult words)
    {
        Privileges.Require();
        string? incident = TraceArguments.Single(words, LoopOptions.Incident);
        string? output = TraceArguments.Single(words, TraceOptions.Output);
        using FlightRecorder recorder = LoopStore.Open(LoopStore.Find(LoopOptions.Name(words)), out LoopAbout about);
        FlightGroup? frozen = incident is null ? null : FindIncident(recorder, incident);
        if (output is not null && output.EndsWith(RecordingSuffix, StringComparison.Ordinal))
        {
            Save(recorder, about, frozen, output);
            return ExitCode.Ok;
        }
        return Show(words, file => Write(recorder, about, frozen, file, Reopen));
    }

    /// <summary>Has a recording made where nobody else can read it, and shows it as <c>scry report</c> does.</summary>
    public static int Show(ParseResult words, Action<string> write, bool all = false)
    {
        using SafeFileHandle nameless = Nameless();
        string file = $"/proc/self/fd/{nameless.DangerousGetHandle()}";
        write(file);
        ReportArguments asked = ReportArguments.Read(words, file, descriptors: true);
        using var run = new ReportRun(all ? asked.WithoutTarget() : asked);
        return run.Run();
    }

    // In memory, as the recorder itself: it needs no directory, and nothing is left however this ends.
    private static SafeFileHandle Nameless()
    {
        int file = NativeMethods.NamelessFile();
        return file >= 0 ? new SafeFileHandle(file, ownsHandle: true)
            : throw new ToolException($"no file can be made in memory: {ErrnoText.Describe(-file)}", "write the past into a file: -o FILE.scry");
    }

    private static void Write(FlightRecorder recorder, LoopAbout about, FlightGroup? incident, string file, Func<string, FileStream> make)
    {
        if (incident is null)
            LoopDump.WritePast(recorder, about, file, make);
        else
            LoopDump.WriteIncident(recorder, about, incident, file, make);
    }

    // The file is there when it is whole, and does not stay when it cannot be.
    private static void Save(FlightRecorder recorder, LoopAbout about, FlightGroup? incident, string output)
    {
        OutputFile? made = null;
        try
        {
            Write(recorder, about, incident, output, path => (made = OutputFile.New(path)).Stream);
        }
        catch
        {
            made?.Remove();
            throw;
        }
        finally
        {
            made?.Dispose();
        }
    }

    /// <summary>Opens the nameless file once more.</summary>
    public static FileStream Reopen(string file) => new(file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);

    private static FlightGroup FindIncident(FlightRecorder recorder, string number)
    {
        FlightGroup[] incidents = [.. recorder.Groups().Where(group => group.Why != IncidentCause.None && group.State != GroupState.Live).OrderBy(group => group.Incident)];
        FlightGroup? found = number == "last"
            ? incidents.LastOrDefault()
            : incidents.FirstOrDefault(group => group.Incident == (ulong)Quantity.Count("--incident", number, 1, uint.MaxValue));
        return found ?? throw new ToolException($"there is no incident '{Printable.Escape(number)}'", "'scry loop list' shows those that there are");
    }

    internal static readonly HelpPage Help = new(
        "loop dump [NAME] [TARGET] [SELECT] [--last DURATION] [--incident N] [LINES] [-o FILE.scry | -o FILE | --json | -s]",
        "Shows what a recorder remembers, with the calls in flight, while recording goes on.",
        [new("RECORDER", [LoopOptions.Incident]), .. ReportOptions.Groups],
        [
            ("scry loop dump --last 30s", "the last half minute"),
            ("scry loop dump web --container web --failed", "what failed in one container"),
            ("scry loop dump web --incident last", "what came before the last crash"),
            ("scry loop dump web -o web.scry", "a recording, for 'scry report'"),
        ],
        [
            .. HelpPage.Order,
            "Where a thread's older records are overwritten, '... N records overwritten ...' tells. A call in flight ends in",
            "'<unfinished ...>', with -T followed by the time that it has taken so far. Descriptors are shown with what they stood",
            "for, as far as that is known; --decode-fds=none leaves that out. The last line says what the dump covers.",
        ]);
}
