using Scry.Capture;
using Scry.Cli.CommandLine;
using Scry.Targets;
using Scry.Wire;

namespace Scry.Cli.Tracing;

/// <summary>What a run traces, as the kernel compares it.</summary>
internal sealed record TraceTarget(TargetKind Kind)
{
    /// <summary>Processes whose threads are targets.</summary>
    public IReadOnlyList<int> Pids { get; init; } = [];
    /// <summary>Threads that are targets.</summary>
    public IReadOnlyList<int> Tids { get; init; } = [];
    public byte[] Comm { get; init; } = [];
    public uint Uid { get; init; }
    public Cgroup? Cgroup { get; init; }

    /// <summary>Looks up what a person named.</summary>
    /// <exception cref="TargetException">It is not there.</exception>
    public static TraceTarget Resolve(TraceArguments arguments)
    {
        PidNamespace.RequireOwnProc();
        switch (arguments.Target)
        {
            case TargetChoice.Processes:
                return Processes(arguments.Names);
            case TargetChoice.Threads:
                return NamedThreads(arguments.Names);
            case TargetChoice.Command when arguments.Attached.Count > 0:
                return arguments.Follow ? Processes(arguments.Attached) : NamedThreads(arguments.Attached);
            case TargetChoice.Comm:
                return new TraceTarget(TargetKind.Comm) { Comm = Tasks.EncodeComm(arguments.Names[0]) };
            case TargetChoice.User:
                return new TraceTarget(TargetKind.Uid) { Uid = Users.Resolve(arguments.Names[0]) };
            case TargetChoice.Cgroup:
                return Of(Cgroup.Resolve(arguments.Names[0]));
            case TargetChoice.Unit:
                return Of(Units.Resolve(arguments.Names[0]));
            case TargetChoice.Container:
                return Of(Container(arguments.Names[0]));
            case TargetChoice.All:
                return new TraceTarget(TargetKind.All);
            default:
                return new TraceTarget(TargetKind.Tasks);
        }
    }

    private static TraceTarget Processes(IReadOnlyList<string> names)
    {
        IReadOnlyList<int> pids = Tasks.ParseIds(names, "pid");
        foreach (int pid in pids)
            Tasks.ThreadsOf(pid);
        return new TraceTarget(TargetKind.Tasks) { Pids = [.. pids.Select(pid => Tasks.ProcessOf(pid) ?? pid).Distinct()] };
    }

    private static TraceTarget NamedThreads(IReadOnlyList<string> names)
    {
        IReadOnlyList<int> tids = Tasks.ParseIds(names, "tid");
        foreach (int tid in tids)
            Tasks.RequireThread(tid);
        return new TraceTarget(TargetKind.Tasks) { Tids = tids };
    }

    private static Cgroup Container(string name)
    {
        try
        {
            return new Containers().Resolve(name);
        }
        catch (TargetException error) when (!Privileges.Has(Privileges.DacReadSearch))
        {
            throw new TargetException(error.Message, "without CAP_DAC_READ_SEARCH names of containers are not to be read: give its id, or its cgroup (-G)");
        }
    }

    private static TraceTarget Of(Cgroup cgroup) =>
        new(cgroup.Version == CgroupVersion.V2 ? TargetKind.Cgroup : TargetKind.CgroupV1) { Cgroup = cgroup };

    /// <summary>The threads of the named processes, and the named threads, as they are now; those that ended are left out.</summary>
    public IEnumerable<(int Tid, int Tgid)> Threads() => Pids
        .SelectMany(pid => Tasks.TryThreadsOf(pid).Select(tid => (tid, pid)))
        .Concat(Tids.Select(tid => (tid, Tasks.ProcessOf(tid) ?? tid)));

    /// <summary>Makes a thread a target.</summary>
    /// <param name="add">The session's or counters' AddTask.</param>
    /// <param name="tid">The thread.</param>
    /// <param name="tgid">Its process.</param>
    /// <param name="fromExecve">Whether it is none before its execve.</param>
    /// <exception cref="ToolException">There are too many.</exception>
    public static void Add(Func<int, int, bool, bool> add, int tid, int tgid, bool fromExecve)
    {
        if (!add(tid, tgid, fromExecve))
            throw new ToolException("there are more threads than Scry can watch one by one", "name a cgroup (-G) or everything (-a)");
    }

    /// <summary>Makes threads targets. One that is none yet may start another one: until nothing is new.</summary>
    /// <param name="add">The session's or counters' AddTask.</param>
    /// <param name="threads">Those that there are now.</param>
    /// <exception cref="ToolException">There are too many.</exception>
    public static void AddAll(Func<int, int, bool, bool> add, Func<IEnumerable<(int Tid, int Tgid)>> threads)
    {
        var added = new HashSet<int>();
        while (threads().Where(thread => added.Add(thread.Tid)).ToArray() is { Length: > 0 } found)
        {
            foreach ((int tid, int tgid) in found)
                Add(add, tid, tgid, fromExecve: false);
        }
    }
}
