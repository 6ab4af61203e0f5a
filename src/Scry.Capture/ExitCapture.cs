using Scry.Wire;

namespace Scry.Capture;

/// <summary>When calls are looked at.</summary>
public enum CaptureTime
{
    /// <summary>At their exit alone where no duration is wanted and no selected call needs more; else at entry and exit.</summary>
    Auto,
    /// <summary>At entry and exit: durations, and arguments as they were at entry.</summary>
    Entry,
    /// <summary>At their exit alone: cheaper. No durations; of an argument that a call replaces, what it left.</summary>
    Exit,
}

/// <summary>Decides whether calls are looked at at their exit alone.</summary>
internal static class ExitCapture
{
    /// <summary>The flight recorder's iterator over the calls that threads are in.</summary>
    public const string Pending = "loop_pending";

    /// <summary>Whether a run with these options does without the entry.</summary>
    public static bool Of(SessionOptions options) => options.Capture switch
    {
        CaptureTime.Exit => true,
        CaptureTime.Entry => false,
        _ => !options.Durations && options.MinDurationNs == 0 && options.Overs is null && !options.Split && !options.CarriesMore && !NeedsEntry(options),
    };

    /// <summary>Chooses the programs that such a run, or another, has.</summary>
    public static void Prepare(Bpf.BpfObject programs, SessionOptions options)
    {
        bool atExit = Of(options);
        bool execs = atExit && options.Plans.Any(plan => (plan.Flags & (PlanFlags.Selected | PlanFlags.Execs)) == (PlanFlags.Selected | PlanFlags.Execs));
        programs.FindProgram("trace_enter").AutoLoad = !atExit;
        programs.FindProgram("trace_execs").AutoLoad = execs && KernelSupport.TellsExecs;
        programs.FindProgram("trace_execs_before").AutoLoad = execs && !KernelSupport.TellsExecs;
        foreach (Bpf.BpfProgram program in programs.Programs)
        {
            if (program.Name == Pending)
                program.AutoLoad = atExit;
        }
    }

    /// <summary>Whether the record of some selected call would differ if it were seen at its exit alone.</summary>
    public static bool NeedsEntry(SessionOptions options)
    {
        foreach (CapturePlan plan in options.Plans)
        {
            if ((plan.Flags & PlanFlags.Selected) != 0 && NeedsEntry(in plan))
                return true;
        }
        // They are those of selected calls.
        return options.Variants.Any(variant => NeedsEntry(variant.Plan));
    }

    private static bool NeedsEntry(in CapturePlan plan)
    {
        // A signal handler's end takes its frame away; a number of ioctl may tell that it replaces what it is given.
        if ((plan.Flags & (PlanFlags.Stack | PlanFlags.Ioctl)) != 0
            || ((plan.Flags & PlanFlags.Execs) != 0 && !KernelSupport.TellsExecs))
            return true;
        // What is followed may have been written over by then.
        if (plan.FollowCount > 0 && (plan.Flags & PlanFlags.Exit) != 0 && FollowTable.Of(in plan).Any(follow => (follow.Flags & OpFlags.AtEntry) != 0))
            return true;
        for (int i = 0; i < plan.OpCount; i++)
        {
            for (int j = 0; j < plan.OpCount; j++)
            {
                if (Replaces(plan.Ops[i], plan.Ops[j]))
                    return true;
            }
        }
        return false;
    }

    // Whether what one reads at entry may be what another's memory is at exit: the same argument, or two for which programs pass one
    // structure, as sigaction(2)'s.
    private static bool Replaces(CaptureOp given, CaptureOp left) =>
        (given.Flags & (OpFlags.AtEntry | OpFlags.Kept)) == OpFlags.AtEntry
        && (given.Kind == OpKind.Mmsghdr // their lengths are left in them
            || ((left.Flags & OpFlags.AtExit) != 0 && (given.Arg == left.Arg || (given.Kind == left.Kind && given.Size == left.Size && given.Kind != OpKind.String))));
}
