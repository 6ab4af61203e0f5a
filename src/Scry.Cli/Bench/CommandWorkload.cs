using System.Diagnostics;
using System.Globalization;

namespace Scry.Cli.Bench;

/// <summary>What a command printed, and how long it took.</summary>
internal sealed record CommandEnd(string Output, string Error, TimeSpan Elapsed);

/// <summary>A workload that is a command: it is started anew for each run, and waits at its gate until the tool is attached.</summary>
internal abstract class CommandWorkload(string name, string title, Metric metric) : Workload(name, title, metric)
{
    private const int SigInt = 2, SignalBase = 128;

    /// <summary>The command of a run.</summary>
    protected abstract IReadOnlyList<string> Words(BenchPlace place);

    /// <summary>Reads its figure.</summary>
    /// <exception cref="ToolException">It has none.</exception>
    protected abstract Measurement Read(CommandEnd end);

    /// <summary>Before each run.</summary>
    protected virtual void Reset(BenchPlace place)
    {
    }

    /// <summary>It runs until it is interrupted, and says then what it did.</summary>
    protected virtual bool UntilInterrupted => false;

    /// <summary>The CPU it sets itself to, or <see cref="ProcessStart.AnyCpu"/>; the workloads' own unless it is overridden.</summary>
    protected virtual int Affinity(BenchPlace place) => place.Machine.TracedCpu;

    public override Trial Begin(BenchPlace place, IReadOnlyList<string>? launcher)
    {
        Reset(place);
        return new CommandTrial(this, place, launcher);
    }

    /// <summary>The number that stands between two texts.</summary>
    /// <exception cref="ToolException">There is none.</exception>
    protected double NumberBetween(string text, string before, string after)
    {
        int start = text.IndexOf(before, StringComparison.Ordinal), end = start < 0 ? -1 : text.IndexOf(after, start + before.Length, StringComparison.Ordinal);
        if (end < 0 || !double.TryParse(text.AsSpan(start + before.Length, end - start - before.Length).Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out double value))
            throw new ToolException($"{Name} printed no figure: {BenchProcess.LastLine(text) ?? "nothing"}");
        return value;
    }

    private sealed class CommandTrial : Trial
    {
        private readonly CommandWorkload _workload;
        private readonly BenchPlace _place;
        private readonly string _output, _error;
        private readonly BenchProcess _process;
        private readonly bool _launched;

        public CommandTrial(CommandWorkload workload, BenchPlace place, IReadOnlyList<string>? launcher)
        {
            _workload = workload;
            _place = place;
            _output = place.Work.NewFile("output");
            _error = place.Work.NewFile("error");
            IReadOnlyList<string> words = workload.Words(place);
            var start = new ProcessStart(words) { Output = _output, Error = _error, Gated = true };
            _launched = launcher is not null;
            int affinity = workload.Affinity(place);
            _process = BenchProcess.Start(launcher is null
                ? start with { Cgroup = place.Cgroup.Path, Affinity = affinity }
                : start with
                {
                    Words = [.. launcher, ToolList.Self, "bench-enter", place.Cgroup.Path + "/cgroup.procs", $"{affinity}", .. words],
                    Affinity = place.Machine.Elsewhere,
                });
        }

        public override string Cgroup => _place.Cgroup.Path;

        public override IReadOnlyList<int> Pids => [_process.Pid];

        public override BenchProcess? Launched => _launched ? _process : null;

        public override string MarkerCall => "getpgid";

        public override void Mark() => _process.Mark();

        public override Measurement Measure(BenchProcess? tool)
        {
            long started = Stopwatch.GetTimestamp();
            _process.Go();
            if (_workload.UntilInterrupted)
                RunAndInterrupt(tool);
            if (!_process.Wait(Limit, tool))
                throw new ToolException($"{_workload.Name} did not end within {Limit.TotalSeconds:F0} s");
            TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
            string error = Attachment.ReadText(_error);
            if (_process.Status != 0 && !(_workload.UntilInterrupted && _process.Status == SignalBase + SigInt))
                throw new ToolException($"{_workload.Name} failed: {BenchProcess.LastLine(error) ?? $"exit status {_process.Status}"}");
            return _workload.Read(new CommandEnd(Attachment.ReadText(_output), error, elapsed));
        }

        /// <summary>Its time begins when it catches the signal: under a slow tracer it gets there late, and before it would end without a word.</summary>
        private void RunAndInterrupt(BenchProcess? tool)
        {
            long started = Stopwatch.GetTimestamp();
            while (!_place.Cgroup.Processes.Any(Catches) && !_process.HasEnded() && Stopwatch.GetElapsedTime(started) < Limit)
                Interrupts.Pause(10);
            if (_process.Wait(TimeSpan.FromSeconds(_place.Seconds), tool))
                return;
            foreach (int pid in _place.Cgroup.Processes.Where(Catches))
                _ = NativeMethods.Signal(pid, SigInt);
        }

        private static bool Catches(int pid) => ProcFile.Lines($"/proc/{pid}/status")
            .FirstOrDefault(line => line.StartsWith("SigCgt:", StringComparison.Ordinal)) is { } line
            && ulong.TryParse(line.AsSpan(7).Trim(), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong caught)
            && (caught >> (SigInt - 1) & 1) != 0;

        public override void Dispose()
        {
            _process.Dispose();
            foreach (int pid in _place.Cgroup.Processes)
                _ = NativeMethods.Signal(pid, 9);
            File.Delete(_output);
            File.Delete(_error);
        }
    }
}
