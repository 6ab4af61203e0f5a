using System.Globalization;
using System.Text;
using Scry.Capture;
using Scry.Syscalls;
using Scry.Views;
using Scry.Wire;

namespace Scry.Cli.Loops;

/// <summary>Incidents in words.</summary>
internal static class IncidentText
{
    /// <summary>What fired it: <c>SIGSEGV in nginx[123]</c>.</summary>
    public static string Why(FlightGroup incident)
    {
        string who = $"{Printable.Escape(incident.Comm)}[{incident.Tgid}]";
        return incident.Why switch
        {
            IncidentCause.Signal => $"{SignalNames.Of((uint)incident.Detail)} in {who}",
            IncidentCause.Oom => $"OOM kill of {who}",
            IncidentCause.Exit => $"exit code {incident.Detail} of {who}",
            IncidentCause.Errno => $"{Encoding.UTF8.GetString(Errno.Name((int)incident.Detail))} in {who}",
            IncidentCause.Slow => Slow(incident.Detail) + who,
            IncidentCause.Removal => "the cgroup was removed",
            IncidentCause.Path => $"a path in {who}",
            IncidentCause.Asked => "asked for",
            _ => "unknown",
        };
    }

    // What is shorter is known by exact clocks.
    private static string Slow(ulong nanoseconds) =>
        $"a call of {(nanoseconds / 1e9).ToString(nanoseconds < 100_000_000 ? "F3" : "F2", CultureInfo.InvariantCulture)} s in ";

    /// <summary>A word for a file's name.</summary>
    public static string Word(FlightGroup incident) => incident.Why switch
    {
        IncidentCause.Signal => SignalNames.Of((uint)incident.Detail).ToLowerInvariant(),
        _ => incident.Why.ToString().ToLowerInvariant(),
    };
}
