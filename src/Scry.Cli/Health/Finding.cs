namespace Scry.Cli.Health;

/// <summary>How a check of <c>scry doctor</c> ended.</summary>
internal enum FindingState
{
    /// <summary>It is there.</summary>
    Ok,
    /// <summary>It is not there, and Scry can do without: the finding says what is then not to be had.</summary>
    Optional,
    /// <summary>It is not there, and Scry cannot trace.</summary>
    Missing,
}

/// <summary>What one check found.</summary>
/// <param name="Name">What was looked for.</param>
/// <param name="State">Whether it is there.</param>
/// <param name="Found">What was found.</param>
/// <param name="Mend">What to do; null when nothing is to be done.</param>
internal sealed record Finding(string Name, FindingState State, string Found, string? Mend = null);
