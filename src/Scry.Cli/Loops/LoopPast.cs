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
    public static RecordedPast Of(FlightRecorder recorder, LoopAbout about, IReadOnlyCollection<FlightGroup> groups, IEnumerable<FlightGroup> incidents, ulong until)
    {
        FlightState state = recorder.State;
        ulong forgotten = state.Horizon, oldest = recorder.Oldest(groups);
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
            GivenUp = [.. GivenUp(recorder, about).Where(given => given.From < until && (given.To == 0 || given.To > oldest))
                .Select(given => given.To > until ? given with { To = 0 } : given)],
            GivenUpHorizon = state.GivenHorizon > oldest ? state.GivenHorizon : 0,
            CpuBudget = about.CpuBudget,
        };
    }

    /// <summary>All that a recorder gave up for its budget, as far as it remembers.</summary>
    public static IEnumerable<PastGivenUp> GivenUp(FlightRecorder recorder, LoopAbout about) => recorder.GivenUp().Select(given => new PastGivenUp(
        given.What switch
        {
            GivenDetail.Durations => "durations",
            GivenDetail.Memory => "memory",
            _ => PastGivenUp.OfCgroup,
        },
        given.From, given.To, given.CgroupId, given.Calls, given.Cost / 1000.0 * about.CpuBudget));
}
