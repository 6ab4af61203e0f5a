namespace Scry.Cli.Bench;

/// <summary>
/// The order of runs. A round is cut into turns: an untraced run, the floor, and a few tools. So whatever a tool is compared with is near
/// in time, also when a round takes a minute. Each round begins with another tool, so that none has the same one before it each time.
/// </summary>
internal static class Turns
{
    /// <summary>Tools of a turn, beside its baselines.</summary>
    public const int Size = 4;

    /// <summary>All runs, in order.</summary>
    /// <param name="tools">In the order of a table.</param>
    /// <param name="rounds">Each tool runs once in each.</param>
    /// <returns>The round and the turn, both from 0, and an index in <paramref name="tools"/>.</returns>
    public static IEnumerable<(int Round, int Turn, int Tool)> Of(IReadOnlyList<Tool> tools, int rounds)
    {
        int[] baselines = [.. Indices(tools, baseline: true)], others = [.. Indices(tools, baseline: false)];
        int turn = 0;
        for (int round = 0; round < rounds; round++)
        {
            int first = others.Length == 0 ? 0 : round % others.Length;
            int[] turned = [.. others[first..], .. others[..first]];
            foreach (int[] chunk in turned.Length == 0 ? [turned] : turned.Chunk(Size))
            {
                foreach (int tool in (int[])[.. baselines, .. chunk])
                    yield return (round, turn, tool);
                turn++;
            }
        }
    }

    private static IEnumerable<int> Indices(IReadOnlyList<Tool> tools, bool baseline) =>
        Enumerable.Range(0, tools.Count).Where(i => tools[i].Kind == ToolKind.Baseline == baseline);
}
