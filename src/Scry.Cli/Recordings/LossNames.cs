using Scry.Capture;
using Scry.Recording;
using Scry.Wire;

namespace Scry.Cli.Recordings;

/// <summary>The reasons of losses as a recording's END names them: the names of docs/JSON.md.</summary>
internal static class LossNames
{
    private static readonly string[] Names = ["ring_full", "too_large", "nested", "no_state"];

    /// <summary>By name, those that there were.</summary>
    public static Dictionary<string, ulong> ByName(ReadOnlySpan<ulong> lost)
    {
        var named = new Dictionary<string, ulong>();
        for (int reason = 0; reason < lost.Length; reason++)
        {
            if (lost[reason] > 0)
                named[reason < Names.Length ? Names[reason] : $"reason_{reason}"] = lost[reason];
        }
        return named;
    }

    /// <summary>By number, what a session or a recorder has lost so far.</summary>
    public static ulong[] Counts(Func<LossReason, ulong> lost) => [.. Enumerable.Range(0, Layout.LostReasons).Select(reason => lost((LossReason)reason))];

    /// <summary>By name, what a recorder has lost so far.</summary>
    public static Dictionary<string, ulong> Of(FlightRecorder recorder) => ByName(Counts(recorder.Lost));

    /// <summary>By number; those of a reason that this Scry does not know are counted behind the others.</summary>
    public static ulong[] ByNumber(RecordingSummary? summary)
    {
        ulong[] lost = new ulong[Layout.LostReasons + 1];
        foreach ((string name, ulong count) in summary?.Lost ?? new Dictionary<string, ulong>())
        {
            int reason = Array.IndexOf(Names, name);
            lost[reason >= 0 ? reason : Layout.LostReasons] += count;
        }
        return lost;
    }
}
