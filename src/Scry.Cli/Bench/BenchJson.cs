using System.Text.Json;

namespace Scry.Cli.Bench;

/// <summary>A result as JSON; docs/BENCH.md describes it.</summary>
internal static class BenchJson
{
    /// <summary>The version of the form.</summary>
    public const string Schema = "scry-bench/1";

    /// <summary>Writes all of it.</summary>
    public static void Write(BenchResult result, Stream to)
    {
        using var json = new Utf8JsonWriter(to, new JsonWriterOptions { Indented = true });
        json.WriteStartObject();
        json.WriteString("schema", Schema);
        json.WriteString("started", result.Started);
        json.WriteNumber("seconds", result.Seconds);
        json.WriteBoolean("interrupted", result.Interrupted);
        if (result.NoMeasurement is { } reason)
            json.WriteString("no_measurement", reason);
        WriteMachine(json, result.Machine);
        json.WriteStartArray("versions");
        foreach (string version in result.Versions)
            json.WriteStringValue(version);
        json.WriteEndArray();
        if (result.Wake is { } wake)
        {
            json.WriteStartObject("wake_ns");
            json.WriteNumber("nobody", wake.Nobody);
            json.WriteNumber("same_cpu", wake.SameCpu);
            if (wake.OtherCpu is { } other)
                json.WriteNumber("other_cpu", other);
            json.WriteEndObject();
        }
        json.WriteStartArray("workloads");
        foreach (WorkloadResult workload in result.Workloads)
            WriteWorkload(json, workload);
        json.WriteEndArray();
        json.WriteStartArray("scales");
        foreach (ScaleResult scale in result.Scales)
            WriteScale(json, scale);
        json.WriteEndArray();
        json.WriteStartArray("left_out");
        foreach ((string name, string why) in result.LeftOut)
        {
            json.WriteStartObject();
            json.WriteString("name", name);
            json.WriteString("reason", why);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteMachine(Utf8JsonWriter json, Machine machine)
    {
        json.WriteStartObject("machine");
        json.WriteString("kernel", machine.Kernel);
        json.WriteString("cpu", machine.Cpu);
        json.WriteNumber("cpus", machine.Cpus.Count);
        json.WriteNumber("memory", machine.MemoryBytes);
        json.WriteBoolean("virtual", machine.Virtual);
        json.WriteString("clocksource", machine.Clocksource);
        json.WriteStartArray("mitigations");
        foreach (string mitigation in machine.Mitigations)
            json.WriteStringValue(mitigation);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteWorkload(Utf8JsonWriter json, WorkloadResult workload)
    {
        json.WriteStartObject();
        json.WriteString("name", workload.Name);
        json.WriteString("title", workload.Title);
        json.WriteString("unit", workload.Metric.Unit);
        json.WriteBoolean("rate", workload.Metric.IsRate);
        json.WriteNumber("rounds", workload.Rounds);
        json.WriteStartArray("tools");
        foreach (ToolResult tool in workload.Tools)
            WriteTool(json, workload, tool);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteTool(Utf8JsonWriter json, WorkloadResult workload, ToolResult tool)
    {
        json.WriteStartObject();
        json.WriteString("name", tool.Name);
        json.WriteString("title", tool.Title);
        json.WriteString("kind", tool.Kind.ToString().ToLowerInvariant());
        if (tool.Failure is not null)
            json.WriteString("failure", tool.Failure);
        if (tool.Samples.Count > 0)
        {
            WriteMiddle(json, "value", WorkloadResult.Value(tool));
            WriteMiddle(json, workload.Metric.IsRate ? "kept" : "added", workload.Metric.IsRate ? workload.Kept(tool) : workload.Added(tool));
            if (!workload.Metric.IsRate && workload.TimesFloor(tool) is { } times && double.IsFinite(times))
                json.WriteNumber("times_floor", Round(times));
        }
        json.WriteStartArray("samples");
        foreach (Sample sample in tool.Samples)
        {
            json.WriteStartObject();
            json.WriteNumber("turn", sample.Turn);
            json.WriteNumber("value", Round(sample.Value));
            WriteOptional(json, "calls", sample.Calls);
            WriteOptional(json, "missing", sample.Missing);
            WriteOptional(json, "reported_lost", sample.Reported);
            if (sample.CpuSeconds is { } cpu)
                json.WriteNumber("cpu_seconds", cpu);
            WriteOptional(json, "memory", sample.Memory);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteScale(Utf8JsonWriter json, ScaleResult scale)
    {
        json.WriteStartObject();
        json.WriteString("name", scale.Name);
        json.WriteString("title", scale.Title);
        json.WriteString("x", scale.XLabel);
        json.WriteString("y", scale.YLabel);
        json.WriteStartArray("lines");
        foreach (ScaleLine line in scale.Lines)
        {
            json.WriteStartObject();
            json.WriteString("tool", line.Tool);
            json.WriteStartArray("points");
            foreach ((double x, double y, double spread) in line.Points)
            {
                json.WriteStartObject();
                json.WriteNumber("x", Round(x));
                if (new Middle(y, spread).IsResult)
                    json.WriteNumber("y", Round(y));
                json.WriteNumber("spread", Round(spread));
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteMiddle(Utf8JsonWriter json, string name, Middle middle)
    {
        if (!double.IsFinite(middle.Median))
            return;
        json.WriteStartObject(name);
        if (middle.IsResult)
            json.WriteNumber("median", Round(middle.Median));
        json.WriteNumber("spread", Round(middle.Spread));
        json.WriteEndObject();
    }

    private static void WriteOptional(Utf8JsonWriter json, string name, long? value)
    {
        if (value is { } number)
            json.WriteNumber(name, number);
    }

    // JSON has no words for what is not a number: without an untraced run there is nothing to compare with.
    private static double Round(double value) => double.IsFinite(value) ? Math.Round(value, 4) : 0;
}
