namespace Scry.Targets;

/// <summary>Paths without symbolic links, <c>.</c> and <c>..</c>, as realpath(3) makes them.</summary>
public static class RealPath
{
    private const int MaxLinks = 40; // as the kernel follows

    /// <summary>The path of what there is at a path; null when there is nothing. Text as <see cref="Scry.Wire.ByteText"/> has it.</summary>
    public static string? Of(string path)
    {
        if (path.Length == 0)
            return null;
        string done = path.StartsWith('/') ? "" : Environment.CurrentDirectory.TrimEnd('/');
        var rest = new Stack<string>(path.Split('/').Reverse());
        for (int links = 0; rest.TryPop(out string? part);)
        {
            switch (part)
            {
                case "" or ".":
                    continue;
                case "..":
                    done = done[..Math.Max(0, done.LastIndexOf('/'))];
                    continue;
            }
            string next = $"{done}/{part}";
            if (Native.ReadLink(next) is not { } link)
            {
                done = next;
                continue;
            }
            if (++links > MaxLinks)
                return null;
            if (link.StartsWith('/'))
                done = "";
            foreach (string step in link.Split('/').Reverse())
                rest.Push(step);
        }
        done = done.Length == 0 ? "/" : done;
        return Path.Exists(done) ? done : null;
    }
}
