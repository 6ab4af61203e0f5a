namespace Scry.Tests.Published.Harness;

/// <summary>The kernel's tracing files, mounted where nobody else looks: a machine need not have them mounted.</summary>
internal sealed class Tracefs : IDisposable
{
    public Tracefs()
    {
        Path = Directory.CreateTempSubdirectory("scry-tracefs-").FullName;
        Child.Run("mount", "-t", "tracefs", "scry-test", Path).Expect();
    }

    public string Path { get; }

    public void Dispose()
    {
        Child.Run("umount", Path).Expect();
        Directory.Delete(Path);
    }
}
