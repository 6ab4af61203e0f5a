using System.Runtime.CompilerServices;

namespace Scry.Tests.Published.Harness;

/// <summary>The binary under test: SCRY_BIN, or out/scry of this repository.</summary>
internal static class ScryBinary
{
    private static readonly Lazy<string> Found = new(Find);

    public static string Path => Found.Value;

    /// <summary>Runs <c>scry trace</c> with the given words.</summary>
    public static Finished Trace(params string[] words) => Child.Run(Path, ["trace", .. words]);

    /// <summary>Starts <c>scry trace</c> with the given words.</summary>
    public static Child StartTrace(params string[] words) => Child.Start(Path, ["trace", .. words]);

    /// <summary>Starts <c>scry trace</c> with the given words, and returns when it has attached its programs.</summary>
    public static Child StartAttached(params string[] words)
    {
        HashSet<string> before = Attached.Now();
        Child scry = StartTrace(words);
        Eventually.True(() => scry.HasExited || Attached.Links(before) >= Attached.Programs, "scry is attached");
        if (scry.HasExited)
            scry.Wait().Expect();
        return scry;
    }

    /// <summary>Where the sources stand.</summary>
    public static string Repository { get; } = System.IO.Path.GetFullPath(System.IO.Path.Combine(Here(), "../../../.."));

    private static string Here([CallerFilePath] string here = "") => here;

    private static string Find()
    {
        if (!Environment.IsPrivilegedProcess)
            throw new InvalidOperationException("these tests trace other processes: run them as root");
        string path = Environment.GetEnvironmentVariable("SCRY_BIN") ?? System.IO.Path.Combine(Repository, "out/scry");
        return File.Exists(path) ? path : throw new FileNotFoundException($"no binary at {path}: ./test builds it, SCRY_BIN names another");
    }
}
