using System.Globalization;
using System.Text;
using Scry.Syscalls;

namespace Scry.Views;

/// <summary>How <see cref="StuckView"/> lays its lines out.</summary>
public sealed record StuckLayout
{
    /// <summary>Threads of a process that wait in the same place are shown one by one.</summary>
    public bool AllThreads { get; init; }
    /// <summary>Kernel stacks in full, a function a line.</summary>
    public bool FullStacks { get; init; }
    /// <summary>The cgroup of each.</summary>
    public bool Cgroup { get; init; }
    /// <summary>Names and states in colour.</summary>
    public bool Color { get; init; }
}

/// <summary>Blocked threads for people: one block for each, the most suspicious first.</summary>
/// <param name="output">Where the lines go.</param>
/// <param name="options">How they are laid out.</param>
public sealed class StuckView(OutputWriter output, StuckLayout options)
{
    private const int FramesShown = 5;
    private const int TasksShown = 6;
    private const int TimeWidth = 9;
    private static readonly string s_indent = new(' ', TimeWidth + 5);

    private readonly Utf8Buffer _to = output.Buffer;
    private readonly Paint _paint = new(output.Buffer, options.Color);

    /// <summary>Writes all of them.</summary>
    /// <exception cref="OutputException">The output cannot be written.</exception>
    public void Write(IReadOnlyList<StuckEntry> entries)
    {
        var groups = new List<List<StuckEntry>>();
        var open = new Dictionary<(int, string), List<List<StuckEntry>>>();
        foreach (StuckEntry entry in Sort(entries))
        {
            if (!open.TryGetValue((entry.Tgid, entry.Name), out List<List<StuckEntry>>? near))
                open[(entry.Tgid, entry.Name)] = near = [];
            List<StuckEntry>? alike = options.AllThreads ? null : near.FirstOrDefault(group => group[0].LooksLike(entry));
            if (alike is not null)
            {
                alike.Add(entry);
                continue;
            }
            near.Add([entry]);
            groups.Add(near[^1]);
        }
        foreach (List<StuckEntry> group in groups)
            Write(group);
        output.Flush();
    }

    /// <summary>The order in which they are shown: the most suspicious first, then the longest.</summary>
    public static IEnumerable<StuckEntry> Sort(IEnumerable<StuckEntry> entries) =>
        entries.OrderBy(entry => entry.Rank).ThenByDescending(entry => entry.KnownNs).ThenBy(entry => entry.Tid);

    private void Write(List<StuckEntry> group)
    {
        StuckEntry entry = group[0];
        // Whether it woke in its call meanwhile is not known, unless a recorder saw the call begin.
        Text(((entry.CallNs is null ? "≥ " : "") + Duration(entry.KnownNs)).PadLeft(TimeWidth));
        Text("  ");
        if (entry.State == 'D')
            _paint.Begin(Paint.Error);
        Text(entry.State.ToString());
        if (entry.State == 'D')
            _paint.End();
        Text("  ");
        Text(ProcessOf(entry.ProcessComm, Encoding.UTF8.GetString(entry.Comm)));
        Escape.Name(_to, entry.Comm);
        Text(entry.Tid == entry.Tgid ? $"[{entry.Tgid}]  " : $"[{entry.Tgid}/{entry.Tid}]  ");
        int start = _to.Length;
        if (entry.Call.Length > 0)
            _to.Append(entry.Call);
        else
            Text("(in no system call)");
        if (options.Color && entry.Call.Length > 0)
            _paint.Call(start);
        output.EndLine();
        if (entry.State == 'T')
            Line("stopped by a signal, until SIGCONT");
        foreach (StuckHolder holder in entry.Holders)
            Line(Describe(holder));
        Stack(entry);
        if (options.Cgroup && entry.Cgroup is { } cgroup)
            Line($"cgroup {cgroup}");
        if (group.Count > 1)
            Line(More(entry, group));
    }

    private static string More(StuckEntry entry, List<StuckEntry> group)
    {
        string threads = group.Count > 2 ? $"{group.Count - 1} more threads" : "1 more thread";
        return $"and {threads} of it in {(entry.Name.Length > 0 ? entry.Name : "the same place")}, {Range(group)}";
    }

    private static string Range(List<StuckEntry> group)
    {
        string least = Duration(group.Skip(1).Min(entry => entry.KnownNs)), most = Duration(group.Skip(1).Max(entry => entry.KnownNs));
        return least == most ? most : $"{least} to {most}";
    }

    private void Stack(StuckEntry entry)
    {
        if (entry.Stack.Count == 0)
            return;
        if (options.FullStacks)
        {
            for (int i = 0; i < entry.Stack.Count; i++)
                Line((i == 0 ? "in " : "   ") + entry.Stack[i]);
            return;
        }
        string more = entry.Stack.Count > FramesShown ? " < …" : "";
        Line($"in {string.Join(" < ", entry.Stack.Take(FramesShown))}{more}");
    }

    private static string Describe(StuckHolder holder)
    {
        var text = new StringBuilder(holder.Text);
        for (int i = 0; i < Math.Min(holder.Tasks.Count, TasksShown); i++)
            text.Append(i == 0 ? " " : ", ").Append(Describe(holder.Tasks[i]));
        if (holder.Tasks.Count > TasksShown)
            text.Append(CultureInfo.InvariantCulture, $" and {holder.Tasks.Count - TasksShown} more");
        if (holder.Basis is { } basis)
            text.Append(" (").Append(basis).Append(')');
        return text.ToString();
    }

    private static string Describe(StuckHolderTask task)
    {
        string name = task.Tid == task.Pid ? $"{task.Comm}[{task.Pid}]" : $"{ProcessOf(task.ProcessComm, task.Comm)}{task.Comm}[{task.Pid}/{task.Tid}]";
        string fd = task.Fd is { } number ? $" fd {number}" : "";
        string state = task.State switch
        {
            'T' => ", which is stopped",
            't' => ", which its tracer stopped",
            'Z' or 'X' => ", which has ended",
            null => ", which is gone",
            _ when task.Doing is { } call => $", which is in {call}",
            'D' => ", which waits in the kernel (D)",
            _ => "",
        };
        return name + fd + state;
    }

    // A thread may have another name than its process, and it is the process that a person knows.
    private static string ProcessOf(string process, string thread) => process.Length == 0 || process == thread ? "" : process + ":";

    private void Line(string text)
    {
        Text(s_indent);
        Text(text);
        output.EndLine();
    }

    // What may be in it was written by others: nothing in it steers a terminal.
    private void Text(string text) => Quote.Plain(_to, text);

    /// <summary>A duration as people say it: <c>512 ms</c>, <c>12.3 s</c>, <c>5m03s</c>, <c>2h05m</c>, <c>3d04h</c>.</summary>
    public static string Duration(ulong nanoseconds)
    {
        ulong seconds = nanoseconds / 1_000_000_000;
        return seconds switch
        {
            < 1 => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1_000_000} ms"),
            < 60 => string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 100_000_000 / 10.0:F1} s"),
            < 3600 => $"{seconds / 60}m{seconds % 60:00}s",
            < 86400 => $"{seconds / 3600}h{seconds / 60 % 60:00}m",
            _ => $"{seconds / 86400}d{seconds / 3600 % 24:00}h",
        };
    }
}
