using System.CommandLine;
using Scry.Views;

namespace Scry.Cli.CommandLine;

/// <summary>The options of strace that <c>scry strace</c> takes: those of its summaries.</summary>
internal static class StraceOptions
{
    public static readonly Option<bool> SummaryOnly = TraceOptions.Flag("--summary-only", "Count time, calls and errors of each syscall, and print a table", "-c");
    public static readonly Option<bool> Summary = TraceOptions.Flag("--summary", "Lines, and the table behind them; times are wall time", "-C");
    public static readonly Option<string[]> SortBy = TraceOptions.Many("--summary-sort-by", "COLUMN", "Sort by time (default), min-time, max-time, avg-time, calls, errors, name, nothing", "-S");
    public static readonly Option<string[]> Columns = TraceOptions.Many("--summary-columns", "COLUMN,…",
        "Of time-percent, total-time, min-time, max-time, avg-time, calls, errors, name", "-U");
    public static readonly Option<bool> WallClock = TraceOptions.Flag("--summary-wall-clock", "Times are wall time, not time on a CPU", "-w");
    public static readonly Option<string[]> Attach = TraceOptions.Many("--attach", "PID,…", "These threads; with -f these processes", "-p");
    public static readonly Option<bool> Follow = TraceOptions.Flag("--follow-forks", "Children and new threads too", "-f");
    public static readonly Option<string[]> Expression = TraceOptions.Many("--trace", "SET", "Which calls: trace=SET, or SET as --trace has it", "-e");
    public static readonly Option<bool> Failed = TraceOptions.Flag("--failed-only", "Calls that failed", "-Z");
    public static readonly Option<bool> Quiet = TraceOptions.Flag("--quiet", "Nothing changes: Scry says nothing of attaching", "-q");

    /// <summary>The groups of the help; together all the options.</summary>
    public static IReadOnlyList<HelpGroup> Groups { get; } =
    [
        new("What is traced", [Attach, Follow, Expression, Failed]),
        new("The summary", [SummaryOnly, Summary, SortBy, Columns, WallClock]),
        new("Output", [TraceOptions.Output, Quiet]),
    ];
}

/// <summary>What was asked of <c>scry strace</c>.</summary>
internal sealed record StraceArguments
{
    private const string TracePrefix = "trace=";
    private const int StringLimit = 32, Align = 40; // strace's own

    /// <summary>The target, which calls, and the output.</summary>
    public required TraceArguments Trace { get; init; }
    /// <summary>Lines too.</summary>
    public bool WithLines { get; init; }
    public bool WallClock { get; init; }
    public required IReadOnlyList<StraceColumn> Columns { get; init; }
    public StraceColumn Sort { get; init; }

    /// <summary>Reads the parsed words.</summary>
    /// <exception cref="ToolException">They make no sense.</exception>
    public static StraceArguments Read(ParseResult words)
    {
        bool only = words.GetValue(StraceOptions.SummaryOnly), lines = words.GetValue(StraceOptions.Summary);
        if (only && lines)
            throw new ToolException("-c and -C exclude each other", "give one of them, as to strace", ExitCode.Usage);
        if (!only && !lines)
            throw new ToolException("'scry strace' prints strace's summaries, and neither -c nor -C is given", "for lines alone: scry trace", ExitCode.Usage);
        return new StraceArguments
        {
            Trace = ReadTrace(words),
            WithLines = lines,
            WallClock = words.GetValue(StraceOptions.WallClock),
            Columns = TraceArguments.Single(words, StraceOptions.Columns) is { } names ? ReadColumns(names) : StraceSummary.DefaultColumns,
            Sort = TraceArguments.Single(words, StraceOptions.SortBy) is { } sort ? Column("-S", sort) : StraceColumn.TimePercent,
        };
    }

    private static TraceArguments ReadTrace(ParseResult words)
    {
        IReadOnlyList<string> pids = TraceArguments.List(words, StraceOptions.Attach);
        IReadOnlyList<string> command = words.GetValue(TraceOptions.Command) ?? [];
        bool follow = words.GetValue(StraceOptions.Follow);
        if (pids.Count > 0 == command.Count > 0)
            throw new ToolException(pids.Count > 0 ? "-p and a command are two targets, and a run has one" : "no target is named", "give -p PID, or a command", ExitCode.Usage);
        return new TraceArguments
        {
            Target = command.Count > 0 ? TargetChoice.Command : follow ? TargetChoice.Processes : TargetChoice.Threads,
            // strace's list may have blanks too.
            Names = command.Count > 0 ? command : [.. pids.Select(list => string.Join(',', list.Split([' ', ',', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries)))],
            Follow = follow,
            Expressions = [.. TraceArguments.List(words, StraceOptions.Expression).Select(Set)],
            FailedOnly = words.GetValue(StraceOptions.Failed),
            Errnos = [],
            Signals = true,
            MaxEvents = long.MaxValue,
            Durations = false,
            StringLimit = StringLimit,
            Align = Align,
            Color = false,
            OutputFile = TraceArguments.Single(words, TraceOptions.Output),
            Quiet = true,
        };
    }

    private static string Set(string expression)
    {
        string set = expression.StartsWith(TracePrefix, StringComparison.Ordinal) ? expression[TracePrefix.Length..] : expression;
        return set.Contains('=') && !set.StartsWith('/')
            ? throw new ToolException($"-e {Printable.Escape(expression)}: 'scry strace' takes trace= only", null, ExitCode.Usage)
            : set;
    }

    /// <summary>A table without names would mean nothing: they come last when they are not asked for.</summary>
    private static List<StraceColumn> ReadColumns(string names)
    {
        List<StraceColumn> columns = [.. names.Split(',').Select(name => Column("-U", name))];
        if (columns.Distinct().Count() < columns.Count || columns.Contains(StraceColumn.Nothing))
            throw new ToolException($"-U: '{Printable.Escape(names)}' names a column twice, or one that is none", null, ExitCode.Usage);
        if (!columns.Contains(StraceColumn.Name))
            columns.Add(StraceColumn.Name);
        return columns;
    }

    private static StraceColumn Column(string option, string name) => StraceSummary.TryColumn(name, out StraceColumn column)
        ? column
        : throw new ToolException($"{option}: '{Printable.Escape(name)}' is not one of {string.Join(", ", StraceSummary.ColumnNames)}", null, ExitCode.Usage);
}
