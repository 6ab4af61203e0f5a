using Scry.Tests.Published.Harness;

namespace Scry.Tests.Containers;

/// <summary>
/// A containerd of the tests' own, asked by ctr. All that it keeps lies in one directory; what a run that was killed
/// left behind is cleared away by the next one.
/// </summary>
public sealed class Engine : IDisposable
{
    /// <summary>Kubernetes' namespace: the containers' cgroups lie in /k8s.io.</summary>
    internal const string Namespace = "k8s.io";

    private readonly EngineDirectory _directory = EngineDirectory.Create();
    private readonly Child _containerd;
    private readonly string _snapshotter;
    private int _runs;

    public Engine()
    {
        EngineDirectory.SweepAbandoned();
        File.WriteAllText(_directory["config.toml"], $"""
            version = 2
            root = "{_directory["root"]}"
            state = "{_directory["state"]}"
            disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
            [grpc]
            address = "{Address}"
            """);
        _containerd = Child.Start("containerd", ["--config", _directory["config.toml"]]);
        try
        {
            Eventually.True(() => _containerd.HasExited || Ctr("version").Status == 0, "containerd answers");
            if (_containerd.HasExited)
                throw new InvalidOperationException($"containerd ended: {_containerd.Error}");
            _snapshotter = FindSnapshotter();
            Image.Write(_directory["image.tar"]);
            Ctr("images", "import", "--snapshotter", _snapshotter, _directory["image.tar"]).Expect();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private string Address => _directory["containerd.sock"];

    /// <summary>Starts a container of <see cref="Image"/>, and returns when its command has been executed.</summary>
    /// <param name="name">Becomes part of the id.</param>
    /// <param name="command">What runs as its first process.</param>
    /// <param name="memoryLimit">In bytes; none when null.</param>
    internal Container Run(string name, string[] command, long? memoryLimit = null)
    {
        string id = $"{_directory.Name}-{++_runs}-{name}";
        string pidFile = _directory[id + ".pid"];
        string[] limits = memoryLimit is { } limit ? ["--memory-limit", $"{limit}"] : [];
        Child ctr = Child.Start("ctr", [
            "--address", Address, "--namespace", Namespace, "run", "--snapshotter", _snapshotter, "--pid-file", pidFile,
            "--runc-root", _directory["runc"], "--fifo-dir", _directory["fifo"], .. limits, Image.Name, id, .. command]);
        return new Container(this, id, ctr, pidFile);
    }

    /// <summary>Asks the engine something.</summary>
    internal Finished Ctr(params string[] words) => Child.Run("ctr", ["--address", Address, "--namespace", Namespace, .. words]);

    public void Dispose()
    {
        _containerd.Dispose();
        _directory.Dispose();
    }

    // The one that copies needs nothing of the file system.
    private string FindSnapshotter() =>
        Ctr("plugins", "ls").Expect().Lines.Any(line => line.Contains(" overlayfs ", StringComparison.Ordinal) && line.TrimEnd().EndsWith(" ok", StringComparison.Ordinal))
            ? "overlayfs"
            : "native";
}
