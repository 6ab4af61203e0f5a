using System.Runtime.InteropServices;
using Scry.Bpf;
using Scry.Cli.CommandLine;
using Scry.Cli.Loops;
using Scry.Cli.Tracing;
using Scry.Recording;
using Scry.Syscalls;
using Scry.Wire;

namespace Scry.Cli.Recordings;

/// <summary>What a recording's first block tells of the machine and the run.</summary>
internal static class AboutRun
{
    /// <summary>What <see cref="RecordingAbout.Target"/> of a started command begins with.</summary>
    public const string CommandTarget = "command ";

    private const string Unknown = "unknown";

    /// <summary>This Scry's version.</summary>
    public static string ScryVersion => typeof(AboutRun).Assembly.GetName().Version?.ToString(3) ?? Unknown;

    /// <summary>The kernel that runs here.</summary>
    public static string KernelRelease => Read("/proc/sys/kernel/osrelease");

    /// <summary>Describes this machine and what was asked.</summary>
    public static RecordingAbout Describe(RecordArguments arguments) =>
        Describe(Target(arguments.Trace), Selection(arguments.Trace), arguments.Payload) with
        {
            NoDurations = arguments.Trace.NoDurations,
            HasSplits = arguments.Trace.Why.Split,
            HasStacks = arguments.Trace.Why.CallGraph != CallGraph.None,
            HasSpans = arguments.Trace.Why.Spans,
        };

    /// <summary>The same by what a person would say.</summary>
    public static RecordingAbout Describe(string target, string selection, int payload, LoopAbout? recorder = null)
    {
        ulong monotonic = (ulong)Clock.Monotonic();
        return new RecordingAbout
        {
            ScryVersion = ScryVersion,
            KernelRelease = KernelRelease,
            Machine = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "aarch64" : "x86_64",
            BootId = Read("/proc/sys/kernel/random/boot_id"),
            HostName = Read("/proc/sys/kernel/hostname"),
            Cpus = BpfSystem.PossibleCpus,
            WireVersion = Layout.Version,
            FactsVersion = Facts.Version,
            Clocks = [new ClockAnchor(monotonic, monotonic + (ulong)Clock.RealtimeOffset())],
            CommandLine = Environment.GetCommandLineArgs(),
            Target = target,
            Selection = selection,
            PayloadLimit = (uint)payload,
            Overwrites = recorder is not null,
            CoarseTimes = recorder is { CoarseTimes: true },
            NoDurations = recorder is { NoDurations: true },
        };
    }

    /// <summary>The target, as a person would say it.</summary>
    public static string Target(TraceArguments asked) => asked.Target switch
    {
        TargetChoice.Command => CommandTarget + string.Join(' ', asked.Names),
        TargetChoice.Processes => "process " + string.Join(',', asked.Names),
        TargetChoice.Threads => "thread " + string.Join(',', asked.Names),
        TargetChoice.All => "all",
        TargetChoice.Comm => "comm " + asked.Names[0],
        TargetChoice.User => "user " + asked.Names[0],
        TargetChoice.Cgroup => "cgroup " + asked.Names[0],
        TargetChoice.Unit => "unit " + asked.Names[0],
        _ => "container " + asked.Names[0],
    };

    /// <summary>The selection, as a person would say it.</summary>
    public static string Selection(TraceArguments asked)
    {
        string text = asked.Expressions.Count == 0 ? "all" : string.Join(' ', asked.Expressions);
        if (asked.MinDuration > 0)
            text += $", {asked.MinDuration} ns or more";
        if (asked.FailedOnly)
            text += ", failed";
        if (asked.Errnos.Count > 0)
            text += ", " + string.Join(',', asked.Errnos);
        return text;
    }

    private static string Read(string file)
    {
        try
        {
            return File.ReadAllText(file).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return Unknown;
        }
    }
}
