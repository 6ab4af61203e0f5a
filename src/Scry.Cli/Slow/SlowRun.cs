using Scry.Cli.CommandLine;
using Scry.Cli.Recordings;
using Scry.Cli.Tracing;

namespace Scry.Cli.Slow;

/// <summary>One run of <c>scry slow</c>: a trace of the calls that take long.</summary>
internal sealed class SlowRun : IDisposable
{
    private readonly TraceRun? _run;

    /// <summary>Looks everything up; with a percentile, looks first at what is usual.</summary>
    /// <exception cref="ToolException">Something that was asked for cannot be had.</exception>
    public SlowRun(SlowArguments arguments)
    {
        TraceArguments trace = arguments.Trace;
        IReadOnlyList<ulong>? overs = arguments.Over.ByPlace();
        if (arguments.Over.Percentile is { } share && (overs = UsualDurations.Learn(trace, share, arguments.Learn)) is null)
            return;
        trace = trace with { Why = trace.Why with { Overs = overs } };
        // What is not shown need not be looked at.
        if (arguments.Over is { ForAll: 0, Named.Count: > 0 } && trace.Expressions.Count == 0)
            trace = trace with { Expressions = [.. arguments.Over.Named.Select(named => named.Calls)] };
        _run = new TraceRun(trace, names => PictureSink.Around(TraceOutput.Open(trace, names), arguments.Pictures, names.Stacks, AboutRun.Target(trace),
            (file, view) => TraceOutput.Open(trace with { OutputFile = file, Top = 0 }, names, view: view)));
    }

    /// <summary>Traces; not, when a signal ended the looking at what is usual.</summary>
    /// <returns>The exit status.</returns>
    public int Run() => _run?.Run() ?? ExitCode.Ok;

    /// <summary>Ends it.</summary>
    public void Dispose() => _run?.Dispose();
}
