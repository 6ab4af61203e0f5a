using System.Diagnostics;
using Scry.Bpf;
using Scry.Wire;

namespace Scry.Capture;

/// <summary>
/// What programs cost, by the kernel's own statistics: a share of the machine's CPU time. The kernel keeps them only until this is disposed, since
/// that costs time too; where somebody else has them on, nothing changes.
/// </summary>
public sealed class ProgramCost : IDisposable
{
    /// <summary>Milliseconds after which a share says something.</summary>
    public const int SampleMs = 200;

    private readonly Func<IEnumerable<BpfProgramInfo>> _programs;
    private readonly IDisposable _counting;
    private readonly Dictionary<uint, ulong> _before;
    private readonly long _started;

    /// <summary>Begins to count.</summary>
    /// <param name="programs">Gives them as they are.</param>
    /// <exception cref="NativeException">The kernel refused: it takes CAP_SYS_ADMIN.</exception>
    public ProgramCost(Func<IEnumerable<BpfProgramInfo>> programs)
    {
        _programs = programs;
        _counting = BpfSystem.EnableStats();
        _before = Times();
        _started = Stopwatch.GetTimestamp();
    }

    /// <summary>Since when it counts.</summary>
    public TimeSpan Elapsed => Stopwatch.GetElapsedTime(_started);

    /// <summary>The share so far, from 0 to 1.</summary>
    /// <exception cref="NativeException">A program is gone.</exception>
    public double Share
    {
        get
        {
            double spent = Times().Sum(program => _before.TryGetValue(program.Key, out ulong before) ? (double)(program.Value - before) : 0);
            return spent / (Elapsed.TotalNanoseconds * BpfSystem.OnlineCpus);
        }
    }

    /// <summary>Has the kernel keep no statistics any more.</summary>
    public void Dispose() => _counting.Dispose();

    // The kernel's clock runs inside of the tracepoint, as the recorder's own does.
    private Dictionary<uint, ulong> Times()
    {
        BpfProgramInfo[] programs = [.. _programs()];
        ulong dispatch = programs.Any(program => program.Name.EndsWith("_enter", StringComparison.Ordinal)) ? Layout.DispatchNs : Layout.DispatchAloneNs;
        return programs.ToDictionary(program => program.Id, program => program.RunTimeNs + program.RunCount * dispatch);
    }
}
