using System.CommandLine;
using System.Globalization;
using Scry.Views.Top;

namespace Scry.Cli.CommandLine;

/// <summary>The options of <c>scry top</c> that <c>scry trace</c> does not have.</summary>
internal static class TopOptions
{
    public static readonly Option<string[]> Sort = TraceOptions.Many("--sort", "LIST",
        "Rows by these, separated by commas: " + string.Join(' ', TopDimensions.Names) + " (comm)", "-s");
    public static readonly Option<string[]> Order = TraceOptions.Many("--order", "COLUMN", "calls (the default), errors, time, avg, name");
    public static readonly Option<string[]> Frequency = TraceOptions.Many("--freq", "HZ", "Tables a second, 0.01 to 20 (1)", "-F");
    public static readonly Option<string[]> Batch = TraceOptions.Many("--batch", "N", "Print N tables as plain text, then end", "-b");
    public static readonly Option<string[]> Output = TraceOptions.Many("--output", "FILE", "With --batch: write to FILE", "-o");

    /// <summary>The groups of the help; together all the options.</summary>
    public static IReadOnlyList<HelpGroup> Groups { get; } =
    [
        new("TARGET, one of them, or a command; everything when none is named", TraceOptions.Groups[0].Options),
        new("SELECT, decided in the kernel",
            [TraceOptions.Expression, TraceOptions.Over, TraceOptions.DurationMs, TraceOptions.Failed, TraceOptions.Errno, TraceOptions.For]),
        new("TABLE", [Sort, Order, Frequency, Batch, Output, TraceOptions.Color]),
    ];
}

/// <summary>What was asked of <c>scry top</c>.</summary>
internal sealed record TopArguments
{
    private const double MinFrequency = 0.01, MaxFrequency = 20;
    private static readonly (string Name, TopOrder Order)[] s_orders =
    [
        ("calls", TopOrder.Calls), ("errors", TopOrder.Errors), ("time", TopOrder.Time), ("avg", TopOrder.Average), ("name", TopOrder.Name),
    ];

    /// <summary>Whose calls, and which.</summary>
    public required TraceArguments Trace { get; init; }
    public required IReadOnlyList<TopDimension> Sort { get; init; }
    public TopOrder Order { get; init; }
    /// <summary>From table to table.</summary>
    public TimeSpan Period { get; init; }
    /// <summary>Tables to print; null: a full screen.</summary>
    public long? Batch { get; init; }

    /// <summary>Reads the parsed words.</summary>
    /// <exception cref="ToolException">They make no sense.</exception>
    public static TopArguments Read(ParseResult words)
    {
        var arguments = new TopArguments
        {
            Trace = TraceArguments.ReadOrAll(words) with { OutputFile = TraceArguments.Single(words, TopOptions.Output) },
            Sort = ReadSort(TraceArguments.List(words, TopOptions.Sort)),
            Order = ReadOrder(TraceArguments.Single(words, TopOptions.Order)),
            Period = TimeSpan.FromSeconds(1 / ReadFrequency(TraceArguments.Single(words, TopOptions.Frequency))),
            Batch = TraceArguments.Single(words, TopOptions.Batch) is { } n ? Quantity.Count("--batch", n, 1, long.MaxValue) : null,
        };
        if (arguments.Batch is null && arguments.Trace.OutputFile is not null)
            throw new ToolException("--output is for the tables of --batch N", null, ExitCode.Usage);
        return arguments;
    }

    private static IReadOnlyList<TopDimension> ReadSort(IReadOnlyList<string> lists)
    {
        var dimensions = new List<TopDimension>();
        foreach (string name in lists.SelectMany(list => list.Split(',', StringSplitOptions.RemoveEmptyEntries)))
        {
            if (!TopDimensions.TryParse(name, out TopDimension dimension))
            {
                throw new ToolException($"--sort: '{Printable.Escape(name)}' is not one of {string.Join(", ", TopDimensions.Names)}",
                    "--order says by what rows are ordered", ExitCode.Usage);
            }
            if (!dimensions.Contains(dimension))
                dimensions.Add(dimension);
        }
        return dimensions.Count > 0 ? dimensions : [TopDimension.Comm];
    }

    private static TopOrder ReadOrder(string? name)
    {
        if (name is null)
            return TopOrder.Calls;
        int at = Array.FindIndex(s_orders, known => known.Name == name);
        return at >= 0
            ? s_orders[at].Order
            : throw new ToolException($"--order: '{Printable.Escape(name)}' is not one of {string.Join(", ", s_orders.Select(known => known.Name))}", null, ExitCode.Usage);
    }

    private static double ReadFrequency(string? text)
    {
        if (text is null)
            return 1;
        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) && value is >= MinFrequency and <= MaxFrequency
            ? value
            : throw new ToolException($"-F: '{Printable.Escape(text)}' is not a number", $"write one from 0.01 to 20", ExitCode.Usage);
    }
}
