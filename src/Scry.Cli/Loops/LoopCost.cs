using Scry.Bpf;
using Scry.Capture;

namespace Scry.Cli.Loops;

/// <summary>What recorders cost now.</summary>
internal static class LoopCost
{
    /// <summary>Shares of the machine's CPU time, from 0 to 1, by the recorders' names: of those that are there and can be asked. None without CAP_SYS_ADMIN.</summary>
    public static IReadOnlyDictionary<string, double> Of(IEnumerable<string> names)
    {
        var costs = new Dictionary<string, double>();
        if (!Privileges.Has(Privileges.SysAdmin))
            return costs;
        var samples = new List<(string Name, ProgramCost Cost)>();
        try
        {
            foreach (string name in names)
                Try(() => samples.Add((name, Begin(LoopStore.Find(name)))));
            if (samples.Count > 0)
                Thread.Sleep(ProgramCost.SampleMs);
            foreach ((string name, ProgramCost cost) in samples)
                Try(() => costs[name] = cost.Share);
        }
        finally
        {
            foreach ((_, ProgramCost cost) in samples)
                cost.Dispose();
        }
        return costs;
    }

    private static ProgramCost Begin(string directory) => new(() => FlightRecorder.ProgramsOf(directory));

    // One that is being stopped has no cost.
    private static void Try(Action ask)
    {
        try
        {
            ask();
        }
        catch (Exception error) when (error is NativeException or IOException or ToolException)
        {
        }
    }
}
