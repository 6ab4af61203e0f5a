using System.Diagnostics;
using Scry.Capture;
using Scry.Cli.CommandLine;
using Scry.Cli.Launch;
using Scry.Cli.Tracing;
using Scry.Targets;
using Scry.Views;
using Scry.Wire;

namespace Scry.Cli.Counting;

/// <summary>What takes the counts of a run.</summary>
internal interface ICountView : IDisposable
{
    /// <summary>Takes note of rows that have new calls, some times in a second.</summary>
    void See(Counters counters, IReadOnlyList<CounterRow> changed, long elapsed);

    /// <summary>An interval is over.</summary>
    /// <param name="counters">All counts.</param>
    /// <param name="elapsed">Nanoseconds since counting began.</param>
    /// <exception cref="OutputException">It cannot be written.</exception>
    void Interval(Counters counters, long elapsed);

    /// <summary>The run is over.</summary>
    /// <param name="counters">All counts.</param>
    /// <param name="summary">What they add up to.</param>
    /// <exception cref="OutputException">They cannot be written.</exception>
    void Finish(Counters counters, in StatSummary summary);
}

/// <summary>A run that counts, from the look-up of its target to its last line.</summary>
internal sealed class CountRun : IDisposable
{
    private const int WaitMs = 5;
    private const int LongWaitMs = 20;
    private const int ReadEveryMs = 200;

    private readonly TraceArguments _arguments;
    private readonly long? _interval;
    private readonly ICountView _view;
    private readonly TraceTarget _target;
    private readonly CounterOptions _options;
    private readonly TracedCommand? _command;
    private readonly RunSignals _signals;

    /// <summary>Looks everything up and makes the command's process; nothing is attached yet.</summary>
    /// <param name="arguments">The target, and which calls.</param>
    /// <param name="count">How to count, given the target.</param>
    /// <param name="interval">Nanoseconds of an interval; null: none.</param>
    /// <param name="open">Opens what the counts go to: not before the target is known to be there.</param>
    /// <exception cref="ToolException">Something that was asked for cannot be had.</exception>
    /// <exception cref="TargetException">The target is not there.</exception>
    public CountRun(TraceArguments arguments, Func<SessionOptions, CounterOptions> count, long? interval, Func<ICountView> open)
    {
        _arguments = arguments;
        _interval = interval;
        _target = TraceTarget.Resolve(arguments);
        _options = count(TraceRun.Options(arguments, _target));
        _view = open();
        try
        {
            _signals = new RunSignals();
            if (arguments.Target == TargetChoice.Command)
                _command = TracedCommand.Start(arguments.Names, arguments.Command);
        }
        catch
        {
            _view.Dispose();
            throw;
        }
    }

    /// <summary>Counts until the target, a limit or a signal ends it.</summary>
    /// <returns>The exit status.</returns>
    public int Run()
    {
        int failure = Count();
        int status = _signals.WaitFor(_command);
        return failure != ExitCode.Ok ? failure : status;
    }

    /// <summary>Closes the output; ends a command that never began.</summary>
    public void Dispose()
    {
        _command?.Dispose();
        _view.Dispose();
    }

    private int Count()
    {
        using Counters counters = Counters.Open(_options);
        using var cost = new CostSampler(() => counters.Loaded);
        if (_command is not null)
            TraceTarget.Add(counters.AddTask, _command.Pid, _command.Pid, fromExecve: true);
        TraceTarget.AddAll(counters.AddTask, _target.Threads);
        counters.Attach();
        long started = Stopwatch.GetTimestamp();
        // Again: for those that began in between.
        TraceTarget.AddAll(counters.AddTask, _target.Threads);
        _signals.Go(_command);
        try
        {
            Loop(counters, cost, started);
            return End(counters, cost.Share, started);
        }
        catch (OutputException error)
        {
            // Who closed the pipe has seen enough, and is not told.
            if (error.IsClosedPipe && _arguments.OutputFile is null)
                return _command is null ? ExitCode.ClosedPipe : ExitCode.Ok;
            string output = _arguments.OutputFile is { } file ? $"'{Printable.Escape(file)}'" : "the output";
            Runner.Say($"counting ended: cannot write {output}: {ErrnoText.Describe(error.InnerException!)}");
            return ExitCode.Failed;
        }
    }

    private void Loop(Counters counters, CostSampler cost, long started)
    {
        long nextRead = 0, nextInterval = _interval ?? long.MaxValue, end = _arguments.For is { } limit ? (long)limit : long.MaxValue;
        while (true)
        {
            long elapsed = Since(started);
            if (_signals.AskForEnd(_command) || elapsed >= end || TargetEnded(counters))
                return;
            cost.Poll();
            bool over = elapsed >= nextInterval;
            if (over || elapsed >= nextRead)
            {
                _view.See(counters, counters.Read(), elapsed);
                nextRead = elapsed + ReadEveryMs * 1_000_000L;
            }
            if (over)
            {
                _view.Interval(counters, elapsed);
                // Those that passed unseen are one with this.
                nextInterval += Math.Max(1, (elapsed - nextInterval) / _interval!.Value + 1) * _interval.Value;
            }
            long wait = Math.Min(_command is null ? LongWaitMs : WaitMs, (Math.Min(end, nextInterval) - Since(started)) / 1_000_000 + 1);
            Thread.Sleep((int)Math.Clamp(wait, 1, LongWaitMs));
        }
    }

    private int End(Counters counters, double? cpuShare, long started)
    {
        counters.Detach();
        long elapsed = Since(started);
        _view.See(counters, counters.Read(), elapsed);
        if (_interval is not null)
            _view.Interval(counters, elapsed);
        CallSums total = counters.Total;
        CountState state = counters.State;
        var summary = new StatSummary
        {
            Calls = total.Calls,
            Errors = total.Errors,
            Elapsed = elapsed,
            Untimed = counters.Options.CountOnly ? 0 : total.Untimed,
            Slotless = state.SlotsFull,
            Unbucketed = total.Unbucketed,
            Other = counters.Rows.Where(row => row.Group is { IsOther: true } ? row.Group.Merged == 0 : row.IsOther)
                .Aggregate(counters.MergedUnnamed, (sum, row) => sum + row.Sums.Calls),
            Folded = counters.Merged,
            ErrnosUnknown = state.ErrnosFull,
            GivenUp = state.GivenUp,
            CpuShare = cpuShare,
        };
        _view.Finish(counters, in summary);
        _command?.ThrowIfNotExecuted();
        if (!summary.IsExact || !_arguments.Quiet)
            Runner.Say(summary.ToString());
        return _arguments.Strict && !summary.IsExact ? ExitCode.LostRecords : ExitCode.Ok;
    }

    private static long Since(long started) => (long)Stopwatch.GetElapsedTime(started).TotalNanoseconds;

    /// <summary>As strace -f: the command, and all that it left running.</summary>
    private bool TargetEnded(Counters counters) =>
        _options.What.Target == TargetKind.Tasks && (_command is null || _command.HasEnded()) && counters.TaskCount == 0;
}
