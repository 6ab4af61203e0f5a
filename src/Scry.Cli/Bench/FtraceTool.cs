using System.Globalization;

namespace Scry.Cli.Bench;

/// <summary>
/// An instance of ftrace with the two events of system calls, for the traced processes; its pages are spliced into a file as they are, and
/// nothing is decoded. The least that ftrace can do.
/// </summary>
internal sealed record FtraceTool() : Tool("ftrace", "ftrace, pages spliced to a file", ToolKind.Records)
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(20);
    private static readonly string[] s_places = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];
    private const string BufferKilobytes = "4096"; // for each CPU
    private const int SigTerm = 15;

    /// <summary>Removes the instances of benches that are gone: while one is there, every call on the machine pays for it.</summary>
    public static void RemoveStale()
    {
        foreach (string stale in Mount is null ? [] : Leftovers.In(Mount + "/instances"))
            Remove(stale);
    }

    private static string? Mount => s_places.FirstOrDefault(place => Directory.Exists(place + "/instances"));

    public override string? Missing() => Mount is null ? "tracefs is not mounted; mount -t tracefs none /sys/kernel/tracing" : null;

    public override IAttachedTool Attach(ToolContext context)
    {
        var instance = new Instance(context, $"{Mount}/instances/{Leftovers.OwnName}");
        try
        {
            instance.Begin();
            return instance;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            instance.Dispose();
            throw new ToolException($"tracefs refused: {ErrnoText.Describe(error)}");
        }
        catch
        {
            instance.Dispose();
            throw;
        }
    }

    private static void Remove(string path)
    {
        if (!Directory.Exists(path))
            return;
        try
        {
            File.WriteAllText(path + "/events/raw_syscalls/enable", "0");
            Directory.Delete(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            CommandLine.Runner.Say($"the ftrace instance {path} is left: {ErrnoText.Describe(error)}");
        }
    }

    private sealed class Instance(ToolContext context, string path) : IAttachedTool
    {
        private readonly string _file = context.Work.NewFile("ftrace"), _error = context.Work.NewFile("ftrace-error");
        private long _before;

        public BenchProcess? Process { get; private set; }

        public void Begin()
        {
            Directory.CreateDirectory(path);
            Write("buffer_size_kb", BufferKilobytes);
            IEnumerable<int> tids = context.Pids.SelectMany(Targets.Tasks.TryThreadsOf);
            Write("set_event_pid", string.Join(' ', tids.Select(tid => tid.ToString(CultureInfo.InvariantCulture))));
            Write("options/event-fork", "1");
            Process = BenchProcess.Start(new ProcessStart([ToolList.Self, "bench-ftrace", path, _file]) { Error = _error, Affinity = context.Machine.Elsewhere });
            Write("events/raw_syscalls/sys_enter/enable", "1");
            Write("events/raw_syscalls/sys_exit/enable", "1");
            _before = Entries();
        }

        public ToolAccount Stop()
        {
            Write("events/raw_syscalls/enable", "0");
            long entries = Entries() - _before, lost = Statistic("overrun") + Statistic("dropped events");
            Process!.SampleMemory();
            Process.Signal(SigTerm);
            if (!Process.Wait(s_patience) || Process.Status != 0)
                throw new ToolException($"the reader of its pages failed: {BenchProcess.LastLine(Attachment.ReadText(_error)) ?? "it did not end"}");
            return new ToolAccount(context.Call is null ? null : entries / 2, lost, Process.CpuSeconds, Process.PeakResident) { HasOthers = true };
        }

        public void Dispose()
        {
            Process?.Dispose();
            File.Delete(_file);
            File.Delete(_error);
            Remove(path);
        }

        private void Write(string file, string text) => File.WriteAllText($"{path}/{file}", text);

        /// <summary>Events that were written and not lost: in the buffers, or read from them.</summary>
        private long Entries() => Statistic("entries") + Statistic("read events");

        private long Statistic(string name) => Directory.GetDirectories(path + "/per_cpu")
            .Sum(cpu => ToolOutput.KeyNumber(string.Join('\n', ProcFile.Lines(cpu + "/stats")), name));
    }
}
