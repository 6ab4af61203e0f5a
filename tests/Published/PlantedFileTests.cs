using Scry.Tests.Published.Harness;
using Xunit;

namespace Scry.Tests.Published;

/// <summary>What another user laid out in a directory where he can write harms no file, and neither ends nor blocks a command.</summary>
public sealed class PlantedFileTests : IDisposable
{
    private const string Nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups ";
    private const string Protections = "/proc/sys/fs/protected_";
    private static readonly string[] s_protections = ["symlinks", "hardlinks", "fifos", "regular"];
    private static readonly string[] s_kinds = ["link", "file", "fifo", "directory"];

    private readonly Workspace _workspace = new();
    private readonly string[] _before = [.. s_protections.Select(name => File.ReadAllText(Protections + name))];

    public PlantedFileTests()
    {
        Child.Shell($"chmod 755 {_workspace["."]}; mkdir {Shared}; chmod 1777 {Shared}; echo precious > {Victim}").Expect();
    }

    private string Shared => _workspace["shared"];

    private string Victim => _workspace["victim"];

    public void Dispose()
    {
        for (int i = 0; i < s_protections.Length; i++)
            File.WriteAllText(Protections + s_protections[i], _before[i]);
        _workspace.Dispose();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void AWatchWritesEachIncidentWhateverLiesInItsWay(bool isProtected)
    {
        Protect(isProtected);
        using Cgroup cgroup = Cgroup.Unified();
        using var loop = new Loop("-G", cgroup.Path, "--cooldown", "1ms");
        for (int i = 0; i < s_kinds.Length; i++)
        {
            Child.Shell($"{cgroup.Enter}; cat /mark/{i}");
            Child.Run(ScryBinary.Path, "loop", "trigger", loop.Name).Expect();
            // The name that anyone can foresee: told where it cannot be made.
            string refused = loop.Watch("/proc").Wait().Expect(1).Error;
            string file = Path.Combine(Shared, refused.Split("/proc/")[1].Split(".scry")[0] + ".scry");
            Plant(s_kinds[i], file);
            Plant(s_kinds[i], file + ".partial");
            using Child watch = loop.Watch(Shared);
            Eventually.True(() => Incidents().Length == i + 1 || watch.HasExited, "the incident is written");
            watch.Signal(15);
            Assert.Contains("user 65534 has put something where an incident's file belongs", watch.Wait().Expect().Error);
            Assert.Equal("precious\n", File.ReadAllText(Victim));
            Assert.Contains(Incidents(), one => Child.Run(ScryBinary.Path, "report", one).Output.Contains($"/mark/{i}", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ARecordingReplacesFilesAndRefusesTheRest(bool isProtected)
    {
        Protect(isProtected);
        foreach (string kind in s_kinds)
        {
            string file = Path.Combine(Shared, kind);
            Plant(kind, file);
            Finished run = Child.Run("timeout", "20", ScryBinary.Path, "record", "--overwrite", "-o", file, "--", "true").Expect(kind == "file" ? 0 : 1);
            if (kind == "file")
                Assert.Equal("0 600 1\n", Child.Run("stat", "-c", "%u %a %h", file).Output);
            else
                Assert.Equal($"scry: cannot make the recording {file}: not a regular file; name another file\n", run.Error);
        }
        Assert.Equal("precious\n", File.ReadAllText(Victim));
        Assert.Equal($"scry: cannot read the recording {Shared}/fifo: not a regular file\n",
            Child.Run("timeout", "20", ScryBinary.Path, "report", $"{Shared}/fifo").Expect(1).Error);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void LinesGoIntoAFileOfTheirOwnOrNowhere(bool isProtected)
    {
        Protect(isProtected);
        foreach (string kind in s_kinds)
        {
            string file = Path.Combine(Shared, kind);
            Plant(kind, file);
            Finished run = Child.Run("timeout", "20", ScryBinary.Path, "trace", "-o", file, "--", "true").Expect(kind == "file" ? 0 : 1);
            if (kind == "file")
                Assert.Equal("0\n", Child.Run("stat", "-c", "%u", file).Output);
            else
                Assert.StartsWith($"scry: cannot write '{file}': ", run.Error);
        }
        Assert.Equal("precious\n", File.ReadAllText(Victim));
    }

    [Fact]
    public void PipesDevicesAndLinksOfOnesOwnAreWrittenTo()
    {
        string trace = $"{ScryBinary.Path} trace -e execve";
        Assert.Contains("execve(", Child.Run("bash", "-c", $"{trace} -o >(cat) -- true; sleep 0.3").Expect().Output);
        Assert.Contains("execve(", Child.Shell($"{trace} -o /dev/stdout -- true").Expect().Output);
        Child.Shell($"{trace} -o /dev/null -- true && test -c /dev/null").Expect();
        Child.Shell($"mkfifo {Shared}/own; cat {Shared}/own > {_workspace["read"]} & {trace} -o {Shared}/own -- true; wait").Expect();
        Assert.Contains("execve(", File.ReadAllText(_workspace["read"]));
        Child.Shell($"ln -s {_workspace["there"]} {_workspace["link"]}; {trace} -o {_workspace["link"]} -- true").Expect();
        Assert.Contains("execve(", File.ReadAllText(_workspace["there"]));
    }

    private static void Protect(bool on)
    {
        foreach (string name in s_protections)
            File.WriteAllText(Protections + name, on ? "1" : "0");
    }

    private void Plant(string kind, string path) => Child.Shell(Nobody + kind switch
    {
        "link" => $"ln -s {Victim} {path}",
        "file" => $"sh -c 'echo mine > {path}'",
        "fifo" => $"mkfifo {path}",
        _ => $"mkdir -p {path}/x",
    }).Expect();

    private string[] Incidents() => Child.Run("find", Shared, "-name", "*.scry", "-type", "f", "-user", "root", "-perm", "600").Lines;
}
