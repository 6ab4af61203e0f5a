using System.Globalization;

namespace Scry.Targets;

/// <summary>The ids of the machine's threads in their pid namespaces, as /proc tells them now: read anew at most some times a second.</summary>
public sealed class PidSpaces
{
    private const int RefreshMs = 200;

    // proc_pid_status(5), in the order of what they are ids of.
    private static readonly string[] s_lines = ["NSpid:", "NStgid:", "NSpgid:", "NSsid:"];

    private readonly Dictionary<(uint Space, uint Id, int Kind), uint> _here = [];
    private long _read = long.MinValue / 2;

    /// <summary>An id where Scry runs.</summary>
    /// <param name="space">Inode number of the pid namespace that it is an id of.</param>
    /// <param name="id">The id there.</param>
    /// <param name="kind">0: a thread, 1: a process, 2: a process group, 3: a session.</param>
    /// <returns>0 when there is none.</returns>
    public uint Find(uint space, uint id, int kind)
    {
        if (_here.TryGetValue((space, id, kind), out uint here))
            return here;
        if (Environment.TickCount64 - _read < RefreshMs)
            return 0;
        _here.Clear();
        foreach (string process in Directory.EnumerateDirectories("/proc").Where(IsNumber))
            ReadThreads(process);
        _read = Environment.TickCount64;
        return _here.GetValueOrDefault((space, id, kind));
    }

    /// <summary>The name of a thread; null when it is not there.</summary>
    public static string? NameOf(uint tid)
    {
        try
        {
            return File.ReadAllText($"/proc/{tid}/comm").TrimEnd('\n');
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static bool IsNumber(string path) => Path.GetFileName(path.AsSpan()) is [>= '1' and <= '9', ..];

    private void ReadThreads(string process)
    {
        try
        {
            foreach (string thread in Directory.EnumerateDirectories(process + "/task"))
            {
                if (Native.ReadLink(thread + "/ns/pid") is ['p', 'i', 'd', ':', '[', .. var number, ']']
                    && uint.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out uint space))
                    ReadStatus(thread, space);
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // It has ended meanwhile.
        }
    }

    private void ReadStatus(string thread, uint space)
    {
        foreach (string line in File.ReadLines(thread + "/status"))
        {
            int kind = Array.FindIndex(s_lines, name => line.StartsWith(name, StringComparison.Ordinal));
            if (kind < 0)
                continue;
            // From the outermost to the innermost: the last is that of its own namespace.
            string[] ids = line[s_lines[kind].Length..].Split('\t', StringSplitOptions.RemoveEmptyEntries);
            if (ids.Length > 1 && uint.TryParse(ids[0], CultureInfo.InvariantCulture, out uint here) && uint.TryParse(ids[^1], CultureInfo.InvariantCulture, out uint there))
                _here[(space, there, kind)] = here;
        }
    }
}
