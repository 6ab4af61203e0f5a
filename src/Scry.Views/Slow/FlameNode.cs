namespace Scry.Views.Slow;

/// <summary>A frame below others: what it and all that it called took.</summary>
internal sealed class FlameNode(string name)
{
    private SortedDictionary<string, FlameNode>? _children;

    public string Name { get; } = name;
    public ulong Nanoseconds { get; private set; }
    public ulong Count { get; private set; }
    /// <summary>What ended in this frame itself.</summary>
    public ulong SelfNanoseconds { get; private set; }
    public ulong SelfCount { get; private set; }

    /// <summary>In the order of their names, so that the same run gives the same picture.</summary>
    public IReadOnlyCollection<FlameNode> Children => _children is null ? [] : _children.Values;

    public ulong Value(bool byCount) => byCount ? Count : Nanoseconds;

    public ulong Self(bool byCount) => byCount ? SelfCount : SelfNanoseconds;

    public FlameNode? Find(string name) => _children?.GetValueOrDefault(name);

    public FlameNode Add(string name) => (_children ??= new(StringComparer.Ordinal))[name] = new FlameNode(name);

    public void Pass(ulong nanoseconds)
    {
        Nanoseconds += nanoseconds;
        Count++;
    }

    public void End(ulong nanoseconds)
    {
        SelfNanoseconds += nanoseconds;
        SelfCount++;
    }
}
