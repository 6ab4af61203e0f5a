namespace Scry.Targets;

/// <summary>Where the container runtimes keep their records: each one's default.</summary>
public sealed record ContainerRoots
{
    /// <summary>containerd's <c>state</c>.</summary>
    public string Containerd { get; init; } = "/run/containerd";
    /// <summary>Docker's <c>data-root</c>.</summary>
    public string Docker { get; init; } = "/var/lib/docker";
    /// <summary>The <c>graphroot</c> of Podman and CRI-O, containers-storage.conf(5).</summary>
    public string Storage { get; init; } = "/var/lib/containers/storage";
    /// <summary>The <c>runroot</c> of Podman and CRI-O.</summary>
    public string RunStorage { get; init; } = "/run/containers/storage";

    /// <inheritdoc/>
    public override string ToString() => $"{Docker}, {Containerd}, {RunStorage} and {Storage}";
}
