using System.Text;
using Scry.Capture;
using Scry.Cli.Slow;
using Scry.Syscalls;
using Scry.Targets;
using Scry.Views;
using Scry.Wire;
using Decoder = Scry.Syscalls.Decoder;

namespace Scry.Cli.Stuck;

/// <summary>What is shown of blocked threads: each call as a record, its stack by name, what it waits for.</summary>
/// <param name="calls">Makes records of calls.</param>
/// <param name="holders">Finds what calls wait for, and names descriptors.</param>
/// <param name="starts">When calls began.</param>
/// <param name="format">How calls are shown.</param>
/// <param name="json">Whether as JSON.</param>
/// <param name="cgroupPath">The path of a cgroup by its id; null: cgroups are not shown.</param>
internal sealed class StuckEntries(
    CallMemory calls, Holders holders, RecordedStarts starts, DecoderOptions format, bool json, Func<ulong, string?>? cgroupPath)
{
    // Kinds whose tasks are threads; of others any thread of the process may be meant.
    private static readonly string[] s_ofThreads = ["futex_owner", "thread"];

    private readonly StuckStacks _stacks = new(new LiveStacks(callers: false));
    private readonly Decoder _bare = new(format), _named = new(format with { Descriptors = new LiveDescriptors(holders) });
    private readonly Utf8Buffer _text = new();
    private Dictionary<int, StuckTask> _blocked = [];

    /// <summary>Whether kernel stacks had to be left out, since the kernel names its functions to nobody without the right to it.</summary>
    public bool MissesStacks => _stacks.AreRefused;

    /// <summary>All that are blocked, by tid: tells what holders do themselves.</summary>
    public void Know(IEnumerable<StuckTask> blocked) => _blocked = blocked.ToDictionary(task => (int)task.Record.Tid);

    /// <summary>Nanoseconds that a thread is in its call, as far as that is known.</summary>
    public ulong KnownNs(StuckTask task) => starts.ElapsedOf(task, out _) ?? task.IdleNs;

    /// <summary>Reads all there is to be read of a thread. True only when the thread has not run meanwhile.</summary>
    /// <param name="task">The thread.</param>
    /// <param name="bare">By its registers alone.</param>
    public StuckEntry Make(StuckTask task, bool bare = false)
    {
        ref readonly StuckRecord record = ref task.Record;
        ulong? elapsed = starts.ElapsedOf(task, out bool coarse);
        IReadOnlyList<string> stack = _stacks.Of(task);
        string name = NameOf(task);
        return new StuckEntry
        {
            Time = record.Time,
            Tid = (int)record.Tid,
            Tgid = (int)record.Tgid,
            ParentTgid = (int)record.ParentTgid,
            Uid = record.Uid,
            Comm = task.Comm.ToArray(),
            ProcessComm = ProcessOf((int)record.Tgid),
            State = task.State,
            IdleNs = task.IdleNs,
            CallNs = elapsed,
            Call = task.InCall ? Show(task, elapsed, coarse, bare) : [],
            Name = name,
            Stack = stack,
            Holders = bare ? [] : [.. Find(task, name, stack, elapsed ?? task.IdleNs)],
            Cgroup = cgroupPath?.Invoke(record.CgroupId),
        };
    }

    private byte[] Show(StuckTask task, ulong? elapsed, bool coarse, bool bare)
    {
        var call = new CallRecord(calls.Record(task, elapsed, withMemory: !bare, coarse));
        Decoder decoder = bare ? _bare : _named;
        _text.Clear();
        if (json)
            decoder.WriteCallJson(in call, _text);
        else
            decoder.WriteInvocation(in call, _text);
        return _text.Written.ToArray();
    }

    private IEnumerable<StuckHolder> Find(StuckTask task, string name, IReadOnlyList<string> stack, ulong known)
    {
        ref readonly StuckRecord record = ref task.Record;
        var call = new BlockedCall((int)record.Tid, (int)record.Tgid, task.State, name, task.Args.ToArray(), record.Abi.WordSize, known, stack) { IsFrozen = task.IsFrozen };
        return holders.Find(call).Select(Convert);
    }

    private StuckHolder Convert(Holder holder) => new(holder.Kind, holder.Text, [.. holder.Tasks.Select(task =>
        new StuckHolderTask(task.Pid, task.Tid, task.Comm, task.State, task.Fd, Doing(task, s_ofThreads.Contains(holder.Kind)), ProcessOf(task.Pid)))], holder.Basis);

    private static string ProcessOf(int pid) => Tasks.CommOf(pid) ?? "";

    private string? Doing(HolderTask holder, bool thread) =>
        _blocked.TryGetValue(holder.Tid, out StuckTask? task) && task.InCall && (thread || Tasks.TryThreadsOf(holder.Pid).Count == 1)
            ? NameOf(task)
            : null;

    private string NameOf(StuckTask task)
    {
        if (!task.InCall)
            return "";
        _text.Clear();
        _bare.WriteName(new CallRecord(calls.Record(task, null, withMemory: false)), _text);
        return Encoding.UTF8.GetString(_text.Written);
    }
}
