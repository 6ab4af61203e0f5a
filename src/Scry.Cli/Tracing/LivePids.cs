using Scry.Syscalls;
using Scry.Targets;
using Scry.Wire;

namespace Scry.Cli.Tracing;

/// <summary>Finds ids that no record has told in /proc.</summary>
internal sealed class LivePids : IPidFinder
{
    private readonly PidSpaces _spaces = new();

    /// <inheritdoc/>
    public uint Find(uint space, uint id, PidKind kind) => _spaces.Find(space, id, (int)kind);

    /// <inheritdoc/>
    public string? Name(uint id) => PidSpaces.NameOf(id);
}
