using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Scry.Bpf;
using Scry.Capture;
using Scry.Cli.CommandLine;
using Scry.Cli.Recordings;
using Scry.Cli.Tracing;
using Scry.Recording;
using Scry.Syscalls;
using Scry.Targets;
using Scry.Views;
using Scry.Wire;
using DescriptorName = Scry.Recording.DescriptorName;

namespace Scry.Cli.Loops;

/// <summary>Makes a recording of what a flight recorder remembers.</summary>
internal static class LoopDump
{
    private static readonly Lazy<CapturePlan[]> Plans = new(() => CapturePlans.Of(SyscallSelector.Parse([])));

    /// <summary>The past of all cgroups up to now, and the calls in flight.</summary>
    /// <param name="recorder">The recorder.</param>
    /// <param name="about">What it is.</param>
    /// <param name="file">The file, for messages.</param>
    /// <param name="make">Makes it.</param>
    /// <exception cref="RecordingException">The file cannot be written.</exception>
    public static void WritePast(FlightRecorder recorder, LoopAbout about, string file, Func<string, FileStream> make)
    {
        IReadOnlyList<FlightGroup> all = recorder.Groups();
        FlightGroup[] groups = [.. all.Where(group => group.State != GroupState.Frozen)];
        // Calls in flight first: one that ends meanwhile has its record too, and is then left out.
        List<byte[]> inFlight = InFlight(recorder, about);
        using RecordingWriter writer = Begin(about, about.Target, file, make);
        Write(about, writer, groups, recorder.Snapshot(groups), inFlight);
        FlightGroup[] incidents = [.. all.Where(group => group.State == GroupState.Frozen).OrderBy(group => group.Incident)];
        writer.WriteNames(incidents.SelectMany(incident => RecordsIn(recorder, incident)));
        Finish(recorder, writer, LoopPast.Of(recorder, about, [.. recorder.Groups().Where(group => groups.Any(known => known.Serial == group.Serial))], incidents, (ulong)Clock.Monotonic()));
    }

    /// <summary>An incident, and the calls that were in flight when it was frozen.</summary>
    /// <param name="recorder">The recorder.</param>
    /// <param name="about">What it is.</param>
    /// <param name="incident">The incident.</param>
    /// <param name="file">The file, for messages.</param>
    /// <param name="make">Makes it.</param>
    /// <exception cref="RecordingException">The file cannot be written.</exception>
    public static void WriteIncident(FlightRecorder recorder, LoopAbout about, FlightGroup incident, string file, Func<string, FileStream> make)
    {
        List<byte[]> now = InFlight(recorder, about);
        // Calls that have ended since are in the past that the cgroup has now.
        FlightGroup[] since = [.. recorder.Groups().Where(group => group.CgroupId == incident.CgroupId && group.Serial > incident.Serial)];
        FlightSnapshot snapshot = recorder.Snapshot([incident]);
        // The number of each thread's next record.
        var next = new Dictionary<uint, uint>();
        snapshot.ForEach(record => next[MemoryMarshal.AsRef<RecordHeader>(record).Tid] = MemoryMarshal.AsRef<RecordHeader>(record).Seq + 1);
        var later = new Dictionary<uint, uint>(next);
        var inFlight = new List<byte[]>();
        void Consider(ReadOnlySpan<byte> record)
        {
            RecordHeader header = MemoryMarshal.AsRef<RecordHeader>(record);
            if (!later.TryGetValue(header.Tid, out uint seq))
                return;
            later[header.Tid] = seq + 1;
            bool call = header.Kind == RecordKind.Call && record.Length >= Unsafe.SizeOf<CallFixed>();
            // A thread is in one call: of those that ended later, the first. A time in ticks would let more begin before.
            if (header.Seq != seq || call)
                later.Remove(header.Tid);
            if (header.Seq == seq && call && Cut(record, incident.Ended, next[header.Tid]) is { } cut)
                inFlight.Add(cut);
        }
        recorder.Snapshot(since, incident.Ended).ForEach(Consider);
        now.ForEach(record => Consider(record));
        using RecordingWriter writer = Begin(about, $"{about.Target}: {IncidentText.Why(incident)}", file, make);
        Write(about, writer, [incident], snapshot, inFlight);
        FlightGroup[] before = [.. recorder.Groups().Where(group => group.Incident > 0 && group.Incident < incident.Incident && group.CgroupId == incident.CgroupId)];
        writer.WriteNames(before.OrderBy(other => other.Incident).SelectMany(other => RecordsIn(recorder, other)));
        RecordedPast past = LoopPast.Of(recorder, about, [incident], before, incident.Ended);
        Finish(recorder, writer, past with { GivenUp = [.. past.GivenUp.Where(given => given.What != PastGivenUp.OfCgroup || given.Cgroup == incident.CgroupId)] });
    }

    // Of each thread that goes on: those are not in what comes after, and yet not lost.
    private static IEnumerable<RecordedName> RecordsIn(FlightRecorder recorder, FlightGroup incident)
    {
        var threads = new Dictionary<uint, (uint First, uint Last)>();
        recorder.Snapshot([incident]).ForEach(record =>
        {
            RecordHeader header = MemoryMarshal.AsRef<RecordHeader>(record);
            if (header.Kind == RecordKind.Exit)
                threads.Remove(header.Tid);
            else
                threads[header.Tid] = (threads.TryGetValue(header.Tid, out (uint First, uint Last) known) ? known.First : header.Seq, header.Seq);
        });
        return threads.Select(thread => new IncidentRecords
        {
            Time = incident.Ended, Tid = thread.Key, First = thread.Value.First, Last = thread.Value.Last, Incident = incident.Incident,
        });
    }

    private static List<byte[]> InFlight(FlightRecorder recorder, LoopAbout about)
    {
        var result = new List<byte[]>();
        recorder.InFlight(Arguments, record =>
        {
            byte[] copy = record.ToArray();
            if (about.CoarseTimes)
                MemoryMarshal.AsRef<RecordHeader>(copy.AsSpan()).Flags |= (byte)CallFlags.Coarse;
            result.Add(copy);
        });
        return result;
    }

    private static int Arguments(Abi abi, uint nr) => Plans.Value[CapturePlan.IndexOf(abi, nr)].ArgCount;

    // The call as it was at an instant, when it had begun and not ended.
    private static byte[]? Cut(ReadOnlySpan<byte> record, ulong instant, uint seq)
    {
        CallFixed call = MemoryMarshal.AsRef<CallFixed>(record);
        ulong began = call.Header.Time - call.Duration;
        if (call.Duration == 0 || began >= instant || call.Header.Time <= instant)
            return null;
        byte[] cut = record.ToArray();
        ref CallFixed there = ref MemoryMarshal.AsRef<CallFixed>(cut.AsSpan());
        there.Header.Flags |= (byte)(CallFlags.Unfinished | CallFlags.InFlight);
        there.Header.Time = instant;
        there.Header.Seq = seq;
        there.Duration = instant - began;
        there.Result = 0;
        return cut;
    }

    // What the clock on the wall showed while nobody looked at it.
    private static List<RecordedName> Steps(FlightSnapshot snapshot)
    {
        var clock = new WallClock(long.MinValue);
        long leap = BpfSystem.TaiOffset;
        var steps = new List<RecordedName>();
        foreach ((ulong time, long offset) in snapshot.Clocks)
        {
            if (clock.Step(time, offset - leap))
                steps.Add(new ClockStep { Time = time, Realtime = time + (ulong)(offset - leap) });
        }
        return steps;
    }

    private static RecordingWriter Begin(LoopAbout about, string target, string file, Func<string, FileStream> make) =>
        RecordingWriter.Create(file, AboutRun.Describe(target, about.Selection, about.Payload, about), make);

    private static void Write(LoopAbout about, RecordingWriter writer, IReadOnlyList<FlightGroup> groups, FlightSnapshot snapshot, List<byte[]> inFlight)
    {
        writer.WriteNames(Names(groups));
        writer.WriteNames(Steps(snapshot));
        // The number of a thread's next record: what is in flight has it, or it is over.
        var next = new Dictionary<uint, uint>();
        var named = new HashSet<ulong>();
        var processes = new HashSet<uint>();
        snapshot.ForEach(record =>
        {
            ref readonly RecordHeader header = ref MemoryMarshal.AsRef<RecordHeader>(record);
            processes.Add(header.Tgid);
            next[header.Tid] = header.Seq + 1;
            if (header.Kind == RecordKind.Task && record.Length >= Unsafe.SizeOf<TaskRecord>())
                named.Add(MemoryMarshal.AsRef<TaskRecord>(record).CgroupId);
            writer.Write(record);
        });
        foreach (byte[] record in inFlight.OrderBy(record => MemoryMarshal.AsRef<RecordHeader>(record).Time))
        {
            ref readonly RecordHeader header = ref MemoryMarshal.AsRef<RecordHeader>(record);
            if (header.Seq >= next.GetValueOrDefault(header.Tid))
                writer.Write(record);
        }
        // Elsewhere the same number is another process.
        if (about.HasIdsOfHere)
        {
            writer.WriteNames(Descriptors(processes));
            if (!Privileges.Has(Privileges.SysPtrace) && processes.Any(IsOthers))
                Runner.Say($"without {Privileges.SysPtrace.Name} descriptors of other users' processes are not to be read: numbers stand in their place");
        }
        NameOthers(writer, named, groups);
    }

    private static bool IsOthers(uint tgid) => Users.OwnerOf($"/proc/{tgid}") is { } owner && owner != Users.Own;

    // What the files of living processes are now.
    private static IEnumerable<RecordedName> Descriptors(IEnumerable<uint> processes)
    {
        ulong now = (ulong)Clock.Monotonic();
        foreach (uint tgid in processes)
        {
            foreach ((int fd, string name) in OpenFiles.Of((int)tgid))
                yield return new DescriptorName { Time = now, Tgid = tgid, Fd = fd, Path = name };
            if (OpenFiles.WorkingDirectoryOf((int)tgid) is { } directory)
                yield return new DescriptorName { Time = now, Tgid = tgid, Fd = DescriptorTable.WorkingDirectory, Path = directory };
        }
    }

    private static void NameOthers(RecordingWriter writer, HashSet<ulong> named, IReadOnlyList<FlightGroup> groups)
    {
        // Groups of v1 have other ids than the v2 cgroups that threads tell.
        named.ExceptWith(groups.Select(group => group.CgroupId));
        var cgroups = new CgroupNames();
        var containers = new Containers();
        writer.WriteNames(named.Select(id => (Id: id, Path: cgroups.Find(id))).Where(name => name.Path is not null)
            .Select(name => Name(containers, name.Id, name.Path!)));
    }

    private static void Finish(FlightRecorder recorder, RecordingWriter writer, RecordedPast past)
    {
        Dictionary<string, ulong> lost = LossNames.Of(recorder);
        writer.Finish(lost, complete: lost.Count == 0 && past.GivenUp.All(given => given.What != PastGivenUp.OfCgroup), past);
    }

    private static IEnumerable<RecordedName> Names(IReadOnlyList<FlightGroup> groups)
    {
        var containers = new Containers();
        return groups.Where(group => group.CgroupId != 0).Select(group => Name(containers, group.CgroupId, group.Path));
    }

    private static CgroupName Name(Containers containers, ulong id, string path)
    {
        Container? container = containers.Describe(path);
        return new CgroupName
        {
            Time = (ulong)Clock.Monotonic(),
            Id = id,
            Path = path,
            Runtime = container?.Runtime,
            ContainerId = container?.Id,
            ContainerName = container?.Name,
        };
    }
}
