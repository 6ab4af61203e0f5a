using System.CommandLine;

namespace Scry.Cli.CommandLine;

/// <summary>The files of pictures that a run is to make.</summary>
internal sealed record PictureFiles
{
    public static readonly PictureFiles None = new();

    public string? FlameGraph { get; init; }
    public string? Folded { get; init; }
    public string? Perfetto { get; init; }

    /// <summary>Whether some of them show time on a CPU and blocked.</summary>
    public bool NeedSplit => FlameGraph is not null || Folded is not null;

    /// <summary>Reads the parsed words.</summary>
    /// <exception cref="ToolException">They make no sense.</exception>
    public static PictureFiles Read(ParseResult words) => new()
    {
        FlameGraph = TraceArguments.Single(words, SlowOptions.FlameGraph),
        Folded = TraceArguments.Single(words, SlowOptions.Folded),
        Perfetto = TraceArguments.Single(words, SlowOptions.Perfetto),
    };
}
