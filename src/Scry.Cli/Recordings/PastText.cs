using System.Globalization;
using Scry.Capture;
using Scry.Recording;

namespace Scry.Cli.Recordings;

/// <summary>What a dump covers: of what was asked for, as much as the recorder remembered.</summary>
/// <param name="past">What it remembered.</param>
/// <param name="cgroups">The cgroups that are shown; null: all.</param>
/// <param name="asked">Nanoseconds that were asked for; null: all there is.</param>
internal sealed class PastText(RecordedPast past, IReadOnlySet<ulong>? cgroups, ulong? asked)
{
    // A recorder for which more memory is asked gets it in steps that people write.
    private const decimal Spare = 1.1m;

    // Of calls that are not shown, or were made before what is, nobody asked.
    private readonly PastGivenUp[] _given =
    [
        .. past.GivenUp.Where(given => (given.What != PastGivenUp.OfCgroup || (cgroups?.Contains(given.Cgroup) ?? true))
            && (given.To == 0 || asked is null || given.To > past.Until - Math.Min(past.Until, asked.Value))),
    ];

    private readonly CgroupPast[] _short = [.. past.Cgroups.Where(cgroup => (cgroups?.Contains(cgroup.Id) ?? true) && cgroup.Since > past.Since)];

    /// <summary>Nanoseconds before the end since when nothing is missing.</summary>
    public ulong Covered => past.Until - Math.Min(past.Until, _short.Select(cgroup => cgroup.Since).Concat(CallsGivenUp.Select(given => given.To > 0 ? given.To : past.Until)).Append(past.Since).Max());

    /// <summary>What was given up of it.</summary>
    public IReadOnlyList<PastGivenUp> GivenUp => _given;

    /// <summary>Whether calls are missing because they were given up.</summary>
    public bool LacksCalls => CallsGivenUp.Any();

    /// <summary>What was given up until then may be missing from <see cref="GivenUp"/>; 0: nothing is.</summary>
    public ulong GivenUpHorizon => past.GivenUpHorizon;

    /// <summary>The share of the machine's CPU time that the recorder might take.</summary>
    public double CpuBudget => past.CpuBudget;

    private IEnumerable<PastGivenUp> CallsGivenUp => _given.Where(given => given.What == PastGivenUp.OfCgroup);

    /// <summary>Whether less is there than was asked for, of what was recorded.</summary>
    public bool IsShort => asked > Covered && !(past.FromStart && _short.Length == 0 && !LacksCalls);

    /// <summary>To be said behind the number of calls.</summary>
    public override string ToString()
    {
        string text = asked <= Covered ? $" in the last {Seconds(asked.Value)} s"
            : IsShort ? $": remembers {Seconds(Covered)} s of the {Seconds(asked!.Value)} s asked for"
            : $" in the last {Seconds(Covered)} s";
        if (asked <= Covered)
            return text;
        if (LacksCalls)
            return Covered > 0 ? text + "; before that, calls were given up for the budget" : "; others were given up for the budget";
        if (past.FromStart && _short.Length == 0)
            return text + ", since recording began";
        CgroupPast? newest = _short.MaxBy(cgroup => cgroup.Since);
        if (newest is { Incident: > 0 })
            return text + $"; what was before is in incident {newest.Incident}";
        ulong overwritten = _short.Aggregate(0UL, (sum, cgroup) => sum + cgroup.Overwritten);
        return text + (IsShort ? Remedy() : overwritten == 0 ? "; what was before is forgotten" : $"; {overwritten} records before that are overwritten");
    }

    private string Remedy()
    {
        decimal needed = Covered == 0 ? decimal.MaxValue : asked!.Value / (decimal)Covered * past.Memory * Spare;
        return needed <= FlightOptions.MostMemory
            ? string.Create(CultureInfo.InvariantCulture, $"; --memory {Math.Ceiling(needed / (1 << 20)):F0}M would hold them")
            : $"; no --memory would hold them (at most {FlightOptions.MostMemory >> 20}M): record fewer calls, or fewer cgroups";
    }

    private static string Seconds(ulong nanoseconds) =>
        (nanoseconds / 1e9).ToString(nanoseconds % 1_000_000_000 == 0 ? "F0" : nanoseconds < 10_000_000_000 ? "F2" : "F1", CultureInfo.InvariantCulture);
}
