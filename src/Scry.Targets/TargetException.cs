namespace Scry.Targets;

/// <summary>What a person named is not there, or cannot be traced.</summary>
/// <param name="message">What is wrong, without a full stop: <c>no process has pid 42</c>. It may quote hostile text as it is.</param>
/// <param name="hint">What to do about it; null when the message says all.</param>
public sealed class TargetException(string message, string? hint = null) : Exception(message)
{
    /// <summary>What to do about it.</summary>
    public string? Hint { get; } = hint;

    private const int MaxListed = 8;

    /// <summary>What a name may mean, for a message: not more than fits.</summary>
    internal static string List(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(MaxListed)) + (names.Count > MaxListed ? $" and {names.Count - MaxListed} more" : "");
}
