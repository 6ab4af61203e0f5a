using System.CommandLine;
using Scry.Capture;
using Scry.Cli.CommandLine;
using Scry.Cli.Recordings;
using Scry.Cli.Tracing;
using Scry.Targets;
using Scry.Wire;

namespace Scry.Cli.Loops;

/// <summary>A flight recorder that was asked for: all that can be said against it is said before anything is made.</summary>
internal sealed class LoopStarter
{
    private const int ShortStrings = 32; // of execve's arguments and the like

    private readonly FlightOptions _options;

    /// <summary>Reads what was asked.</summary>
    /// <exception cref="ToolException">It makes no sense.</exception>
    /// <exception cref="TargetException">The target is not there.</exception>
    public LoopStarter(ParseResult words)
    {
        FlightTriggers triggers = LoopOptions.ReadTriggers(words);
        TraceArguments asked = TraceArguments.Read(words);
        int payload = TraceArguments.Single(words, LoopOptions.Payload) is { } bytes ? (int)Quantity.Count("--payload", bytes, 0, 4096) : 0;
        long memory = TraceArguments.Single(words, LoopOptions.Memory) is { } size ? Quantity.Size("--memory", size) : FlightOptions.DefaultMemory;
        if (memory is < FlightOptions.LeastMemory or > FlightOptions.MostMemory)
            throw new ToolException($"--memory: a recorder takes from {FlightOptions.LeastMemory >> 20}M to {FlightOptions.MostMemory >> 20}M", null, ExitCode.Usage);
        double budget = TraceArguments.Single(words, LoopOptions.CpuBudget) is { } share ? Quantity.Share("--cpu-budget", share) : 0;
        asked = asked with { PayloadLimit = payload, StringLimit = ShortStrings };
        if (asked.NoDurations && triggers.SlowNs > 0)
            throw new ToolException("--on slow asks for durations, and --no-durations keeps none", "leave one of them out", ExitCode.Usage);
        // Without -T durations are kept by the kernel's ticks, and so is the entry.
        if (asked.Capture == CaptureTime.Auto)
            asked = asked with { Capture = CaptureTime.Entry };
        Target = TraceTarget.Resolve(asked);
        var options = new FlightOptions
        {
            // A run shows what it records: times that are to be shown are kept.
            What = TraceRun.Options(asked with { Durations = asked.Durations || (words.GetValue(ReportOptions.Summary) && !asked.NoDurations) }, Target),
            Memory = memory,
            Hierarchy = Target.Kind == TargetKind.CgroupV1 ? CgroupMounts.PerfEventHierarchy() : 0,
            Triggers = triggers,
            Budget = budget,
        };
        About = new LoopAbout
        {
            ScryVersion = AboutRun.ScryVersion,
            WireVersion = Layout.Version,
            Started = (ulong)((DateTime.UtcNow - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick),
            Began = (ulong)Clock.Monotonic(),
            Target = AboutRun.Target(asked),
            Selection = AboutRun.Selection(asked),
            Payload = payload,
            Triggers = words.GetValue(LoopOptions.On) ?? [],
            CoarseTimes = !options.ExactTimes && !asked.NoDurations,
            NoDurations = asked.NoDurations,
            CpuBudget = budget,
            PidNamespace = PidNamespace.Name,
        };
        _options = options with { About = About.ToBytes() };
    }

    /// <summary>Whom it is to record.</summary>
    public TraceTarget Target { get; }

    /// <summary>What it will tell of itself.</summary>
    public LoopAbout About { get; }

    /// <summary>Starts it; pinned in <paramref name="directory"/>, or with null only as long as the result is open.</summary>
    public FlightRecorder Start(string? directory) => FlightRecorder.Start(_options, directory, Target.Threads);
}
