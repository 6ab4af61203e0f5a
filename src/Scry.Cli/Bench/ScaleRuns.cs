using System.Globalization;

namespace Scry.Cli.Bench;

/// <summary>How Scry's cost grows with what it watches, and where it begins to lose.</summary>
internal sealed class ScaleRuns(BenchPlace place, int runs, BenchProgress progress)
{
    /// <summary>The longest run of a scale.</summary>
    public const double MostSeconds = 0.3;

    /// <summary>Rounds that are enough.</summary>
    public const int MostRuns = 3;

    private const int CallsOfPast = 100;
    private const string AddedLabel = "ns added to one call";
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);
    private static readonly Tool s_none = new UntracedTool();
    private static readonly Tool[] s_tools = [.. ToolList.All.Where(tool => tool.Name is "scry-trace" or "scry-loop")];
    private static readonly Tool[] s_payload = [ToolList.TraceWith("scry-trace", "-s", "4096"), new LoopTool("scry-loop", "scry loop -G", "--payload", "4096")];
    private static readonly int[] s_sizes = [2, 64, 256, 1024, 4000], s_processes = [1, 4, 16, 64, 256], s_cgroups = [1, 10, 100, 1000];
    private static readonly long[] s_rates = [10_000, 50_000, 100_000, 200_000, 400_000, 800_000, 0];

    private readonly int _runs = Math.Min(runs, MostRuns);

    private readonly int _cpus = place.Machine.Cpus.Count;

    /// <summary>Tells how many runs are to come.</summary>
    public void Expect()
    {
        foreach ((string name, int points) in ((string, int)[])
            [("cgroups", s_cgroups.Length), ("processes", s_processes.Length), ("path", s_sizes.Length), ("payload", s_sizes.Length), ("cpus", Powers(_cpus).Count())])
        {
            foreach (Tool tool in (Tool[])[s_none, .. s_tools])
                progress.Expect(Key(name), tool.Name, points * _runs);
        }
        foreach (Tool tool in s_tools)
            progress.Expect(Key("rate"), tool.Name, s_rates.Length * _runs);
    }

    /// <summary>Measures all scales; one that fails is left out.</summary>
    public void AddTo(BenchResult result)
    {
        AddTo(result, "cgroups", Cgroups);
        AddTo(result, "processes", name => Added(name, "getppid, by processes that share one CPU", "traced processes", s_tools,
            s_processes.Select(count => ((double)count, new CallWorkload("getppid", "") { Processes = count, Most = 400_000 }))));
        AddTo(result, "path", name => Added(name, "openat, by the length of its path", "bytes of path", s_tools,
            s_sizes.Select(size => ((double)size, new CallWorkload("openat", "") { Size = size }))));
        AddTo(result, "payload", name => Added(name, "write, with its buffer recorded (-s 4096, --payload 4096)", "bytes written", s_payload,
            s_sizes.Select(size => ((double)size, new CallWorkload("write", "") { Size = size }))));
        AddTo(result, "cpus", name => Added(name, "getppid on several CPUs at once", "CPUs", s_tools,
            Powers(_cpus).Select(count => ((double)count, new CallWorkload("getppid", "") { Processes = count, EachOnItsCpu = true }))));
        AddTo(result, "rate", Loss);
    }

    private void AddTo(BenchResult result, string name, Func<string, ScaleResult> measure)
    {
        try
        {
            result.Scales.Add(measure(name));
        }
        catch (Exception error) when (BenchRun.IsFailure(error))
        {
            result.LeftOut.Add((Key(name), Printable.Escape(error.Message)));
        }
        progress.Drop(Key(name));
    }

    private static string Key(string name) => $"scale by {name}";

    private Sample Once(string name, Tool tool, Workload workload, BenchPlace where, int turn, string? cgroup = null, Action? ready = null) =>
        progress.Time(Key(name), tool.Name, () => BenchRun.Once(tool, workload, where, turn, cgroup, ready));

    /// <summary>1, 2, 4 … and the number itself.</summary>
    internal static IEnumerable<int> Powers(int most)
    {
        for (int power = 1; power < most; power *= 2)
            yield return power;
        yield return most;
    }

    private ScaleResult Added(string name, string title, string label, IReadOnlyList<Tool> tools, IEnumerable<(double X, CallWorkload Workload)> points)
    {
        var lines = tools.Select(tool => new ScaleLine(tool.Name, [])).ToList();
        foreach ((double x, CallWorkload workload) in points)
        {
            double[][] added = Differences(tools, round => Once(name, s_none, workload, place, round), (tool, round) => Once(name, tool, workload, place, round), name, x);
            for (int i = 0; i < lines.Count; i++)
                lines[i] = With(lines[i], x, added[i]);
        }
        return new ScaleResult(name, title, label, AddedLabel, lines);
    }

    /// <summary>Of each tool: what it adds to the untraced run of the round.</summary>
    private double[][] Differences(IReadOnlyList<Tool> tools, Func<int, Sample> untraced, Func<Tool, int, Sample> traced, string name, double x)
    {
        double[][] added = [.. tools.Select(_ => new double[_runs])];
        for (int round = 0; round < _runs; round++)
        {
            progress.Say(string.Create(CultureInfo.InvariantCulture, $"{Key(name)}: {x}, round {round + 1} of {_runs}"));
            double none = untraced(round).Value;
            for (int i = 0; i < tools.Count; i++)
                added[i][round] = traced(tools[i], round).Value - none;
        }
        return added;
    }

    private static ScaleLine With(ScaleLine line, double x, IEnumerable<double> values)
    {
        Middle middle = Statistics.Of(values);
        return line with { Points = [.. line.Points, (x, middle.Median, middle.Spread)] };
    }

    /// <summary>The calls of one cgroup while so many have a past in the recorder.</summary>
    private ScaleResult Cgroups(string name)
    {
        var lines = s_tools.Select(tool => new ScaleLine(tool.Name, [])).ToList();
        var made = new List<BenchCgroup>();
        using BenchCgroup parent = place.Cgroup.Below("cgroups");
        var workload = new CallWorkload("getppid", "");
        foreach (int count in s_cgroups)
        {
            while (made.Count < count)
                made.Add(parent.Below($"{made.Count}"));
            BenchPlace first = place with { Cgroup = made[0] };
            double[][] added = Differences(s_tools,
                round => Once(name, s_none, workload, first, round),
                (tool, round) => Once(name, tool, workload, first, round, parent.Path, () => GivePasts(made.Skip(1))),
                name, count);
            for (int i = 0; i < lines.Count; i++)
                lines[i] = With(lines[i], count, added[i]);
        }
        return new ScaleResult(name, "getppid in one of many cgroups, each with a past", "cgroups recorded", AddedLabel, lines);
    }

    private void GivePasts(IEnumerable<BenchCgroup> cgroups)
    {
        foreach (BenchCgroup cgroup in cgroups)
        {
            using BenchProcess process = BenchProcess.Start(
                new ProcessStart([ToolList.Self, "bench-calls", "getppid", $"{CallsOfPast}", "1", "0", $"{place.Machine.Cpus[0]}", "1", "27"]) { Cgroup = cgroup.Path });
            process.Wait(s_patience);
        }
    }

    /// <summary>Calls on all CPUs at once, at rising rates: how many of them are not in the output.</summary>
    private ScaleResult Loss(string name)
    {
        var lines = s_tools.Select(tool => new ScaleLine(tool.Name, [])).ToList();
        foreach (long rate in s_rates)
        {
            var workload = new CallWorkload("getppid", "") { Rate = rate / _cpus, Processes = _cpus, EachOnItsCpu = true, Most = 100_000_000 };
            for (int i = 0; i < lines.Count; i++)
            {
                progress.Say(string.Create(CultureInfo.InvariantCulture, $"{Key(name)}: {(rate == 0 ? "as many as there can be" : $"{rate} calls/s")}, {s_tools[i].Name}"));
                // A second, since rings hold some tenths of one.
                Sample[] samples = [.. Enumerable.Range(0, _runs).Select(round => Once(name, s_tools[i], workload, place with { Seconds = 1 }, round))];
                lines[i] = With(lines[i], Statistics.Of(samples.Select(sample => _cpus * 1e9 / sample.Value)).Median,
                    samples.Select(sample => 100.0 * (sample.Missing ?? 0) / (sample.Calls ?? 1)));
            }
        }
        return new ScaleResult(name, "getppid on all CPUs at once, up to as many as there can be", "calls/s", "% of calls not in the output", lines);
    }
}
