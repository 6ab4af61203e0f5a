using System.Diagnostics;
using System.Globalization;

namespace Scry.Cli.Bench;

/// <summary>What is going on, and how long the rest takes as far as the runs so far tell.</summary>
/// <param name="show">Shows a line; the last one is replaced.</param>
internal sealed class BenchProgress(Action<string> show)
{
    private readonly Dictionary<(string Workload, string Tool), Runs> _runs = [];

    /// <summary>Runs that are to come.</summary>
    public void Expect(string workload, string tool, int runs) => _runs[(workload, tool)] = new Runs { Left = runs };

    /// <summary>A tool failed: it does not run again in this workload.</summary>
    public void Drop(string workload, string tool)
    {
        if (_runs.TryGetValue((workload, tool), out Runs? runs))
            runs.Left = 0;
    }

    /// <summary>No runs of a workload are left.</summary>
    public void Drop(string workload)
    {
        foreach (((string name, _), Runs runs) in _runs)
        {
            if (name == workload)
                runs.Left = 0;
        }
    }

    /// <summary>Says what is going on.</summary>
    public void Say(string what) => show(Left is { } left ? $"{what}; about {Text(left)} left" : what);

    /// <summary>Carries a run out and remembers how long it took, also when it failed.</summary>
    public T Time<T>(string workload, string tool, Func<T> run)
    {
        long started = Stopwatch.GetTimestamp();
        try
        {
            return run();
        }
        finally
        {
            Add(workload, tool, Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
    }

    /// <summary>A run is over.</summary>
    public void Add(string workload, string tool, double seconds)
    {
        if (!_runs.TryGetValue((workload, tool), out Runs? runs))
            return;
        runs.Left = Math.Max(0, runs.Left - 1);
        runs.Done++;
        runs.Seconds += seconds;
    }

    /// <summary>Seconds that the rest takes; null before anything is known.</summary>
    public double? Left
    {
        get
        {
            Runs[] done = [.. _runs.Values.Where(runs => runs.Done > 0)];
            return done.Length == 0 ? null : _runs.Sum(entry => entry.Value.Left * Expected(entry.Key.Tool, entry.Value, done));
        }
    }

    /// <summary>A time as one says it.</summary>
    public static string Text(double seconds) => seconds < 90
        ? string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(seconds / 10) * 10:F0} s")
        : string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:F0} min");

    /// <summary>As the same tool took in this workload, else elsewhere, else as any run took.</summary>
    private double Expected(string tool, Runs runs, Runs[] done)
    {
        if (runs.Done > 0)
            return runs.Seconds / runs.Done;
        Runs[] elsewhere = [.. _runs.Where(entry => entry.Key.Tool == tool && entry.Value.Done > 0).Select(entry => entry.Value)];
        Runs[] like = elsewhere.Length > 0 ? elsewhere : done;
        return like.Sum(entry => entry.Seconds) / like.Sum(entry => entry.Done);
    }

    private sealed class Runs
    {
        public int Left { get; set; }

        public int Done { get; set; }

        public double Seconds { get; set; }
    }
}
