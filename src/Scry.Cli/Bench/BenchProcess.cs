using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using Scry.Cli.Launch;

namespace Scry.Cli.Bench;

/// <summary>Where and how a process of a bench begins.</summary>
/// <param name="Words">The program, found in PATH, and its arguments.</param>
internal sealed record ProcessStart(IReadOnlyList<string> Words)
{
    /// <summary>A CPU, or one of <see cref="AnyCpu"/> and <see cref="AllBut"/>.</summary>
    public int Affinity { get; init; } = AnyCpu;

    /// <summary>The directory of the cgroup that it joins; null: that of Scry.</summary>
    public string? Cgroup { get; init; }

    /// <summary>Where its standard output goes; null: nowhere.</summary>
    public string? Output { get; init; }

    /// <summary>Where its standard error goes; null: nowhere.</summary>
    public string? Error { get; init; }

    /// <summary>It waits before its execve until <see cref="BenchProcess.Go"/>.</summary>
    public bool Gated { get; init; }

    /// <summary>As Scry's own.</summary>
    public const int AnyCpu = -1;

    /// <summary>Every CPU but one.</summary>
    public static int AllBut(int cpu) => -cpu - 2;
}

/// <summary>A process that a bench started: a workload or a tracer. Disposing kills it.</summary>
internal sealed class BenchProcess : IDisposable
{
    private const int Descriptors = 12, StartSize = 260; // struct bench_start
    private const int SliceMs = 50;
    private const int SigKill = 9;

    private int _gate;
    private bool _ended;

    private BenchProcess(string name, int pid, int gate)
    {
        Name = name;
        Pid = pid;
        _gate = gate;
    }

    /// <summary>The program's name, for messages.</summary>
    public string Name { get; }

    /// <summary>Its pid.</summary>
    public int Pid { get; }

    /// <summary>Its exit status once it ended, 128 + n when signal n ended it; null while it runs.</summary>
    public int? Status { get; private set; }

    /// <summary>Seconds of CPU that it used, with its children; known when it ended.</summary>
    public double CpuSeconds { get; private set; }

    /// <summary>Those that were its own, without its children's; in ticks of the kernel's accounting.</summary>
    public double OwnCpuSeconds { get; private set; }

    /// <summary>The most memory that it was seen to have resident, bytes; see <see cref="SampleMemory"/>.</summary>
    public long PeakResident { get; private set; }

    /// <summary>Starts one.</summary>
    /// <exception cref="ToolException">The program is not found, or no process could be made.</exception>
    public static BenchProcess Start(ProcessStart how)
    {
        string path = CommandPath.Resolve(how.Words[0], Environment.GetEnvironmentVariable("PATH"));
        byte[] words = Encoding.UTF8.GetBytes(path + '\0' + string.Concat(how.Words.Select(word => word + '\0')));
        using FileStream input = new("/dev/null", FileMode.Open, FileAccess.Read);
        using FileStream output = OpenSink(how.Output), error = OpenSink(how.Error);
        byte[] start = new byte[StartSize];
        BinaryPrimitives.WriteInt32LittleEndian(start, (int)input.SafeFileHandle.DangerousGetHandle());
        BinaryPrimitives.WriteInt32LittleEndian(start.AsSpan(4), (int)output.SafeFileHandle.DangerousGetHandle());
        BinaryPrimitives.WriteInt32LittleEndian(start.AsSpan(8), (int)error.SafeFileHandle.DangerousGetHandle());
        BinaryPrimitives.WriteInt32LittleEndian(start.AsSpan(Descriptors), how.Affinity);
        if (how.Cgroup is not null)
            Encoding.UTF8.GetBytes(how.Cgroup + "/cgroup.procs", start.AsSpan(Descriptors + 4, StartSize - Descriptors - 5));
        int pid = NativeMethods.Start(words, how.Words.Count, start, how.Gated ? 1 : 0, out int gate);
        return pid > 0
            ? new BenchProcess(Path.GetFileName(how.Words[0]), pid, gate)
            : throw CommandPath.CannotRun(how.Words[0], ErrnoText.Describe(-pid));
    }

    /// <summary>Runs a program to its end, which must be a good one; gives what it printed.</summary>
    /// <exception cref="ToolException">It failed, or took longer than <paramref name="limit"/>.</exception>
    public static string Run(WorkDirectory work, IReadOnlyList<string> words, TimeSpan limit, int affinity = ProcessStart.AnyCpu)
    {
        string output = work.NewFile("output"), error = work.NewFile("error");
        using BenchProcess process = Start(new ProcessStart(words) { Output = output, Error = error, Affinity = affinity });
        if (!process.Wait(limit))
            throw new ToolException($"{process.Name} did not end within {limit.TotalSeconds:F0} s");
        string said = File.ReadAllText(output), complained = File.ReadAllText(error);
        File.Delete(output);
        File.Delete(error);
        return process.Status == 0 ? said : throw new ToolException($"{process.Name}: {LastLine(complained + said) ?? $"exit status {process.Status}"}");
    }

    /// <summary>Asks a gated process for a burst of marker calls: getpgid(0x5c127ace).</summary>
    public void Mark() => Ask("m"u8);

    /// <summary>Lets a gated process begin.</summary>
    public void Go()
    {
        Ask("g"u8);
        CloseGate();
    }

    /// <summary>Waits for its end; looks for an interrupt and at its memory on the way.</summary>
    /// <returns>Whether it ended.</returns>
    /// <exception cref="InterruptedException">A signal came.</exception>
    public bool Wait(TimeSpan limit, BenchProcess? watched = null)
    {
        long started = Stopwatch.GetTimestamp();
        while (!HasEnded(SliceMs))
        {
            Interrupts.ThrowIfAny();
            watched?.SampleMemory();
            if (Stopwatch.GetElapsedTime(started) > limit)
                return false;
        }
        return true;
    }

    /// <summary>Whether it ended; waits up to <paramref name="timeoutMs"/> milliseconds for that.</summary>
    public bool HasEnded(int timeoutMs = 0)
    {
        if (_ended)
            return true;
        int result = NativeMethods.Wait(Pid, timeoutMs, out int status, out long cpu, out long own);
        if (result == 0)
            return false;
        _ended = true;
        Status = result < 0 ? null : TracedCommand.StatusOf(status);
        CpuSeconds = result < 0 ? 0 : cpu / 1e6;
        OwnCpuSeconds = result < 0 ? 0 : own / 1e6;
        return true;
    }

    /// <summary>Sends it a signal; one that ended gets none.</summary>
    public void Signal(int signal)
    {
        if (!HasEnded())
            _ = NativeMethods.Signal(Pid, signal);
    }

    /// <summary>Looks at its peak of resident memory, which the kernel forgets when it ends.</summary>
    public void SampleMemory()
    {
        string? line = ProcFile.Lines($"/proc/{Pid}/status").FirstOrDefault(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        if (line is not null && long.TryParse(line.AsSpan(6).Trim(" \tkB"), NumberStyles.None, CultureInfo.InvariantCulture, out long kilobytes))
            PeakResident = Math.Max(PeakResident, kilobytes << 10);
    }

    /// <summary>The last line of what a program said that is not blank.</summary>
    public static string? LastLine(string text) =>
        text.Split('\n').LastOrDefault(line => !string.IsNullOrWhiteSpace(line)) is { } line ? Printable.Escape(line.Trim()) : null;

    public void Dispose()
    {
        CloseGate();
        if (HasEnded())
            return;
        // Its group too: what a shell or a server started.
        _ = NativeMethods.Signal(-Pid, SigKill);
        _ = NativeMethods.Signal(Pid, SigKill);
        HasEnded(1000);
    }

    private void Ask(ReadOnlySpan<byte> what)
    {
        if (Launch.NativeMethods.Write(_gate, what, (nuint)what.Length) != 1)
            throw new ToolException($"{Name} was killed before it began");
    }

    private void CloseGate()
    {
        if (_gate >= 0)
            _ = NativeMethods.Close(_gate);
        _gate = -1;
    }

    private static FileStream OpenSink(string? path) => new(path ?? "/dev/null", FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
}
