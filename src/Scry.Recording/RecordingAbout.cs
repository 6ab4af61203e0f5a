using System.Text.Json.Serialization;

namespace Scry.Recording;

/// <summary>One instant on two clocks.</summary>
/// <param name="Monotonic">Nanoseconds of CLOCK_MONOTONIC, which records carry.</param>
/// <param name="Realtime">Nanoseconds of CLOCK_REALTIME.</param>
public readonly record struct ClockAnchor(ulong Monotonic, ulong Realtime);

/// <summary>Where, when and how a recording was made. Read from a file, its texts are hostile.</summary>
public sealed record RecordingAbout
{
    /// <summary>The version of the Scry that recorded.</summary>
    public required string ScryVersion { get; init; }
    /// <summary>uname's release.</summary>
    public required string KernelRelease { get; init; }
    /// <summary>uname's machine.</summary>
    public required string Machine { get; init; }
    /// <summary>The kernel's boot_id.</summary>
    public required string BootId { get; init; }
    /// <summary>uname's nodename.</summary>
    public required string HostName { get; init; }
    /// <summary>Number of possible CPUs.</summary>
    public required int Cpus { get; init; }
    /// <summary>SCRY_WIRE_VERSION of the records.</summary>
    public required uint WireVersion { get; init; }
    /// <summary>What tells one state of the facts tables from another.</summary>
    public required string FactsVersion { get; init; }
    /// <summary>Instants on both clocks.</summary>
    public required IReadOnlyList<ClockAnchor> Clocks { get; init; }
    /// <summary>How Scry was called.</summary>
    public required IReadOnlyList<string> CommandLine { get; init; }
    /// <summary>What was traced, as a person would say it.</summary>
    public required string Target { get; init; }
    /// <summary>Which syscalls were selected, as a person would say it.</summary>
    public required string Selection { get; init; }
    /// <summary>Bytes that a read or written buffer was cut to.</summary>
    public required uint PayloadLimit { get; init; }
    /// <summary>Whether the records come from memory that overwrites itself: what is missing was overwritten.</summary>
    public bool Overwrites { get; init; }
    /// <summary>Whether calls' begins, and with that their durations, are known by the kernel's ticks alone.</summary>
    public bool CoarseTimes { get; init; }
    /// <summary>Whether calls were seen at their exit alone: their durations are not known.</summary>
    public bool NoDurations { get; init; }
    /// <summary>Whether calls carry where their time went.</summary>
    public bool HasSplits { get; init; }
    /// <summary>Whether calls carry where they came from.</summary>
    public bool HasStacks { get; init; }
    /// <summary>Whether threads' spans without a CPU were recorded.</summary>
    public bool HasSpans { get; init; }
}

/// <summary>How a recording ended.</summary>
public sealed record RecordingSummary
{
    /// <summary>Records in the file.</summary>
    public required ulong Records { get; init; }
    /// <summary>Records that were lost, by reason.</summary>
    public required IReadOnlyDictionary<string, ulong> Lost { get; init; }
    /// <summary>Whether nothing was lost.</summary>
    public required bool Complete { get; init; }
    /// <summary>What a flight recorder remembered; null for records that were written as they came.</summary>
    public RecordedPast? Past { get; init; }
}

/// <summary>How far back the memory of a flight recorder reached. Times are nanoseconds of CLOCK_MONOTONIC.</summary>
public sealed record RecordedPast
{
    /// <summary>Records of all cgroups are there since then, but for those of <see cref="Cgroups"/>.</summary>
    public required ulong Since { get; init; }
    /// <summary>Until then.</summary>
    public required ulong Until { get; init; }
    /// <summary>Whether <see cref="Since"/> is when recording began.</summary>
    public required bool FromStart { get; init; }
    /// <summary>Bytes of the recorder's memory.</summary>
    public required long Memory { get; init; }
    /// <summary>Cgroups of which less is there.</summary>
    public required IReadOnlyList<CgroupPast> Cgroups { get; init; }
    /// <summary>What was given up meanwhile, since the recorder has a budget.</summary>
    public IReadOnlyList<PastGivenUp> GivenUp { get; init; } = [];
    /// <summary>What was given up until then may be missing from <see cref="GivenUp"/>; 0: nothing is.</summary>
    public ulong GivenUpHorizon { get; init; }
    /// <summary>The share of the machine's CPU time that the recorder may take, from 0 to 1; 0: any.</summary>
    public double CpuBudget { get; init; }
}

/// <summary>What a flight recorder gave up for its budget.</summary>
/// <param name="What"><c>durations</c>, <c>memory</c>, or <c>calls</c> of a cgroup.</param>
/// <param name="From">Nanoseconds of CLOCK_MONOTONIC.</param>
/// <param name="To">Until then; 0: it was still given up at the end.</param>
/// <param name="Cgroup">Id of the cgroup whose calls were; 0: of all that found no room of their own.</param>
/// <param name="Calls">How many calls of it were not recorded.</param>
/// <param name="CpuShare">The share of the machine's CPU time that the recorder took before, from 0 to 1.</param>
public sealed record PastGivenUp(string What, ulong From, ulong To, ulong Cgroup, ulong Calls, double CpuShare)
{
    /// <summary><see cref="What"/>, when it is the calls of a cgroup.</summary>
    public const string OfCgroup = "calls";
}

/// <summary>A cgroup of which a flight recorder has lost the older records.</summary>
/// <param name="Id">Its id; 0: of all that found no room of their own.</param>
/// <param name="Since">Nanoseconds of CLOCK_MONOTONIC: later records are all there.</param>
/// <param name="Overwritten">How many earlier ones were overwritten.</param>
/// <param name="Incident">The number of the incident that has those up to <paramref name="Since"/>; 0: none has.</param>
public sealed record CgroupPast(ulong Id, ulong Since, ulong Overwritten, ulong Incident);

/// <summary>A name that held at <see cref="Time"/>. All its texts are hostile.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "is")]
[JsonDerivedType(typeof(CgroupName), "cgroup")]
[JsonDerivedType(typeof(ThreadName), "thread")]
[JsonDerivedType(typeof(DescriptorName), "fd")]
[JsonDerivedType(typeof(IncidentRecords), "incident")]
[JsonDerivedType(typeof(ClockStep), "clock")]
public abstract record RecordedName
{
    /// <summary>Nanoseconds of CLOCK_MONOTONIC.</summary>
    public required ulong Time { get; init; }
}

/// <summary>A cgroup, and the container that it belongs to.</summary>
public sealed record CgroupName : RecordedName
{
    /// <summary>Its id, as TASK records carry it.</summary>
    public required ulong Id { get; init; }
    /// <summary>Its path below the hierarchy's root.</summary>
    public required string Path { get; init; }
    /// <summary>The container's runtime; null for a cgroup of no container.</summary>
    public string? Runtime { get; init; }
    /// <summary>The container's id.</summary>
    public string? ContainerId { get; init; }
    /// <summary>The container's name, if it is known.</summary>
    public string? ContainerName { get; init; }
}

/// <summary>A thread's comm.</summary>
public sealed record ThreadName : RecordedName
{
    /// <summary>Its process.</summary>
    public required uint Tgid { get; init; }
    /// <summary>The thread.</summary>
    public required uint Tid { get; init; }
    /// <summary>Its comm.</summary>
    public required string Comm { get; init; }
}

/// <summary>What a file descriptor stood for.</summary>
public sealed record DescriptorName : RecordedName
{
    /// <summary>The process that has it.</summary>
    public required uint Tgid { get; init; }
    /// <summary>Its number.</summary>
    public required int Fd { get; init; }
    /// <summary>As /proc names it: a path, <c>socket:[1]</c>, <c>pipe:[2]</c>.</summary>
    public required string Path { get; init; }
}

/// <summary>Records of a thread that an incident has.</summary>
public sealed record IncidentRecords : RecordedName
{
    /// <summary>The thread.</summary>
    public required uint Tid { get; init; }
    /// <summary>The number of the first of them.</summary>
    public required uint First { get; init; }
    /// <summary>The number of the last.</summary>
    public required uint Last { get; init; }
    /// <summary>The incident's number.</summary>
    public required ulong Incident { get; init; }
}

/// <summary>The clock on the wall was set, or the machine had slept: it goes on from another place.</summary>
public sealed record ClockStep : RecordedName
{
    /// <summary>Nanoseconds of CLOCK_REALTIME at <see cref="RecordedName.Time"/>.</summary>
    public required ulong Realtime { get; init; }
}

/// <summary>JSON without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true)]
[JsonSerializable(typeof(RecordingAbout))]
[JsonSerializable(typeof(RecordingSummary))]
[JsonSerializable(typeof(RecordedName))]
[JsonSerializable(typeof(RecordedCode))]
internal sealed partial class RecordingJson : JsonSerializerContext;
