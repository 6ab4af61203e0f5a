using System.Diagnostics;
using System.Globalization;
using Scry.Bpf;

namespace Scry.Cli.Bench;

/// <summary>How it is known that a tool is attached: by what it does, never by waiting long enough.</summary>
internal enum Sign
{
    /// <summary>Marker calls of the target arrive in its output.</summary>
    MarkerInOutput,
    /// <summary>Its BPF programs run.</summary>
    ProgramsRun,
    /// <summary>It was at rest, and works when the target makes marker calls.</summary>
    WorksOnMarkers,
    /// <summary>The kernel names it as the targets' tracer.</summary>
    IsTracer,
    /// <summary>It says so: see <see cref="ToolWords.ReadyText"/>.</summary>
    SaysSo,
}

/// <summary>Waits until a tool is attached.</summary>
internal static class Attachment
{
    private const int LimitSeconds = 30;
    private const int PauseMs = 20, RestMs = 50;
    private const long RestNs = 500_000, WorkNs = 100_000;

    /// <summary>Returns when the sign was seen.</summary>
    /// <exception cref="ToolException">The tool ended, or the sign did not come in time.</exception>
    public static void Await(Sign sign, BenchProcess tool, ToolContext context, string output, string error, string? readyText)
    {
        long started = Stopwatch.GetTimestamp();
        // The kernel counts the runs of programs only while it is asked to, since that costs time too.
        using IDisposable? counting = sign == Sign.ProgramsRun ? BpfSystem.EnableStats() : null;
        while (!IsThere(sign, tool, context, output, readyText))
        {
            if (tool.HasEnded(0))
                throw new ToolException($"it ended before it was attached: {BenchProcess.LastLine(ReadText(output) + ReadText(error)) ?? $"exit status {tool.Status}"}");
            if (Stopwatch.GetElapsedTime(started).TotalSeconds > LimitSeconds)
                throw new ToolException($"it was not attached within {LimitSeconds} s: {BenchProcess.LastLine(ReadText(error)) ?? "it says nothing"}");
            Interrupts.Pause(PauseMs);
        }
    }

    /// <summary>A file's text; empty when it is not there.</summary>
    public static string ReadText(string path) => File.Exists(path) ? File.ReadAllText(path) : "";

    private static bool IsThere(Sign sign, BenchProcess tool, ToolContext context, string output, string? readyText)
    {
        switch (sign)
        {
            case Sign.MarkerInOutput:
                context.Mark();
                return ToolOutput.CallLines(output, context.MarkerCall) > 0;
            case Sign.ProgramsRun:
                context.Mark();
                return ProgramRuns(tool.Pid) > 0;
            case Sign.WorksOnMarkers:
                return WorksOnMarkers(tool, context);
            case Sign.IsTracer:
                return context.Pids.All(pid => IsTracedBy(pid, tool.Pid));
            default:
                return readyText is not null && ReadText(output).Contains(readyText, StringComparison.Ordinal);
        }
    }

    /// <summary>One of a server's processes may have ended meanwhile: nobody is to trace it.</summary>
    private static bool IsTracedBy(int pid, int tracer)
    {
        string[] status = ProcFile.Lines($"/proc/{pid}/status");
        return status.Length == 0 || status.Contains($"TracerPid:\t{tracer}");
    }

    /// <summary>How often the programs ran that a process holds, since the kernel counts that.</summary>
    private static long ProgramRuns(int pid)
    {
        long runs = 0;
        try
        {
            foreach (string file in Directory.GetFiles($"/proc/{pid}/fdinfo"))
                runs += ToolOutput.KeyNumber(string.Join('\n', ProcFile.Lines(file)), "run_cnt");
        }
        catch (IOException)
        {
            // It ended.
        }
        return runs;
    }

    private static bool WorksOnMarkers(BenchProcess tool, ToolContext context)
    {
        long before = RunTime(tool.Pid);
        Interrupts.Pause(RestMs);
        long rested = RunTime(tool.Pid);
        if (rested - before > RestNs)
            return false;
        context.Mark();
        Interrupts.Pause(RestMs);
        return RunTime(tool.Pid) - rested > WorkNs + (rested - before);
    }

    /// <summary>Nanoseconds that its first thread was on a CPU.</summary>
    private static long RunTime(int pid) =>
        long.TryParse(ProcFile.Line($"/proc/{pid}/schedstat").Split(' ')[0], NumberStyles.None, CultureInfo.InvariantCulture, out long time) ? time : 0;
}
