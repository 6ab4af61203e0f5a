using System.Text.Json;
using System.Text.Json.Serialization;

namespace Scry.Cli.Loops;

/// <summary>What a flight recorder tells of itself to whoever opens it. Written by root, read by root.</summary>
internal sealed record LoopAbout
{
    /// <summary>The version of the Scry that started it.</summary>
    public required string ScryVersion { get; init; }
    /// <summary>SCRY_WIRE_VERSION of its memory.</summary>
    public required uint WireVersion { get; init; }
    /// <summary>Nanoseconds of CLOCK_REALTIME at its start.</summary>
    public required ulong Started { get; init; }
    /// <summary>Nanoseconds of CLOCK_MONOTONIC at its start.</summary>
    public required ulong Began { get; init; }
    /// <summary>What it records, as a person wrote it.</summary>
    public required string Target { get; init; }
    /// <summary>Which calls.</summary>
    public required string Selection { get; init; }
    /// <summary>Bytes of payload kept of a buffer; 0: none.</summary>
    public required int Payload { get; init; }
    /// <summary>Its triggers, as a person wrote them.</summary>
    public required IReadOnlyList<string> Triggers { get; init; }

    /// <summary>Whether calls' begins are known by the kernel's ticks alone.</summary>
    public bool CoarseTimes { get; init; }

    /// <summary>Whether calls are seen at their exit alone.</summary>
    public bool NoDurations { get; init; }

    /// <summary>The share of the machine's CPU time that it may take, from 0 to 1; 0: any.</summary>
    public double CpuBudget { get; init; }

    /// <summary>The pid namespace whose ids its records have, as the kernel names it; null when that was not known.</summary>
    public string? PidNamespace { get; init; }

    /// <summary>Whether an id of its records means the same here.</summary>
    [JsonIgnore]
    public bool HasIdsOfHere => PidNamespace == Scry.Targets.PidNamespace.Name;

    /// <summary>As the recorder keeps it.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, LoopJson.Default.LoopAbout);

    /// <summary>Reads what <see cref="ToBytes"/> made; null when it is something else.</summary>
    public static LoopAbout? Read(ReadOnlySpan<byte> text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, LoopJson.Default.LoopAbout);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(LoopAbout))]
internal sealed partial class LoopJson : JsonSerializerContext;
