namespace Scry.Targets;

/// <summary>How the runtimes name the cgroups of their containers.</summary>
internal static class ContainerPath
{
    private const string Scope = ".scope";
    private const string Slice = ".slice";

    /// <summary>Digits of the ids that the runtimes make up.</summary>
    private const int IdLength = 64;

    /// <summary>
    /// The id in a directory's name, and the runtime if the name tells it: <c>docker-ID.scope</c>, <c>libpod-ID</c>,
    /// <c>ID</c>. Null for all else, also for the cgroup of a container's monitor, <c>crio-conmon-ID.scope</c>.
    /// </summary>
    public static (string? Runtime, string Id)? Parse(string name)
    {
        string bare = name.EndsWith(Scope, StringComparison.Ordinal) ? name[..^Scope.Length] : name;
        if (bare.Length < IdLength || bare.AsSpan(bare.Length - IdLength).ContainsAnyExcept("0123456789abcdef"))
            return null;
        string id = bare[^IdLength..];
        return bare[..^IdLength] switch
        {
            "" => (null, id),
            "docker-" => ("docker", id),
            "cri-containerd-" or "nerdctl-" => ("containerd", id),
            "crio-" => ("cri-o", id),
            "libpod-" or "libpod-payload-" => ("podman", id),
            { } prefix when prefix.EndsWith('-') && !prefix.EndsWith("conmon-", StringComparison.Ordinal) => (null, id),
            _ => null,
        };
    }

    /// <summary>The runtime whose containers lie right below a directory of this name; null when any may.</summary>
    public static string? RuntimeOfParent(string name) => name switch
    {
        "docker" or "moby" => "docker",
        "k8s.io" or "default" => "containerd",
        "libpod_parent" => "podman",
        _ => null,
    };

    /// <summary>
    /// The path below the hierarchy that an OCI configuration's cgroupsPath stands for: a path itself, or systemd's
    /// <c>slice:prefix:name</c>, where the slice <c>a-b.slice</c> lies in <c>a.slice</c>. Null when it is neither.
    /// </summary>
    public static string? Below(string cgroupsPath)
    {
        string[] parts = cgroupsPath.Split(':');
        if (cgroupsPath.StartsWith('/') || parts.Length != 3)
            return cgroupsPath.Split('/').Contains("..") ? null : cgroupsPath.Trim('/');
        if (cgroupsPath.Contains('/'))
            return null;
        string unit = parts[2].EndsWith(Slice, StringComparison.Ordinal) ? parts[2] : $"{parts[1]}-{parts[2]}{Scope}";
        return Expand(parts[0].Length == 0 ? "system.slice" : parts[0]) + unit;
    }

    private static string Expand(string slice)
    {
        string name = slice.EndsWith(Slice, StringComparison.Ordinal) ? slice[..^Slice.Length] : slice;
        if (name == "-")
            return "";
        string[] words = name.Split('-');
        return string.Concat(Enumerable.Range(1, words.Length).Select(count => string.Join('-', words.Take(count)) + Slice + '/'));
    }
}
