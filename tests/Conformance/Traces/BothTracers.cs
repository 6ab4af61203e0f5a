using Scry.Tests.Published.Harness;

namespace Scry.Tests.Conformance.Traces;

/// <summary>A program under strace and Scry at the same time; strace itself is not recorded.</summary>
internal sealed class BothTracers : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    private readonly Workspace _workspace = new();
    private readonly Child _strace;
    private readonly Child _scry;

    private BothTracers(string[] command, string[] options, string? directory)
    {
        // The command waits for both.
        _strace = Child.Start("strace", ["-f", .. options, "-o", _workspace["strace"], "sh", "-c", "read go && exec \"$@\"", "sh", .. command], directory);
        int pid = 0;
        Eventually.True(() => (pid = Reading()) > 0, "the command waits");
        _scry = ScryBinary.StartTrace([.. options, "--buffer", "16M", "-o", _workspace["scry"], "-p", $"{pid}"]);
        Eventually.True(() => _scry.HasExited || Attached.LinksOf(_scry.Id).Count >= Attached.Programs, "scry is attached");
        // Its programs are attached before it looks who is there.
        Thread.Sleep(300);
        _strace.Input.WriteLine("go");
        _strace.Input.Flush();
    }

    /// <summary>strace's file, after the end.</summary>
    public string Strace => _workspace["strace"];

    /// <summary>Scry's file, after the end.</summary>
    public string Scry => _workspace["scry"];

    /// <summary>Starts a program; <see cref="Wait"/> waits for its end.</summary>
    public static BothTracers Start(string[] command, string[]? options = null, string? directory = null) => new(command, options ?? [], directory);

    /// <summary>Waits for the end, and fails unless it has this status and nothing was lost.</summary>
    public BothTracers Wait(int? status = 0)
    {
        _strace.Input.Close();
        Finished finished = _strace.Wait(Patience);
        if (status is { } expected)
            finished.Expect(expected);
        Finished scry = _scry.Wait();
        if (!scry.Error.Contains("complete: ", StringComparison.Ordinal))
            throw new InvalidOperationException($"not complete: {scry.Error}");
        return this;
    }

    public void Dispose()
    {
        _strace.Dispose();
        _scry.Dispose();
        _workspace.Dispose();
    }

    // The child of strace, when it is in its read of standard input.
    private int Reading()
    {
        const string read = "read(0, ";
        if (!File.Exists(Strace) || File.ReadLines(Strace).LastOrDefault() is not { } last || !last.Contains(read, StringComparison.Ordinal))
            return 0;
        return int.Parse(last[..last.IndexOf(' ', StringComparison.Ordinal)]);
    }
}
