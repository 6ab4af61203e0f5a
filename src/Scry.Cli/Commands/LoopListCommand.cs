using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Scry.Bpf;
using Scry.Capture;
using Scry.Cli.CommandLine;
using Scry.Cli.Launch;
using Scry.Cli.Loops;
using Scry.Cli.Recordings;
using Scry.Cli.Tracing;
using Scry.Recording;
using Scry.Views;
using Scry.Wire;

namespace Scry.Cli.Commands;

/// <summary><c>scry loop list</c>: the recorders, what they cover and what they cost.</summary>
internal static class LoopListCommand
{
    private const int MostCgroups = 20;

    /// <summary>The command with its options and help.</summary>
    public static Command Create() => LoopCommand.Subcommand("list", "The flight recorders, their incidents and their cost", Help, Run);

    private static int Run(ParseResult words)
    {
        Privileges.Require();
        foreach (string name in LoopStore.RemoveLeftOvers())
            Runner.Say($"removed what was left of the recorder '{name}', whose start or stop was cut short");
        string? asked = LoopOptions.Name(words);
        IReadOnlyList<string> names = asked is null ? LoopStore.Names() : [Path.GetFileName(LoopStore.Find(asked))];
        bool json = words.GetValue(LoopOptions.Json);
        if (names.Count == 0 && !json)
            Runner.Say("no flight recorder is running; start one with 'scry loop start -a'");
        if (names.Count > 0 && !Privileges.Has(Privileges.SysAdmin))
            Runner.Say("without CAP_SYS_ADMIN the kernel does not count the time of programs: what recorders cost is left out");
        IReadOnlyDictionary<string, double> costs = LoopCost.Of(names);
        foreach (string name in names)
        {
            try
            {
                Show(name, json, full: names.Count == 1, costs);
            }
            catch (Exception error) when (error is ToolException or IOException or NativeException)
            {
                // One that was stopped meanwhile is none of those that run.
                if (asked is null && !LoopStore.Names().Contains(name))
                    continue;
                if (asked is not null)
                    LoopStore.Find(asked);
                // One that is not whole hides no other.
                (string message, string? hint, _) = Runner.Describe(error);
                Runner.Say(hint is null ? message : $"{message}; {hint}");
            }
        }
        return ExitCode.Ok;
    }

    private static void Show(string name, bool json, bool full, IReadOnlyDictionary<string, double> costs)
    {
        string directory = LoopStore.Find(name);
        using FlightRecorder recorder = LoopStore.Open(directory, out LoopAbout about);
        IReadOnlyList<FlightGroup> groups = recorder.Groups();
        Dictionary<string, ulong> lost = LossNames.Of(recorder);
        double? cpu = costs.TryGetValue(name, out double share) ? share : null;
        ulong oldest = recorder.Oldest(groups.Where(group => group.State != GroupState.Frozen));
        double age = oldest == 0 ? 0 : ((ulong)Clock.Monotonic() - oldest) / 1e9;
        if (json)
        {
            WriteJson(name, about, recorder, groups, lost, cpu, age);
            return;
        }
        TextWriter to = Standard.Output;
        to.WriteLine($"{name}: {Printable.Escape(about.Target)}, calls: {Printable.Escape(about.Selection)}, since {DateTime.UnixEpoch.AddTicks((long)about.Started / 100).ToLocalTime():yyyy-MM-dd HH:mm:ss}");
        if (about.Triggers.Count > 0)
            to.WriteLine($"  triggers: {Printable.Escape(string.Join(", ", about.Triggers))}");
        to.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"  memory {recorder.Memory / 1e6:F1} MB, {recorder.Written} records, {Lost(lost)}, the oldest {age:F1} s old, {groups.Count(g => g.State == GroupState.Live && g.CgroupId != 0)} cgroups{Cost(cpu)}"));
        if (about.CpuBudget > 0)
            WriteBudget(to, about, recorder, groups);
        if (!about.HasIdsOfHere)
            to.WriteLine($"  pids are those of the pid namespace that it was started in: {Printable.Escape(about.PidNamespace ?? "unknown")}");
        FlightState state = recorder.State;
        if (state.Incidents + state.SuppressedCooldown + state.SuppressedFull > 0)
            to.WriteLine($"  {state.Incidents} incidents; not kept: {state.SuppressedCooldown} too soon after another, {state.SuppressedFull} with no room for more");
        foreach (FlightGroup incident in groups.Where(group => group.State == GroupState.Frozen).OrderBy(group => group.Incident))
            to.WriteLine($"  incident {incident.Incident}: {Clock.DateOf(incident.Ended).ToLocalTime():yyyy-MM-dd HH:mm:ss} {IncidentText.Why(incident)}, {Printable.Escape(incident.Path)}, {incident.Bytes >> 10} KB");
        if (!full)
            return;
        FlightGroup[] others = [.. groups.Where(group => group.State != GroupState.Frozen).OrderByDescending(group => group.Bytes)];
        foreach (FlightGroup group in others.Take(MostCgroups))
            to.WriteLine($"  {(group.State == GroupState.Gone ? "gone  " : "cgroup")} {(group.CgroupId == 0 ? "(others)" : Printable.Escape(group.Path))}: {group.Bytes >> 10} KB, {group.Overwritten} records overwritten");
        if (others.Length > MostCgroups)
            to.WriteLine($"  and {others.Length - MostCgroups} more cgroups");
    }

    private static string Cost(double? cpu) => cpu is { } share ? string.Create(CultureInfo.InvariantCulture, $", {100 * share:F2} % of the machine's CPU time now") : "";

    // What is given up now, and how much was before.
    private static void WriteBudget(TextWriter to, LoopAbout about, FlightRecorder recorder, IReadOnlyList<FlightGroup> groups)
    {
        GivenUpSpan[] given = [.. LoopPast.GivenUp(recorder, about).Select(past => Span(past, groups))];
        int before = given.Count(span => span.To is not null);
        to.WriteLine($"  cpu budget {GivenUpText.Percent(about.CpuBudget)} of the machine; given up now: {(before == given.Length ? "nothing" : "")}"
            + string.Join(", ", given.Where(span => span.To is null).Select(GivenUpText.What))
            + (before > 0 ? $"; {before} {(before == 1 ? "time" : "times")} before" : ""));
    }

    private static GivenUpSpan Span(PastGivenUp given, IReadOnlyList<FlightGroup> groups)
    {
        bool calls = given.What == PastGivenUp.OfCgroup;
        string? path = calls ? groups.LastOrDefault(group => group.CgroupId == given.Cgroup)?.Path : null;
        return new GivenUpSpan(given.What, given.From, given.To > 0 ? given.To : null, path, calls ? given.Calls : null, given.CpuShare);
    }

    private static void WriteBudget(Utf8JsonWriter writer, LoopAbout about, FlightRecorder recorder, IReadOnlyList<FlightGroup> groups)
    {
        writer.WriteNumber("cpu_budget_percent", Math.Round(100 * about.CpuBudget, 3));
        writer.WriteStartArray("given_up");
        foreach (GivenUpSpan span in LoopPast.GivenUp(recorder, about).Select(past => Span(past, groups)))
        {
            writer.WriteStartObject();
            writer.WriteString("what", span.What);
            writer.WriteString("from", Seconds(span.From));
            if (span.To is { } end)
                writer.WriteString("to", Seconds(end));
            if (span.Cgroup is { } cgroup)
                writer.WriteString("cgroup", cgroup);
            if (span.Calls is { } calls)
                writer.WriteNumber("calls", calls);
            writer.WriteNumber("cpu_percent", Math.Round(100 * span.CpuShare, 3));
            writer.WriteEndObject();
        }
        writer.WriteEndArray();
    }

    private static string Seconds(ulong monotonic) =>
        (((long)monotonic + Clock.RealtimeOffset()) / 1e9m).ToString("F9", CultureInfo.InvariantCulture);

    private static ulong Sum(Dictionary<string, ulong> lost) => lost.Values.Aggregate(0UL, (sum, count) => sum + count);

    private static string Lost(Dictionary<string, ulong> lost) =>
        lost.Count == 0 ? "0 lost" : $"{Sum(lost)} lost ({string.Join(", ", lost.Select(reason => $"{reason.Key} {reason.Value}"))})";

    private static void WriteJson(string name, LoopAbout about, FlightRecorder recorder, IReadOnlyList<FlightGroup> groups, Dictionary<string, ulong> lost, double? cpu, double age)
    {
        using var stream = new DescriptorStream(1);
        using (var writer = new Utf8JsonWriter(stream))
        {
            writer.WriteStartObject();
            writer.WriteString("name", name);
            writer.WriteString("target", about.Target);
            writer.WriteString("selection", about.Selection);
            writer.WriteNumber("memory", recorder.Memory);
            writer.WriteNumber("records", recorder.Written);
            writer.WriteNumber("lost", Sum(lost));
            writer.WriteStartObject("reasons");
            foreach ((string reason, ulong count) in lost)
                writer.WriteNumber(reason, count);
            writer.WriteEndObject();
            writer.WriteNumber("oldest_seconds", Math.Round(age, 3));
            if (cpu is { } share)
                writer.WriteNumber("cpu_percent", Math.Round(100 * share, 3));
            if (about.CpuBudget > 0)
                WriteBudget(writer, about, recorder, groups);
            writer.WriteNumber("incidents", recorder.State.Incidents);
            writer.WriteNumber("suppressed", recorder.State.SuppressedCooldown + recorder.State.SuppressedFull);
            writer.WriteStartArray("groups");
            foreach (FlightGroup group in groups)
            {
                writer.WriteStartObject();
                if (group.Incident > 0)
                    writer.WriteNumber("incident", group.Incident);
                writer.WriteString("state", group.State.ToString().ToLowerInvariant());
                writer.WriteString("cgroup_id", group.CgroupId.ToString(CultureInfo.InvariantCulture));
                writer.WriteString("cgroup", group.Path);
                writer.WriteNumber("bytes", group.Bytes);
                writer.WriteNumber("overwritten", group.Overwritten);
                if (group.Why != IncidentCause.None)
                    writer.WriteString("why", IncidentText.Why(group));
                writer.WriteEndObject();
            }
            writer.WriteEndArray();
            writer.WriteEndObject();
        }
        stream.Write("\n"u8);
    }

    internal static readonly HelpPage Help = new(
        "loop list [NAME] [--json]",
        "Shows the recorders, what they cover, their memory, records and incidents, and the time that they cost now.",
        [new("OPTIONS", [LoopOptions.Json])],
        [("scry loop list", "all of them"), ("scry loop list web --json", "one, as a JSON object")],
        ["The cost is measured for 0.2 s, in which the kernel counts the time of all BPF programs."]);
}
