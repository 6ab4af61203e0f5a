using System.Globalization;
using Scry.Tests.Conformance.Traces;

namespace Scry.Tests.Conformance.Cases;

/// <summary>Which case each line of the program's threads is of. Lines are asked for thread by thread, in their order.</summary>
internal sealed class CaseLines(IReadOnlyList<Case> cases, string abi)
{
    private const string Marker = "lseek(-1, ", MarkerEnd = ", SEEK_SET)";

    private List<Line>? _thread;
    private int _case;

    // A worker's marker tells which case comes first; each call behind it is the next, but for those that come with signals.
    public (string Where, string Syscall, string Part) Sort(List<Line> lines, int at)
    {
        if (_thread != lines)
            (_thread, _case) = (lines, -1);
        Line line = lines[at];
        if (_case < 0 && line.Text.StartsWith(Marker, StringComparison.Ordinal))
        {
            _case = int.Parse(line.Text[Marker.Length..line.Text.IndexOf(MarkerEnd, StringComparison.Ordinal)], CultureInfo.InvariantCulture);
            return (abi, "(caller)", "marker");
        }
        if (!line.IsCall)
            return (abi, "(signals)", line.Name.Split(' ')[^1]);
        if (line.Name is "rt_sigreturn" or "sigreturn" or "restart_syscall")
            return (abi, "(signals)", line.Name);
        // Before the marker, and the end of the last worker's cases.
        if (_case < 0 || _case >= cases.Count || line.Name == "exit_group" && cases[_case].Syscall != "exit_group")
            return (abi, "(caller)", line.Name);
        Case one = cases[_case++];
        return (abi, one.Syscall, one.Part);
    }
}
