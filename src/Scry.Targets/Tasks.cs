using System.Globalization;
using System.Text;
using Scry.Wire;

namespace Scry.Targets;

/// <summary>Processes and threads by number, and their names.</summary>
public static class Tasks
{
    /// <summary>Longest comm in bytes (TASK_COMM_LEN less its NUL).</summary>
    public const int MaxComm = 15;

    /// <summary>Reads lists of ids as people write them: separated by commas or white space, in one word or several.</summary>
    /// <param name="words">For example <c>["12,13", "14"]</c> or <c>["12 13"]</c> (of <c>-p "$(pidof nginx)"</c>).</param>
    /// <param name="kind"><c>pid</c> or <c>tid</c>, for the error.</param>
    /// <returns>The ids, each once, in the order given.</returns>
    /// <exception cref="TargetException">Something is not a positive number, or there is none.</exception>
    public static IReadOnlyList<int> ParseIds(IEnumerable<string> words, string kind)
    {
        var ids = new List<int>();
        foreach (string word in words)
        {
            foreach (string part in word.Split([',', ' ', '\t', '\n'], StringSplitOptions.RemoveEmptyEntries))
            {
                if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int id) || id == 0)
                    throw new TargetException($"'{part}' is not a {kind}", $"give numbers separated by commas");
                if (!ids.Contains(id))
                    ids.Add(id);
            }
        }
        return ids.Count != 0 ? ids : throw new TargetException($"no {kind} given", $"give numbers separated by commas");
    }

    /// <summary>The threads that a process has now.</summary>
    /// <param name="pid">Its pid, or the tid of any of its threads.</param>
    /// <exception cref="TargetException">There is none, or it is this process.</exception>
    public static IReadOnlyList<int> ThreadsOf(int pid)
    {
        if (pid == Environment.ProcessId)
            throw new TargetException($"process {pid} is Scry itself", "trace another Scry with this one instead");
        List<int>? threads = List(pid);
        return threads is { Count: > 0 } ? threads : throw NotFound("process", "pid", pid);
    }

    /// <summary>As <see cref="ThreadsOf"/>; none when the process is gone.</summary>
    public static IReadOnlyList<int> TryThreadsOf(int pid) => List(pid) ?? [];

    /// <summary>The process that a thread belongs to; null when it is gone.</summary>
    public static int? ProcessOf(int tid)
    {
        try
        {
            string? line = File.ReadLines($"/proc/{tid}/status").FirstOrDefault(line => line.StartsWith("Tgid:", StringComparison.Ordinal));
            return int.TryParse(line?[5..].Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int pid) ? pid : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Checks that a thread is there.</summary>
    /// <exception cref="TargetException">There is none.</exception>
    public static void RequireThread(int tid)
    {
        if (!Directory.Exists($"/proc/{tid}"))
            throw NotFound("thread", "tid", tid);
    }

    /// <summary>A thread's comm as it is now; null when the thread is gone. Hostile text.</summary>
    public static string? CommOf(int tid)
    {
        try
        {
            string text = ByteText.Of(File.ReadAllBytes($"/proc/{tid}/comm"));
            return text.EndsWith('\n') ? text[..^1] : text;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The processes that there are now, in the order in which /proc has them.</summary>
    public static IReadOnlyList<int> All()
    {
        var pids = new List<int>();
        foreach (string path in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out int pid))
                pids.Add(pid);
        }
        return pids;
    }

    /// <summary>The letter of a thread's state, as ps(1) has it; null when the thread is gone.</summary>
    public static char? StateOf(int tid)
    {
        try
        {
            // The name before it may have anything in it, brackets too.
            string text = ByteText.Of(File.ReadAllBytes($"/proc/{tid}/stat"));
            int at = text.LastIndexOf(')') + 2;
            return at >= 2 && at < text.Length ? text[at] : null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>The process that traces a thread; 0 when none does, or the thread is gone.</summary>
    public static int TracerOf(int tid) => StatusNumber(tid, "TracerPid:");

    /// <summary>A thread's id in the innermost pid namespace that it belongs to: what it calls itself; 0 when it is gone.</summary>
    public static int OwnIdOf(int tid) => StatusNumber(tid, "NSpid:");

    /// <summary>The children of a process, whichever of its threads made them.</summary>
    public static IReadOnlyList<int> ChildrenOf(int pid)
    {
        var children = new List<int>();
        foreach (int tid in TryThreadsOf(pid))
            children.AddRange(ChildrenOfThread(pid, tid));
        return children;
    }

    /// <summary>The children that one thread made.</summary>
    public static IReadOnlyList<int> ChildrenOfThread(int pid, int tid)
    {
        try
        {
            return [.. File.ReadAllText($"/proc/{pid}/task/{tid}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(word => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int child) ? child : 0).Where(child => child > 0)];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    // The last number of a line of /proc/TID/status.
    private static int StatusNumber(int tid, string name)
    {
        try
        {
            string? line = File.ReadLines($"/proc/{tid}/status").FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal));
            return int.TryParse(line?.Split('\t', ' ')[^1], NumberStyles.None, CultureInfo.InvariantCulture, out int id) ? id : 0;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    /// <summary>A comm as the kernel keeps it.</summary>
    /// <exception cref="TargetException">It is empty or longer than 15 bytes.</exception>
    public static byte[] EncodeComm(string name)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(name);
        if (bytes.Length == 0)
            throw new TargetException("the name given with --comm is empty");
        if (bytes.Length > MaxComm)
        {
            throw new TargetException($"'{name}' is {bytes.Length} bytes, and the kernel keeps {MaxComm} of a name",
                $"use what 'ps -o comm' shows: --comm '{Encoding.UTF8.GetString(bytes.AsSpan(0, MaxComm))}'");
        }
        return bytes;
    }

    private static List<int>? List(int pid)
    {
        try
        {
            var threads = new List<int>();
            foreach (string path in Directory.EnumerateDirectories($"/proc/{pid}/task"))
            {
                if (int.TryParse(Path.GetFileName(path), NumberStyles.None, CultureInfo.InvariantCulture, out int tid))
                    threads.Add(tid);
            }
            return threads;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static TargetException NotFound(string what, string kind, int id) =>
        new($"no {what} has {kind} {id}", "'ps -eL -o pid,tid,comm' lists those that are there");
}
