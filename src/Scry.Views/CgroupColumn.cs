using Scry.Syscalls;
using Scry.Wire;

namespace Scry.Views;

/// <summary>The paths of cgroups by id, each asked for once and kept; an unknown one is shown by its id.</summary>
internal sealed class CgroupColumn(Func<ulong, string?>? lookup)
{
    private const int Capacity = 4096;

    private readonly Dictionary<ulong, byte[]> _paths = [];

    /// <summary>The path as UTF-8, empty when unknown.</summary>
    public ReadOnlySpan<byte> Path(ulong id)
    {
        if (_paths.TryGetValue(id, out byte[]? path))
            return path;
        if (_paths.Count >= Capacity)
            _paths.Clear();
        return _paths[id] = ByteText.Bytes(lookup?.Invoke(id) ?? "");
    }

    /// <summary>Appends the path, escaped, or the id.</summary>
    public void Append(Utf8Buffer to, ulong id)
    {
        ReadOnlySpan<byte> path = Path(id);
        if (path.IsEmpty)
            to.AppendDecimal(id);
        else
            Escape.Name(to, path);
    }
}
