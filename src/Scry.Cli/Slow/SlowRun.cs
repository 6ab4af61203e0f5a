using Scry.Cli.CommandLine;
using Scry.Cli.Tracing;
using Scry.Syscalls;
using Scry.Views;
using Scry.Views.Slow;

namespace Scry.Cli.Slow;

/// <summary>One run of <c>scry slow</c>: a trace of the calls that take long.</summary>
internal sealed class SlowRun : IDisposable
{
    private readonly TraceRun _run;

    /// <summary>Looks everything up; with a percentile, looks first at what is usual.</summary>
    /// <exception cref="ToolException">Something that was asked for cannot be had.</exception>
    public SlowRun(SlowArguments arguments)
    {
        TraceArguments trace = arguments.Trace;
        trace = trace with { Why = trace.Why with { Overs = arguments.Over.ByPlace() } };
        // What is not shown need not be looked at.
        if (arguments.Over is { ForAll: 0, Named.Count: > 0 } && trace.Expressions.Count == 0)
            trace = trace with { Expressions = [.. arguments.Over.Named.Select(named => named.Calls)] };
        _run = new TraceRun(trace, cgroups => TraceOutput.Open(trace, cgroups));
    }

    /// <summary>Traces.</summary>
    /// <returns>The exit status.</returns>
    public int Run() => _run.Run();

    /// <summary>Ends it.</summary>
    public void Dispose() => _run.Dispose();
}
