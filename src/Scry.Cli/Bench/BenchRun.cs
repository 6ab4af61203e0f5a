using System.Globalization;
using Scry.Bpf;
using Scry.Cli.Launch;
using Scry.Cli.Loops;

namespace Scry.Cli.Bench;

/// <summary>What a bench is to measure.</summary>
/// <param name="Workloads">Each under each tool.</param>
/// <param name="Tools">The untraced run is the first.</param>
/// <param name="Runs">Rounds of everything; null: as many as each workload needs.</param>
/// <param name="Seconds">The length of one run, about.</param>
/// <param name="Scale">The scales too.</param>
internal sealed record BenchPlan(IReadOnlyList<Workload> Workloads, IReadOnlyList<Tool> Tools, int? Runs, double Seconds, bool Scale);

/// <summary>Carries a plan out: see <see cref="Turns"/> for the order.</summary>
internal sealed class BenchRun(BenchPlan plan, BenchProgress progress)
{
    private static readonly TimeSpan s_wakeLimit = TimeSpan.FromSeconds(30);

    private readonly BenchResult _result = new(Machine.Describe(), DateTime.UtcNow, plan.Seconds);

    /// <summary>Measures all of it. A signal ends it early, and what was measured until then is given.</summary>
    /// <exception cref="ToolException">The machine lacks what every run needs.</exception>
    public BenchResult Run()
    {
        Interrupts.Catch();
        NativeMethods.SetEnvironment("LC_ALL\0"u8, "C\0"u8);
        Leftovers.StopRecorders();
        FtraceTool.RemoveStale();
        foreach (string recorder in LoopStore.Names())
            CommandLine.Runner.Say($"the recorder {Printable.Escape(recorder)} runs: untraced calls pay for it too; scry loop stop ends it");
        using WorkDirectory work = WorkDirectory.Create();
        using BenchCgroup cgroup = BenchCgroup.Create();
        try
        {
            List<Tool> tools = [.. plan.Tools.Where(IsThere)];
            _result.Versions.AddRange(tools.Select(tool => tool.Version(work)).OfType<string>().Distinct());
            foreach (Workload workload in plan.Workloads.Where(workload => workload.Missing() is null))
            {
                foreach (IGrouping<int, (int Round, int Turn, int Tool)> runs in Turns.Of(Fitting(tools, workload), Rounds(workload)).GroupBy(run => run.Tool))
                    progress.Expect(workload.Name, Fitting(tools, workload)[runs.Key].Name, runs.Count());
            }
            using BenchCgroup scaled = cgroup.Below("scale");
            ScaleRuns? scale = plan.Scale
                ? new ScaleRuns(new BenchPlace(_result.Machine, work, scaled, Math.Min(plan.Seconds, ScaleRuns.MostSeconds)), plan.Runs ?? ScaleRuns.MostRuns, progress)
                : null;
            scale?.Expect();
            progress.Say("the price of a wake-up");
            _result.Wake = MeasureWake(work);
            foreach (Workload workload in plan.Workloads)
                MeasureAlone(workload, work, cgroup, tools);
            scale?.AddTo(_result);
        }
        catch (InterruptedException)
        {
            _result.Interrupted = true;
        }
        return _result;
    }

    /// <summary>One run.</summary>
    /// <param name="tool">Attached for it.</param>
    /// <param name="workload">Prepared.</param>
    /// <param name="place">Where.</param>
    /// <param name="turn">From 0.</param>
    /// <param name="cgroup">The cgroup to trace; null: the workload's.</param>
    /// <param name="ready">Called when the tool is attached.</param>
    /// <exception cref="ToolException">The tool or the workload failed.</exception>
    public static Sample Once(Tool tool, Workload workload, BenchPlace place, int turn, string? cgroup = null, Action? ready = null)
    {
        using Trial trial = workload.Begin(place, workload.IsStarted ? tool.Launcher(place.Work) : null);
        using IAttachedTool attached = tool.Attach(
            new ToolContext(place.Machine, place.Work, cgroup ?? trial.Cgroup, trial.Pids, workload.Call, trial.MarkerCall, trial.Mark, trial.Launched));
        ready?.Invoke();
        Measurement measured = trial.Measure(attached.Process);
        ToolAccount account = attached.Stop();
        return new Sample(turn, measured.Value)
        {
            Calls = measured.Calls,
            Missing = measured.Missing(account),
            Reported = account.Reported,
            CpuSeconds = account.CpuSeconds,
            Memory = account.Memory,
        };
    }

    private bool IsThere(Tool tool)
    {
        if (tool.Missing() is not { } reason)
            return true;
        _result.LeftOut.Add((tool.Name, reason));
        return false;
    }

    /// <summary>What a workload cannot do, or cannot put away, is no reason to lose what the others gave.</summary>
    private void MeasureAlone(Workload workload, WorkDirectory work, BenchCgroup cgroup, IReadOnlyList<Tool> tools)
    {
        try
        {
            using BenchCgroup own = cgroup.Below(workload.Name);
            using (workload)
                Measure(workload, new BenchPlace(_result.Machine, work, own, plan.Seconds), tools);
        }
        catch (Exception error) when (IsFailure(error))
        {
            _result.LeftOut.Add((workload.Name, Printable.Escape(error.Message)));
        }
        progress.Drop(workload.Name);
    }

    private void Measure(Workload workload, BenchPlace place, IReadOnlyList<Tool> tools)
    {
        if (workload.Missing() is { } reason)
        {
            _result.LeftOut.Add((workload.Name, reason));
            return;
        }
        progress.Say($"{workload.Name}: preparing");
        workload.Prepare(place);
        int rounds = Rounds(workload);
        var result = new WorkloadResult(workload.Name, workload.Title, workload.Metric) { Rounds = rounds, Enough = workload.Rounds };
        _result.Workloads.Add(result);
        List<Tool> fit = Fitting(tools, workload);
        _result.LeftOut.AddRange(tools.Select(tool => (Name: $"{workload.Name}, {tool.Name}", Reason: tool.Unfit(workload)))
            .Where(left => left.Reason is not null).Select(left => (left.Name, left.Reason!)));
        result.Tools.AddRange(fit.Select(tool => new ToolResult(tool.Name, tool.Title, tool.Kind)));
        foreach ((int round, int turn, int i) in Turns.Of(fit, rounds))
        {
            // Without an untraced run there is nothing to compare with.
            if (result.Tools[0].Failure is not null)
                return;
            if (result.Tools[i].Failure is not null)
                continue;
            progress.Say(string.Create(CultureInfo.InvariantCulture, $"{workload.Name}: round {round + 1} of {rounds}, {fit[i].Name}"));
            Add(result.Tools[i], fit[i], workload, place, turn);
        }
    }

    private void Add(ToolResult to, Tool tool, Workload workload, BenchPlace place, int turn)
    {
        try
        {
            to.Samples.Add(progress.Time(workload.Name, tool.Name, () => Once(tool, workload, place, turn)));
        }
        catch (Exception error) when (IsFailure(error))
        {
            to.Failure = Printable.Escape(error.Message);
            progress.Drop(workload.Name, tool.Name);
        }
    }

    /// <summary>What the outside may do to a run; anything else is a fault of Scry.</summary>
    internal static bool IsFailure(Exception error) => error is ToolException or NativeException or IOException or UnauthorizedAccessException;

    private int Rounds(Workload workload) => plan.Runs ?? workload.Rounds;

    private static List<Tool> Fitting(IReadOnlyList<Tool> tools, Workload workload) => [.. tools.Where(tool => Fits(tool, workload))];

    /// <summary>A filter that lets calls pass is of interest where calls are all there is.</summary>
    private static bool Fits(Tool tool, Workload workload) => tool.Unfit(workload) is null && (tool.Kind != ToolKind.Passes || workload.Call is not null);

    private WakePrice? MeasureWake(WorkDirectory work)
    {
        IReadOnlyList<int> cpus = _result.Machine.Cpus;
        string said;
        try
        {
            said = BenchProcess.Run(work, [ToolList.Self, "bench-wake", $"{cpus[^1]}", $"{cpus[0]}"], s_wakeLimit);
        }
        catch (ToolException error)
        {
            _result.LeftOut.Add(("wake-up", error.Message));
            return null;
        }
        double[] numbers = [.. said.Split(' ').Select(word => double.TryParse(word, CultureInfo.InvariantCulture, out double value) ? value : -1)];
        return numbers is [var nobody, var same, var other] ? new WakePrice(nobody, same, other < 0 ? null : other) : null;
    }
}
