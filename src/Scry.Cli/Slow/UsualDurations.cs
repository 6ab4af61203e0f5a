using System.Globalization;
using Scry.Capture;
using Scry.Cli.CommandLine;
using Scry.Cli.Counting;
using Scry.Syscalls;
using Scry.Views;
using Scry.Wire;

namespace Scry.Cli.Slow;

/// <summary>How long each call of a target usually takes, learned by counting it for a while.</summary>
internal sealed class UsualDurations : ICountView
{
    // A bucket's middle stands for all of it: what lies in the same one is as usual.
    private const double BucketMargin = 1.02;
    private const int ShownCalls = 5;

    private readonly ulong[] _overs = new ulong[Layout.AbiCount * Layout.MaxNr];
    private readonly double _share;
    private readonly SyscallNames _names = CountOutput.Names();
    private readonly DurationHistogram _all = new();
    private readonly List<(string Name, ulong Calls, ulong Over)> _learned = [];

    private UsualDurations(double share) => _share = share;

    /// <summary>Nanoseconds of the run.</summary>
    private long Elapsed { get; set; }

    /// <summary>Looks at a target for a while.</summary>
    /// <param name="arguments">The target, and which calls.</param>
    /// <param name="share">The share of calls that are as usual.</param>
    /// <param name="nanoseconds">How long.</param>
    /// <returns>Nanoseconds that calls must take to be unusual, by their plans' places; null: a signal ended it.</returns>
    /// <exception cref="ToolException">Something that was asked for cannot be had, or there was no call.</exception>
    public static IReadOnlyList<ulong>? Learn(TraceArguments arguments, double share, ulong nanoseconds)
    {
        if (arguments.Target == TargetChoice.Command)
            throw new ToolException("--over with a percentile needs a target that runs: of a command that is about to begin nothing is usual", "give durations, or -p PID", ExitCode.Usage);
        TraceArguments counted = arguments with { For = nanoseconds, Quiet = true, MinDuration = 0, FailedOnly = false, Errnos = [], Strict = false, Why = SplitArguments.None };
        var usual = new UsualDurations(share);
        if (!arguments.Quiet)
            Runner.Say(string.Create(CultureInfo.InvariantCulture, $"looking for {nanoseconds / 1e9:0.###} s at what is usual"));
        using (var run = new CountRun(counted, what => new CounterOptions { What = what, By = CountBy.None }, null, () => usual))
            run.Run();
        if (usual.Elapsed < (long)nanoseconds)
            return null;
        if (usual._all.Count == 0)
            throw new ToolException("there was no call to learn from", "give durations, or look for longer: --learn 1m");
        if (!arguments.Quiet)
            usual.Tell();
        return usual._overs;
    }

    /// <inheritdoc/>
    public void See(Counters counters, IReadOnlyList<CounterRow> changed, long elapsed)
    {
    }

    /// <inheritdoc/>
    public void Interval(Counters counters, long elapsed)
    {
    }

    /// <inheritdoc/>
    public void Finish(Counters counters, in StatSummary summary)
    {
        Elapsed = summary.Elapsed;
        var rows = new List<(CounterRow Row, DurationHistogram Durations)>();
        foreach (CounterRow row in counters.Rows)
        {
            DurationHistogram durations = counters.Histogram(row);
            _all.Add(durations);
            if (!row.IsOther && durations.Count > 0)
                rows.Add((row, durations));
        }
        // A call that was not made meanwhile is unusual when it is so among all.
        Array.Fill(_overs, Over(_all));
        foreach ((CounterRow row, DurationHistogram durations) in rows)
        {
            ulong over = Over(durations);
            _overs[CapturePlan.IndexOf(row.Abi, row.Nr)] = over;
            _learned.Add((_names.Name(row.Abi, row.Nr), durations.Count, over));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }

    private ulong Over(DurationHistogram durations) => (ulong)(durations.Quantile(_share) * BucketMargin) + 1;

    private void Tell()
    {
        string calls = string.Join(", ", _learned.OrderByDescending(call => call.Calls).Take(ShownCalls).Select(call => $"{call.Name} {DurationText.Of(call.Over)}"));
        Runner.Say(string.Create(CultureInfo.InvariantCulture,
            $"of {_all.Count} calls by {_learned.Count} names: unusual from {calls}{(_learned.Count > ShownCalls ? ", …" : "")} on"));
    }
}
