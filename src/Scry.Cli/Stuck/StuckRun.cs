using Scry.Capture;
using Scry.Cli.CommandLine;
using Scry.Cli.Launch;
using Scry.Cli.Tracing;
using Scry.Syscalls;
using Scry.Targets;
using Scry.Views;
using Scry.Wire;

namespace Scry.Cli.Stuck;

/// <summary>One run of <c>scry stuck</c>: looks, reads what belongs to each thread, and looks again whether that was still so.</summary>
internal sealed class StuckRun : IDisposable
{
    // A thread that runs in between is read again; one that does so each time is shown by its registers alone.
    private const int Rounds = 3;

    private readonly StuckArguments _arguments;
    private readonly TraceTarget _target;
    private readonly SyscallSelector _selector;
    private readonly SessionOptions _options;
    private readonly TaskMemory _memory = new();
    private readonly KernelNames _kernel = new();
    private readonly Holders _holders;
    private readonly HashSet<uint> _pids, _tids;

    /// <summary>Looks the target up.</summary>
    /// <exception cref="ToolException">Something that was asked for cannot be had.</exception>
    /// <exception cref="TargetException">The target is not there.</exception>
    public StuckRun(StuckArguments arguments)
    {
        _arguments = arguments;
        _selector = SyscallSelector.Parse(arguments.Shown.Expressions);
        _target = TraceTarget.Resolve(arguments.Shown);
        _options = TraceRun.Options(arguments.Shown, _target);
        _pids = [.. _target.Pids.Select(pid => (uint)pid)];
        _tids = [.. _target.Tids.Select(tid => (uint)tid)];
        _holders = new Holders((tid, address, to) => _memory.Read((uint)tid, address, to));
    }

    /// <summary>Shows the blocked threads.</summary>
    /// <returns>The exit status.</returns>
    public int Run()
    {
        using StuckTasks tasks = StuckTasks.Open(_options);
        TraceArguments shown = _arguments.Shown;
        var format = new DecoderOptions { StringLimit = shown.StringLimit, Abbreviate = !shown.NoAbbrev, Unknown = _kernel.Describe };
        var entries = new StuckEntries(
            new CallMemory(_memory, _options.Plans, _options.Variants, _options.DataMax), _holders, RecordedStarts.Read(_options.Plans), format,
            shown.Json, shown.ShowCgroup ? new CgroupNames().Find : null);
        List<StuckEntry> found = Collect(tasks, entries, out int blocked);
        try
        {
            Write(found, blocked);
        }
        catch (OutputException error) when (error.IsClosedPipe && _arguments.Shown.OutputFile is null)
        {
            return ExitCode.ClosedPipe;
        }
        catch (OutputException error)
        {
            throw new ToolException($"cannot write the output: {ErrnoText.Describe(error.InnerException!)}");
        }
        if (entries.MissesStacks)
            Runner.Say("without CAP_SYSLOG the kernel does not name its functions (with kernel.kptr_restrict=2, CAP_SYS_ADMIN): what threads wait in is left out");
        if (!Privileges.Has(Privileges.SysPtrace))
            Runner.Say("without CAP_SYS_PTRACE the memory and descriptors of others are not to be read: addresses and numbers stand in their place");
        if (!_arguments.Shown.Quiet)
            Runner.Say($"{found.Count} of {blocked} blocked threads{(_arguments.Over > 0 ? $", for {StuckView.Duration(_arguments.Over)} or more" : "")}");
        return ExitCode.Ok;
    }

    /// <summary>Closes what was opened to look at processes.</summary>
    public void Dispose()
    {
        _holders.Dispose();
        _kernel.Dispose();
        _memory.Dispose();
    }

    private List<StuckEntry> Collect(StuckTasks tasks, StuckEntries entries, out int blocked)
    {
        StuckTask[] all = Read(tasks);
        blocked = all.Length;
        StuckTask[] pending = [.. all.Where(task => Wants(task, entries))];
        var found = new List<StuckEntry>();
        for (int round = 0; round < Rounds && pending.Length > 0; round++)
        {
            entries.Know(all);
            _holders.Forget();
            StuckEntry[] made = [.. pending.Select(task => entries.Make(task))];
            all = Read(tasks);
            Dictionary<uint, StuckTask> now = all.ToDictionary(task => task.Record.Tid);
            var moved = new List<StuckTask>();
            for (int i = 0; i < pending.Length; i++)
            {
                if (!now.TryGetValue(pending[i].Record.Tid, out StuckTask? task))
                    continue;
                if (task.HasNotRunSince(pending[i]))
                    found.Add(made[i]);
                else if (Wants(task, entries))
                    moved.Add(task);
            }
            pending = [.. moved];
        }
        found.AddRange(pending.Select(task => entries.Make(task, bare: true)));
        return found;
    }

    private StuckTask[] Read(StuckTasks tasks) => [.. tasks.Read(_memory).Where(IsTarget).DistinctBy(task => task.Record.Tid)];

    private bool IsTarget(StuckTask task) =>
        _options.Target != TargetKind.Tasks || _pids.Contains(task.Record.Tgid) || _tids.Contains(task.Record.Tid);

    private bool Wants(StuckTask task, StuckEntries entries) =>
        (task.InCall ? _selector.Includes(task.Record.Abi, task.Record.Nr) : _arguments.Shown.Expressions.Count == 0)
        && entries.KnownNs(task) >= _arguments.Over;

    private void Write(List<StuckEntry> found, int blocked)
    {
        TraceArguments shown = _arguments.Shown;
        bool terminal = shown.OutputFile is null && !Console.IsOutputRedirected;
        using OutputWriter output = shown.OutputFile is { } file ? TraceOutput.Create(file) : OutputWriter.To(new DescriptorStream(1), terminal);
        if (shown.Json)
        {
            new StuckJsonView(output, Clock.RealtimeOffset()).Write(found, blocked);
            return;
        }
        new StuckView(output, new StuckLayout
        {
            AllThreads = _arguments.AllThreads,
            FullStacks = _arguments.Stack,
            Cgroup = shown.ShowCgroup,
            Color = shown.Color ?? terminal,
        }).Write(found);
    }
}
