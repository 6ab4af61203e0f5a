using Scry.Bpf;
using Scry.Capture;

namespace Scry.Cli.Tracing;

/// <summary>What a run's own programs cost, looked at now and then: the kernel's statistics, which cost time too, are on for the moment alone.</summary>
/// <param name="programs">Gives them as they are.</param>
internal sealed class CostSampler(Func<IEnumerable<BpfProgramInfo>> programs) : IDisposable
{
    private const int FirstMs = 2000, EveryMs = 30_000;

    private ProgramCost? _cost;
    private long _next = Environment.TickCount64 + FirstMs;
    private double _sum;
    private int _count;
    private bool _refused = !Privileges.Has(Privileges.SysAdmin);

    /// <summary>The mean share of the machine's CPU time, from 0 to 1; null: not known yet, or not to be had.</summary>
    public double? Share => _count > 0 ? _sum / _count : null;

    /// <summary>The share when it was looked at last.</summary>
    public double? Last { get; private set; }

    /// <summary>To be called some times in a second.</summary>
    public void Poll()
    {
        if (_refused || (_cost is null && Environment.TickCount64 < _next))
            return;
        try
        {
            if (_cost is null)
                _cost = new ProgramCost(programs);
            else if (_cost.Elapsed.TotalMilliseconds >= ProgramCost.SampleMs)
                Take(_cost);
        }
        catch (NativeException)
        {
            _refused = true;
            Dispose();
        }
    }

    /// <summary>Ends what goes on.</summary>
    public void Dispose()
    {
        _cost?.Dispose();
        _cost = null;
    }

    private void Take(ProgramCost cost)
    {
        Last = cost.Share;
        _sum += cost.Share;
        _count++;
        _next = Environment.TickCount64 + EveryMs;
        Dispose();
    }
}
