using System.Diagnostics;
using System.Text;

namespace Scry.Tests.Published.Harness;

/// <summary>A process that ended, and what it said.</summary>
internal sealed record Finished(int Status, string Output, string Error)
{
    public string[] Lines => Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Fails with all that the process said when its status is not the expected one.</summary>
    public Finished Expect(int status = 0) => Status == status
        ? this
        : throw new InvalidOperationException($"exit status {Status}, expected {status}\n{Error}\n{Output}");
}

/// <summary>A process that a test started; disposing kills it and what it started.</summary>
internal sealed class Child : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();
    private readonly Task _readers;

    private Child(Process process)
    {
        _process = process;
        _readers = Task.WhenAll(Read(process.StandardOutput, _output), Read(process.StandardError, _error));
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public StreamWriter Input => _process.StandardInput;

    /// <summary>What it said on standard error so far.</summary>
    public string Error
    {
        get
        {
            lock (_error)
                return _error.ToString();
        }
    }

    public static Child Start(string program, IEnumerable<string> words, string? directory = null)
    {
        var start = new ProcessStartInfo(program, words)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.Latin1,
            StandardErrorEncoding = Encoding.Latin1,
        };
        start.Environment["LC_ALL"] = "C";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        if (directory is not null)
            start.WorkingDirectory = directory;
        return new Child(Process.Start(start)!);
    }

    public static Finished Run(string program, params string[] words)
    {
        using Child child = Start(program, words);
        child.Input.Close();
        return child.Wait();
    }

    public static Finished Shell(string script) => Run("/bin/sh", "-c", script);

    /// <summary>The newest process of that name, or 0.</summary>
    public static int Newest(string name) => int.TryParse(Run("pgrep", "-n", "-x", name).Output, out int pid) ? pid : 0;

    /// <summary>Waits for its end; a process that does not end in time is killed, and the test fails.</summary>
    public Finished Wait(TimeSpan? patience = null)
    {
        if (!_process.WaitForExit(patience ?? Patience))
        {
            _process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{_process.StartInfo.FileName} {string.Join(' ', _process.StartInfo.ArgumentList)} did not end\n{Error}");
        }
        // A grandchild may hold the pipes longer.
        _readers.Wait(TimeSpan.FromSeconds(2));
        lock (_output)
        lock (_error)
            return new Finished(_process.ExitCode, _output.ToString(), _error.ToString());
    }

    /// <summary>Sends a signal by number to the process alone.</summary>
    public void Signal(int signal) => Run("/bin/kill", $"-{signal}", Id.ToString()).Expect();

    /// <summary>Kills the process alone, without a detour, and waits for its end.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private static async Task Read(StreamReader from, StringBuilder to)
    {
        char[] buffer = new char[4096];
        for (int count; (count = await from.ReadAsync(buffer)) > 0;)
        {
            lock (to)
                to.Append(buffer, 0, count);
        }
    }
}
