using System.CommandLine;
using Scry.Capture;
using Scry.Cli.CommandLine;
using Scry.Cli.Recordings;
using Scry.Cli.Tracing;
using Scry.Targets;
using Scry.Wire;

namespace Scry.Cli.Loops;

/// <summary>Makes a flight recorder of what was asked.</summary>
internal static class LoopStarter
{
    private const long DefaultMemory = 64L << 20;
    private const int ShortStrings = 32; // of execve's arguments and the like

    /// <summary>Starts one; pinned in <paramref name="directory"/>, or with null only as long as the result is open.</summary>
    /// <exception cref="ToolException">What was asked makes no sense.</exception>
    /// <exception cref="TargetException">The target is not there.</exception>
    public static FlightRecorder Start(ParseResult words, string? directory)
    {
        TraceArguments asked = TraceArguments.Read(words);
        TraceTarget target = TraceTarget.Resolve(asked);
        int payload = TraceArguments.Single(words, LoopOptions.Payload) is { } bytes ? (int)Quantity.Count("--payload", bytes, 0, 4096) : 0;
        long memory = TraceArguments.Single(words, LoopOptions.Memory) is { } size ? Quantity.Size("--memory", size) : DefaultMemory;
        if (memory is < FlightOptions.LeastMemory or > FlightOptions.MostMemory)
            throw new ToolException($"--memory: a recorder takes from {FlightOptions.LeastMemory >> 20}M to {FlightOptions.MostMemory >> 20}M", null, ExitCode.Usage);
        asked = asked with { PayloadLimit = payload, StringLimit = ShortStrings };
        SessionOptions what = TraceRun.Options(asked, target) with { Durations = asked.Durations };
        var about = new LoopAbout
        {
            ScryVersion = AboutRun.ScryVersion,
            WireVersion = Layout.Version,
            Started = (ulong)((DateTime.UtcNow - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick),
            Target = AboutRun.Target(asked),
            Selection = AboutRun.Selection(asked),
            Payload = payload,
            Triggers = words.GetValue(LoopOptions.On) ?? [],
        };
        return FlightRecorder.Start(new FlightOptions
        {
            What = what,
            Memory = memory,
            Hierarchy = target.Kind == TargetKind.CgroupV1 ? CgroupMounts.PerfEventHierarchy() : 0,
            Triggers = LoopOptions.ReadTriggers(words),
            About = about.ToBytes(),
        }, directory, target.Threads);
    }
}
