namespace Scry.Targets;

/// <summary>The directories of a hierarchy, level by level.</summary>
internal static class CgroupWalk
{
    private const int MaxDepth = 64;
    private const int MaxDirectories = 1 << 18;

    /// <summary>A link is not followed: it may lead anywhere, and back up.</summary>
    private static readonly EnumerationOptions NoLinks = new() { AttributesToSkip = FileAttributes.ReparsePoint };

    /// <summary>The directories 1, 2, 3… levels below <paramref name="root"/>, until a level is empty.</summary>
    /// <exception cref="TargetException">There are more than can be searched.</exception>
    public static IEnumerable<IReadOnlyList<string>> Levels(string root)
    {
        List<string> level = [root];
        int seen = 0;
        for (int depth = 0; depth < MaxDepth; depth++)
        {
            level = [.. level.SelectMany(Below)];
            if (level.Count == 0)
                yield break;
            seen += level.Count;
            if (seen > MaxDirectories)
                throw new TargetException($"there are more than {MaxDirectories} cgroups below {root}", "name the cgroup itself: -G PATH");
            yield return level;
        }
    }

    /// <summary>The directories right below one, sorted; none when it is gone or may not be read.</summary>
    public static IReadOnlyList<string> Below(string directory)
    {
        try
        {
            string[] below = Directory.GetDirectories(directory, "*", NoLinks);
            Array.Sort(below, StringComparer.Ordinal);
            return below;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }
}
