using System.Globalization;
using Scry.Bpf;

namespace Scry.Cli.Bench;

/// <summary>What a bench is to measure.</summary>
/// <param name="Workloads">Each under each tool.</param>
/// <param name="Tools">The untraced run is the first.</param>
/// <param name="Runs">Rounds.</param>
/// <param name="Seconds">The length of one run, about.</param>
/// <param name="Scale">The scales too.</param>
internal sealed record BenchPlan(IReadOnlyList<Workload> Workloads, IReadOnlyList<Tool> Tools, int Runs, double Seconds, bool Scale);

/// <summary>Carries a plan out: in each round the untraced run, the floor and every tool, one after the other.</summary>
internal sealed class BenchRun(BenchPlan plan, Action<string> progress)
{
    private static readonly TimeSpan s_wakeLimit = TimeSpan.FromSeconds(30);

    private readonly BenchResult _result = new(Machine.Describe(), DateTime.UtcNow, plan.Runs, plan.Seconds);

    /// <summary>Measures all of it. A signal ends it early, and what was measured until then is given.</summary>
    /// <exception cref="ToolException">The machine lacks what every run needs.</exception>
    public BenchResult Run()
    {
        Interrupts.Catch();
        NativeMethods.SetEnvironment("LC_ALL\0"u8, "C\0"u8);
        Leftovers.StopRecorders();
        using WorkDirectory work = WorkDirectory.Create();
        using BenchCgroup cgroup = BenchCgroup.Create();
        try
        {
            List<Tool> tools = [.. plan.Tools.Where(IsThere)];
            progress("the price of a wake-up");
            _result.Wake = MeasureWake(work);
            foreach (Workload workload in plan.Workloads)
            {
                using (workload)
                using (BenchCgroup own = cgroup.Below(workload.Name))
                    Measure(workload, new BenchPlace(_result.Machine, work, own, plan.Seconds), tools);
            }
            if (plan.Scale)
            {
                using BenchCgroup own = cgroup.Below("scale");
                new ScaleRuns(new BenchPlace(_result.Machine, work, own, Math.Min(plan.Seconds, ScaleRuns.MostSeconds)), plan.Runs, progress).AddTo(_result);
            }
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
    /// <param name="round">From 0.</param>
    /// <param name="cgroup">The cgroup to trace; null: the workload's.</param>
    /// <param name="ready">Called when the tool is attached.</param>
    /// <exception cref="ToolException">The tool or the workload failed.</exception>
    public static Sample Once(Tool tool, Workload workload, BenchPlace place, int round, string? cgroup = null, Action? ready = null)
    {
        using Trial trial = workload.Begin(place, workload.IsStarted ? tool.Launcher(place.Work) : null);
        using IAttachedTool attached = tool.Attach(
            new ToolContext(place.Machine, place.Work, cgroup ?? trial.Cgroup, trial.Pids, workload.Call, trial.MarkerCall, trial.Mark, trial.Launched));
        ready?.Invoke();
        Measurement measured = trial.Measure(attached.Process);
        ToolAccount account = attached.Stop();
        return new Sample(round, measured.Value)
        {
            Calls = measured.Calls,
            Missing = measured.Calls is { } calls && account.Delivered is { } delivered ? Math.Max(0, calls - delivered) : null,
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

    private void Measure(Workload workload, BenchPlace place, List<Tool> tools)
    {
        if (workload.Missing() is { } reason)
        {
            _result.LeftOut.Add((workload.Name, reason));
            return;
        }
        progress($"{workload.Name}: preparing");
        try
        {
            workload.Prepare(place);
        }
        catch (ToolException error)
        {
            _result.LeftOut.Add((workload.Name, error.Message));
            return;
        }
        var result = new WorkloadResult(workload.Name, workload.Title, workload.Metric);
        _result.Workloads.Add(result);
        List<Tool> fit = [.. tools.Where(tool => Fits(tool, workload))];
        result.Tools.AddRange(fit.Select(tool => new ToolResult(tool.Name, tool.Title, tool.Kind)));
        for (int round = 0; round < plan.Runs; round++)
        {
            for (int i = 0; i < fit.Count; i++)
            {
                if (result.Tools[i].Failure is null)
                    Add(result.Tools[i], fit[i], workload, place, round);
            }
            if (result.Tools[0].Failure is not null)
                return;
        }
    }

    private void Add(ToolResult to, Tool tool, Workload workload, BenchPlace place, int round)
    {
        progress(string.Create(CultureInfo.InvariantCulture, $"{workload.Name}: round {round + 1} of {plan.Runs}, {tool.Name}"));
        try
        {
            to.Samples.Add(Once(tool, workload, place, round));
        }
        catch (Exception error) when (error is ToolException or NativeException or IOException)
        {
            to.Failure = Printable.Escape(error.Message);
        }
    }

    /// <summary>A filter that lets calls pass is of interest where calls are all there is.</summary>
    private static bool Fits(Tool tool, Workload workload) => tool.Fits(workload) && (tool.Kind != ToolKind.Passes || workload.Call is not null);

    private WakePrice? MeasureWake(WorkDirectory work)
    {
        IReadOnlyList<int> cpus = _result.Machine.Cpus;
        string said = BenchProcess.Run(work, [ToolList.Self, "bench-wake", $"{cpus[^1]}", $"{cpus[0]}"], s_wakeLimit);
        double[] numbers = [.. said.Split(' ').Select(word => double.TryParse(word, CultureInfo.InvariantCulture, out double value) ? value : -1)];
        return numbers is [var nobody, var same, var other] ? new WakePrice(nobody, same, other < 0 ? null : other) : null;
    }
}
