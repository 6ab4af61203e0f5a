using System.Globalization;
using System.Text;
using Scry.Cli.Recordings;
using Scry.Views;

namespace Scry.Cli.Tracing;

/// <summary>The line that ends a run.</summary>
internal static class SummaryText
{
    /// <summary>Each reason of wire.h in words, with its remedy where there is one.</summary>
    private static readonly string[] Reasons =
    [
        "no room in the ring, try a larger --buffer",
        "larger than a record can be, try a smaller -s",
        "one program came upon another",
        "no memory for a thread's state",
    ];

    /// <summary><c>complete: N calls</c>, or <c>lost N of M records (reasons)</c>.</summary>
    /// <param name="summary">Calls shown, records lost.</param>
    /// <param name="written">Records that were not lost, of any kind.</param>
    /// <param name="past">What of the past they cover; null: the whole run.</param>
    public static string Of(in RunSummary summary, ulong written, PastText? past = null)
    {
        string calls = string.Create(CultureInfo.InvariantCulture, $"{summary.Calls} {(summary.Calls == 1 ? "call" : "calls")}{past}");
        return summary.TotalLost > 0 ? $"{Lost(in summary, written)}{(past is null ? "" : "; " + calls)}"
            : past?.IsShort == true || past?.LacksCalls == true ? calls
            : $"complete: {calls}";
    }

    private static string Lost(in RunSummary summary, ulong written)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"lost {summary.TotalLost} of {written + summary.TotalLost} records (");
        string separator = "";
        for (int i = 0; i < summary.Lost.Length; i++)
        {
            if (summary.Lost[i] == 0)
                continue;
            string reason = i < Reasons.Length ? Reasons[i] : $"reason {i}";
            text.Append(CultureInfo.InvariantCulture, $"{separator}{summary.Lost[i]}: {reason}");
            separator = "; ";
        }
        return text.Append(')').ToString();
    }
}
