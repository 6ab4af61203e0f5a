using Scry.Capture;
using Scry.Recording;
using Scry.Wire;

namespace Scry.Cli.Loops;

/// <summary>How far back a flight recorder remembers.</summary>
internal static class LoopPast
{
    /// <summary>What is there of some groups, whose records were copied before.</summary>
    /// <param name="recorder">The recorder.</param>
    /// <param name="about">What it tells of itself.</param>
    /// <param name="groups">The groups.</param>
    /// <param name="incidents">Those that have earlier records of the same cgroups, in order.</param>
    /// <param name="until">Nanoseconds of CLOCK_MONOTONIC at which they end.</param>
    public static RecordedPast Of(FlightRecorder recorder, LoopAbout about, IEnumerable<FlightGroup> groups, IEnumerable<FlightGroup> incidents, ulong until)
    {
        ulong forgotten = recorder.State.Horizon;
        var cgroups = new Dictionary<ulong, CgroupPast>();
        foreach (FlightGroup group in groups.Where(group => group.Horizon > 0))
        {
            cgroups.TryGetValue(group.CgroupId, out CgroupPast? before);
            cgroups[group.CgroupId] = new CgroupPast(group.CgroupId, Math.Max(group.Horizon, before?.Since ?? 0), group.Overwritten + (before?.Overwritten ?? 0), 0);
        }
        foreach (FlightGroup incident in incidents)
        {
            cgroups.TryGetValue(incident.CgroupId, out CgroupPast? known);
            // What was overwritten since is gone for good.
            if (known is null || known.Since < incident.Ended)
                cgroups[incident.CgroupId] = new CgroupPast(incident.CgroupId, incident.Ended, known?.Overwritten ?? 0, incident.Incident);
        }
        return new RecordedPast
        {
            Since = Math.Max(about.Began, forgotten),
            Until = until,
            FromStart = forgotten <= about.Began,
            Memory = recorder.Memory,
            Cgroups = [.. cgroups.Values],
        };
    }
}
