namespace Scry.Tests.Published.Harness;

/// <summary>
/// Runs a program under strace, and both under Scry, twice: the same process, seen by strace and by both ways of capturing at the same time.
/// </summary>
internal sealed class Oracle : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private readonly Workspace _workspace = new();
    private readonly Child _run;

    private Oracle(string[] command, string? directory)
    {
        _run = Child.Start(
            ScryBinary.Path,
            [
                "trace", "-o", _workspace["scry"], "--capture", "entry", "--",
                ScryBinary.Path, "trace", "-o", _workspace["exit"], "--capture", "exit", "--",
                "strace", "-f", "-o", _workspace["strace"], .. command,
            ], directory);
    }

    /// <summary>Starts a program under both; <see cref="Compare"/> waits for its end.</summary>
    public static Oracle Start(string[] command, string? directory = null) => new(command, directory);

    /// <summary>Runs a program under both and compares.</summary>
    public static void Check(string[] command, string? directory = null, int status = 0)
    {
        using Oracle oracle = Start(command, directory);
        oracle.Compare(status);
    }

    /// <summary>Waits for the end, and fails with each difference that is not expected.</summary>
    public void Compare(int status = 0)
    {
        _run.Input.Close();
        Finished finished = _run.Wait(Patience).Expect(status);
        if (finished.Error.Split("complete: ").Length != 3)
            throw new InvalidOperationException($"not complete: {finished.Error}");
        Comparison.Check(_workspace["strace"], _workspace["scry"]);
        Comparison.Check(_workspace["strace"], _workspace["exit"], Comparison.ExitDifferences);
    }

    public void Dispose()
    {
        _run.Dispose();
        _workspace.Dispose();
    }
}
