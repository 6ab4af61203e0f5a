namespace Scry.Cli.Bench;

/// <summary>Where a workload runs.</summary>
/// <param name="Machine">The CPUs.</param>
/// <param name="Work">Its files lie there.</param>
/// <param name="Cgroup">Its own.</param>
/// <param name="Seconds">How long one run is to last, about.</param>
internal sealed record BenchPlace(Machine Machine, WorkDirectory Work, BenchCgroup Cgroup, double Seconds);

/// <summary>What a run gave.</summary>
/// <param name="Value">In the workload's unit.</param>
/// <param name="Calls">Calls of the counted kind that were made; null when the workload does not know.</param>
/// <param name="Beside">So many more of that kind the program may make where it starts and ends.</param>
internal readonly record struct Measurement(double Value, long? Calls = null, int Beside = 0)
{
    /// <summary>Calls that are not in a tool's output, less than 0 when it has too many; null when that cannot be known.</summary>
    public long? Missing(ToolAccount account)
    {
        if (Calls is not { } calls || account.Delivered is not { } delivered)
            return null;
        long missing = calls - delivered;
        return missing < 0 && (account.HasOthers || -missing <= Beside) ? 0 : missing;
    }
}

/// <summary>One run of a workload: its processes are there, and it begins when it is measured. Disposing ends them.</summary>
internal abstract class Trial : IDisposable
{
    /// <summary>The longest that a run may take.</summary>
    protected static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    /// <summary>The directory of the cgroup that is traced.</summary>
    public abstract string Cgroup { get; }

    /// <summary>The processes in it.</summary>
    public abstract IReadOnlyList<int> Pids { get; }

    /// <summary>The call that <see cref="Mark"/> causes.</summary>
    public abstract string MarkerCall { get; }

    /// <summary>The tool that starts the workload, when one does.</summary>
    public virtual BenchProcess? Launched => null;

    /// <summary>Has a traced process make some calls.</summary>
    public abstract void Mark();

    /// <summary>Runs it, and looks at the tool's memory on the way.</summary>
    /// <exception cref="ToolException">The workload failed, or did not end in time.</exception>
    public abstract Measurement Measure(BenchProcess? tool);

    public virtual void Dispose()
    {
    }
}

/// <summary>Something to trace, with a figure. Disposing removes what <see cref="Prepare"/> made.</summary>
/// <param name="name">As <c>--workload</c> has it.</param>
/// <param name="title">What it is, for tables.</param>
/// <param name="metric">Its figure.</param>
internal abstract class Workload(string name, string title, Metric metric) : IDisposable
{
    /// <summary>As <c>--workload</c> has it.</summary>
    public string Name { get; } = name;

    /// <summary>What it is, for tables.</summary>
    public string Title { get; } = title;

    /// <summary>Its figure.</summary>
    public Metric Metric { get; } = metric;

    /// <summary>The call that it counts; null when it counts none.</summary>
    public virtual string? Call => null;

    /// <summary>It is one process of one thread from its beginning to its end.</summary>
    public virtual bool OneProcess => true;

    /// <summary>It makes processes after tools have attached.</summary>
    public virtual bool ForksLater => !OneProcess;

    /// <summary>Rounds that are enough for it when none are asked for: few where a run takes long.</summary>
    public virtual int Rounds => 15;

    /// <summary>Tools may start it: it begins anew in every run.</summary>
    public virtual bool IsStarted => true;

    /// <summary>Why it cannot be run here, and how to change that; null when it can.</summary>
    public virtual string? Missing() => null;

    /// <summary>Makes what all its runs need.</summary>
    /// <exception cref="ToolException">That failed.</exception>
    public virtual void Prepare(BenchPlace place)
    {
    }

    /// <summary>Begins a run, up to where a tool can be attached.</summary>
    /// <param name="place">Where.</param>
    /// <param name="launcher">The words of a tool that starts the workload's command; null: none does.</param>
    public abstract Trial Begin(BenchPlace place, IReadOnlyList<string>? launcher);

    public virtual void Dispose()
    {
    }

    /// <summary>What to say of a program that is missing; null when it is there.</summary>
    protected static string? MissingProgram(string program, string package)
    {
        try
        {
            Launch.CommandPath.Resolve(program, Environment.GetEnvironmentVariable("PATH"));
            return null;
        }
        catch (ToolException)
        {
            return $"'{program}' is not installed; it is in the package {package}";
        }
    }
}
