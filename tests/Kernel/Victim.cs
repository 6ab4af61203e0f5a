using System.Diagnostics;

namespace Scry.Tests.Kernel;

/// <summary>A process that makes known system calls once it is told to.</summary>
internal sealed class Victim : IDisposable
{
    private static readonly Lazy<string> s_program = new(Compile);
    private readonly Process _process;

    /// <summary>Starts a scene of programs/victim.c; it waits in read(0) until <see cref="Go"/>.</summary>
    public Victim(string scene, params string[] before)
    {
        string[] words = [.. before, s_program.Value, scene];
        var start = new ProcessStartInfo(words[0], words[1..]) { RedirectStandardInput = true };
        _process = Process.Start(start)!;
        Wait.Until(() => File.ReadAllText($"/proc/{Pid}/comm") == "victim\n" && File.ReadAllText($"/proc/{Pid}/syscall").StartsWith("0 0x0 ", StringComparison.Ordinal),
            "the victim to wait for its start");
    }

    /// <summary>Its process id.</summary>
    public int Pid => _process.Id;

    /// <summary>The program's path.</summary>
    public static string Program => s_program.Value;

    /// <summary>Lets it begin.</summary>
    public void Go()
    {
        _process.StandardInput.Write('x');
        _process.StandardInput.Flush();
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>Its exit status; 128 + n after a signal.</returns>
    public int Join()
    {
        if (!_process.WaitForExit(20_000))
            throw new TimeoutException("the victim did not end");
        return _process.ExitCode;
    }

    /// <summary>Kills it.</summary>
    public void Kill() => _process.Kill();

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit(5_000);
        _process.Dispose();
    }

    private static string Compile()
    {
        string source = Path.Combine(AppContext.BaseDirectory, "programs", "victim.c");
        string program = Path.Combine(AppContext.BaseDirectory, "victim");
        using Process gcc = Process.Start("gcc", ["-O1", "-pthread", "-o", program, source]);
        gcc.WaitForExit();
        return gcc.ExitCode == 0 ? program : throw new InvalidOperationException("gcc could not compile victim.c");
    }
}

/// <summary>Bounded waiting.</summary>
internal static class Wait
{
    /// <summary>Polls until the condition holds, for at most 10 s.</summary>
    public static void Until(Func<bool> condition, string what)
    {
        for (int i = 0; i < 2000; i++)
        {
            if (condition())
                return;
            Thread.Sleep(5);
        }
        throw new TimeoutException($"waited in vain for {what}");
    }
}
