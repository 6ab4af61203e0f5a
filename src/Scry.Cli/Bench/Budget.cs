using System.Globalization;
using System.Text.Json;

namespace Scry.Cli.Bench;

/// <summary>A figure of a bench that must not get worse.</summary>
/// <param name="Workload">Its name.</param>
/// <param name="Tool">Its name.</param>
/// <param name="Figure"><c>added</c> (of the unit, or of what another tool adds), <c>kept</c> (a share of the untraced rate) or <c>missing</c> (calls).</param>
/// <param name="Over">The tool whose added figure it is divided by; null: by nothing.</param>
/// <param name="Limit">The most, or for <c>kept</c> the least, that it may be.</param>
/// <param name="Goal">What it is to become; null: the limit is the goal.</param>
internal sealed record BudgetLine(string Workload, string Tool, string Figure, string? Over, double Limit, double? Goal)
{
    /// <summary>More is better.</summary>
    public bool IsLeast => Figure == "kept";

    /// <summary>Whether a figure is within a limit.</summary>
    public bool Allows(double value, double limit) => IsLeast ? value >= limit : value <= limit;

    /// <summary>What it is about.</summary>
    public override string ToString() => $"{Workload}: {Tool} {Figure}{(Over is null ? "" : $", as a multiple of {Over}")}";
}

/// <summary>The figures of a budget file, and a result held against them.</summary>
internal sealed class Budget
{
    private static readonly string[] s_figures = ["added", "kept", "missing"];

    private Budget(IReadOnlyList<BudgetLine> lines) => Lines = lines;

    /// <summary>All of it.</summary>
    public IReadOnlyList<BudgetLine> Lines { get; }

    /// <summary>Reads a file such as bench/budget.json.</summary>
    /// <exception cref="ToolException">It is not there, or not a budget.</exception>
    public static Budget Read(string path)
    {
        try
        {
            return Parse(File.ReadAllBytes(path));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ToolException($"--budget: {Printable.Escape(path)}: {ErrnoText.Describe(error)}", null, ExitCode.Usage);
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new ToolException($"--budget: {Printable.Escape(path)} is not a budget: {Printable.Escape(error.Message)}", "docs/BENCH.md shows one", ExitCode.Usage);
        }
    }

    /// <summary>Reads the text of one.</summary>
    /// <exception cref="JsonException">It is not JSON.</exception>
    /// <exception cref="KeyNotFoundException">A line lacks something.</exception>
    /// <exception cref="FormatException">A line has a figure that there is not.</exception>
    public static Budget Parse(ReadOnlyMemory<byte> json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        var lines = new List<BudgetLine>();
        foreach (JsonElement entry in document.RootElement.GetProperty("budget").EnumerateArray())
        {
            string figure = entry.GetProperty("figure").GetString()!;
            if (!s_figures.Contains(figure))
                throw new FormatException($"there is no figure '{figure}'");
            lines.Add(new BudgetLine(
                entry.GetProperty("workload").GetString()!,
                entry.GetProperty("tool").GetString()!,
                figure,
                entry.TryGetProperty("over", out JsonElement over) ? over.GetString() : null,
                entry.GetProperty(figure == "kept" ? "at_least" : "at_most").GetDouble(),
                entry.TryGetProperty("goal", out JsonElement goal) ? goal.GetDouble() : null));
        }
        return new Budget(lines);
    }

    /// <summary>A figure of a result; null when what it needs was not measured.</summary>
    public static double? Value(BenchResult result, BudgetLine line)
    {
        if (result.Workloads.FirstOrDefault(workload => workload.Name == line.Workload) is not { } workload || workload.Find(line.Tool) is not { } tool)
            return null;
        switch (line.Figure)
        {
            case "kept":
                return workload.Kept(tool).Median;
            case "missing":
                return tool.Samples.All(sample => sample.Missing is null) ? null : tool.Samples.Sum(sample => Math.Abs(sample.Missing ?? 0));
            default:
                double added = workload.Added(tool).Median;
                if (line.Over is null)
                    return added;
                return workload.Find(line.Over) is { } over && workload.Added(over).Median is > 0 and var least ? added / least : null;
        }
    }

    /// <summary>A tool that was to be measured and failed has no figure that is within a budget.</summary>
    private static string? Failure(BenchResult result, BudgetLine line) => result.Workloads
        .FirstOrDefault(workload => workload.Name == line.Workload)?.Tools.FirstOrDefault(tool => tool.Name == line.Tool)?.Failure;

    /// <summary>Each line's verdict, in words.</summary>
    /// <param name="result">What was measured.</param>
    /// <param name="worse">How many got worse than they may be.</param>
    public IReadOnlyList<string> Check(BenchResult result, out int worse)
    {
        worse = 0;
        var said = new List<string>();
        foreach (BudgetLine line in Lines)
        {
            if (Failure(result, line) is { } failure)
            {
                worse++;
                said.Add($"{"WORSE",-18}  {line}: failed: {failure}");
                continue;
            }
            if (Value(result, line) is not { } value)
            {
                said.Add($"{"not measured",-18}  {line}");
                continue;
            }
            bool within = line.Allows(value, line.Limit);
            worse += within ? 0 : 1;
            double goal = line.Goal ?? line.Limit;
            string verdict = !within ? "WORSE" : line.Allows(value, goal) ? "ok" : "ok, below its goal";
            said.Add(string.Create(CultureInfo.InvariantCulture,
                $"{verdict,-18}  {line}: {value:0.####}, {(line.IsLeast ? "at least" : "at most")} {line.Limit:0.####}{(line.Goal is null ? "" : $", goal {goal:0.####}")}"));
        }
        return said;
    }
}
